import { CancelledError, StateError, StoreError } from "../../base/errors.ts";
import { isSameInstant } from "../../base/instant.ts";
import { hashText } from "../../base/text_hash.ts";
import { type ChildEnded, type Command, encodeCommand } from "../../documents/command.ts";
import { writeJob } from "../../documents/job.ts";
import { endOf } from "../../documents/child_end.ts";
import { apply } from "../../job/apply.ts";
import { type Child, owes } from "../../job/children.ts";
import { hasEnded, type Job } from "../../job/job.ts";
import type { ChildrenCommit } from "../../job/commit.ts";
import type { Moment } from "../../job/task.ts";
import { createChildJob } from "../../job/new_child.ts";
import type { CreateAnswer, JobRecord, NewJob, Store, StoredJob, TakenJob } from "../../ports/store.ts";
import { describeError } from "../../values/error_data.ts";
import { statusCommit } from "../activation/commits.ts";
import type { Journal } from "./journal.ts";
import { pauseAfter } from "./retry_pause.ts";
import type { StoreSession } from "./store_session.ts";
import { replayStored } from "./stored_replay.ts";

/** How many children are created at once. */
const MOST_AT_ONCE = 100;

/**
 * How long a job that could not do what it owes is left alone, in milliseconds: an inbox was full, or the store failed, and an
 * engine that took the job at once would fail in the same way.
 */
const UNPAID_MS = 1_000;

/** For how many leases the children of a former job are waited for that are about to end. */
const LEASES = 2;

/** How long the first of these waits is at least, in milliseconds: a store may be asked again at once when it has failed. */
const LEAST_WAIT_MS = 100;

/** A job that tells another something, and that one: of any life, when none is given. */
type Teller = Pick<Job, "jobId" | "flowId">;
type Told = Parameters<Store["send"]>[0];

/** The outcome of starting children, or of looking for them. */
export interface StartedChildren {
  /** The ids of the children that are in the store and, as far as is known, have not ended. */
  readonly opened: readonly string[];
  /** The children that have ended, or that cannot be started. */
  readonly ended: readonly ChildEnded[];
}

/**
 * Creates the children of a job that have not been started, and looks for those that were left. A child that was created before by the
 * same step is left as it is, so this may be done again.
 *
 * @throws {StoreError} when the store keeps failing
 */
export async function startChildren(
  job: Job,
  children: readonly Child[],
  session: StoreSession,
): Promise<StartedChildren> {
  const opened: string[] = [];
  const ended: ChildEnded[] = [];
  const left: string[] = [];
  const toCreate = children.flatMap((child) => newChild(job, child, session) ?? []);
  for (let at = 0; at < toCreate.length; at += MOST_AT_ONCE) {
    const some = toCreate.slice(at, at + MOST_AT_ONCE);
    const answers = await createOver(job, some.map(({ made }) => made), session);
    for (const [index, { child }] of some.entries()) {
      const answer = answers[index];
      if (child.to === undefined) opened.push(child.jobId);
      else if (answer?.isNew !== true) ended.push(takenId(job, child, answer));
      // One that was started before may have told its end to a parent that had ended.
      else if (answer.record.endedAt !== undefined && !hasEnded(job.status)) left.push(child.jobId);
      else opened.push(child.jobId);
    }
  }
  ended.push(...children.flatMap(({ inner }) => (inner && endOf(inner.job)) ?? []));
  for (const { jobId, start, inner } of children) if (start === undefined && inner === undefined) left.push(jobId);
  for (const jobId of left) {
    const end = await endOfLeft(job, jobId, session);
    if (end === undefined) opened.push(jobId);
    else ended.push(end);
  }
  return { opened, ended };
}

/**
 * Creates jobs below another, whose id may have been that of a job that was deleted: the children of that one which have ended make room,
 * and those that are about to end are waited for, for a while.
 */
async function createOver(job: Job, made: readonly NewJob[], session: StoreSession): Promise<readonly CreateAnswer[]> {
  const { store, settings, timers } = session;
  // Whoever has one may be dead: it ends when the lease has ended, and somebody else has taken it.
  const end = timers.elapsed() + (hasEnded(job.status) ? 0 : LEASES * settings.leaseMs);
  const retryDelayMs = Math.max(settings.retryDelayMs, LEAST_WAIT_MS);
  for (let tries = 1;; tries++) {
    const answers = await session.attempt(job, () => store.create(made));
    const former = answers.flatMap(({ isNew, record }) => !isNew && isChildOf(job, record) ? [record] : []);
    // A later job of this id may have these by now.
    if (former.length === 0 || !await isStored(job, session)) return answers;
    const over = former.filter(isOver);
    for (const record of over) await session.attempt(job, () => store.delete(record));
    if (over.length > 0) continue;
    let mayEnd = false;
    for (const it of former) if (isEnding(it) || await cancelChild(job, it, session)) mayEnd = true;
    const isLate = tries >= settings.attempts && timers.elapsed() >= end;
    if (isLate || !mayEnd) return answers;
    await pauseAfter(tries, { timers, settings: { ...settings, retryDelayMs } });
  }
}

/** Whether a job is in the store, and not a later one of its id: one that was made at the same instant has the same children. */
async function isStored(job: Job, session: StoreSession): Promise<boolean> {
  const record = await session.attempt(job, () => session.store.find(job.jobId));
  return record !== undefined && isSameInstant(record.createdAt, job.createdAt);
}

/**
 * Cancels a child of a job that is no longer in the store, or has ended: in the life that is given, whichever job of the id was its parent,
 * or the present one. Returns false for one that is detached, or another job's.
 */
async function cancelChild(job: Job, child: Told, session: StoreSession, ending?: string) {
  const stored = await session.attempt(job, () => session.store.load(child.jobId));
  if (stored?.record.parentId !== job.jobId || !await isOwn(job, stored, session, child.life)) return false;
  const reason = `its parent, job "${job.jobId}", ${ending === undefined ? "was deleted" : "has ended"}`;
  const { jobId, life = stored.record.life } = child;
  await tell(job, session, { jobId, life }, `cancel/${ending ?? job.jobId}`, { type: "cancel", reason });
  return true;
}

/** Whether the job of a child's id is that child. Only its document says which of the jobs of an id is its parent. */
async function isOwn(job: Job, stored: StoredJob, session: StoreSession, life: number | undefined): Promise<boolean> {
  const read = readable(stored);
  // One that cannot be read here is no later job's while this one is there.
  if (read === undefined) return life === undefined && await isStored(job, session);
  if (read.parent === undefined) return false;
  return life !== undefined || isSameInstant(read.parent.createdAt ?? job.createdAt, job.createdAt);
}

/** Cancels the children of a job that this engine has lost, if it was deleted: whoever has done that may not have known of them. */
export async function cancelIfDeleted(job: Job, session: StoreSession): Promise<void> {
  await isDone(session, async () => {
    if (job.children === undefined || await isStored(job, session)) return;
    for (const { jobId } of job.children) await cancelChild(job, { jobId }, session);
  });
}

/** Whether a job was started by one of the parent's id, under an id of its own: one that a handler has given names one job for all. */
function isChildOf({ jobId: parentId }: Job, record: JobRecord): boolean {
  return record.parentId === parentId && record.jobId.startsWith(`${parentId}/`);
}

/** Whether a job has ended, and nobody has anything to do for it. */
function isOver({ owner, sent, consumed, dueAt, endedAt }: JobRecord): boolean {
  return endedAt !== undefined && dueAt === undefined && owner === undefined && sent === consumed;
}

/** Whether a job has ended, or has been sent something: that its parent was deleted, perhaps. */
function isEnding({ sent, consumed, endedAt }: JobRecord): boolean {
  return endedAt !== undefined || sent > consumed;
}

/** The new job by which a child is created in the store. A child that was a part of its parent goes on as it is. */
function newChild(
  parent: Job,
  child: Child,
  { timers, records }: StoreSession,
): { readonly child: Child; readonly made: NewJob } | undefined {
  const { jobId, flowId, start, inner } = child;
  const flow = start?.flow ?? inner?.flow;
  const job = start === undefined ? inner?.job : createChildJob(parent, child, start, timers.now());
  if (flow === undefined || job === undefined || endOf(job) !== undefined) return undefined;
  const { jobId: parentId, createdAt } = parent;
  const labels = records.get(parent);
  const made: NewJob = {
    ...{ jobId, flowId, flow, flowHash: hashText(flow), createdAt: job.createdAt, snapshot: writeJob(job), parentId },
    // Unreachable default: a job that has children is one of the store.
    queue: start?.queue ?? labels?.queue ?? "default",
    priority: start?.priority ?? labels?.priority ?? 1,
    tags: start?.tags ?? labels?.tags ?? {},
    // The token names the step: a parent that was deleted and created again asks for other children. Jobs of one id and one instant share
    // them: no document can name a job by its life, as each store numbers those by itself, and families are kept when they are moved.
    token: hashText(JSON.stringify([parentId, createdAt, jobId])),
    status: job.status,
    dueAt: job.status === "paused" ? undefined : job.createdAt,
    endedAt: undefined,
    claim: undefined,
  };
  return { child, made };
}

function takenId(parent: Job, { jobId }: Child, answer: CreateAnswer | undefined): ChildEnded {
  const isFormer = answer !== undefined && isChildOf(parent, answer.record);
  const former = `, which a former job "${parent.jobId}" has started and which has not ended; delete it first`;
  const why = `Cannot start child "${jobId}": there is a job of this id already${isFormer ? former : ""}`;
  // Unreachable default: the store answers for each job.
  const error = describeError(new StateError("start", answer?.record.status ?? "", why, "taken"));
  return { type: "child", jobId, status: "failed", result: undefined, error };
}

/** The end of a child whose parent had ended before it; `undefined` when it has not ended. */
async function endOfLeft(job: Job, jobId: string, session: StoreSession): Promise<ChildEnded | undefined> {
  const stored = await session.attempt(job, () => session.store.load(jobId));
  if (stored === undefined || stored.record.parentId !== job.jobId) {
    const error = describeError(new StateError("wait", "cancelled", `Child "${jobId}" is no longer in the store`));
    return { type: "child", jobId, status: "cancelled", result: undefined, error };
  }
  return endOf(replayStored(stored).finish());
}

/**
 * Does what an ended job owes: children that it has asked for before its end are started, its parent is told, and its children are
 * cancelled. Repeating it does no harm. Returns false when the store keeps failing, or an inbox stays full.
 */
export async function payDebts(job: Job, session: StoreSession): Promise<boolean> {
  let isPaid = true;
  // A job that cannot be reached does not keep the others from being told.
  const pay = async (act: () => Promise<unknown>): Promise<void> => {
    if (!await isDone(session, act)) isPaid = false;
  };
  const children = [...job.children ?? []].filter(({ isLeft }) => !isLeft);
  // A redriven job ends again: that end is another command.
  const ending = `${job.jobId}/${job.time.at}`;
  await pay(() =>
    startChildren(job, children.filter(({ start, inner }) => start !== undefined || inner !== undefined), session)
  );
  for (const { jobId, to } of children) {
    if (to !== undefined) await pay(() => cancelChild(job, { jobId }, session, ending));
  }
  const { parent } = job;
  const end = endOf(job);
  if (parent?.isTold === false && end !== undefined) {
    await pay(() => tell(job, session, { jobId: parent.jobId }, `child/${ending}`, end));
  }
  return isPaid;
}

async function isDone(session: StoreSession, act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    session.onError(error);
    return false;
  }
}

/**
 * Deletes a job on which nobody works, after it has done what it owes to its parent and its children: to them, one that has not ended is
 * cancelled. Nobody takes it meanwhile. Repeating it does no harm. Returns false when it is gone already.
 *
 * @throws {StateError} when another engine has just taken it, the store keeps failing, or an inbox stays full: the job stays
 */
export async function deleteJob(record: JobRecord, session: StoreSession): Promise<boolean> {
  const { store, ownership, timers } = session;
  const { jobId, life, status, endedAt, dueAt } = record;
  // One that has ended, and is not due, owes nothing.
  if (endedAt === undefined || dueAt !== undefined) {
    const stopUse = ownership.use();
    try {
      const lease = await ownership.enter();
      const { jobs: [taken] } = await store.claim({ ...lease, now: timers.now(), jobs: [record] });
      if (taken === undefined) {
        if ((await store.find(jobId))?.life !== life) return false;
        const why = `another engine has just taken it; cancel it first, by engine.handle("${jobId}").cancel()`;
        throw new StateError("delete", status, `Cannot delete job "${jobId}": ${why}`);
      }
      await endClaimed(taken, session);
    } finally {
      stopUse();
    }
  }
  return await store.delete(record);
}

async function endClaimed(taken: TakenJob, session: StoreSession): Promise<void> {
  try {
    await endForFamily(taken, session);
  } catch (error) {
    // If that fails, the job is found as one that this engine has, or is free when the lease has ended.
    await session.letGo(taken).catch((it) => session.onError(it));
    throw error;
  }
}

/** Of a job that cannot be read, only the parent can be told. */
async function endForFamily(stored: StoredJob, session: StoreSession): Promise<void> {
  const { jobId, life, parentId, status } = stored.record;
  const error = describeError(new CancelledError("it was deleted"));
  const job = readable(stored);
  if (job !== undefined) session.records.set(job, stored.record);
  if (job !== undefined && !hasEnded(job.status)) {
    apply(job, statusCommit("cancelled", { at: session.timers.now(), ranMs: job.time.ranMs }, { error }));
  }
  const end: ChildEnded = { type: "child", jobId, status: "cancelled", result: undefined, error };
  const isPaid = job === undefined
    ? parentId === undefined ||
      await isDone(session, () => tell(stored.record, session, { jobId: parentId }, `child/${jobId}/${life}`, end))
    : !owes(job) || await payDebts(job, session);
  if (isPaid) return;
  const why = "its parent or its children cannot be told, as an inbox stays full or the store fails; ask again";
  throw new StateError("delete", status, `Cannot delete job "${jobId}": ${why}`);
}

function readable(stored: StoredJob): Job | undefined {
  try {
    return replayStored(stored).finish();
  } catch {
    return undefined;
  }
}

/**
 * Sends another job the command that follows from a job's end, once for each key. A job that is not in the store, or has ended,
 * need not be told.
 */
async function tell(job: Teller, session: StoreSession, to: Told, key: string, command: Command): Promise<void> {
  const { settings: { keyRetentionMs, inboxLimit: room, attempts }, timers, store } = session;
  const text = encodeCommand(command);
  for (let failures = 1;; failures++) {
    const answer = await session.attempt(job, () => {
      return store.send(to, { key, text, reopens: false, keyRetentionMs, room, now: timers.now() });
    });
    if (answer !== "full") return;
    const cause = new Error(`the inbox of job "${to.jobId}" is full`);
    if (failures >= attempts) throw new StoreError(job.jobId, failures, { cause });
    await pauseAfter(failures, session);
  }
}

/**
 * Lets go of a job that this engine has claimed, after it has done what it owes: `run` is called when that is stored. Returns false,
 * and does nothing, when a command has made it go on meanwhile, as `goesOn` says, or it is lost.
 */
export async function letGoOf(
  job: Job,
  journal: Journal,
  session: StoreSession,
  goesOn: () => boolean,
  run: () => void = () => {},
): Promise<boolean> {
  let isPaid = false;
  let paid: Moment | undefined;
  // The job may go on meanwhile, and end again: it owes that end, too.
  while (owes(job) && job.time !== paid) {
    // Other jobs may be told of the end only when it is stored.
    await journal.resting.passed;
    if (!owes(job) || journal.isOver) break;
    paid = job.time;
    isPaid = await payDebts(job, session);
  }
  if (goesOn() || journal.isOver || journal.isReleased) return false;
  if (isPaid) {
    // The instant is that of the end, which the store keeps.
    const commit: ChildrenCommit = { kind: "children", time: job.time, opened: [], isSettled: true };
    const text = journal.encode(commit);
    apply(job, commit);
    journal.rest(text, true, run);
  } else journal.release(run, owes(job) ? UNPAID_MS : undefined);
  return true;
}

/**
 * Lets go of a job that has ended here and is not live any more: at once, unless it owes something. `then` is called when that is stored, or
 * never will be: until then the job would be found as one that this engine has and does not know, and claimed again.
 */
export async function letGoAtEnd(job: Job, journal: Journal, session: StoreSession, then: () => void): Promise<void> {
  if (owes(job)) await letGoOf(job, journal, session, () => job.owner !== undefined);
  else journal.release();
  await journal.resting.passed;
  then();
}
