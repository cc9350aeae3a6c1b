import { StateError } from "../../base/errors.ts";
import type { ChildEnded, Command } from "../../documents/command.ts";
import { hasSlot } from "../../documents/flow_text.ts";
import type { StatusCommit } from "../../job/commit.ts";
import { presentTarget } from "../../job/former_names.ts";
import { hasEnded, type Job } from "../../job/job.ts";
import type { Route } from "../../job/task.ts";
import type { FlowGraph } from "../../model/flow_graph.ts";
import type { JobRecord, TakenJob } from "../../ports/store.ts";
import type { Payload } from "../../values/payload.ts";
import type { Plan } from "../activation/plan.ts";
import { type Claimed, JobStorage } from "../durable/job_storage.ts";
import type { Journal } from "../durable/journal.ts";
import { serve } from "../durable/serving.ts";
import type { StoreSession } from "../durable/store_session.ts";
import type { EngineHost } from "./engine_host.ts";
import { Execution, executionOf } from "./execution.ts";
import { workingOn } from "./waits.ts";
import type { Redrive } from "./redrive.ts";
import { checkTakes, refuse } from "./refusal.ts";
import { DEFAULT_GRACE_MS } from "./resting.ts";
import { startClaimed, startStored, type StoredStart } from "./stored_start.ts";

/** The seam between two floors: what stored jobs need from the jobs of their flow, on the floor above. */
export interface FlowSteering {
  readonly graph: FlowGraph;
  /** The flow as the engine runs it. */
  readonly plan: Plan;
  /** Whether no job of the flow is started any more. */
  readonly isClosed: boolean;
  /** The route of deliveries from outside to a slot. */
  routeTo(routine: string, slot: string): Route;
  /** Checks that the status of a job allows that it goes on. */
  checkResume(job: Job, redrive: Redrive | undefined): void;
  /** The commit by which a job starts or goes on, after all checks. */
  firstCommit(job: Job, redrive: Redrive | undefined): StatusCommit;
  /** Delivers to a job that has begun, or is at rest; `sequence` is the number of the command. */
  deliverNow(job: Job, route: Route, payload: Payload | undefined, sequence: number): void;
  /** Brings in the end of a child; one that nobody waits for any more changes nothing. */
  childEndedNow(job: Job, end: ChildEnded, sequence: number): void;
  /** Cancels a job that has begun, or is at rest. */
  cancelNow(job: Job, reason: string | undefined): void;
  /** Drops failures of a job that has begun, or is at rest. */
  discardNow(job: Job, ids: readonly number[]): void;
}

/** Starts and steers the jobs of one flow that are in a store. Engines without a store don't load this. */
export class StoredFlowJobs {
  /** Keeps the jobs in the store. */
  readonly storage: JobStorage;
  readonly #flow: FlowSteering;
  readonly #session: StoreSession;
  readonly #host: EngineHost;
  /** Jobs that a command has made go on since they were last claimed: they may have ended since. */
  readonly #resumed: WeakSet<Job> = new WeakSet();
  /** Jobs that this engine has claimed only for the sake of their commands. */
  readonly #served: WeakSet<Job> = new WeakSet();

  /** Prepares for the stored jobs of a flow. */
  constructor(flow: FlowSteering, session: StoreSession, host: EngineHost) {
    this.#flow = flow;
    this.#session = session;
    this.#host = host;
    this.storage = new JobStorage(session, flow.graph, {
      perform: (job, command, consume) => this.#carryOut(job, command, consume),
      takeUp: (taken, job) => this.takeUp(taken, job),
      isClosed: () => flow.isClosed,
    });
  }

  /** Starts a job that was made here, or read: it begins when this engine has claimed it. */
  start(execution: Execution, redrive: Redrive | undefined): void {
    this.#served.delete(execution.job);
    startStored(this.#startOf(execution, redrive));
  }

  /** Starts a job that this engine has claimed for its commands, if one of these says that it goes on. */
  join(execution: Execution): void {
    this.#served.delete(execution.job);
    startStored({ ...this.#startOf(execution, undefined), joins: true });
  }

  #startOf(execution: Execution, redrive: Redrive | undefined): StoredStart {
    const { job } = execution;
    return {
      joins: this.storage.isFresh(job) && this.storage.recordOf(job) === undefined,
      storage: this.storage,
      execution,
      createFirst: () => this.#flow.firstCommit(job, redrive),
      createAgain: () => this.#flow.firstCommit(job, undefined),
      isServed: () => this.#served.has(job),
      byStoredFlow: (taken) => this.#byStoredFlow(taken, execution, redrive),
    };
  }

  /** A job runs the flow with which it was started, whatever version of it has asked for the job. */
  #byStoredFlow(taken: TakenJob, execution: Execution, redrive: Redrive | undefined): StoredStart | undefined {
    const { id } = this.#flow.graph;
    const { jobId, status, flowId } = taken.record;
    // A job of another flow is refused when it is read.
    if (flowId !== id || this.storage.hasThisFlow(taken.record)) return undefined;
    const own = this.#host.store?.jobsOfStoredFlow?.(taken);
    if (own === undefined) {
      const why = `it was started with another version of flow "${id}", which only an engine with a registry can build`;
      throw new StateError("resume", status, `Cannot resume job "${jobId}": ${why}`);
    }
    return own === this ? undefined : own.#startOf(execution.again(own.#flow.plan), redrive);
  }

  /**
   * Takes up a job that this engine has claimed: it goes on, or its commands are carried out and it is let go, also where it would go on, if
   * it `isServed` only. Returns the job if it has gone on: the known object, if there is one.
   *
   * @throws {PreflightError} when it does not fit the flow; it has not been let go
   * @throws {SerializationError} when it cannot be read
   */
  async takeUp(taken: TakenJob, known?: Job, isServed = false): Promise<Job | undefined> {
    const { storage } = this;
    const { job: read, claim: attempts } = storage.replay(taken);
    const job = known ?? read;
    if (known !== undefined) known.become(read);
    this.#resumed.delete(job);
    if (isServed) this.#served.add(job);
    else this.#served.delete(job);
    if (job.status !== "running" && job.status !== "pending") {
      await storage.serving(job, serve(job, storage, taken, () => this.#resumed.has(job)));
    } else {
      this.#goOn(job, storage.open(job, taken), { ...taken, attempts }, undefined);
    }
    return executionOf(job) === undefined && !this.#resumed.has(job) ? undefined : job;
  }

  /** Begins a job that this engine has claimed. */
  #goOn(job: Job, journal: Journal, claimed: Claimed, redrive: Redrive | undefined): void {
    const execution = new Execution(job, this.#flow.plan, this.#host, {});
    startClaimed(this.#startOf(execution, redrive), journal, claimed);
  }

  /** Carries out a call as soon as its job has begun. The observer is told when the store had the job in a state that refuses it. */
  whenBegun(call: string, job: Job, execution: Execution | undefined, act: () => void): void {
    if (!job.isStarting || execution === undefined) return act();
    const session = this.#session;
    execution.whenBegun(() => {
      try {
        // A job that has come to rest at once is let go after this.
        const isHere = workingOn(job) !== undefined || session.journalOf(job)?.isReleased === false;
        if (!isHere) throw session.lossOf(job) ?? refuse(call, job, notHere(job, session), "elsewhere");
        act();
      } catch (error) {
        session.onCommandError(job, call, error);
      }
    });
  }

  /**
   * Carries out a command from the job's inbox.
   *
   * @throws what the call of the same name throws
   */
  #carryOut(job: Job, command: Command, consume: () => number): Promise<boolean> | boolean {
    const flow = this.#flow;
    const execution = workingOn(job);
    if (command.type === "pause") {
      const { reason, checkpoint, graceMs = DEFAULT_GRACE_MS } = command;
      if (hasEnded(job.status)) throw refuse("pause", job, "it has ended already");
      // Pausing a paused job changes nothing. A job that is just being released is paused by the engine that claims it next.
      if (execution === undefined) return job.status !== "running";
      return new Promise((resolve) => {
        // When the engine was releasing the job for its shutdown as the command came, the job is not paused, and the command stays
        // in the inbox. Otherwise the pause has had its effect, even if an observer has resumed the job since.
        execution.listeners.onRest(() => resolve(!this.#host.isShutDown || job.status !== "running"));
        execution.rest({ reason, checkpoint }, graceMs, consume);
      });
    }
    if (command.type === "resume" && execution === undefined && flow.isClosed) return false;
    if (command.type === "cancel" && hasEnded(job.status)) throw refuse("cancel", job, "it has ended already");
    const sequence = consume();
    if (command.type === "deliver") {
      checkTakes(job);
      const { routine, slot } = presentTarget(command, job.formerNames, (it) => hasSlot(flow.graph, it));
      flow.graph.routine(routine);
      flow.deliverNow(job, flow.routeTo(routine, flow.graph.slot(routine, slot).name), command.data, sequence);
    } else if (command.type === "resume") {
      // Resuming a running job changes nothing.
      if (execution !== undefined && !command.redrive) return true;
      const redrive = command.redrive ? { tasks: command.tasks, maxRetries: command.maxRetries } : undefined;
      flow.checkResume(job, redrive);
      const journal = this.storage.journalOf(job);
      // Unreachable: commands are carried out for jobs that this engine has claimed.
      if (journal === undefined) return false;
      this.#resumed.add(job);
      // The commands that come after it are read before a task is taken.
      const record = { sent: Infinity, owner: undefined, incarnation: undefined };
      const claimed = { record, formerIncarnation: undefined, attempts: undefined };
      this.#goOn(job, journal, claimed, redrive);
    } else if (command.type === "discard") flow.discardNow(job, command.tasks);
    else if (command.type === "child") {
      checkTakes(job);
      flow.childEndedNow(job, command, sequence);
    } else flow.cancelNow(job, command.reason);
    return true;
  }

  /**
   * Checks that a job which is not live here is one that only this process has.
   *
   * @throws {StateError} for a job of the store: whoever has it must learn of the call
   */
  checkHere(event: string, job: Job): void {
    const { records, losses } = this.#session;
    if (records.has(job) || losses.has(job)) throw refuse(event, job, notHere(job, this.#session), "elsewhere");
  }

  /**
   * Checks that a job may be started here.
   *
   * @throws {StateError} for one that is live here as another object, or that another engine owns as far as is known here
   */
  checkPlace(event: string, job: Job): void {
    const session = this.#session;
    const live = session.liveJob(job.jobId);
    if (live !== undefined && live !== job) throw refuse(event, job, "it is live already, as another JobState");
    const record = session.records.get(job);
    if (record !== undefined && session.elsewhere(record) !== undefined) {
      throw refuse(event, job, notHere(job, session), "elsewhere");
    }
  }
}

/**
 * Where a job is live, or is being taken up or let go, for a message; `undefined` when no engine works on it, as far as is known here.
 */
export function whereLive(record: JobRecord, session: StoreSession): string | undefined {
  const { jobId, incarnation, heldUntil = 0 } = record;
  const isOurs = session.ownership.isOurs(incarnation) && heldUntil > session.timers.now();
  if (session.liveJob(jobId) !== undefined || isOurs) return "here";
  const owner = session.elsewhere(record);
  return owner && `in the engine of owner "${owner}"`;
}

/** For the error of a call on a `JobState` of a stored job: why this call cannot reach the job, and which one can. */
function notHere(job: Job, session: StoreSession): string {
  const record = session.records.get(job);
  const owner = record && session.elsewhere(record);
  const live = session.liveJob(job.jobId);
  const place = owner !== undefined
    ? `it is live in the engine of owner "${owner}"`
    : live !== undefined && live !== job
    ? "it is live here, as another JobState"
    : session.losses.has(job)
    ? "it could not be started or read here, and may be in the store all the same"
    : "it is in the store, and not live here";
  return `${place}; engine.handle("${job.jobId}") reaches it wherever it is`;
}
