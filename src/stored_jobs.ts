import type { AdoptOptions } from "./adoption.ts";
import { type PreflightFinding, StateError } from "./base/errors.ts";
import type { ValueLimits } from "./values/payload.ts";
import { checkInteger, checkName, checkOptions, checkRange, checkWord } from "./base/options.ts";
import { unlessAborted } from "./base/thenable.ts";
import type { Registry } from "./values/registry.ts";
import { deleteJob } from "./engine/durable/child_jobs.ts";
import { DueJobs } from "./engine/durable/due_jobs.ts";
import { replayStored } from "./engine/durable/stored_replay.ts";
import type { StoreSession } from "./engine/durable/store_session.ts";
import type { Engine } from "./engine.ts";
import type { EngineHost } from "./engine/execution/engine_host.ts";
import { executionOf } from "./engine/execution/execution.ts";
import { whereLive } from "./engine/execution/stored_flow_jobs.ts";
import { Flow, runnerOf } from "./flow.ts";
import type { HandleHost } from "./handle_host.ts";
import { type JobHandle, type StartedJob, StoredJobHandle } from "./job_handle.ts";
import { checkQuery } from "./job_query.ts";
import { checkStart, instantOf } from "./start_options.ts";
import { validate } from "./values/standard_schema.ts";
import { hasSlotInText } from "./documents/flow_text.ts";
import type { ConnectionTarget } from "./model/connection.ts";
import type { JobFilter, JobPage, JobRecord, ListQuery, MaybePromise, StoredJob, TakenJob } from "./ports/store.ts";
import type { Route } from "./job/task.ts";
import { type AdoptingFlow, adoptingFor, adoptStored, adoptTaken } from "./stored_adoption.ts";
import type { CreateJob, StartedItem, StoreAccess } from "./store_access.ts";
import type { JobRevision, PurgeOptions, Recovery, StoredFlowJob } from "./stored_job_types.ts";
import type { Worker, WorkOptions } from "./work_options.ts";
import { StoreWorker, type WorkHost } from "./worker.ts";
import { hasEnded, type Job, JOB_STATUSES } from "./job/job.ts";
import { parseText } from "./documents/envelope.ts";
import { decodeJob, encodeJob } from "./documents/job.ts";
import { jobOf, type JobState, jobStateOf } from "./documents/job_state.ts";
import type { Replay } from "./documents/replay.ts";

/** How many jobs are claimed at once: they wait until they are taken up. */
const MOST_AT_ONCE = 50;

/** How many jobs are deleted at once. */
const MOST_PURGED_AT_ONCE = 1_000;

/** How many flows of stored jobs are kept ready. */
const MOST_FLOWS = 64;

/** The jobs in an engine's store, seen from outside: the methods of `Engine` that need a store. */
export class StoredJobs implements HandleHost, StoreAccess, WorkHost {
  readonly host: EngineHost;
  readonly session: StoreSession;
  readonly registry: Registry;
  readonly due: DueJobs;
  readonly #engine: Engine;
  /** The flows that were read, by the hashes of their texts, the least recently used first: jobs of one text share a flow. */
  readonly #flows: Map<string, Flow> = new Map();
  readonly #workers: Set<StoreWorker> = new Set();
  /** Makes the view of an engine's store. */
  constructor(engine: Engine, host: EngineHost, session: StoreSession, registry: Registry) {
    this.#engine = engine;
    this.host = host;
    this.session = session;
    this.registry = registry;
    this.due = new DueJobs(session);
    session.onLive = (job) => {
      const workers = [...this.#workers];
      // One that was claimed for no worker, because an answer was lost or a command came, is the first one's.
      (workers.find((it) => it.hasTaken(job.jobId)) ?? workers[0])?.adopt(job);
    };
    if (host.store !== undefined) host.store.jobsOfStoredFlow = (stored) => runnerOf(this.#flowOf(stored)).stored;
    session.onTaken = (taken) => {
      // Whether it was claimed by a permit is not known: its commands are carried out, and it is taken again by one.
      if (session.permitsIn(taken.record.queue) !== undefined) session.served.add(taken);
      void session.claiming(() => this.#takeUp(taken)).catch((error) => session.onError(error));
    };
  }

  /** See `Engine`. */
  async recover(limit: number = Infinity): Promise<Recovery> {
    if (this.host.isShutDown) throw new TypeError("Cannot recover: the engine has been shut down; make a new one");
    const jobs: StoredFlowJob[] = [];
    const errors: { jobId: string; error: unknown }[] = [];
    const seen = new Set<string>();
    if (limit === Infinity) this.due.forgive();
    else checkInteger("Cannot recover", "limit", limit);
    const takeSome = async () => {
      const taken = await this.due.take(Math.min(limit - seen.size, MOST_AT_ONCE), { exceptJobs: seen });
      for (const job of taken) {
        const { jobId } = job.record;
        seen.add(jobId);
        await this.host.pacer.breathe();
        try {
          const found = await this.#takeUp(job);
          if (found !== undefined) jobs.push(found);
        } catch (error) {
          errors.push({ jobId, error });
        }
      }
      return taken.length > 0;
    };
    while (seen.size < limit && !this.host.isShutDown && await this.session.claiming(takeSome));
    return { jobs, errors };
  }

  /**
   * Goes on with a job that this engine has claimed, or carries out its commands. Returns the job if it is live then.
   *
   * @throws why it cannot go on here: then it has been let go
   */
  async #takeUp(taken: TakenJob): Promise<StoredFlowJob | undefined> {
    // It was claimed before the engine was shut down.
    if (this.host.isShutDown) return void await this.session.letGo(taken);
    let flow: Flow | undefined;
    // It may have been taken up by another claim while those before it in the answer were.
    if (!this.session.mayTakeUp(taken)) return undefined;
    try {
      const adopting = adoptingFor(taken, this);
      flow = adopting?.flow;
      const present = adopting === undefined ? taken : await adoptTaken(adopting, this.session, taken);
      // It was started here while it was moved.
      if (present !== taken && !this.session.mayTakeUp(present)) return undefined;
      // It was moved while the engine was shut down.
      if (this.host.isShutDown) return void await this.session.letGo(present);
      flow = this.#flowOf(present);
      this.session.onClaimed(present);
      const job = await runnerOf(flow).stored?.takeUp(present, undefined, this.session.served.has(taken));
      return job && { flow, job: jobStateOf(job, this.registry) };
    } catch (error) {
      // If that fails, it is found again as one that this engine has and does not know.
      await this.due.letGo(taken, flow ? undefined : this.#canBuild, error).catch((it) => this.session.onError(it));
      throw error;
    }
  }

  /** See `WorkHost`. */
  async takeUp(taken: TakenJob): Promise<Job | undefined> {
    const found = await this.#takeUp(taken);
    return found && jobOf(found.job);
  }

  /** See `HandleHost`. */
  async created(jobId: string): Promise<void> {
    const job = this.session.liveJob(jobId);
    const execution = job && executionOf(job);
    if (job?.isStarting === true && execution !== undefined) {
      await new Promise<void>((resolve) => execution.whenStored(resolve));
    }
  }

  /** See `HandleHost`. */
  async flowOf(record: JobRecord): Promise<Flow | undefined> {
    const known = this.#flows.get(record.flowHash);
    if (known !== undefined) return known;
    const stored = await this.session.store.load(record.jobId);
    return stored && this.#builtFlowOf(stored);
  }

  readonly #canBuild = (stored: Pick<StoredJob, "flow" | "record">) => this.#builtFlowOf(stored) !== undefined;

  #builtFlowOf(stored: Pick<StoredJob, "flow" | "record">): Flow | undefined {
    try {
      return this.#flowOf(stored);
    } catch {
      // The classes are not registered here: those who have them will check what is sent.
      return undefined;
    }
  }

  /** See `HandleHost`. */
  async adopt(record: JobRecord, flow: Flow | undefined, options: AdoptOptions): Promise<readonly PreflightFinding[]> {
    return await adoptStored(flow, this.session, record, options);
  }

  /** See `HandleHost`. */
  async hasSlot({ jobId }: JobRecord, target: ConnectionTarget): Promise<boolean> {
    const stored = await this.session.store.load(jobId);
    // It was deleted meanwhile: the store refuses what is sent.
    if (stored === undefined) return true;
    return hasSlotInText(stored.flow, target);
  }

  /** See `HandleHost`. */
  read<Result>(stored: StoredJob, flow: Flow<Result> | undefined): JobState<Result> {
    // The flow that asks may be another version of the job's own.
    const isOwn = flow !== undefined && runnerOf(flow).stored?.storage.hasThisFlow(stored.record);
    const own = isOwn ? flow : this.#builtFlowOf(stored);
    const job = replayStored(stored, own?.limits).finish();
    this.session.records.set(job, stored.record);
    return jobStateOf(job, (flow ?? own)?.registry ?? this.registry);
  }

  /** See `Engine`. */
  handle<Result>(jobId: string, flow?: Flow<Result>): JobHandle<Result> {
    return new StoredJobHandle(this, jobId, flow);
  }

  /** See `Flow`. */
  async start<Result>(
    flow: Flow<Result>,
    { routine, slot }: Route,
    jobs: readonly StartedItem[],
    create: CreateJob,
    ifExists: "join" | "throw" = "join",
  ): Promise<readonly StartedJob<Result>[]> {
    const action = `Cannot start a job of flow "${flow.id}"`;
    checkWord(action, "ifExists", ifExists, ["join", "throw"]);
    const { schema } = flow.slot(routine, slot);
    const make = (ahead: number) =>
      jobs.map(({ params = {}, ...options }) => {
        if (schema !== undefined) validate(schema, params, `${action}: params for slot "${slot}"`);
        const { startAt, ...labels } = checkStart(action, options);
        // The caller has it from a clock of this process.
        return { job: create(params, options, startAt && Math.max(0, startAt + ahead)), ...labels };
      });
    // Unreachable default: a flow that comes here is of this engine, which has a store.
    const answers = await runnerOf(flow).stored?.storage.createAll(make) ?? [];
    return answers.map(({ isNew, record: { jobId, life, flowId, status } }) => {
      if (flowId !== flow.id || (!isNew && ifExists === "throw")) {
        const why = flowId === flow.id ? "there is one already" : `there is one of flow "${flowId}" already`;
        throw new StateError("start", status, `Cannot start job "${jobId}" of flow "${flow.id}": ${why}`, "taken");
      }
      return Object.assign(new StoredJobHandle(this, jobId, flow, life), { isNew });
    });
  }

  /** See `Engine`. */
  work(options: WorkOptions): Worker {
    const worker = new StoreWorker(this, options, () => void this.#workers.delete(worker));
    this.#workers.add(worker);
    return worker;
  }

  /** See `AdoptionHost`. */
  adopting(flowId: string): AdoptingFlow | undefined {
    return Array.from(this.#workers, (it) => it.adopting(flowId)).find((it) => it !== undefined);
  }

  /**
   * Stops all workers. `rest` is called when they take no more jobs: it may bring theirs to rest sooner than they would.
   *
   * @throws the signal's reason when it is aborted before
   */
  async stopWorkers(rest: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    const workers = [...this.#workers];
    const stopped = Promise.all(workers.map((it) => it.stop()));
    await unlessAborted(Promise.all(workers.map((it) => it.loop)), signal);
    await rest();
    await unlessAborted(stopped, signal);
  }

  /** See `Engine`. */
  async delete(jobId: string): Promise<boolean> {
    checkName("Cannot delete a job", "jobId", jobId);
    const record = await this.session.store.find(jobId);
    if (record === undefined) return false;
    const place = whereLive(record, this.session);
    if (place === undefined) return await this.session.claiming(() => deleteJob(record, this.session));
    const why = `it is live ${place}; cancel it first, by engine.handle("${jobId}").cancel()`;
    throw new StateError("delete", record.status, `Cannot delete job "${jobId}": ${why}`);
  }

  /** See `Engine`. */
  list(query: ListQuery): MaybePromise<JobPage> {
    checkQuery("Cannot list jobs", query, true);
    return this.session.store.list(query);
  }

  /** See `Engine`. */
  count(filter: JobFilter): MaybePromise<number> {
    checkQuery("Cannot count jobs", filter, false);
    return this.session.store.count(filter);
  }

  /** See `Engine`. */
  async purge(options: PurgeOptions): Promise<number> {
    const action = "Cannot purge jobs";
    checkOptions(action, options, { endedBefore: true, status: true, limit: true });
    const { endedBefore, status, limit = Infinity } = options;
    const before = checkRange(action, "endedBefore", instantOf(endedBefore), 0, Infinity);
    if (status !== undefined) checkWord(action, "status", status, JOB_STATUSES);
    if (limit !== Infinity) checkInteger(action, "limit", limit);
    let count = 0;
    while (count < limit) {
      const most = Math.min(limit - count, MOST_PURGED_AT_ONCE);
      const purged = await this.session.store.purge({ endedBefore: before, status, limit: most });
      count += purged;
      if (purged < most) break;
      await this.host.pacer.breathe();
    }
    return count;
  }

  /** See `Engine`. */
  async *history(jobId: string): AsyncGenerator<JobRevision, void, undefined> {
    const stored = await this.#load(jobId, "read");
    const { limits } = this.#flowOf(stored);
    let revision = stored.snapshotRevision;
    const replay = replayStored(stored, limits, revision);
    yield { revision, job: this.#copy(replay, jobId, limits) };
    for (const text of stored.entries) {
      replay.apply(text);
      yield { revision: ++revision, entry: JSON.parse(text), job: this.#copy(replay, jobId, limits) };
    }
  }

  /** See `Engine`. */
  async fork(jobId: string, revision: number, newId: string | undefined): Promise<StoredFlowJob> {
    const action = `Cannot fork job "${jobId}"`;
    checkInteger(action, "revision", revision, 0);
    const stored = await this.#load(jobId, "fork");
    const { snapshotRevision, record } = stored;
    if (revision < snapshotRevision || revision > record.revision) {
      const kept = `${snapshotRevision} to ${record.revision}`;
      throw new RangeError(`${action}: its revisions ${kept} are kept, current value is ${revision}`);
    }
    const flow = this.#flowOf(stored);
    const replay = replayStored(stored, flow.limits, revision);
    const { status, children } = replay.job;
    if (hasEnded(status)) throw new StateError("fork", status, `${action}: at revision ${revision} it had ended`);
    if (children !== undefined) {
      throw new StateError(
        "fork",
        status,
        `${action}: at revision ${revision} it waits for children, which tell it alone`,
      );
    }
    const id = newId === undefined ? this.host.ids.id() : checkName(action, "jobId", newId);
    const taken = await this.session.store.find(id);
    if (taken !== undefined) {
      throw new StateError("fork", taken.status, `${action}: the store has a job "${id}" already`);
    }
    const copy = this.#copy(replay, id, flow.limits);
    // The parent waits for the other one.
    jobOf(copy).parent = undefined;
    return { flow, job: flow.resume(copy) };
  }

  /** See `Engine`. */
  async open(jobId: string): Promise<StoredFlowJob> {
    return this.#restore(await this.#load(jobId, "open"));
  }

  #restore(stored: StoredJob): StoredFlowJob {
    const { jobId } = stored.record;
    const flow = this.#flowOf(stored);
    const live = this.session.liveJob(jobId);
    if (live !== undefined) return { flow, job: jobStateOf(live, this.registry) };
    const storage = runnerOf(flow).stored?.storage;
    // Unreachable: the flow is of this engine, which has a store.
    if (storage === undefined) throw unknownJob(jobId, "open");
    const { job, record } = storage.replay(stored);
    storage.note(job, record);
    return { flow, job: jobStateOf(job, this.registry) };
  }

  async #load(jobId: string, event: string): Promise<StoredJob> {
    checkName(`Cannot ${event} a job`, "jobId", jobId);
    const stored = await this.session.store.load(jobId);
    if (stored === undefined) throw unknownJob(jobId, event);
    return stored;
  }

  /** See `AdoptionHost`. */
  build(text: string): Flow {
    return Flow.fromJSON(parseText(text, "routilux/flow"), this.registry, { engine: this.#engine });
  }

  #flowOf({ flow: text, record: { flowHash } }: Pick<StoredJob, "flow" | "record">): Flow {
    const flow = this.#flows.get(flowHash) ?? this.build(text);
    this.#flows.delete(flowHash);
    this.#flows.set(flowHash, flow);
    const [oldest] = this.#flows.keys();
    if (this.#flows.size > MOST_FLOWS && oldest !== undefined) this.#flows.delete(oldest);
    return flow;
  }

  /** A copy of a replay's state under an id. It shares the values, which are frozen. */
  #copy({ job }: Replay, jobId: string, limits: ValueLimits): JobState {
    return jobStateOf(decodeJob({ ...encodeJob(job), jobId }, limits, true), this.registry);
  }
}

function unknownJob(jobId: string, event: string): StateError {
  return new StateError(event, "unknown", `Cannot ${event} job "${jobId}": the store has none of this id`);
}
