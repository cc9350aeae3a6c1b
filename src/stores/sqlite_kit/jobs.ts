import type {
  CreateAnswer,
  JobFilter,
  JobLife,
  JobPage,
  JobRecord,
  ListQuery,
  NewJob,
  PurgeQuery,
  ReplacedFlow,
  StoredJob,
} from "../../ports/store.ts";
import { leaseEndOf } from "../../ports/lease_kit.ts";
import { PAGE_LENGTH, pageOf, recordOf } from "../../ports/store_kit.ts";
import type { Queries, Row, SqliteValue } from "./queries.ts";
import { ownerOf } from "./owners.ts";
import { addParts, columnOf, dropParts, textOf } from "./parts.ts";
import { conditionsOf, toLimit, toOptionalColumn, toRecord, toTagsColumn } from "./rows.ts";
import * as sql from "./statements.ts";
import { fromColumn, toColumn } from "./text.ts";

/** The records that a statement returns. */
export function recordsOf(queries: Queries, text: string, ...values: SqliteValue[]): JobRecord[] {
  return queries.all(text, ...values).map(toRecord);
}

/** The record of a job. */
export function findJob(queries: Queries, jobId: string): JobRecord | undefined {
  return recordsOf(queries, sql.FIND, toColumn(jobId))[0];
}

/** The record of a life. */
export function findLife(queries: Queries, life: number): JobRecord | undefined {
  return recordsOf(queries, sql.FIND_LIFE, life)[0];
}

/** Creates a job if its id is not taken. */
export function createJob(queries: Queries, job: NewJob): CreateAnswer {
  const { jobId, createdAt, flowId, queue, priority, tags, parentId, status, dueAt, endedAt, claim } = job;
  const record = findJob(queries, jobId);
  if (record !== undefined) {
    return { isNew: fromColumn(queries.get(sql.TOKEN, record.life)?.["token"]) === job.token, record };
  }
  queries.run(
    sql.ADD_JOB,
    ...[toColumn(jobId), createdAt, addFlow(queries, job), toColumn(flowId), toColumn(queue), priority],
    ...[toTagsColumn(tags), toOptionalColumn(parentId), toColumn(status), dueAt ?? null, endedAt ?? null],
    ...[toOptionalColumn(claim?.owner), claim?.incarnation ?? null, claim === undefined ? 0 : 1],
  );
  const life = queries.number(sql.LAST_ADDED);
  queries.run(sql.ADD_DOCUMENTS, life, toColumn(job.token), columnOf(queries, job.snapshot));
  addParts(queries, { life, kind: "snapshot", revision: 0 }, job.snapshot);
  const heldUntil = claim && leaseEndOf(ownerOf(queries, claim.owner), claim.incarnation);
  return { isNew: true, record: { ...recordOf(job, life), heldUntil } };
}

/** A copy of a life of a job, which is consistent within a transaction. */
export function loadLife(queries: Queries, life: number): StoredJob {
  const row = existing(queries.get(sql.LOAD, life));
  const snapshotRevision = Number(row["snapshot_revision"]);
  return {
    record: toRecord(row),
    flow: flowText(queries, { flow: row["flow"], text: row["flow_text"] }),
    snapshot: textOf(queries, { life, kind: "snapshot", revision: snapshotRevision }, row["snapshot"]),
    snapshotRevision,
    entries: queries.all(sql.ENTRIES, life).map(({ revision, text }) =>
      textOf(queries, { life, kind: "entry", revision: Number(revision) }, text)
    ),
  };
}

/** A page of the jobs. */
export function listJobs(queries: Queries, query: ListQuery): JobPage {
  const { texts, values } = conditionsOf(query);
  const { limit = PAGE_LENGTH, newestFirst = false } = query;
  // One more than the page holds: if it is found, there is another page.
  return pageOf(recordsOf(queries, sql.listWhere(texts, newestFirst), ...values, toLimit(limit + 1)), limit);
}

/** The number of jobs that match a filter. */
export function countJobs(queries: Queries, filter: JobFilter): number {
  const { texts, values } = conditionsOf(filter);
  return queries.number(sql.countWhere(texts), ...values);
}

/** Deletes a life of a job, if it is there. */
export function deleteLife(queries: Queries, { jobId, life }: JobLife): boolean {
  const row = queries.get(sql.FLOW_OF, life, toColumn(jobId));
  if (row === undefined) return false;
  for (const text of sql.DELETE) queries.run(text, life);
  dropFlow(queries, Number(row["flow"]));
  return true;
}

/** Gives a job another flow. */
export function setFlow(
  queries: Queries,
  { life, jobId, flowId }: JobRecord,
  flow: Omit<ReplacedFlow, "snapshot">,
): void {
  const row = existing(queries.get(sql.FLOW_OF, life, toColumn(jobId)));
  queries.run(sql.setColumns(["flow"]), addFlow(queries, { ...flow, flowId }), life);
  dropFlow(queries, Number(row["flow"]));
}

function dropFlow(queries: Queries, flow: number): void {
  if (queries.run(sql.DROP_FLOW, flow) > 0) dropParts(queries, { life: 0, kind: "flow", revision: flow }, flow - 1);
}

/** Deletes jobs that have ended. */
export function purgeJobs(queries: Queries, { endedBefore, status, limit }: PurgeQuery): number {
  const rows = queries.all(sql.PURGEABLE, endedBefore, toOptionalColumn(status), toLimit(limit));
  for (const row of rows) deleteLife(queries, { jobId: fromColumn(row["job_id"]), life: Number(row["life"]) });
  return rows.length;
}

/** Adds the flow of a job unless it is there, and returns its number. */
function addFlow(
  queries: Queries,
  { flowId, flowHash, flow }: Pick<NewJob, "flowId" | "flowHash" | "flow">,
): number {
  const values = [toColumn(flowHash), toColumn(flowId), columnOf(queries, flow)];
  const known = queries.get(sql.FIND_FLOW, ...values);
  // All texts that are in parts have the same column.
  if (known !== undefined && flowText(queries, known) === flow) return Number(known["flow"]);
  queries.run(sql.ADD_FLOW, ...values);
  const added = queries.number(sql.LAST_ADDED);
  addParts(queries, { life: 0, kind: "flow", revision: added }, flow);
  return added;
}

/** The text of a flow, from a row with its number and its column. */
function flowText(queries: Queries, { flow, text }: Row): string {
  return textOf(queries, { life: 0, kind: "flow", revision: Number(flow) }, text);
}

function existing<T>(value: T | undefined): T {
  // Unreachable: the statements of one transaction see the same rows.
  if (value === undefined) throw new Error("A row is missing in the SQLite store");
  return value;
}
