import type { DueQuery, JobHead, JobPage, JobRecord, ListQuery } from "./store.ts";

/** Where a job stands in lists. */
export type JobPlace = Pick<JobRecord, "createdAt" | "jobId">;

/** The most jobs on a page where nothing else is said. */
export const PAGE_LENGTH = 100;

/** Whether a job's `wakeAt` has come, or the owner that asks has claimed it. Jobs with commands are due besides. */
export function isDue(
  { wakeAt, owner }: Partial<Pick<JobHead, "wakeAt" | "owner">>,
  { now, owner: own }: DueQuery,
): boolean {
  return (wakeAt !== undefined && wakeAt <= now) || (owner !== undefined && owner === own);
}

/** Whether a list is to show a job, on this page or another. */
export function isListed(record: JobRecord, { flowId, status, createdBefore = Infinity }: ListQuery): boolean {
  return (flowId === undefined || record.flowId === flowId) && (status === undefined || record.status === status) &&
    record.createdAt < createdBefore;
}

/** The order of lists: by creation, then by id. */
export function comparePlaces(a: JobPlace, b: JobPlace): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt;
  return a.jobId === b.jobId ? 0 : a.jobId < b.jobId ? -1 : 1;
}

/** The page that a list asks for, of all jobs in any order. */
export function pageAmong(records: readonly JobRecord[], query: ListQuery): JobPage {
  const before = query.cursor === undefined ? undefined : placeOf(query.cursor);
  const isMeant = (it: JobRecord) => isListed(it, query) && (before === undefined || comparePlaces(it, before) > 0);
  return pageOf(records.filter(isMeant).sort(comparePlaces), query.limit);
}

/** A page of jobs that were found in order: with a cursor, if there are more of them than it may have. */
export function pageOf(found: readonly JobRecord[], limit: number = PAGE_LENGTH): JobPage {
  const jobs = found.slice(0, limit);
  const last = jobs.at(-1);
  if (last === undefined || jobs.length === found.length) return { jobs };
  return { jobs, cursor: JSON.stringify([last.createdAt, last.jobId]) };
}

/**
 * The place that a cursor names: its page begins behind it.
 *
 * @throws {TypeError} for a text that is no cursor
 */
export function placeOf(cursor: string): JobPlace {
  const [createdAt, jobId] = partsOf(cursor);
  if (typeof createdAt !== "number" || typeof jobId !== "string") {
    throw new TypeError(`Cannot list jobs: ${JSON.stringify(cursor)} is no cursor`);
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
