import { callGuarded } from "../base/thenable.ts";
import type { DueQuery, JobHead, JobPage, JobRecord, ListQuery } from "./store.ts";

/** The head of a job: each of its properties, and nothing else. */
export function headOf({ flowId, status, wakeAt, owner, epoch, consumed }: JobHead): JobHead {
  return { flowId, status, wakeAt, owner, epoch, consumed };
}

/** The position of a job in lists. */
export type ListPosition = Pick<JobRecord, "createdAt" | "jobId">;

/** The default number of jobs on a page. */
export const PAGE_LENGTH = 100;

/** A job that may be due. */
export interface DueCandidate {
  /** The job's record. */
  readonly record: JobRecord;
  /** Whether the job has unconsumed commands. */
  readonly hasCommands: boolean;
}

/** Returns the jobs that are due, given all that may be, in any order. */
export function dueOfAll(jobs: Iterable<DueCandidate>, query: DueQuery): JobRecord[] {
  const due: { readonly record: JobRecord; readonly since: number }[] = [];
  for (const job of jobs) {
    const since = query.except?.has(job.record.jobId) ? undefined : dueSince(job, query);
    if (since !== undefined) due.push({ record: job.record, since });
  }
  due.sort((a, b) => a.since - b.since || compareByAge(a.record, b.record));
  return due.slice(0, query.limit).map(({ record }) => record);
}

/** The instant since which a job counts as due; `undefined` when it is not. */
function dueSince({ record, hasCommands }: DueCandidate, { now, owner }: DueQuery): number | undefined {
  const { createdAt, wakeAt } = record;
  if (hasCommands || (owner !== undefined && record.owner === owner)) return createdAt;
  return wakeAt !== undefined && wakeAt <= now ? wakeAt : undefined;
}

/** Whether a job matches the filters of a query, whatever its page. */
export function isListed(record: JobRecord, { flowId, status, createdBefore = Infinity }: ListQuery): boolean {
  return (flowId === undefined || record.flowId === flowId) && (status === undefined || record.status === status) &&
    record.createdAt < createdBefore;
}

/** The order of lists: by creation time, then by id. */
export function compareByAge(a: ListPosition, b: ListPosition): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt;
  return a.jobId === b.jobId ? 0 : a.jobId < b.jobId ? -1 : 1;
}

/** Returns the page that a query asks for, given all jobs in any order. */
export function pageOfAll(records: readonly JobRecord[], query: ListQuery): JobPage {
  const before = query.cursor === undefined ? undefined : positionOf(query.cursor);
  const isMeant = (it: JobRecord) => isListed(it, query) && (before === undefined || compareByAge(it, before) > 0);
  return pageOf(records.filter(isMeant).sort(compareByAge), query.limit);
}

/** Makes a page from the first `limit` of the found records, which are in order; with a cursor if there are more. */
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
 * Checks the arguments of `append`.
 *
 * @throws {RangeError} when there is no entry
 */
export function checkEntries(
  jobId: string,
  entries: readonly string[],
): asserts entries is readonly [string, ...string[]] {
  if (entries.length === 0) throw new RangeError(`Cannot append to job "${jobId}": there must be at least one entry`);
}

/** The subscribers of a store's `watch`. */
export class CommandWatchers {
  readonly #callbacks: Set<(jobId: string) => void> = new Set();

  /**
   * Adds a subscriber, whose errors and rejections are ignored: the command is in the store, whatever a subscriber makes of it.
   * Returns the function that removes the subscriber.
   */
  watch(onCommand: (jobId: string) => void): () => void {
    // A wrapper makes each subscription distinct, even if the same function is given twice.
    const callback = (jobId: string) => callGuarded(() => onCommand(jobId), () => {});
    this.#callbacks.add(callback);
    return () => void this.#callbacks.delete(callback);
  }

  /** Tells all subscribers that a command has been sent to a job. */
  notify(jobId: string): void {
    for (const callback of [...this.#callbacks]) callback(jobId);
  }
}

/** The calls of a store that have not finished, for which `close` waits. */
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
