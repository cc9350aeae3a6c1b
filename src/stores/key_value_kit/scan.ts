import type { JobFilter, JobPage, JobRecord, ListQuery } from "../../ports/store.ts";
import { isMeant, PAGE_LENGTH, pageOf, positionOf } from "../../ports/store_kit.ts";
import type { Names } from "./client.ts";
import { listFilter, type Mark, markIn, marksAt } from "./marks.ts";
import { LAST, nameOf, numberName } from "./names.ts";
import type { Space } from "./space.ts";

const CHUNK = 100;

/** Yields the marks from one key up to, not including, another. */
export async function* marksBetween(names: Names, from: string, to: string, wanted?: number): AsyncGenerator<Mark> {
  for await (const key of names(from, to, wanted)) yield markIn(key);
}

/** Yields items in groups, whose jobs are read together: the first of at most `first`, the later ones larger. */
export async function* chunksOf<T>(items: AsyncIterable<T>, first: number = CHUNK): AsyncGenerator<T[]> {
  let most = Math.min(first, CHUNK);
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length < most) continue;
    yield chunk;
    chunk = [];
    most = Math.min(most * 2, CHUNK);
  }
  if (chunk.length > 0) yield chunk;
}

/** Yields those marks that may be of jobs that are asked for. */
export async function* filtered(marks: AsyncIterable<Mark>, isWanted: (mark: Mark) => boolean): AsyncGenerator<Mark> {
  for await (const mark of marks) if (isWanted(mark)) yield mark;
}

/** Returns a page of jobs. */
export async function listJobs(space: Space, query: ListQuery): Promise<JobPage> {
  const { limit = PAGE_LENGTH, cursor, newestFirst = false } = query;
  const found: JobRecord[] = [];
  const range = await rangeOf(cursor, newestFirst);
  // One more than the limit tells that there is another page.
  for await (const records of meantJobs(space, query, { ...range, newestFirst, most: limit + 1 })) {
    found.push(...records);
    if (found.length > limit) break;
  }
  return pageOf(found, limit);
}

/** Counts jobs. */
export async function countJobs(space: Space, filter: JobFilter): Promise<number> {
  let count = 0;
  for await (const records of meantJobs(space, filter)) count += records.length;
  return count;
}

/** Which of the jobs are looked at, and in which order. */
interface ScanRange {
  /** The first key; that of the oldest job without it. */
  readonly from?: string;
  /** The key behind the last one; that behind the newest job without it. */
  readonly to?: string;
  readonly newestFirst?: boolean;
  /** How many jobs are read at first. */
  readonly most?: number;
}

async function* meantJobs(
  { client, records, owners }: Space,
  filter: JobFilter,
  { from = marksAt("age"), to, newestFirst = false, most = CHUNK }: ScanRange = {},
): AsyncGenerator<JobRecord[]> {
  const start = marksAt("age");
  const { createdBefore } = filter;
  const end = start + (createdBefore === undefined ? LAST : numberName(createdBefore));
  const [mayMatch, leases] = [listFilter(filter), owners.leases()];
  const names = await client.names(start);
  const oldestFirst = filtered(marksBetween(names, from, to === undefined || end < to ? end : to), mayMatch);
  for await (const marks of chunksOf(newestFirst ? reversed(oldestFirst) : oldestFirst, most)) {
    const found = await records.marked("age", marks);
    const read = await Promise.all(found.map(({ state }) => leases.read(state.record)));
    yield read.filter((it) => isMeant(it, filter));
  }
}

/** Storages list their keys in one direction only: marks are short, and no job is read before it is on the page. */
async function* reversed(marks: AsyncIterable<Mark>): AsyncGenerator<Mark> {
  const all: Mark[] = [];
  for await (const mark of marks) all.push(mark);
  yield* all.reverse();
}

/** The keys of the jobs behind that of a cursor: the key of a job's marks comes before those of longer names. */
async function rangeOf(cursor: string | undefined, newestFirst: boolean): Promise<ScanRange> {
  if (cursor === undefined) return {};
  const { createdAt, jobId } = positionOf(cursor);
  const key = `${marksAt("age", createdAt)}${await nameOf(jobId)}--`;
  return newestFirst ? { to: key } : { from: key + LAST };
}
