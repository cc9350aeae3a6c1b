import { FencedError } from "../base/errors.ts";
import { callGuarded } from "../base/thenable.ts";
import type {
  AppendHead,
  CommandOutcome,
  Incarnation,
  JobClaim,
  JobFilter,
  JobPage,
  JobRecord,
  ListQuery,
  NewJob,
  NextDueQuery,
  PermitAnswer,
  PurgeQuery,
  StoreEvent,
  TakeQuery,
} from "./store.ts";
import type { Permitted } from "./permit_kit.ts";

/** A record as most stores keep it: when it is read, its owner's state says until when it is held. */
export type KeptRecord = Omit<JobRecord, "heldUntil">;

/**
 * The first record of a job.
 *
 * @example
 * ```ts
 * import { recordOf } from "@routilux/routilux/store";
 *
 * const job = { jobId: "a", createdAt: 0, flowId: "f", flowHash: "h", queue: "default", priority: 1, tags: {} };
 * const head = { status: "pending", dueAt: 5, endedAt: undefined };
 * const texts = { flow: "{}", snapshot: "{}" };
 * const record = recordOf({ ...job, ...head, ...texts, token: "t", parentId: undefined, claim: undefined }, 1);
 * [record.life, record.revision, record.epoch]; // [1, 0, 0]
 * ```
 */
export function recordOf(job: NewJob, life: number): KeptRecord {
  const { jobId, createdAt, flowId, flowHash, queue, priority, tags, parentId, status, dueAt, endedAt, claim } = job;
  return {
    ...{
      jobId,
      life,
      createdAt,
      flowId,
      flowHash,
      queue,
      priority,
      tags: { ...tags },
      parentId,
      status,
      dueAt,
      endedAt,
    },
    ...{ consumed: 0, sent: 0, revision: 0, epoch: claim === undefined ? 0 : 1 },
    ...{ owner: claim?.owner, incarnation: claim?.incarnation },
  };
}

/**
 * Checks that an append is allowed.
 *
 * @throws {RangeError} when there is neither an entry nor a head
 * @throws {FencedError} when the job is of another life, epoch or revision, was let go of, or there is none
 *
 * @example
 * ```ts
 * import { appendTo, checkAppend, claimFor, recordOf } from "@routilux/routilux/store";
 *
 * const job = { jobId: "a", createdAt: 0, flowId: "f", flowHash: "h", queue: "default", priority: 1, tags: {} };
 * const head = { status: "pending", dueAt: 5, endedAt: undefined };
 * const texts = { flow: "{}", snapshot: "{}" };
 * const record = recordOf({ ...job, ...head, ...texts, token: "t", parentId: undefined, claim: undefined }, 1);
 * const claimed = claimFor(record, { owner: "engine", incarnation: 7 });
 * const claim = { jobId: "a", life: 1, epoch: claimed.epoch };
 * checkAppend(claimed, claim, 0, ["an entry"], undefined);
 * const next = appendTo(claimed, ["an entry"], undefined);
 * next.revision; // 1: the same append once more is refused with a FencedError
 * ```
 */
export function checkAppend<R extends KeptRecord>(
  record: R | undefined,
  claim: JobClaim,
  expectedRevision: number,
  entries: readonly string[],
  head: AppendHead | undefined,
): asserts record is R {
  if (entries.length === 0 && head === undefined) {
    throw new RangeError(`Cannot append to job "${claim.jobId}": there must be at least one entry, or a head`);
  }
  checkClaim(record, claim, expectedRevision);
}

/**
 * Checks that a claim is the present one of a job at a revision.
 *
 * @throws {FencedError} when the job is of another life, epoch or revision, was let go of, or there is none
 *
 * @example
 * ```ts
 * import { checkClaim, type JobClaim, type KeptRecord } from "@routilux/routilux/store";
 *
 * // Before a snapshot is replaced: the engine that writes it must have the job.
 * function compact(records: ReadonlyMap<string, KeptRecord>, claim: JobClaim, revision: number): void {
 *   checkClaim(records.get(claim.jobId), claim, revision);
 * }
 * typeof compact; // "function"
 * ```
 */
export function checkClaim<R extends KeptRecord>(
  record: R | undefined,
  { jobId, life, epoch }: JobClaim,
  expectedRevision: number,
): asserts record is R {
  if (
    record === undefined || record.life !== life || record.epoch !== epoch || record.revision !== expectedRevision ||
    isLetGo(record)
  ) {
    throw new FencedError(jobId, expectedRevision, record?.life === life ? record.revision : undefined);
  }
}

/** Whether the last claim on a job was released. One that was never claimed is written by whoever has created it. */
function isLetGo({ owner, epoch }: KeptRecord): boolean {
  return owner === undefined && epoch > 0;
}

/**
 * Whether an append would end a job that has commands which are not consumed.
 *
 * @example
 * ```ts
 * import { type AppendHead, endsUnread, type KeptRecord } from "@routilux/routilux/store";
 *
 * // What append() answers before it writes anything: the engine looks into the inbox first.
 * const refused = (record: KeptRecord, head?: AppendHead) => endsUnread(record, head) ? "unread" : undefined;
 * typeof refused; // "function"
 * ```
 */
export function endsUnread(record: KeptRecord, head: AppendHead | undefined): boolean {
  return head?.endedAt !== undefined && record.endedAt === undefined && record.sent > head.consumed;
}

/**
 * The record after an append.
 *
 * @example
 * ```ts
 * import { appendTo, type KeptRecord } from "@routilux/routilux/store";
 *
 * const records = new Map<string, KeptRecord>();
 * const write = (it: KeptRecord, entries: readonly string[]) => records.set(it.jobId, appendTo(it, entries, undefined));
 * typeof write; // "function"
 * ```
 */
export function appendTo(record: KeptRecord, entries: readonly string[], head: AppendHead | undefined): KeptRecord {
  const revision = record.revision + entries.length;
  if (head === undefined) return { ...record, revision };
  const { status, dueAt, endedAt, consumed, releases } = head;
  const next = { ...record, revision, status, dueAt, endedAt, consumed };
  return releases ? { ...next, owner: undefined, incarnation: undefined } : next;
}

/**
 * The reasons of the commands that an append consumes and that could not be carried out, by their sequences.
 *
 * @example
 * ```ts
 * import { type AppendHead, type KeptRecord, refusalsIn } from "@routilux/routilux/store";
 *
 * const reasons = new Map<number, string>(); // those of one job
 * function keep(before: KeptRecord, head: AppendHead): void {
 *   for (const [sequence, reason] of refusalsIn(before, head)) reasons.set(sequence, reason);
 * }
 * typeof keep; // "function"
 * ```
 */
export function refusalsIn(before: KeptRecord, { consumed, refused = [] }: AppendHead): ReadonlyMap<number, string> {
  const own = refused.filter(({ sequence }) => sequence > before.consumed && sequence <= consumed);
  return new Map(own.map(({ sequence, reason }) => [sequence, reason]));
}

/**
 * What has become of a command, given why it could not be carried out, if that is so.
 *
 * @example
 * ```ts
 * import { outcomeOf } from "@routilux/routilux/store";
 *
 * outcomeOf({ consumed: 1 }, 2, undefined); // { status: "stored" }
 * outcomeOf({ consumed: 2 }, 2, "it has ended"); // { status: "refused", reason: "it has ended" }
 * ```
 */
export function outcomeOf(
  { consumed }: Pick<KeptRecord, "consumed">,
  sequence: number,
  reason: string | undefined,
): CommandOutcome {
  if (sequence > consumed) return { status: "stored" };
  return reason === undefined ? { status: "done" } : { status: "refused", reason };
}

/**
 * The record after a claim.
 *
 * @example
 * ```ts
 * import { claimFor, type Incarnation, type KeptRecord } from "@routilux/routilux/store";
 *
 * const by: Incarnation = { owner: "engine", incarnation: 7 };
 * const take = (records: readonly KeptRecord[]) => records.map((it) => claimFor(it, by));
 * take([]); // []
 * ```
 */
export function claimFor(record: KeptRecord, { owner, incarnation }: Incarnation): KeptRecord {
  return { ...record, owner, incarnation, epoch: record.epoch + 1 };
}

/** The position of a job in lists. */
export type ListPosition = Pick<JobRecord, "createdAt" | "jobId">;

/** The default number of jobs on a page. */
export const PAGE_LENGTH = 100;

/**
 * Whether somebody has a job, and his lease runs.
 *
 * @example
 * ```ts
 * import { isHeld, type JobRecord } from "@routilux/routilux/store";
 *
 * const held = (records: readonly JobRecord[], now: number) => records.filter((it) => isHeld(it, now));
 * held([], 0); // []
 * ```
 */
export function isHeld({ heldUntil }: JobRecord, now: number): boolean {
  return heldUntil !== undefined && heldUntil > now;
}

/**
 * Whether an incarnation has claimed a job, and not released it.
 *
 * @example
 * ```ts
 * import { type Incarnation, isOwnedBy, type KeptRecord } from "@routilux/routilux/store";
 *
 * const own = (records: readonly KeptRecord[], by: Incarnation) => records.filter((it) => isOwnedBy(it, by));
 * own([], { owner: "engine", incarnation: 7 }); // []
 * ```
 */
export function isOwnedBy(record: KeptRecord, { owner, incarnation }: Incarnation): boolean {
  return record.owner === owner && record.incarnation === incarnation;
}

/**
 * The incarnations that have claimed jobs, and not released them: each once.
 *
 * @example
 * ```ts
 * import { holdersOf } from "@routilux/routilux/store";
 *
 * holdersOf([]); // []: nobody has a job, so every owner may be forgotten
 * ```
 */
export function holdersOf(records: readonly KeptRecord[]): readonly Incarnation[] {
  const holders = new Map<number, Incarnation>();
  for (const { owner, incarnation } of records) {
    if (owner !== undefined && incarnation !== undefined) holders.set(incarnation, { owner, incarnation });
  }
  return [...holders.values()];
}

/**
 * Whether an incarnation may claim a job that it names: one that is its own already, or that nobody holds.
 *
 * @example
 * ```ts
 * import { type Incarnation, isFreeFor, type JobRecord } from "@routilux/routilux/store";
 *
 * const by: Incarnation = { owner: "engine", incarnation: 7 };
 * const mayClaim = (record: JobRecord | undefined, now: number) => record !== undefined && isFreeFor(record, by, now);
 * mayClaim(undefined, 0); // false
 * ```
 */
export function isFreeFor(record: JobRecord, by: Incarnation, now: number): boolean {
  return isOwnedBy(record, by) || !isHeld(record, now);
}

/**
 * Returns the jobs that `take` claims, given all that there are, in any order.
 *
 * @example
 * ```ts
 * import { dueOfAll, type JobRecord } from "@routilux/routilux/store";
 *
 * const records = new Map<string, JobRecord>();
 * dueOfAll(records.values(), { owner: "engine", incarnation: 7, now: 0, limit: 10 }); // []
 * ```
 */
export function dueOfAll(records: Iterable<JobRecord>, query: TakeQuery): JobRecord[] {
  const due: { readonly record: JobRecord; readonly since: number }[] = [];
  for (const record of records) {
    const since = isAskedFor(record, query) ? dueSince(record, query.now) : undefined;
    if (since !== undefined) due.push({ record, since });
  }
  due.sort((a, b) => a.record.priority - b.record.priority || a.since - b.since || compareByAge(a.record, b.record));
  return due.slice(0, query.limit).map(({ record }) => record);
}

/**
 * Returns the answer to `nextDueAt`, given all jobs.
 *
 * @example
 * ```ts
 * import { nextDueOfAll } from "@routilux/routilux/store";
 *
 * nextDueOfAll([], { now: 0 }); // undefined: nothing will be due
 * ```
 */
export function nextDueOfAll(records: Iterable<JobRecord>, query: NextDueQuery): number | undefined {
  let next: number | undefined;
  for (const record of records) {
    const at = isAskedFor(record, query) ? dueFrom(record, query.now) : undefined;
    if (at !== undefined && (next === undefined || at < next)) next = at;
  }
  return next;
}

/**
 * Whether a job matches the filters of a query, whether it is due or not.
 *
 * @example
 * ```ts
 * import { type DueQuery, isAskedFor, type JobRecord } from "@routilux/routilux/store";
 *
 * const asked = (records: readonly JobRecord[], query: DueQuery) => records.filter((it) => isAskedFor(it, query));
 * asked([], { now: 0, queues: ["mail"] }); // []
 * ```
 */
export function isAskedFor(
  { jobId, flowId, flowHash, queue, incarnation, sent, consumed }: JobRecord,
  { flows, exceptFlows, exceptIncarnation, exceptJobs, queues, unread }: NextDueQuery,
): boolean {
  return (unread !== true || sent > consumed) && exceptJobs?.has(jobId) !== true &&
    (exceptIncarnation === undefined || incarnation !== exceptIncarnation) &&
    exceptFlows?.has(flowHash) !== true &&
    flows?.includes(flowId) !== false && queues?.includes(queue) !== false;
}

/**
 * The instant since which a job counts as due; `undefined` when it is not.
 *
 * @example
 * ```ts
 * import { dueSince, type JobRecord } from "@routilux/routilux/store";
 *
 * const oldest = (records: readonly JobRecord[], now: number) => Math.min(...records.map((it) => dueSince(it, now) ?? now));
 * oldest([], 0); // Infinity
 * ```
 */
export function dueSince(record: JobRecord, now: number): number | undefined {
  const { createdAt, dueAt, owner, heldUntil, sent, consumed } = record;
  if (isHeld(record, now)) return undefined;
  if (sent > consumed) return createdAt;
  if (owner !== undefined) return Math.max(heldUntil ?? createdAt, createdAt);
  return dueAt !== undefined && dueAt <= now ? dueAt : undefined;
}

/** The instant from which a job is due, now or later, if nothing happens until then. */
function dueFrom(record: JobRecord, now: number): number | undefined {
  if (isHeld(record, now)) return record.heldUntil;
  const since = dueSince(record, now);
  if (since === undefined) return record.dueAt;
  // The clock of the process that has created the job may be ahead.
  return Math.min(since, now);
}

/**
 * Whether a job matches a filter.
 *
 * @example
 * ```ts
 * import { isMeant, type KeptRecord } from "@routilux/routilux/store";
 *
 * const count = (records: readonly KeptRecord[]) => records.filter((it) => isMeant(it, { tags: { customer: "ada" } })).length;
 * count([]); // 0
 * ```
 */
export function isMeant(record: KeptRecord, filter: JobFilter): boolean {
  const { flowId, status, queue, tags = {}, parentId, createdBefore = Infinity, endedBefore = Infinity } = filter;
  return (flowId === undefined || record.flowId === flowId) && (status === undefined || record.status === status) &&
    (queue === undefined || record.queue === queue) && (parentId === undefined || record.parentId === parentId) &&
    Object.entries(tags).every(([name, value]) => Object.hasOwn(record.tags, name) && record.tags[name] === value) &&
    record.createdAt < createdBefore &&
    (endedBefore === Infinity || (record.endedAt !== undefined && record.endedAt < endedBefore));
}

/**
 * Whether `purge` deletes a job.
 *
 * @example
 * ```ts
 * import { isPurged, type KeptRecord } from "@routilux/routilux/store";
 *
 * const kept = (records: readonly KeptRecord[]) => records.filter((it) => !isPurged(it, { endedBefore: 1_000 }));
 * kept([]); // []
 * ```
 */
export function isPurged(
  { status, dueAt, endedAt, owner, sent, consumed }: KeptRecord,
  query: Omit<PurgeQuery, "limit">,
): boolean {
  return endedAt !== undefined && endedAt < query.endedBefore && owner === undefined && sent === consumed &&
    dueAt === undefined && (query.status === undefined || status === query.status);
}

/**
 * The order of lists: by creation time, then by id.
 *
 * @example
 * ```ts
 * import { compareByAge } from "@routilux/routilux/store";
 *
 * [{ createdAt: 2, jobId: "a" }, { createdAt: 1, jobId: "b" }].sort(compareByAge)[0]?.jobId; // "b"
 * ```
 */
export function compareByAge(a: ListPosition, b: ListPosition): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt;
  return a.jobId === b.jobId ? 0 : a.jobId < b.jobId ? -1 : 1;
}

/**
 * Returns the page that a query asks for, given all jobs in any order.
 *
 * @example
 * ```ts
 * import { pageOfAll } from "@routilux/routilux/store";
 *
 * pageOfAll([], { status: "running", limit: 10 }); // { jobs: [] }
 * ```
 */
export function pageOfAll(records: readonly JobRecord[], query: ListQuery): JobPage {
  const before = query.cursor === undefined ? undefined : positionOf(query.cursor);
  const compare = (a: ListPosition, b: ListPosition) =>
    query.newestFirst === true ? compareByAge(b, a) : compareByAge(a, b);
  const isOnPage = (it: JobRecord) => isMeant(it, query) && (before === undefined || compare(it, before) > 0);
  return pageOf(records.filter(isOnPage).sort(compare), query.limit);
}

/**
 * Makes a page from the first `limit` of the found records, which are in order; with a cursor if there are more.
 *
 * @example
 * ```ts
 * import { type JobRecord, pageOf } from "@routilux/routilux/store";
 *
 * // One more than the page is long, as a database finds them: then the page has a cursor.
 * const page = (found: readonly JobRecord[]) => pageOf(found, 10);
 * page([]); // { jobs: [] }
 * ```
 */
export function pageOf(found: readonly JobRecord[], limit: number = PAGE_LENGTH): JobPage {
  const jobs = found.slice(0, limit);
  const last = jobs.at(-1);
  if (last === undefined || jobs.length === found.length) return { jobs };
  return { jobs, cursor: JSON.stringify([last.createdAt, last.jobId]) };
}

/**
 * The position of the last job on the page that a cursor belongs to; the next page begins after it.
 *
 * @throws {TypeError} for a text that is not a cursor
 *
 * @example
 * ```ts
 * import { positionOf } from "@routilux/routilux/store";
 *
 * positionOf('[1700000000000,"a"]'); // { createdAt: 1700000000000, jobId: "a" }
 * ```
 */
export function positionOf(cursor: string): ListPosition {
  const [createdAt, jobId] = partsOf(cursor);
  if (typeof createdAt !== "number" || typeof jobId !== "string") {
    throw new TypeError(`Cannot list jobs: ${JSON.stringify(cursor)} is not a cursor`);
  }
  return { createdAt, jobId };
}

function partsOf(cursor: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(cursor);
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
}

/**
 * The subscribers of a store's `watch`.
 *
 * @example
 * ```ts
 * import { StoreWatchers } from "@routilux/routilux/store";
 *
 * const watchers = new StoreWatchers();
 * const stop = watchers.watch((event) => console.log(event.type));
 * watchers.tell({ type: "ended", jobId: "job" });
 * stop();
 * ```
 */
export class StoreWatchers {
  readonly #callbacks: Set<(event: StoreEvent) => void> = new Set();

  /**
   * Adds a subscriber. Its errors and rejections are ignored: the write of which it is told has happened in any case. Returns the
   * function that removes the subscriber.
   */
  watch(onEvent: (event: StoreEvent) => void): () => void {
    // A wrapper makes each subscription distinct, even if the same function is given twice.
    const callback = (event: StoreEvent) => callGuarded(() => onEvent(event), () => {});
    this.#callbacks.add(callback);
    return () => void this.#callbacks.delete(callback);
  }

  /** Tells all subscribers what has happened. */
  tell(event: StoreEvent): void {
    for (const callback of [...this.#callbacks]) callback(event);
  }

  /** Tells that permits are free, if others wait for some; returns the answer to a call of `permit`. */
  tellOfPermit(permitted: Permitted | undefined, now: number): PermitAnswer {
    if (permitted?.isFreed) this.tell({ type: "due", at: now });
    return { now, granted: permitted?.granted ?? 0, freeAt: permitted?.freeAt };
  }

  /** Tells that nothing is due yet, if a call of `nextDueAt` asks for that; returns the answer to it. */
  tellOfLook(at: number | undefined, { now, tells }: NextDueQuery): number | undefined {
    if (tells !== undefined && (at === undefined || at > now)) this.tell({ type: "looked", by: tells });
    return at;
  }

  /** Tells what an append has done to a job, if others must know. */
  tellOfAppend(before: KeptRecord, after: KeptRecord): void {
    const { jobId, endedAt, dueAt, createdAt, owner, sent, consumed } = after;
    if (endedAt !== undefined && before.endedAt === undefined) this.tell({ type: "ended", jobId });
    if (owner !== undefined || before.owner === undefined) return;
    const at = sent > consumed ? createdAt : dueAt;
    if (at !== undefined) this.tell({ type: "due", at });
  }
}

/**
 * The calls of a store that have not finished, for which `close` waits.
 *
 * @example
 * ```ts
 * import { PendingCalls } from "@routilux/routilux/store";
 *
 * const calls = new PendingCalls();
 * calls.add(Promise.resolve("written"));
 * await calls.finished(); // in the store's close()
 * calls.isEmpty; // true
 * ```
 */
export class PendingCalls {
  readonly #calls: Set<Promise<unknown>> = new Set();

  /** Whether no call is pending. */
  get isEmpty(): boolean {
    return this.#calls.size === 0;
  }

  /** Adds a call until it settles, and returns it. */
  add<T>(call: Promise<T>): Promise<T> {
    const remove = (): void => void this.#calls.delete(call);
    this.#calls.add(call);
    call.then(remove, remove);
    return call;
  }

  /** Resolves when all pending calls have settled. */
  async finished(): Promise<void> {
    await Promise.allSettled(this.#calls);
  }
}
