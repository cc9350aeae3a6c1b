import type { CreateAnswer, JobLife, NewJob, PurgeQuery } from "../../ports/store.ts";
import { isPurged, type KeptRecord, recordOf } from "../../ports/store_kit.ts";
import { EMPTY_LOG } from "./log.ts";
import { marksAt } from "./marks.ts";
import { nameOf, numberName } from "./names.ts";
import { dataOf, isDeleted, isJob, livesOf, type Located, type Records } from "./records.ts";
import { chunksOf, marksBetween } from "./scan.ts";
import type { Space } from "./space.ts";
import { quietly } from "./values.ts";

/**
 * Creates a job of a given life. If its values cannot be written together with it, a ghost notes first that they will be there, so that
 * the next creation finds the remains of one that was interrupted.
 */
export async function createJob(space: Space, job: NewJob, life: number): Promise<CreateAnswer> {
  const { records, values, ids, owners, recent } = space;
  const name = await nameOf(job.jobId);
  const data = dataOf(life);
  const flow = values.prepare(`${data}/f`, job.flow);
  const snapshot = values.prepare(`${data}/s/${numberName(0)}/${ids.id()}`, job.snapshot);
  const puts = [...flow.puts, ...snapshot.puts];
  const record = recordOf(job, life);
  const next = {
    ...{ record, token: job.token, flow: flow.result, snapshot: snapshot.result, snapshotRevision: 0 },
    ...{ journal: EMPTY_LOG, inbox: EMPTY_LOG, refusals: EMPTY_LOG, forgotAt: job.createdAt },
  };
  const isAtomic = space.client.isAtomic([...puts, [name, JSON.stringify(next)]]);
  for (;;) {
    const located = await records.at(name);
    if (located !== undefined && isJob(located)) {
      const { token, record: taken } = located.state;
      return { isNew: token === job.token, record: await owners.leases().read(taken) };
    }
    if (located !== undefined && isDeleted(located)) {
      await records.bury(located);
      continue;
    }
    const before = isAtomic ? located : await noteLife(space, name, located, life);
    if (before === "again") continue;
    const isNews = record.owner === undefined && record.dueAt !== undefined;
    const created = await records.swing(name, before, next, { puts, isNews });
    if (created === undefined) continue;
    recent.put(created);
    // What the ghost was there for, other than this job.
    for (const other of before === undefined ? [] : livesOf(before)) {
      if (other !== life) await quietly(() => records.clear(other));
    }
    return { isNew: true, record: await owners.leases().read(record) };
  }
}

async function noteLife(
  { records }: Space,
  name: string,
  located: Located | undefined,
  life: number,
): Promise<Located | "again"> {
  const lives = located === undefined ? [] : livesOf(located);
  if (located !== undefined && lives.includes(life)) return located;
  return await records.swingToGhost(name, located, { isDeleted: false, lives: [life, ...lives] }) ?? "again";
}

/** Deletes a life of a job. Returns false when there is none. */
export async function deleteJob({ records }: Space, { jobId, life }: JobLife): Promise<boolean> {
  return await deleteIf(records, await nameOf(jobId), (record) => record.life === life);
}

/** Deletes jobs that have ended; returns how many. */
export async function purgeJobs({ client, records }: Space, query: PurgeQuery): Promise<number> {
  const start = marksAt("end");
  const names = await client.names(start);
  let purged = 0;
  for await (const marks of chunksOf(marksBetween(names, start, start + numberName(query.endedBefore)))) {
    for (const { name, state: { record: { life } } } of await records.marked("end", marks)) {
      if (purged >= query.limit) return purged;
      const isMeant = (record: KeptRecord) => record.life === life && isPurged(record, query);
      if (await deleteIf(records, name, isMeant)) purged++;
    }
  }
  return purged;
}

async function deleteIf(records: Records, name: string, isMeant: (record: KeptRecord) => boolean): Promise<boolean> {
  for (;;) {
    const located = await records.at(name);
    if (located === undefined) return false;
    if (!isJob(located)) {
      if (isDeleted(located)) await quietly(() => records.bury(located));
      return false;
    }
    const { record } = located.state;
    if (!isMeant(record)) return false;
    const ghost = await records.swingToGhost(name, located, { isDeleted: true, lives: [record.life] });
    if (ghost === undefined) continue;
    await quietly(() => records.bury(ghost));
    return true;
  }
}
