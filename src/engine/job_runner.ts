import { describeError } from "../base/error_data.ts";
import { CancelledError, type Finding, PreflightError, StateError, StepLimitError } from "../base/errors.ts";
import { encodeValue } from "../base/encode.ts";
import { isRecord, type Stored } from "../base/json.ts";
import { describeValue, pathStep } from "../base/path.ts";
import { decodeValue } from "../base/decode.ts";
import { checkStrategy, type FlowGraph } from "../model/flow_graph.ts";
import { apply } from "../scheduler/apply.ts";
import type { KeyChange, MigratedState } from "../scheduler/commit.ts";
import { adoptLimits, type ExecutionSettings, firstAwaiting, hasEnded, Job } from "../scheduler/job.ts";
import { createTask, type Route } from "../scheduler/task.ts";
import { checkPreflight } from "../serializer/preflight.ts";
import { type CommitTime, statusCommit } from "./commits.ts";
import type { EngineHost } from "./engine_host.ts";
import { Execution, type ExecutionSetup } from "./execution.ts";
import { JobNotifier } from "./job_notifier.ts";
import { bindRoutes, createPlan, type Plan } from "./plan.ts";

/** What a caller listens to while a job is live. */
export type Callbacks = Pick<ExecutionSetup, "onOutput" | "onReport" | "onRest">;

const NO_CALLBACKS = { onOutput: undefined, onReport: undefined };

/** Makes, starts and steers the jobs of one flow. */
export class JobRunner {
  readonly #graph: FlowGraph;
  readonly #host: EngineHost;
  readonly #live: Set<Execution> = new Set();
  #plan: Plan | undefined;
  #isShutDown = false;

  /** Makes the runner of a flow. */
  constructor(graph: FlowGraph, host: EngineHost) {
    this.#graph = graph;
    this.#host = host;
  }

  /** The jobs that are live. */
  get live(): ReadonlySet<Execution> {
    return this.#live;
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
    const now = this.#host.timers.now();
    const subject = { action: `Cannot execute "${entry.routine}"`, root: "params" };
    const data = encodeValue(params, this.#graph.registry, subject, this.#graph.limits);
    const ids = { jobId: jobId ?? this.#host.entropy.id(), flowId: this.#graph.id };
    const job = new Job(ids, now, settings);
    adoptLimits(job, this.#graph.limits);
    apply(job, { kind: "deliver", at: now, ranMs: 0, task: createTask(1, entry, data, now), data });
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
    if (this.#isShutDown) {
      throw new StateError(
        "resume",
        job.status,
        `Cannot resume job "${job.jobId}": flow "${this.#graph.id}" has been shut down`,
      );
    }
    this.#checkResume(job, redrive);
    checkPreflight(job, this.#graph, "resume");
    const plan = this.#frozenPlan;
    const migrated = this.#migrateStates(job, plan);
    const from = job.status;
    bindRoutes(job, plan);
    adoptLimits(job, this.#graph.limits);
    // A job that failed for its timeout would have no time left.
    const time = redrive ? { ...this.#time(job), ranMs: 0 } : this.#time(job);
    apply(job, statusCommit("running", time, { redrive, migrated }));
    const execution: Execution = new Execution(job, plan, this.#host, {
      ...this.#limitsOf(job),
      ...callbacks,
      onRest: () => {
        this.#live.delete(execution);
        callbacks.onRest();
      },
    });
    this.#live.add(execution);
    execution.start(from);
    return execution;
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
    const execution = this.executionOf(job);
    if (execution !== undefined) return execution.cancel(reason);
    const from = job.status;
    const time = this.#time(job);
    apply(
      job,
      statusCommit("cancelled", time, { error: describeError(new CancelledError(reason), this.#host.errorStacks) }),
    );
    new JobNotifier(job, this.#host, NO_CALLBACKS).status(from, time.at);
  }

  /**
   * Adds a delivery from outside to a running or paused job, or fills the one that the slot awaits.
   *
   * @throws {StateError} when the job is pending or has ended
   * @throws {StepLimitError} when the job may make no more tasks
   */
  deliver(job: Job, route: Route, params: unknown): void {
    if (job.status !== "running" && job.status !== "paused") {
      throw refuse("deliver to", job, "only a running or paused job takes deliveries");
    }
    const { routine, slot: name } = route;
    const subject = { action: `Cannot deliver to slot "${name}" of routine "${routine}"`, root: "data" };
    const data: Stored = encodeValue(params, this.#graph.registry, subject, this.#graph.limits);
    const awaited = firstAwaiting(job, routine, name);
    if (awaited === undefined && job.nextTaskId > this.#graph.limits.steps) {
      throw new StepLimitError(this.#graph.limits.steps);
    }
    const time = this.#time(job);
    const task = awaited ?? createTask(job.nextTaskId, route, data, time.at);
    const execution = this.executionOf(job);
    if (execution !== undefined) execution.deliver(task, data);
    else apply(job, { kind: "deliver", ...time, task, data });
  }

  /** Takes no more jobs. */
  shutDown(): void {
    this.#isShutDown = true;
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

  #limitsOf({ settings }: Job): { readonly workers: number; readonly timeoutMs: number } {
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
        const next = state.size === 0 ? [] : this.#migrateState(plan.routine.constructor, state, version);
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

  #migrateState(Class: object, state: ReadonlyMap<string, Stored>, version: number): KeyChange[] {
    const { registry, limits } = this.#graph;
    const migrate: unknown = "migrateState" in Class ? Class.migrateState : undefined;
    if (typeof migrate !== "function") throw new TypeError("the class has none");
    const old = Object.fromEntries(Array.from(state, ([key, value]) => [key, decodeValue(value, registry)]));
    const next: unknown = Reflect.apply(migrate, Class, [old, version]);
    if (!isRecord(next)) throw new TypeError(`it must return an object, not ${describeValue(next)}`);
    return Object.entries(next).map(([key, value]) => {
      return [
        key,
        encodeValue(value, registry, { action: "Cannot migrate state", root: `state${pathStep(key)}` }, limits),
      ];
    });
  }

  #time(job: Job): CommitTime {
    return this.executionOf(job)?.time() ?? { at: this.#host.timers.now(), ranMs: job.ranMs };
  }
}

/** The error of a call that a job's status does not allow. */
export function refuse(event: string, { jobId, status }: Job, why: string): StateError {
  return new StateError(event, status, `Cannot ${event} job "${jobId}" in status "${status}": ${why}`);
}
