import type { DueQuery, JobPage, JobRecord, ListQuery } from "../../ports/store.ts";
import { type Head, toRecord } from "./head.ts";

/** The jobs that must be looked at. */
export function dueAmong(heads: readonly Head[], { now, owner, limit }: DueQuery): JobRecord[] {
  const isDue = ({ head, sent }: Head): boolean =>
    head.wakeAt !== undefined && head.wakeAt <= now || sent > head.consumed ||
    head.owner !== undefined && head.owner === owner;
  return heads.filter(isDue).slice(0, limit).map(toRecord);
}

/** One page of the jobs, oldest first. */
export function pageOf(heads: readonly Head[], query: ListQuery): JobPage {
  const { flowId, status, createdBefore = Infinity, limit = 100, cursor } = query;
  const after = cursor === undefined ? undefined : placeIn(cursor);
  const all = heads.map(toRecord).filter((record) =>
    (flowId === undefined || record.flowId === flowId) && (status === undefined || record.status === status) &&
    record.createdAt < createdBefore && (after === undefined || isBefore(after, record))
  ).sort((a, b) => isBefore(a, b) ? -1 : 1);
  const jobs = all.slice(0, limit);
  const last = jobs.at(-1);
  if (last === undefined || jobs.length === all.length) return { jobs };
  return { jobs, cursor: JSON.stringify([last.createdAt, last.jobId]) };
}

type Place = Pick<JobRecord, "createdAt" | "jobId">;

function isBefore(a: Place, b: Place): boolean {
  return a.createdAt < b.createdAt || a.createdAt === b.createdAt && a.jobId < b.jobId;
}

function placeIn(cursor: string): Place {
  const place: unknown = JSON.parse(cursor);
  const [createdAt, jobId]: unknown[] = Array.isArray(place) ? place : [];
  if (typeof createdAt !== "number" || typeof jobId !== "string") {
    throw new TypeError(`Cannot list jobs: ${JSON.stringify(cursor)} is no cursor of this store`);
  }
  return { createdAt, jobId };
}
