import { formatInstant, parseInstant } from "../base/instant.ts";
import type { JobDocument } from "../documents/job.ts";
import { type ChildTimeline, childTimeline } from "../inspect/timeline.ts";
import { JOB_STATUSES } from "../job/job.ts";
import type { JobRecord, StoredJob } from "../ports/store.ts";
import type { StudioHost } from "./studio_host.ts";

/** The most children of a job whose timelines are told: the newest. */
const MOST_CHILDREN = 20;
/** Of a child whose stored texts are longer, in characters, only its beginning and its end are told: to read it takes long. */
const MOST_READ = 200_000;

/** Up to when a job is looked at: until now, or of the past until its last change. */
export function instantOf({ timers }: StudioHost, { updatedAt }: JobDocument, revision: number | undefined): number {
  const now = timers.now();
  return revision === undefined ? now : parseInstant(updatedAt) ?? now; // Unreachable default: the schema has checked it.
}

/** The timelines of the jobs that a job had started until an instant, the newest of them, and whether there are others. */
export async function childTimelines(
  host: StudioHost,
  jobId: string,
  until: number,
): Promise<{ readonly children: readonly ChildTimeline[]; readonly hasMore: boolean }> {
  const { cursor, jobs } = await host.store.list({
    parentId: jobId,
    createdBefore: until + 1,
    newestFirst: true,
    limit: MOST_CHILDREN,
  });
  const children = await Promise.all(jobs.map(async (record) => await timelineOf(host, record)));
  return { children, hasMore: cursor !== undefined };
}

async function timelineOf(host: StudioHost, record: JobRecord): Promise<ChildTimeline> {
  const stored = await host.store.load(record.jobId);
  // It may have been deleted meanwhile, and another job may have its id.
  if (stored !== undefined && stored.record.life === record.life && lengthOf(stored) <= MOST_READ) {
    return childTimeline(host.read(stored).job);
  }
  const { createdAt, endedAt, flowId, jobId } = record;
  const status = JOB_STATUSES.find((it) => it === record.status) ?? "pending"; // Unreachable default: a store has no others.
  const from = formatInstant(createdAt);
  const to = endedAt === undefined ? from : formatInstant(endedAt);
  return {
    ...{ jobId, flowId, status, from, to, rows: [], dropped: 0, children: [] },
    ...(endedAt === undefined ? {} : { endedAt: to }),
  };
}

function lengthOf({ entries, snapshot }: StoredJob): number {
  return entries.reduce((sum, it) => sum + it.length, snapshot.length);
}
