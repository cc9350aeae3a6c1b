import { describeError } from "../values/error_data.ts";
import { CancelledError, type Finding, PreflightError, StateError } from "../base/errors.ts";
import { payloadOf } from "../values/encoder.ts";
import { isRecord } from "../values/json.ts";
import { type Payload, valueOf } from "../values/payload.ts";
import { describeValue, pathStep } from "../base/path.ts";
import { checkStrategy, type FlowGraph } from "../model/flow_graph.ts";
import { apply } from "../job/apply.ts";
import type { Commit, KeyChange, MigratedState } from "../job/commit.ts";
import { checkSteps } from "../job/decide.ts";
import { adoptLimits, type ExecutionSettings, firstAwaiting, hasEnded, Job } from "../job/job.ts";
import { createTask, type Moment, type Route } from "../job/task.ts";
import type { Command } from "../documents/command.ts";
import { checkPreflight } from "../documents/preflight.ts";
import { statusCommit } from "./activation/commits.ts";
import type { ActiveFlow, EngineHost, ShutDown } from "./execution/engine_host.ts";
import { Execution, type ExecutionSetup } from "./execution/execution.ts";
import { DEFAULT_GRACE_MS } from "./execution/resting.ts";
import type { DurableFlow, ExecutionLimits, PreparedJob } from "./durable/durable_flow.ts";
import { JobNotifier } from "./execution/notifier.ts";
import { waitForRest, waitUntilIdle } from "./execution/waits.ts";
import { bindRoutes, createPlan, type Plan } from "./activation/plan.ts";

/** What a caller listens to while a job is live. */
export type Callbacks = Pick<ExecutionSetup, "onOutput" | "onReport" | "onRest">;

const NO_CALLBACKS = { onOutput: undefined, onReport: undefined };

/** Makes, starts and steers the jobs of one flow. */
export class FlowJobs implements ActiveFlow {
  readonly #graph: FlowGraph;
  readonly #host: EngineHost;
  #lastTime: Moment = { at: NaN, ranMs: 0 };
  readonly #live: Set<Execution> = new Set();
  #plan: Plan | undefined;
  readonly #durable: DurableFlow | undefined;
  #isShutDown = false;

  /** Makes the runner of a flow. */
  constructor(graph: FlowGraph, host: EngineHost) {
    this.#graph = graph;
    this.#host = host;
    this.#durable = host.durability?.createFlow(host.durability, graph, {
      prepare: (job) => this.#prepare(job, false),
      perform: (job, command) => this.perform(job, command),
    });
  }

  /** What the store does for the flow's jobs, where there is one. */
  get durable(): DurableFlow | undefined {
    return this.#durable;
  }

  /** The flow as the engine runs it: from the first start on, its structure is frozen. */
  get #frozenPlan(): Plan {
    this.#graph.freeze();
    return this.#plan ??= createPlan(this.#graph);
  }

  /** The way of entries and of deliveries from outside to a slot: one object for all, once the flow is frozen. */
  routeTo(routine: string, slot: string): Route {
    return this.#plan?.routines.get(routine)?.slots.get(slot)?.route ?? { routine, slot, connection: undefined };
  }

  /**
   * Makes a pending job with its first task; from then on the flow's structure is frozen.
   *
   * @throws {SerializationError} naming the path of what cannot travel
   */
  create(entry: Route, params: unknown, jobId: string | undefined, settings: ExecutionSettings): Job {
    const time = { at: this.#host.timers.now(), ranMs: 0 };
    const subject = { action: `Cannot execute "${entry.routine}"`, root: "params" };
    const data = payloadOf(params, this.#graph.registry, subject, this.#graph.limits);
    const ids = { jobId: jobId ?? this.#host.newId(), flowId: this.#graph.id };
    const job = new Job(ids, time.at, settings);
    this.#host.durability?.fresh.add(job);
    adoptLimits(job, this.#graph.limits);
    apply(job, { kind: "deliver", time, task: createTask(1, entry, data, time), data });
    this.#graph.freeze();
    return job;
  }

  /**
   * Lets a job go on, after the preflight.
   *
   * @throws {StateError} when its status does not allow it
   * @throws {PreflightError} when it does not fit the flow; nothing has changed then
   */
  resume(job: Job, redrive: boolean, callbacks: Callbacks): Execution {
    if (this.#isShutDown || this.#host.isShutDown) {
      const what = this.#host.isShutDown ? "its engine" : `flow "${this.#graph.id}"`;
      throw new StateError(
        "resume",
        job.status,
        `Cannot resume job "${job.jobId}": ${what} has been shut down`,
      );
    }
    this.#checkResume(job, redrive);
    const before = this.#durable?.textOf(job);
    const prepared = this.#prepare(job, redrive);
    const execution: Execution = new Execution(job, prepared.plan, this.#host, {
      ...prepared.limits,
      ...callbacks,
      onRest: () => {
        this.#live.delete(execution);
        if (this.#live.size === 0) this.#host.active.delete(this);
        this.#host.durability?.unregister(job);
        callbacks.onRest();
      },
    });
    this.#live.add(execution);
    this.#host.active.add(this);
    if (this.#durable === undefined) execution.begin(prepared.from);
    else this.#durable.start({ ...prepared, execution, before });
    return execution;
  }

  /** Resumes a job in memory, after all checks: what a store must know of it comes back. */
  #prepare(job: Job, redrive: boolean): PreparedJob {
    checkPreflight(job, this.#graph, "resume");
    const plan = this.#frozenPlan;
    const migrated = this.#migrateStates(job, plan);
    const from = job.status;
    bindRoutes(job, plan);
    adoptLimits(job, this.#graph.limits);
    // A job that failed for its timeout would have no time left.
    const time = redrive ? { ...this.#time(job), ranMs: 0 } : this.#time(job);
    const limits = this.#limitsOf(job);
    const commit = statusCommit("running", time, { redrive, migrated });
    apply(job, commit);
    return { plan, limits, from, commit };
  }

  /** The live execution of a job, if it has one. */
  executionOf(job: Job): Execution | undefined {
    return job.owner instanceof Execution ? job.owner : undefined;
  }

  /**
   * Ends a job that has not ended.
   *
   * @throws {StateError} when it has
   */
  cancel(job: Job, reason: string | undefined): void {
    if (hasEnded(job.status)) throw refuse("cancel", job, "it has ended already");
    const execution = this.#workingOn(job);
    if (execution !== undefined) return execution.cancel(reason);
    const from = job.status;
    const time = this.#time(job);
    const error = describeError(new CancelledError(reason), this.#host.errorStacks);
    const tell = () => new JobNotifier(job, this.#host, NO_CALLBACKS).status(from, "cancelled", time.at);
    this.#commit(job, statusCommit("cancelled", time, { error }), tell);
  }

  /**
   * Adds a delivery from outside to a running or paused job, or fills the one that the slot awaits.
   *
   * @throws {StateError} when the job is pending or has ended
   * @throws {StepLimitError} when the job may make no more tasks
   */
  deliver(job: Job, route: Route, params: unknown): void {
    checkTakes(job);
    const { routine, slot: name } = route;
    const subject = { action: `Cannot deliver to slot "${name}" of routine "${routine}"`, root: "data" };
    const data = payloadOf(params, this.#graph.registry, subject, this.#graph.limits);
    const execution = this.#workingOn(job);
    if (execution === undefined) this.#deliver(job, route, data);
    else execution.whenBegun(() => this.#deliver(job, route, data));
  }

  #deliver(job: Job, route: Route, payload: Payload | undefined): void {
    const { routine, slot: name } = route;
    const awaited = firstAwaiting(job, routine, name);
    if (awaited === undefined) checkSteps(job.nextTaskId, this.#graph.limits.steps);
    const time = this.#time(job);
    const task = awaited ?? createTask(job.nextTaskId, route, payload, time);
    const execution = this.#workingOn(job);
    if (execution !== undefined) execution.deliver(task, payload);
    else this.#commit(job, { kind: "deliver", time, task, data: payload }, () => {});
  }

  /**
   * Carries out what somebody else has asked for.
   *
   * @throws what the call of the same name throws
   */
  perform(job: Job, command: Command): void {
    switch (command.type) {
      case "deliver": {
        const { routine, slot } = command;
        checkTakes(job);
        this.#graph.routine(routine);
        this.#deliver(job, this.routeTo(routine, this.#graph.slot(routine, slot).name), command.data);
        break;
      }
      case "pause": {
        const { reason, checkpoint, graceMs = DEFAULT_GRACE_MS } = command;
        const execution = this.executionOf(job);
        if (execution === undefined) throw refuse("pause", job, "it is not live");
        execution.rest({ status: "paused", pauseRequest: { reason, checkpoint } }, graceMs);
        break;
      }
      case "cancel":
        this.cancel(job, command.reason);
        break;
      case "resume":
        this.resume(job, command.redrive, { ...NO_CALLBACKS, onRest: () => {} });
        break;
    }
  }

  /** Takes no more jobs. The live ones run what is due, if they are to, then they come to rest. */
  async shutDown({ drain, rest, wait }: ShutDown): Promise<void> {
    this.#isShutDown = true;
    const { timeoutMs: _, ...untilRest } = wait;
    const { timers } = this.#host;
    await Promise.all(Array.from(this.#live, async (execution) => {
      const { job } = execution;
      if (drain) await waitUntilIdle(job, execution, timers, wait);
      this.executionOf(job)?.rest(rest, DEFAULT_GRACE_MS);
      await waitForRest(job, this.executionOf(job), timers, untilRest, undefined);
    }));
  }

  /** The live execution of a job, unless its last commit is only being stored. */
  #workingOn(job: Job): Execution | undefined {
    const execution = this.executionOf(job);
    return execution?.isOver === true ? undefined : execution;
  }

  /** Changes a job that does not work; `tell` is called when that is stored. */
  #commit(job: Job, commit: Commit, tell: () => void): void {
    const journal = this.#host.durability?.journalOf(job);
    const text = journal?.encode(commit);
    apply(job, commit);
    if (journal === undefined || text === undefined) tell();
    else journal.rest(text, undefined, tell);
  }

  #checkResume(job: Job, redrive: boolean): void {
    if (job.owner !== undefined) throw refuse("resume", job, "it is live already");
    if (!hasEnded(job.status)) {
      if (redrive) throw refuse("redrive", job, "only a job that has ended can be redriven");
      return;
    }
    if (!redrive) throw refuse("resume", job, "it has ended; { redrive: true } puts its failures back");
    if (job.failures.length === 0) throw refuse("redrive", job, "it has no failures");
  }

  #limitsOf({ settings }: Job): ExecutionLimits {
    const { executionStrategy, maxWorkers, executionTimeoutMs } = settings;
    const timeoutMs = executionTimeoutMs ?? this.#graph.executionTimeoutMs;
    if (executionStrategy === undefined && maxWorkers === undefined) {
      return { workers: this.#graph.maxWorkers, timeoutMs };
    }
    return {
      workers: checkStrategy(executionStrategy ?? this.#graph.executionStrategy, maxWorkers).maxWorkers,
      timeoutMs,
    };
  }

  /** Brings states to the versions of the classes here. All of them, before anything changes. */
  #migrateStates(job: Job, { routines }: Plan): MigratedState[] {
    const migrated: MigratedState[] = [];
    const findings: Finding[] = [];
    for (const [routine, { version, state }] of job.routineStates) {
      const plan = routines.get(routine);
      if (plan === undefined || version >= plan.version) continue;
      try {
        const isEmpty = state === undefined || state.size === 0;
        const next = isEmpty ? [] : this.#migrateState(plan.routine.constructor, state, version);
        migrated.push({ routine, version: plan.version, state: next });
      } catch (error) {
        const path = `routineStates${pathStep(routine)}.state`;
        findings.push({
          code: "no_migration",
          path,
          message: `static migrateState threw: ${describeError(error).message}`,
        });
      }
    }
    if (findings.length > 0) throw new PreflightError(`Cannot resume job "${job.jobId}"`, findings);
    return migrated;
  }

  #migrateState(Class: object, state: ReadonlyMap<string, Payload>, version: number): KeyChange[] {
    const { registry, limits } = this.#graph;
    const migrate: unknown = Reflect.get(Class, "migrateState");
    if (typeof migrate !== "function") throw new TypeError("it is no function");
    const old = Object.fromEntries(Array.from(state, ([key, value]) => [key, valueOf(value, registry)]));
    const next: unknown = Reflect.apply(migrate, Class, [old, version]);
    if (!isRecord(next)) throw new TypeError(`it must return an object, not ${describeValue(next)}`);
    return Object.entries(next).map(([key, value]) => {
      return [
        key,
        payloadOf(value, registry, { action: "Cannot migrate state", root: `state${pathStep(key)}` }, limits),
      ];
    });
  }

  #time(job: Job): Moment {
    const execution = this.executionOf(job);
    if (execution !== undefined) return execution.time();
    const at = this.#host.timers.now();
    const { ranMs } = job.time;
    const last = this.#lastTime;
    return at === last.at && ranMs === last.ranMs ? last : this.#lastTime = { at, ranMs };
  }
}

function checkTakes(job: Job): void {
  if (job.status === "running" || job.status === "paused") return;
  throw refuse("deliver to", job, "only a running or paused job takes deliveries");
}

/** The error of a call that a job's status does not allow. */
export function refuse(event: string, { jobId, status }: Job, why: string): StateError {
  return new StateError(event, status, `Cannot ${event} job "${jobId}" in status "${status}": ${why}`);
}
