import type {
  ClaimQuery,
  Incarnation,
  JobClaim,
  JobRecord,
  TakeAnswer,
  TakenJob,
  TakeQuery,
} from "../../ports/store.ts";
import { claimFor, dueSince, isFreeFor } from "../../ports/store_kit.ts";
import { dueJobs } from "./due.ts";
import { readJob } from "./journal.ts";
import { LAST } from "./names.ts";
import { marksAt } from "./marks.ts";
import type { Leases } from "./leases.ts";
import type { Located } from "./records.ts";
import { chunksOf, marksBetween } from "./scan.ts";
import type { Space } from "./space.ts";
import type { JobState } from "./state.ts";
import { inBatches } from "./values.ts";

/** Claims jobs that are due, and reads them. */
export async function takeJobs(space: Space, query: TakeQuery): Promise<TakeAnswer> {
  const { owners } = space;
  const { now, limit } = query;
  const jobs: TakenJob[] = [];
  for (;;) {
    const leases = owners.leases();
    if (!await leases.mayClaim(query, now) || !await owners.isPermitted(query)) break;
    const due = await dueJobs(space, { ...query, limit: limit - jobs.length }, leases);
    const claimed = await inBatches(due, async (record) => await claimDue(space, query, record, leases));
    for (const job of claimed) if (job !== undefined) jobs.push(job);
    // Somebody else was faster: there may be others to take.
    if (jobs.length >= limit || !claimed.includes(undefined)) break;
  }
  return { now, jobs, survived: await owners.survived() };
}

/** Claims given jobs, and reads them. */
export async function claimJobs(space: Space, query: ClaimQuery): Promise<TakeAnswer> {
  const { owners, records } = space;
  const { now } = query;
  const leases = owners.leases();
  const mayClaim = await leases.mayClaim(query, now);
  const claimed = await inBatches(mayClaim ? query.jobs : [], async ({ jobId, life, epoch }) => {
    for (;;) {
      const located = await records.find(jobId, life);
      if (located === undefined || located.state.record.epoch !== epoch) return undefined;
      const record = await leases.readEnded(located.state.record, now);
      if (!isFreeFor(record, query, now)) return undefined;
      const job = await swingTo(space, query, located, leases);
      if (job !== undefined) return job;
    }
  });
  return { now, jobs: claimed.filter((job) => job !== undefined), survived: await owners.survived() };
}

/** Returns the jobs that an incarnation has claimed and not released. */
export async function heldJobs({ client, records }: Space, { owner, incarnation }: Incarnation): Promise<JobClaim[]> {
  const start = marksAt("claim", incarnation);
  const names = await client.names(start);
  const held: JobClaim[] = [];
  for await (const marks of chunksOf(marksBetween(names, start, start + LAST))) {
    for (const { state: { record } } of await records.marked("claim", marks)) {
      if (record.owner === owner) held.push({ jobId: record.jobId, life: record.life, epoch: record.epoch });
    }
  }
  return held;
}

/** Claims a job that was found due, unless somebody has claimed or deleted it since, or it is no longer due. */
async function claimDue(
  space: Space,
  query: TakeQuery,
  { jobId, life, epoch }: JobRecord,
  leases: Leases,
): Promise<TakenJob | undefined> {
  for (;;) {
    const located = await space.records.find(jobId, life);
    if (located === undefined || located.state.record.epoch !== epoch) return undefined;
    if (dueSince(await leases.readEnded(located.state.record, query.now), query.now) === undefined) return undefined;
    const job = await swingTo(space, query, located, leases);
    if (job !== undefined) return job;
  }
}

async function swingTo(
  space: Space,
  owner: Incarnation,
  located: Located<JobState>,
  leases: Leases,
): Promise<TakenJob | undefined> {
  const { records, recent } = space;
  const { name, state } = located;
  const { jobId, incarnation } = state.record;
  const claimed = await records.swing(name, located, { ...state, record: claimFor(state.record, owner) });
  if (claimed === undefined) return undefined;
  recent.take(jobId);
  recent.put(claimed);
  const job = await records.read(claimed, async (it) => await readJob(space, it, leases));
  return job && { ...job, formerIncarnation: incarnation };
}
