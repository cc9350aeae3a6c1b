import type { DueQuery, JobPage, JobRecord, ListQuery } from "../../ports/store.ts";
import { isListed, PAGE_LENGTH, pageOf, placeOf } from "../../ports/store_lists.ts";
import { FIRST, type KvKey, type KvSelector, LAST, MOST_READ } from "./client.ts";
import { findRecords } from "./heads.ts";
import { partsOf } from "./keys.ts";
import type { Place } from "./texts.ts";

/** Jobs that must be looked at: those with commands, those of the owner, then those that are waited for, the first first. */
export async function dueJobs(place: Place, { now, owner, limit = Infinity }: DueQuery): Promise<JobRecord[]> {
  const { keys } = place;
  const due = new Map<string, JobRecord>();
  const add = async (selector: KvSelector, length: number, isDue: (record: JobRecord) => boolean): Promise<void> => {
    for await (const records of recordsOf(place, selector, length)) {
      for (const record of records) if (due.size < limit && isDue(record)) due.set(record.jobId, record);
      if (due.size >= limit) return;
    }
  };
  // What an index says may be past by the time that the record is read.
  await add({ prefix: keys.mail() }, keys.mail().length, () => true);
  if (owner !== undefined) {
    const prefix = keys.owner(await partsOf(owner));
    await add({ prefix }, prefix.length, (record) => record.owner === owner);
  }
  const waiting = { start: keys.wake(), end: [...keys.wake(now), LAST] };
  await add(waiting, keys.wake(now).length, ({ wakeAt }) => wakeAt !== undefined && wakeAt <= now);
  return [...due.values()];
}

/** A page of jobs, oldest first. */
export async function listJobs(place: Place, query: ListQuery): Promise<JobPage> {
  const { keys } = place;
  const { createdBefore = Infinity, limit = PAGE_LENGTH, cursor } = query;
  const start = cursor === undefined ? keys.age() : await keyBehind(place, cursor);
  const found: JobRecord[] = [];
  for await (const records of recordsOf(place, { start, end: keys.age(createdBefore) }, keys.age(0).length)) {
    found.push(...records.filter((record) => isListed(record, query)));
    if (found.length > limit) break;
  }
  return pageOf(found, limit);
}

/** The records of the jobs that an index lists, some at a time; their ids stand behind `length` parts of its keys. */
async function* recordsOf(place: Place, selector: KvSelector, length: number): AsyncGenerator<JobRecord[]> {
  let ids: KvKey[] = [];
  for await (const { key } of place.kv.list(selector)) {
    ids.push(key.slice(length));
    if (ids.length < MOST_READ) continue;
    yield await findRecords(place, ids);
    ids = [];
  }
  if (ids.length > 0) yield await findRecords(place, ids);
}

async function keyBehind({ keys }: Place, cursor: string): Promise<KvKey> {
  const { createdAt, jobId } = placeOf(cursor);
  return [...keys.age(createdAt, await partsOf(jobId)), FIRST];
}
