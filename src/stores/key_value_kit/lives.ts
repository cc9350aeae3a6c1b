import type { CreateAnswer, JobLife, NewJob, PurgeQuery } from "../../ports/store.ts";
import { isPurged, recordOf } from "../../ports/store_kit.ts";
import { EMPTY_LOG } from "./log.ts";
import { marksAt } from "./marks.ts";
import { nameOf, numberName } from "./names.ts";
import { dataOf, isDeleted, isJob, livesOf, type Located, type Records } from "./records.ts";
import { chunksOf, marksBetween } from "./scan.ts";
import type { Space } from "./space.ts";
import type { JobState } from "./state.ts";
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
    ...{ journal: EMPTY_LOG, inbox: EMPTY_LOG, forgotAt: job.createdAt },
  };
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
    const before = space.client.isAtomic(puts) ? located : await noteLife(space, name, located, life);
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
  const name = await nameOf(jobId);
  for (;;) {
    const located = await records.at(name);
    if (located === undefined) return false;
    if (!isJob(located)) {
      if (isDeleted(located)) await quietly(() => records.bury(located));
      return false;
    }
    if (located.state.record.life !== life) return false;
    if (await deleteLocated(records, located)) return true;
  }
}

/** Deletes jobs that have ended; returns how many. */
export async function purgeJobs({ client, records }: Space, query: PurgeQuery): Promise<number> {
  const start = marksAt("end");
  const names = await client.names(start);
  let purged = 0;
  for await (const marks of chunksOf(marksBetween(names, start, start + numberName(query.endedBefore)))) {
    for (const located of await records.marked("end", marks)) {
      if (purged >= query.limit) return purged;
      if (isPurged(located.state.record, query) && await deleteLocated(records, located)) purged++;
    }
  }
  return purged;
}

async function deleteLocated(records: Records, located: Located<JobState>): Promise<boolean> {
  const lives = [located.state.record.life];
  const ghost = await records.swingToGhost(located.name, located, { isDeleted: true, lives });
  if (ghost !== undefined) await quietly(() => records.bury(ghost));
  return ghost !== undefined;
}
