import { CancelledError } from "../../base/errors.ts";
import { endOf } from "../../documents/child_end.ts";
import { apply } from "../../job/apply.ts";
import type { Child } from "../../job/children.ts";
import { hasEnded, hasToWait, type Job } from "../../job/job.ts";
import { createChildJob } from "../../job/new_child.ts";
import type { Moment } from "../../job/task.ts";
import { describeError } from "../../values/error_data.ts";
import type { Activation } from "../activation/activation.ts";
import type { ChildRequest } from "../activation/activation_host.ts";
import { createChild } from "../activation/child_request.ts";
import { statusCommit } from "../activation/commits.ts";
import type { Journal } from "../durable/journal.ts";
import { childEndCommit } from "./child_ends.ts";
import { Committer } from "./committer.ts";
import type { EngineHost } from "./engine_host.ts";
import { type Execution, executionOf } from "./execution.ts";
import { needsKeys } from "./first_commit.ts";
import type { InnerFlow, InnerUse, JobChildren } from "./job_children.ts";
import { JobListeners } from "./listeners.ts";
import { JobNotifier } from "./notifier.ts";
import { workingOn } from "./waits.ts";

/** The children of a live job that is in no store: they are parts of it, rest with it, and are in its document. */
export class InnerChildren implements JobChildren {
  /** They are made at once. */
  readonly isStarting = false;
  readonly #execution: Execution;
  readonly #host: EngineHost;
  readonly #flowOf: InnerUse["flowOf"];
  readonly #live: Set<Job> = new Set();

  /** Prepares for the children of a job; `flowOf` finds their flows. */
  constructor(execution: Execution, host: EngineHost, flowOf: InnerUse["flowOf"]) {
    this.#execution = execution;
    this.#host = host;
    this.#flowOf = flowOf;
  }

  get isBusy(): boolean {
    return Array.from(this.#live).some(isBusy);
  }

  get areAtRest(): boolean {
    return this.#live.size === 0;
  }

  /**
   * Makes the child that a handler asks for: it enters the job with the step.
   *
   * @throws {TypeError} for a detached one, and the errors of `createChild`
   * @throws {PreflightError} for a flow that the classes here don't fit
   */
  create(asker: Activation, siblings: ReadonlyMap<string, Child>, request: ChildRequest): Child {
    const child = createChild(this.#execution, asker, siblings, request);
    const { start, to, routine } = child;
    if (start === undefined || to === undefined) {
      const why = "without a store nobody would keep it; give new Engine() a store, or name the slot that waits for it";
      throw new TypeError(`Cannot start a detached child of routine "${routine}": ${why}`);
    }
    this.#find(start.flow);
    const job = createChildJob(this.#execution.job, child, start, this.#execution.now());
    return { ...child, start: undefined, inner: { flow: start.flow, job } };
  }

  /** Lets those go on that neither have ended nor were paused by themselves; those that have ended are delivered. */
  start(children: Iterable<Child>): void {
    if (!this.#execution.mayDecide) return;
    for (const { inner } of [...children]) {
      // Unreachable: a job whose children are jobs of a store does not go on without one.
      if (inner === undefined) continue;
      if (this.#execution.isOver) return;
      const { job } = inner;
      if (hasEnded(job.status)) this.#deliver(job);
      else if (job.owner !== undefined) this.begun(job);
      else if (job.status !== "paused") this.#find(inner.flow).goOn(job);
    }
  }

  rest(graceMs: number): void {
    for (const child of [...this.#live]) executionOf(child)?.rest(undefined, graceMs);
  }

  cancel(): void {
    cancelInner(this.#execution.job, this.#host);
  }

  begun(child: Job): void {
    if (this.#execution.mayDecide) this.#live.add(child);
  }

  idle(): void {
    if (this.#execution.listeners.awaitsIdle) this.#execution.poll();
  }

  rested(child: Job): void {
    this.#live.delete(child);
    if (this.#execution.isOver) return;
    this.#deliver(child);
    this.#execution.poll();
  }

  #find(flow: string): InnerFlow {
    return this.#flowOf(flow, this.#execution.plan.graph.registry);
  }

  #deliver(child: Job): void {
    const { job, plan: { graph } } = this.#execution;
    const end = endOf(child);
    if (end === undefined) return;
    const hasKeys = needsKeys(job, graph, undefined);
    const commit = childEndCommit(job, end, this.#execution.time(), hasKeys, undefined);
    if (commit !== undefined) this.#execution.bringIn(commit);
  }
}

/** Whether something of a live job is to be done now. */
function isBusy(job: Job): boolean {
  const execution = executionOf(job);
  if (execution === undefined || execution.runner.active > 0 || !execution.committer.queue.isEmpty) return true;
  return !hasToWait(job) || execution.children.all?.isBusy === true;
}

/** Cancels a job that is not live, and the children that are parts of it. With a journal the change is stored. */
export function cancelAtRest(
  job: Job,
  reason: string | undefined,
  time: Moment,
  host: EngineHost,
  journal?: Journal,
): void {
  const from = job.status;
  const notifier = new JobNotifier(job, host);
  const error = describeError(new CancelledError(reason), host.errorStacks);
  new Committer(job, new JobListeners(), notifier, journal).performLast(
    statusCommit("cancelled", time, { error }),
    () => notifier.status(from, "cancelled", time.at),
  );
  if (host.store === undefined) cancelInner(job, host);
}

/** Cancels the children that are parts of a job that has ended: it keeps them as they are then, for a redrive. */
function cancelInner(job: Job, host: EngineHost): void {
  if (job.children === undefined) return;
  const reason = `its parent, job "${job.jobId}", has ended`;
  for (const { inner } of job.children) {
    if (inner === undefined || hasEnded(inner.job.status)) continue;
    const execution = workingOn(inner.job);
    const { ranMs } = inner.job.time;
    if (execution !== undefined) execution.cancel(reason);
    else cancelAtRest(inner.job, reason, { at: host.timers.now(), ranMs }, host);
  }
  apply(job, { kind: "children", time: job.time, opened: [], isSettled: true });
}
