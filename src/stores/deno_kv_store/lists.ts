import type { DueQuery, JobPage, JobRecord, ListQuery } from "../../ports/store.ts";
import { type DueCandidate, dueOfAll, isListed, PAGE_LENGTH, pageOf, positionOf } from "../../ports/store_kit.ts";
import { FIRST, type KvKey, type KvSelector, LAST, MOST_READ } from "./client.ts";
import { findRecords } from "./heads.ts";
import { partsOf } from "./keys.ts";
import type { KvSpace } from "./texts.ts";

/** Returns the jobs that are due. Of those that only wait, no more are read than are asked for. */
export async function dueJobs(space: KvSpace, query: DueQuery): Promise<JobRecord[]> {
  const { keys } = space;
  const { now, owner, limit = Infinity, except } = query;
  const found = new Map<string, DueCandidate>();
  /** The `wakeAt` of the jobs that only wait, as the index orders them. */
  const waits: number[] = [];
  // An id of one part is the job's. Jobs with other ids are read, and then left out.
  const isWanted = ([jobId, ...others]: KvKey) =>
    others.length > 0 || typeof jobId !== "string" || except?.has(jobId) !== true;
  const read = async (selector: KvSelector, length: number, { hasCommands = false, isWaiting = false } = {}) => {
    for await (const records of recordsOf(space, selector, length, isWanted)) {
      for (const record of records) {
        if (found.has(record.jobId)) continue;
        found.set(record.jobId, { record, hasCommands });
        if (isWaiting && record.wakeAt !== undefined && record.wakeAt <= now) waits.push(record.wakeAt);
      }
      // Jobs with the same `wakeAt` are read to the last, because the index does not order them by age.
      const [last = 0, edge = Infinity] = [waits.at(-1), waits[limit - 1]];
      if (last > edge) return;
    }
  };
  await read({ prefix: keys.mail() }, keys.mail().length, { hasCommands: true });
  if (owner !== undefined) {
    const prefix = keys.owner(await partsOf(owner));
    await read({ prefix }, prefix.length);
  }
  const waiting = { start: keys.wake(), end: [...keys.wake(now), LAST] };
  await read(waiting, keys.wake(now).length, { isWaiting: true });
  // The index may be outdated by the time the record is read: this checks the record.
  return dueOfAll(found.values(), query);
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
 * Yields the records of the wanted jobs in an index, some at a time. In the index keys, `length` parts precede the job's id.
 */
async function* recordsOf(
  space: KvSpace,
  selector: KvSelector,
  length: number,
  isWanted: (id: KvKey) => boolean = () => true,
): AsyncGenerator<JobRecord[]> {
  let ids: KvKey[] = [];
  for await (const { key } of space.kv.list(selector)) {
    const id = key.slice(length);
    if (isWanted(id)) ids.push(id);
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
