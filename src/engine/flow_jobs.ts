import { instantAfter } from "../base/instant.ts";
import { PreflightError, type PreflightFinding } from "../base/errors.ts";
import { pathStep } from "../base/path.ts";
import { describeError } from "../values/error_data.ts";
import { payloadOf } from "../values/encoder.ts";
import type { Payload } from "../values/payload.ts";
import { type FlowGraph, freezeGraph } from "../model/flow_graph.ts";
import { apply } from "../job/apply.ts";
import { untilBegin } from "../job/arrivals.ts";
import type { Commit, StatusCommit } from "../job/commit.ts";
import { checkSteps } from "../job/decide.ts";
import {
  adoptLimits,
  type Deadline,
  type ExecutionSettings,
  firstAwaiting,
  hasEnded,
  Job,
  statusOf,
} from "../job/job.ts";
import { createTask, type Moment, NO_DETAILS, type Route, type Task } from "../job/task.ts";
import { deliveryKey, firstKey } from "../job/task_key.ts";
import type { ChildEnded } from "../documents/command.ts";
import { preflight } from "../documents/preflight.ts";
import { statusCommit } from "./activation/commits.ts";
import { createPlan, type Plan } from "./activation/plan.ts";
import { checkRedrive, failuresOf, type Redrive } from "./execution/redrive.ts";
import { checkTakes, refuse } from "./execution/refusal.ts";
import { childEndCommit } from "./execution/child_ends.ts";
import { Committer } from "./execution/committer.ts";
import type { EngineHost } from "./execution/engine_host.ts";
import { Execution, executionOf } from "./execution/execution.ts";
import { firstCommit, needsKeys } from "./execution/first_commit.ts";
import { cancelAtRest } from "./execution/inner_children.ts";
import type { InnerFlow } from "./execution/job_children.ts";
import { JobListeners } from "./execution/listeners.ts";
import { type JobCallbacks, JobNotifier } from "./execution/notifier.ts";
import { SHUTDOWN } from "./execution/resting.ts";
import type { FlowSteering, StoredFlowJobs } from "./execution/stored_flow_jobs.ts";
import { bringToRest, type WaitOptions, workingOn } from "./execution/waits.ts";

/** What is said of a job when it is made, beside where it begins. */
export interface NewJobSettings extends ExecutionSettings {
  readonly jobId: string | undefined;
  /** How long it may take from its beginning on, in milliseconds. */
  readonly deadlineMs: number | undefined;
  /** When it begins; without it, at once. */
  readonly startAt?: number | undefined;
}

/** Makes, starts and steers the jobs of one flow. */
export class FlowJobs implements FlowSteering {
  readonly graph: FlowGraph;
  readonly #host: EngineHost;
  #lastTime: Moment = { at: NaN, ranMs: 0 };
  #plan: Plan | undefined;
  /** Starts and steers those that are in the engine's store, if it has one. */
  readonly stored: StoredFlowJobs | undefined;
  #isShutDown = false;

  /** Prepares for the jobs of a flow. */
  constructor(graph: FlowGraph, host: EngineHost) {
    this.graph = graph;
    this.#host = host;
    this.stored = host.store?.jobsOf(this);
  }

  /** The flow as the engine runs it: from the first start on, its structure is frozen. */
  get plan(): Plan {
    freezeGraph(this.graph);
    return this.#plan ??= createPlan(this.graph);
  }

  /** The route of entries and of deliveries from outside to a slot: one shared object, once the flow is frozen. */
  routeTo(routine: string, slot: string): Route {
    return this.#plan?.routines.get(routine)?.slots.get(slot)?.route ?? { routine, slot, connection: undefined };
  }

  /**
   * Makes a pending job with its first task; from then on the flow's structure is frozen.
   *
   * @throws {SerializationError} naming the path of the part of the params that cannot travel
   */
  create(entry: Route, params: unknown, made: NewJobSettings): Job {
    const { jobId, deadlineMs: _, startAt, ...settings } = made;
    const time = { at: this.#host.timers.now(), ranMs: 0 };
    const subject = { action: `Cannot execute "${entry.routine}"`, root: "params" };
    const data = payloadOf(params, this.graph.registry, subject, this.graph.limits);
    const { ids } = this.#host;
    const newId = jobId ?? (ids.allowsLazyIds === true ? () => ids.id() : ids.id());
    const job = new Job({ jobId: newId, flowId: this.graph.id }, time.at, settings);
    const session = this.#host.store?.session;
    session?.fresh.set(job, session.ownership.clock?.ahead ?? 0);
    adoptLimits(job, this.graph.limits);
    job.deadline = deadlineOf(made, time.at);
    this.#host.propagation?.toJob(this.#host, job);
    const details = startAt === undefined ? undefined : { ...NO_DETAILS, notBefore: startAt };
    const task = createTask(1, entry, data, time, details);
    if (this.#needsKeys(job)) task.key = firstKey();
    apply(job, { kind: "deliver", time, task, data, key: undefined });
    freezeGraph(this.graph);
    return job;
  }

  /**
   * Makes a job live that is pending or at rest, after the preflight.
   *
   * @throws {StateError} when its status does not allow it
   * @throws {StepLimitError} when it was ended by the limit of its tasks, and that is no larger now
   * @throws {PreflightError} when it does not fit the flow; the job is unchanged
   */
  resume(job: Job, redrive: Redrive | undefined, callbacks: JobCallbacks): void {
    this.#checkOpen(job);
    this.checkResume(job, redrive);
    const first = this.firstCommit(job, redrive);
    this.stored?.checkPlace("resume", job);
    if (this.stored === undefined) this.#begin(job, first, callbacks);
    else this.stored.start(new Execution(job, this.plan, this.#host, callbacks), redrive);
  }

  /**
   * Follows a job at rest for whose commands this engine has claimed it: it goes on if one of them says so.
   *
   * @throws {StateError} when no job is started any more
   */
  join(job: Job, callbacks: JobCallbacks): void {
    this.#checkOpen(job);
    this.stored?.join(new Execution(job, this.plan, this.#host, callbacks));
  }

  /** Makes a job live that is a part of another, when that one asks for it or goes on. */
  goOn(job: Job): void {
    this.#begin(job, this.firstCommit(job, undefined), {});
  }

  #begin(job: Job, first: StatusCommit, callbacks: JobCallbacks): void {
    const onRest = () => {
      callbacks.onRest?.();
      executionOf(job.holder)?.children.all?.rested?.(job);
    };
    const execution = new Execution(job, this.plan, this.#host, { ...callbacks, onRest });
    executionOf(job.holder)?.children.all?.begun?.(job);
    execution.resume(first);
    execution.prepare();
    execution.begin();
  }

  /** The commit by which a job starts or goes on, after all checks. */
  firstCommit(job: Job, redrive: Redrive | undefined): StatusCommit {
    this.#checkStatus(job, redrive);
    const findings = [
      ...preflight(job, this.graph),
      ...this.#lookInside(job, (flow, child) => void flow.firstCommit(child, undefined)),
    ];
    if (findings.length > 0) throw new PreflightError(`Cannot resume job "${job.jobId}"`, findings);
    // A job that failed for its timeout would have no time left.
    const time = redrive !== undefined ? { ...this.#time(job), ranMs: 0 } : this.#time(job);
    return firstCommit(job, this.plan, time, redrive);
  }

  /** Looks for all that would keep a job from going on here, the children that are parts of it included. */
  findings(job: Job): PreflightFinding[] {
    return [
      ...preflight(job, this.graph),
      ...this.#lookInside(job, (flow, child) => {
        const findings = flow.findings(child);
        if (findings.length > 0) throw new PreflightError(`Cannot resume job "${child.jobId}"`, findings);
      }),
    ];
  }

  /** What `look` throws of the children that go on with a job, and what keeps their flows from being built. */
  #lookInside(job: Job, look: (flow: InnerFlow, child: Job) => void): PreflightFinding[] {
    if (job.children === undefined || this.stored !== undefined) return [];
    return Array.from(job.children).flatMap(({ jobId, inner }) => {
      const path = `children${pathStep(jobId)}`;
      if (inner === undefined) {
        const message = "this child is a job of a store, and the engine has none";
        return [{ code: "stored_child", path, message }];
      }
      if (hasEnded(inner.job.status)) return [];
      let flow: InnerFlow | undefined;
      const built = findingsOf(`${path}.flow`, () => flow = this.#host.inner.flowOf(inner.flow, this.graph.registry));
      const found = findingsOf(`${path}.job`, () => flow && look(flow, inner.job));
      return [...built, ...found];
    });
  }

  /**
   * Ends a job that has not ended.
   *
   * @throws {StateError} when it has
   */
  cancel(job: Job, reason: string | undefined): void {
    if (hasEnded(statusOf(job))) throw refuse("cancel", job, "it has ended already");
    const cancel = (execution: Execution | undefined): void =>
      this.#whenBegun("cancel", job, execution, () => this.cancelNow(job, reason, () => cancel(executionOf(job))));
    cancel(this.#reach("cancel", job));
  }

  /** Cancels a job that has begun, or is at rest; `again` is called when the store refuses that it ends by it. */
  cancelNow(job: Job, reason: string | undefined, again?: () => void): void {
    if (hasEnded(job.status)) throw refuse("cancel", job, "it has ended already");
    const execution = workingOn(job);
    if (execution !== undefined) execution.cancel(reason, again);
    else this.#cancelAtRest(job, reason);
  }

  #cancelAtRest(job: Job, reason: string | undefined): void {
    cancelAtRest(job, reason, this.#time(job), this.#host, this.stored?.storage.journalOf(job));
    executionOf(job.holder)?.children.all?.rested?.(job);
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
    const data = payloadOf(params, this.graph.registry, subject, this.graph.limits);
    const execution = this.#reach("deliver to", job);
    this.#checkSteps(job, route);
    this.#whenBegun("deliver", job, execution, () => {
      checkTakes(job);
      this.deliverNow(job, route, data);
    });
  }

  /** Carries out a call as soon as its job has begun. */
  #whenBegun(call: string, job: Job, execution: Execution | undefined, act: () => void): void {
    if (this.stored === undefined) act();
    else this.stored.whenBegun(call, job, execution, act);
  }

  /** The task that a delivery fills; `undefined` when it makes a new one, as the job's limit allows. */
  #checkSteps(job: Job, { routine, slot }: Route): Task | undefined {
    const awaited = firstAwaiting(job, routine, slot);
    if (awaited === undefined) checkSteps(job.nextTaskId, this.graph.limits.steps);
    return awaited;
  }

  deliverNow(job: Job, route: Route, payload: Payload | undefined, sequence?: number): void {
    const awaited = this.#checkSteps(job, route);
    const time = this.#time(job);
    const id = job.nextTaskId;
    const key = this.#needsKeys(job) ? deliveryKey(awaited?.key, sequence, id, time.at) : undefined;
    const task = awaited ?? createTask(id, route, payload, time, untilBegin(job));
    if (awaited === undefined) task.key = key;
    const filled = awaited && key;
    const execution = workingOn(job);
    if (execution !== undefined) execution.bringIn({ kind: "deliver", time, task, data: payload, key: filled });
    else this.#commit(job, { kind: "deliver", time, task, data: payload, key: filled });
  }

  childEndedNow(job: Job, end: ChildEnded, sequence: number): void {
    const commit = childEndCommit(job, end, this.#time(job), this.#needsKeys(job), sequence);
    if (commit === undefined) return;
    const execution = workingOn(job);
    if (execution !== undefined) execution.bringIn(commit);
    else this.#commit(job, commit);
  }

  /**
   * Drops failures.
   *
   * @throws {StateError} for a task of which the job has no failure
   */
  discard(job: Job, ids: readonly number[]): void {
    const execution = this.#reach("discard failures of", job);
    this.#whenBegun("discard failures of", job, execution, () => this.discardNow(job, ids));
  }

  discardNow(job: Job, ids: readonly number[]): void {
    const discarded = failuresOf("discard failures of", job, ids).map(({ task }) => task);
    const { status, error } = job;
    const commit = statusCommit(status, this.#time(job), { discarded, error });
    const execution = workingOn(job);
    if (execution !== undefined) execution.committer.perform(commit);
    else this.#commit(job, commit);
  }

  #needsKeys(job: Job): boolean {
    return needsKeys(job, this.graph, this.#host.store?.session.settings.mode);
  }

  /** Whether no job is started any more. */
  get isClosed(): boolean {
    return this.#isShutDown || this.#host.isShutDown;
  }

  #checkOpen(job: Job): void {
    if (!this.isClosed) return;
    const what = this.#host.isShutDown ? "its engine" : `flow "${this.graph.id}"`;
    throw refuse("resume", job, `${what} has been shut down`);
  }

  /** Takes no more jobs. With `drain`, the live ones run their due tasks; then they are paused. */
  async shutDown(drain: boolean, wait: WaitOptions): Promise<void> {
    this.#isShutDown = true;
    const { live, store, timers } = this.#host;
    const own = [...live].filter((it) => it.plan === this.#plan);
    await bringToRest(own, timers, store ? undefined : SHUTDOWN, { drain, ...wait });
  }

  /**
   * The live execution that a call from here reaches; `undefined` for a job that only this process has, which is changed in
   * memory.
   *
   * @throws {StateError} for a job of the store that is not live here: whoever has it must learn of the call
   */
  #reach(event: string, job: Job): Execution | undefined {
    const execution = workingOn(job);
    if (execution === undefined) this.stored?.checkHere(event, job);
    return execution;
  }

  /** Changes a job that is not live. */
  #commit(job: Job, commit: Commit): void {
    const notifier = new JobNotifier(job, this.#host);
    new Committer(job, new JobListeners(), notifier, this.stored?.storage.journalOf(job)).performLast(commit);
  }

  checkResume(job: Job, redrive: Redrive | undefined): void {
    if (job.owner !== undefined) throw refuse("resume", job, "it is live already, and goes on by itself");
    this.#checkStatus(job, redrive);
  }

  /** The store may have a job in another state than the one in which it was seen here: its status is checked again by then. */
  #checkStatus(job: Job, redrive: Redrive | undefined): void {
    if (redrive !== undefined) {
      if (!hasEnded(job.status)) throw refuse("redrive", job, "only a job that has ended can be redriven");
      checkRedrive(job, redrive, this.graph.limits.steps);
    } else if (hasEnded(job.status)) {
      const how = "{ redrive: true } puts its failures back, and goes on with what is pending";
      throw refuse("resume", job, `it has ended; ${how}`);
    }
  }

  #time(job: Job): Moment {
    const execution = executionOf(job);
    if (execution !== undefined && !job.isStarting) return execution.time();
    const at = this.#host.timers.now();
    const { ranMs } = job.time;
    const last = this.#lastTime;
    return at === last.at && ranMs === last.ranMs ? last : this.#lastTime = { at, ranMs };
  }
}

/** The findings that are thrown about a part of a job, with the place of that part. */
function findingsOf(part: string, look: () => void): readonly PreflightFinding[] {
  try {
    look();
    return [];
  } catch (error) {
    if (error instanceof PreflightError) {
      return error.findings.map((finding) => ({ ...finding, path: `${part}.${finding.path}` }));
    }
    return [{ code: "bad_flow", path: part, message: describeError(error).message }];
  }
}

/** The deadline of a job that is made at an instant: its time begins when the job does. */
function deadlineOf({ deadlineMs, startAt }: NewJobSettings, at: number): Deadline | undefined {
  return deadlineMs === undefined
    ? undefined
    : { deadlineMs, until: instantAfter(Math.max(at, startAt ?? 0), deadlineMs) };
}
