import type { DueQuery, JobPage, JobRecord, ListQuery } from "../../ports/store.ts";
import { isListed, PAGE_LENGTH, pageOf, positionOf } from "../../ports/store_kit.ts";
import { FIRST, type KvKey, type KvSelector, LAST, MOST_READ } from "./client.ts";
import { findRecords } from "./heads.ts";
import { partsOf } from "./keys.ts";
import type { KvSpace } from "./texts.ts";

/**
 * Returns the jobs that are due: first those with commands, then those of the owner, then those whose `wakeAt` has
 * passed, by that time.
 */
export async function dueJobs(space: KvSpace, { now, owner, limit = Infinity }: DueQuery): Promise<JobRecord[]> {
  const { keys } = space;
  const due = new Map<string, JobRecord>();
  const add = async (selector: KvSelector, length: number, isDue: (record: JobRecord) => boolean): Promise<void> => {
    for await (const records of recordsOf(space, selector, length)) {
      for (const record of records) if (due.size < limit && isDue(record)) due.set(record.jobId, record);
      if (due.size >= limit) return;
    }
  };
  // The index may be outdated by the time the record is read, so the record is checked.
  await add({ prefix: keys.mail() }, keys.mail().length, () => true);
  if (owner !== undefined) {
    const prefix = keys.owner(await partsOf(owner));
    await add({ prefix }, prefix.length, (record) => record.owner === owner);
  }
  const waiting = { start: keys.wake(), end: [...keys.wake(now), LAST] };
  await add(waiting, keys.wake(now).length, ({ wakeAt }) => wakeAt !== undefined && wakeAt <= now);
  return [...due.values()];
}

/** Returns a page of jobs, oldest first. */
export async function listJobs(space: KvSpace, query: ListQuery): Promise<JobPage> {
  const { keys } = space;
  const { createdBefore = Infinity, limit = PAGE_LENGTH, cursor } = query;
  const start = cursor === undefined ? keys.age() : await keyBehind(space, cursor);
  const found: JobRecord[] = [];
  for await (const records of recordsOf(space, { start, end: keys.age(createdBefore) }, keys.age(0).length)) {
    found.push(...records.filter((record) => isListed(record, query)));
    if (found.length > limit) break;
  }
  return pageOf(found, limit);
}

/**
 * Yields the records of the jobs in an index, some at a time. In the index keys, `length` parts precede the job's id.
 */
async function* recordsOf(space: KvSpace, selector: KvSelector, length: number): AsyncGenerator<JobRecord[]> {
  let ids: KvKey[] = [];
  for await (const { key } of space.kv.list(selector)) {
    ids.push(key.slice(length));
    if (ids.length < MOST_READ) continue;
    yield await findRecords(space, ids);
    ids = [];
  }
  if (ids.length > 0) yield await findRecords(space, ids);
}

async function keyBehind({ keys }: KvSpace, cursor: string): Promise<KvKey> {
  const { createdAt, jobId } = positionOf(cursor);
  return [...keys.age(createdAt, await partsOf(jobId)), FIRST];
}
