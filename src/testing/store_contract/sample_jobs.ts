import type { JobHead, JobRecord, ListQuery, NewJob, Store } from "../../ports/store.ts";
import { check } from "./checks.ts";

const MOST_PAGES = 1_000;

/** A head without an owner and a wake time. */
export const HEAD: JobHead = {
  flowId: "flow",
  status: "running",
  wakeAt: undefined,
  owner: undefined,
  epoch: 0,
  consumed: 0,
};

/** Makes a job; the arguments override its defaults. */
export function sampleJob(jobId: string, head: Partial<JobHead> = {}, more: Partial<NewJob> = {}): NewJob {
  return {
    jobId,
    createdAt: 1_000,
    flow: `{"id":"flow","of":${JSON.stringify(jobId)}}`,
    snapshot: `{"revision":0,"of":${JSON.stringify(jobId)}}`,
    head: { ...HEAD, ...head },
    ...more,
  };
}

/** Returns the record of a new job. */
export function newRecord({ jobId, createdAt, head }: NewJob): JobRecord {
  return { ...head, jobId, createdAt, revision: 0 };
}

/** Makes the entries between two revisions, one text for each. */
export function sampleEntries(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `{"revision":${from + index + 1}}`);
}

/** Creates a job, and appends entries one by one until it is at a revision. */
export async function createJob(
  store: Store,
  jobId: string,
  revision: number,
  head: Partial<JobHead> = {},
): Promise<void> {
  check(await store.create(sampleJob(jobId, head)), `create("${jobId}") must be true for a new job`);
  for (let at = 0; at < revision; at++) await store.append(jobId, at, sampleEntries(at, at + 1));
}

/** Reads all pages of a list; `between` runs after each. */
export async function listAll(
  store: Store,
  query: ListQuery,
  between: (page: readonly JobRecord[]) => Promise<void> = async () => {},
): Promise<JobRecord[]> {
  const all: JobRecord[] = [];
  let cursor: string | undefined;
  let pages = 0;
  do {
    check(++pages <= MOST_PAGES, `the pages must come to an end, got ${MOST_PAGES} and a cursor`);
    const page = await store.list(cursor === undefined ? query : { ...query, cursor });
    check(
      page.jobs.length <= (query.limit ?? 100),
      `a page must not hold more than its limit, got ${page.jobs.length}`,
    );
    check(page.cursor === undefined || page.jobs.length > 0, "a page with a cursor must not be empty");
    check(page.cursor === undefined || page.cursor !== cursor, "the cursor must move on from page to page");
    all.push(...page.jobs);
    cursor = page.cursor;
    await between(page.jobs);
  } while (cursor !== undefined);
  return all;
}

/** The sorted ids of records, for results whose order is not defined. */
export function sortedIds(records: readonly JobRecord[]): string[] {
  return records.map(({ jobId }) => jobId).sort();
}
