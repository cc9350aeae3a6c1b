import { FencedError, PoisonError, StateError } from "../../base/errors.ts";
import { describeError } from "../../values/error_data.ts";
import type { StatusCommit } from "../../job/commit.ts";
import type { JobRecord, TakenJob } from "../../ports/store.ts";
import { writeJob } from "../../documents/job.ts";
import { slotOf } from "../activation/plan.ts";
import type { PoisonedTask } from "../durable/first_tasks.ts";
import type { Claimed, FoundJob, JobStorage } from "../durable/job_storage.ts";
import type { Journal } from "../durable/journal.ts";
import type { Job } from "../../job/job.ts";
import { type Execution, executionOf } from "./execution.ts";
import { PassedDeadlines } from "./passed_deadlines.ts";
import { refuse } from "./refusal.ts";

/** The start of a job of an engine with a store. */
export interface StoredStart {
  readonly storage: JobStorage;
  readonly execution: Execution;
  /** Whether the store's job takes its place, and it goes on only where that one does: not at rest, nor elsewhere. */
  readonly joins: boolean;
  /** Makes the commit by which the job goes on, from the state that it has by then. */
  readonly createFirst: () => StatusCommit;
  /** The same for a job that has gone on already: a redrive counts once. */
  readonly createAgain: () => StatusCommit;
  /** Whether the job is let go when its commands are carried out, before a handler runs. */
  readonly isServed: () => boolean;
  /**
   * The start by the flow with which a job was started; `undefined` when it is this one.
   *
   * @throws why that flow cannot be built here
   */
  readonly byStoredFlow: (taken: TakenJob) => StoredStart | undefined;
}

/** Starts a job of a store, which was made here, or read from the store or a document: it begins when this engine has claimed it. */
export function startStored(start: StoredStart): void {
  register(start);
  enter(start).catch((thrown: unknown) => {
    leave(start, toError(thrown));
  });
}

/** Begins a job that this engine has claimed, and whose journal is open. */
export function startClaimed(start: StoredStart, journal: Journal, claimed: Claimed): void {
  register(start);
  try {
    begin(start, journal, claimed);
    start.storage.live(start.execution.job);
  } catch (error) {
    start.execution.leave(toError(error));
    throw error;
  }
}

function register({ storage, execution }: StoredStart): void {
  const { job } = execution;
  // Another execution may take the place of this one: see `decideAgain`.
  execution.onDepart = storage.register(job, () => executionOf(job)?.poll());
}

/** Creates the job in the store, or goes on with the job that the store has of this id. */
async function enter(start: StoredStart): Promise<void> {
  const { storage, execution, joins, createFirst } = start;
  const { job } = execution;
  const known = storage.recordOf(job);
  if (known !== undefined) return claim(start, known);
  const reading = storage.readClock(job);
  if (reading !== undefined) await reading;
  let found = joins ? undefined : await storage.load(job);
  if (found === undefined) {
    execution.resume(createFirst());
    const journal = await storage.create(job);
    if (journal !== undefined) {
      attach(start, journal);
      execution.prepare();
      execution.begin();
      return storage.inbox.pollEarly(job);
    }
    found = await storage.load(job);
  }
  if (found === undefined) throw new FencedError(job.jobId, undefined, undefined);
  const { record } = found;
  const isElsewhere = storage.isElsewhere(record);
  // A job that was read from a document goes on only from the state that it shows.
  if (!joins && (isElsewhere || writeJob(job) !== writeJob(found.job))) {
    throw new FencedError(job.jobId, undefined, record.revision);
  }
  // Nothing starts if another engine has the job.
  if (isElsewhere || (joins && !mayJoin(storage, found) && !mayBeResumed(storage, found))) {
    job.become(found.job);
    storage.note(job, record);
    return execution.leave();
  }
  await claim(start, record);
}

/** Whether a job goes on in place of one that was made here: not one that is paused or has ended, or that a worker takes by a permit. */
function mayJoin(storage: JobStorage, { job: { status }, record }: FoundJob): boolean {
  return status === "running" || (status === "pending" && !storage.isLimited(record));
}

/** Whether a paused job may have a command by which it goes on: whoever has been told that it is accepted counts on that. */
function mayBeResumed(storage: JobStorage, { job: { status }, record }: FoundJob): boolean {
  return status === "paused" && record.sent > record.consumed && !storage.isLimited(record);
}

/** Goes on with a job that is in the store, if nobody else has claimed it since it was last seen here. */
async function claim(start: StoredStart, known: JobRecord): Promise<void> {
  const { storage, joins, execution: { job } } = start;
  const before = job.status;
  await storage.commandsDone(job);
  if (job.status !== before && !joins) {
    const { jobId, status } = job;
    throw new StateError("resume", status, `Cannot resume job "${jobId}": its end was not stored: it is "${status}"`);
  }
  const last = storage.recordOf(job);
  const { jobId, life, epoch } = last ?? known;
  const taken = await storage.claim(job, { jobId, life, epoch });
  if (taken === undefined) {
    const found = await storage.load(job);
    const isSame = found?.record.life === life;
    if (found === undefined || !(isSame || joins)) throw new FencedError(jobId, undefined, undefined);
    if (joins || last === undefined) job.become(found.job);
    storage.note(job, found.record);
    const isHere = storage.isHere(found.record);
    // A worker of this engine has claimed it since, and leaves it to the job that is registered here. Or it was deleted, and created anew.
    if (joins && (!isSame || (isHere && found.record.epoch !== epoch))) return claim(start, found.record);
    if (joins && storage.isElsewhere(found.record)) return start.execution.leave();
    const why = isHere
      ? `this engine carries out commands to it just now; ask for it by engine.handle("${jobId}").resume()`
      : "another engine has claimed it since it was read";
    throw new StateError("resume", found.job.status, `Cannot resume job "${jobId}": ${why}`);
  }
  const journal = storage.open(job, taken);
  let current = start;
  try {
    current = byStoredFlow(start, taken);
    const found = current.storage.replay(taken);
    job.become(found.job);
    // A write of its last owner may have come since.
    if (joins && !mayJoin(storage, found) && !await isResumed(storage, found, journal)) {
      return giveBack(current, journal);
    }
    begin(current, journal, { ...taken, attempts: found.claim });
  } catch (thrown) {
    const error = toError(thrown);
    note(current, error);
    giveBack(current, journal, error);
  }
}

/** Lets go of a job that has been claimed and does not go on here: when the handlers have returned that it had here before. */
function giveBack({ execution }: StoredStart, journal: Journal, error?: Error): void {
  const { isSettled } = execution.runner;
  if (isSettled) journal.release();
  else execution.committer.journal = journal;
  execution.leave(error, isSettled);
}

async function isResumed(storage: JobStorage, found: FoundJob, journal: Journal): Promise<boolean> {
  if (!mayBeResumed(storage, found)) return false;
  const isResumed = await storage.inbox.hasResume(found.job, journal);
  if (journal.lost !== undefined) throw journal.lost;
  return isResumed;
}

/** A job runs the flow with which it was started, whatever version of it has asked for the job. */
function byStoredFlow(start: StoredStart, taken: TakenJob): StoredStart {
  const stored = start.byStoredFlow(taken);
  if (stored === undefined) return start;
  start.execution.onDepart?.();
  register(stored);
  return stored;
}

function begin(start: StoredStart, journal: Journal, claimed: Claimed): void {
  const { storage, execution, createFirst } = start;
  const { job, plan } = execution;
  const first = createFirst();
  const mayGather = isPlain(job, first, claimed, journal);
  let poisoned: readonly PoisonedTask[] = [];
  attach(start, journal);
  if (mayGather) journal.gather();
  execution.resume(first, () => poisoned = storage.begin(job, journal, execution.workers, claimed));
  execution.prepare(poisoned.map(({ task }) => task));
  for (const { task, died, survived } of poisoned) {
    execution.failures.failed(task, slotOf(plan, task.route), new PoisonError(died, survived));
  }
  const { sent } = claimed.record;
  const beginAfter = (carryOut: () => void) =>
    execution.begin(() => {
      carryOut();
      if (start.isServed() && execution.mayDecide) execution.rest(undefined, 0, () => {});
    });
  if (mayGather) {
    beginAfter(() => storage.inbox.pollEarly(job));
    return journal.gathered();
  }
  journal.whenStored(() => {
    if (sent <= journal.reads.last) return beginAfter(() => storage.inbox.pollEarly(job));
    // The commands that are in the inbox already are carried out before a task is taken or a deadline is decided.
    storage.inbox.readFirst(job, journal).then((carryOut) => {
      if (!journal.isOver) beginAfter(carryOut);
    }, (error: unknown) => journal.lose(toError(error)));
  });
  journal.flush();
}

/**
 * Whether a handler may run before the first commit is stored, as it says nothing but that the job goes on: then one write stores it with
 * what the first handlers have done. Whoever crashes in between leaves the job as it was, claimed, and known to be.
 */
function isPlain(
  { status }: Job,
  first: StatusCommit,
  { formerIncarnation, record }: Claimed,
  { reads }: Journal,
): boolean {
  return status !== "paused" && !first.redrive && first.migrated.length === 0 && formerIncarnation === undefined &&
    record.sent <= reads.last;
}

function attach(start: StoredStart, journal: Journal): void {
  const { storage, execution } = start;
  execution.committer.journal = journal;
  execution.deadlines.passed = new PassedDeadlines(execution, journal, () => storage.inbox.poll(execution.job));
  journal.subscribe({
    onStored: () => execution.poll(),
    onUnread: () => execution.job.owner === execution ? void decideAgain(start, journal) : undo(start, journal),
    onLost: (error) => {
      storage.lost(execution.job, error);
      execution.leave(error);
    },
  });
}

/** The job had come to its end when its inbox had commands that it did not know of: it goes on from what is stored. */
async function decideAgain(before: StoredStart, journal: Journal): Promise<void> {
  const execution = before.execution.again();
  const { storage } = before;
  const { job } = execution;
  try {
    const found = await storage.loadAgain(job, journal);
    job.become(found.job);
    begin({ ...before, execution, createFirst: before.createAgain }, storage.open(job, found), {
      record: found.record,
      formerIncarnation: undefined,
      attempts: undefined,
    });
  } catch (thrown) {
    const error = toError(thrown);
    storage.lost(job, error);
    leave({ storage, execution }, error);
  }
}

/**
 * A call from here has cancelled a job at rest, and the store has refused that: whoever takes it next reads its inbox first. A call that lets
 * the job go on here waits for this.
 */
async function undo(
  { storage, execution: { job, runner, committer } }: StoredStart,
  before: Journal,
): Promise<void> {
  try {
    const found = await storage.loadAgain(job, before);
    job.become(found.job);
    storage.undone(job, "cancel", refuse("cancel", job, "commands have come before; ask for it again"));
    const journal = committer.journal = storage.open(job, found);
    // Otherwise it is let go of when they have returned.
    if (runner.isSettled) journal.release();
    await journal.resting.passed;
  } catch (thrown) {
    const error = toError(thrown);
    storage.notFollowed(job, error);
    storage.lost(job, error);
  }
}

/** Gives up a job whose state in the store is not known here. */
function leave(start: Pick<StoredStart, "storage" | "execution">, error: Error): void {
  note(start, error);
  start.execution.leave(error);
}

function note({ storage, execution }: Pick<StoredStart, "storage" | "execution">, error: Error): void {
  // That another engine has it is known.
  if (!(error instanceof StateError)) storage.notFollowed(execution.job, error);
}

/** The flow's document is written when a job is created, and code of the user's that takes part in that may throw anything. */
function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(describeError(thrown).message, { cause: thrown });
}
