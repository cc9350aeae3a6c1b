import { hashText } from "../../base/text_hash.ts";
import type {
  CreateAnswer,
  JobFilter,
  JobLife,
  JobPage,
  JobRecord,
  ListQuery,
  NewJob,
  PurgeQuery,
  StoredJob,
} from "../../ports/store.ts";
import { PAGE_LENGTH, pageOf, recordOf } from "../../ports/store_kit.ts";
import type { PostgresRow } from "./client.ts";
import { isUnreferenced } from "./errors.ts";
import type { Queries } from "./queries.ts";
import { conditionOf, DUE_AT, RECORD, RECORDS, toRecord } from "./rows.ts";
import { fromColumn, toColumn } from "./text.ts";
import {
  listOf,
  numberOf,
  optionalNumber,
  optionalText,
  textOf,
  toJson,
  toLimit,
  toNumber,
  toNumbers,
  toText,
  toTexts,
} from "./values.ts";

/** How many flows a store knows the numbers of. */
const MOST_FLOWS = 1_000;

/** Adds a flow unless it is there, and returns its number: id, hash, text. */
const ADD_FLOW =
  `WITH input AS (SELECT sha256(convert_to(json_build_array($1::text, $2::text, $3::text)::text, 'UTF8')) AS digest),
  added AS (
    INSERT INTO routilux.flows (digest, flow_id, flow_hash, text) SELECT digest, $1::text, $2::text, $3::text FROM input
    ON CONFLICT (digest) DO NOTHING RETURNING flow
  )
  SELECT flow FROM added UNION ALL SELECT f.flow FROM routilux.flows f JOIN input ON input.digest = f.digest`;

/**
 * Adds jobs whose ids are not taken, and returns their lives, when they are due, and until when they are held: a list of each column, then of tokens and
 * snapshots, and whether each is due at once.
 */
const ADD_JOBS = `WITH input AS (
    SELECT * FROM unnest($1::text::text[], $2::text::float8[], $3::text::bigint[], $4::text::text[], $5::text::text[],
      $6::text::integer[], $7::text::text[], $8::text::text[], $9::text::text[], $10::text::float8[], $11::text::float8[],
      $12::text::text[], $13::text::bigint[], $14::text::text[], $15::text::text[],
      $16::text::integer[])
    WITH ORDINALITY AS i (job_id, created_at, flow, flow_id, queue, priority, tags, parent_id, status, due_at, ended_at,
      owner, incarnation, token, snapshot, is_due, place)
  ), added AS (
    INSERT INTO routilux.jobs (job_id, created_at, flow, flow_id, queue, priority, tags, parent_id, status, due_at, ended_at,
      owner, incarnation, epoch)
    SELECT job_id, created_at, flow, flow_id, queue, priority, tags::jsonb, parent_id, status, ${DUE_AT}, ended_at,
      owner, incarnation, CASE WHEN incarnation IS NULL THEN 0 ELSE 1 END
    FROM input i ORDER BY place ON CONFLICT (job_id) DO NOTHING RETURNING life, job_id, due_at
  ), whole AS MATERIALIZED (
    SELECT DISTINCT ON (job_id) added.life, added.due_at AS stored_due_at, input.* FROM added JOIN input USING (job_id) ORDER BY job_id, place
  ), documents AS (
    INSERT INTO routilux.documents (life, token, snapshot) SELECT life, token, snapshot FROM whole
  )
  SELECT whole.life, whole.place, whole.stored_due_at, nullif(l.until, 0) AS held_until FROM whole
  LEFT JOIN routilux.leases l ON l.incarnation = whole.incarnation`;

/** Returns jobs with the tokens of the calls that have created them: ids. */
const CREATED = `SELECT ${RECORD}, d.token FROM ${RECORDS} LEFT JOIN routilux.documents d ON d.life = j.life
  WHERE j.job_id = ANY ($1::text::text[])`;

const FIND = `SELECT ${RECORD} FROM ${RECORDS} WHERE j.job_id = $1::text`;

/**
 * Everything of a job, as of one moment, because it is one statement: of a row `j`, with those of its flow, its lease and its documents;
 * also of one whose document somebody has deleted: that is to be seen.
 */
export const WHOLE_COLUMNS: string = `${RECORD}, f.text AS flow, d.snapshot, j.snapshot_revision,
  (SELECT json_agg(e.text ORDER BY e.revision)::text FROM routilux.entries e
    WHERE e.life = j.life AND e.revision > j.snapshot_revision) AS entries`;
const WHOLE = `SELECT ${WHOLE_COLUMNS} FROM ${RECORDS} LEFT JOIN routilux.documents d ON d.life = j.life`;

const LOAD = `${WHOLE} WHERE j.job_id = $1::text`;
const LOAD_ALL = `${WHOLE} WHERE j.job_id = ANY ($1::text::text[])`;
const LOAD_LIVES = `${WHOLE} WHERE j.life = ANY ($1::text::bigint[])`;

/** Deletes a life of a job: life, id. */
const DELETE = `SELECT routilux.remove_jobs(array(
  SELECT life FROM routilux.jobs WHERE life = $1::text::bigint AND job_id = $2::text)) AS count`;

/** Deletes jobs that have ended: instant before which they ended, status or NULL, limit. */
const PURGE = `SELECT routilux.remove_jobs(array(
  SELECT life FROM routilux.jobs WHERE ended_at IS NOT NULL AND reason IS NULL AND ended_at < $1::text::float8
    AND ($2::text IS NULL OR status = $2::text)
  ORDER BY ended_at LIMIT $3::text::bigint FOR UPDATE SKIP LOCKED)) AS count`;

/** Deletes the flows that no job has any more. */
const DROP_FLOWS = `DELETE FROM routilux.flows f WHERE NOT EXISTS (SELECT FROM routilux.jobs j WHERE j.flow = f.flow)`;

/** The numbers of flows that were looked up. */
export type FlowNumbers = Map<string, Promise<number>>;

/** Creates jobs whose ids are not taken. */
export async function createJobs(
  queries: Queries,
  flows: FlowNumbers,
  jobs: readonly NewJob[],
): Promise<readonly CreateAnswer[]> {
  const added = await addJobs(queries, flows, jobs);
  const others = jobs.filter((job) => !added.has(job));
  if (others.length === 0) return jobs.map((job) => ({ isNew: true, record: existing(added.get(job)) }));
  const rows = await queries.rows(CREATED, toTexts(others.map(({ jobId }) => jobId)));
  const found = new Map(rows.map((row) => [textOf(row, "job_id"), row]));
  // One that was deleted meanwhile is made after all; those that are there are known by their tokens.
  if (others.some(({ jobId }) => !found.has(jobId))) return await createJobs(queries, flows, jobs);
  return jobs.map((job) => {
    const record = added.get(job);
    if (record !== undefined) return { isNew: true, record };
    const row = existing(found.get(job.jobId));
    return { isNew: optionalText(row, "token") === job.token, record: toRecord(row) };
  });
}

/** Adds the jobs whose ids are not taken, and returns their records. */
async function addJobs(
  queries: Queries,
  flows: FlowNumbers,
  jobs: readonly NewJob[],
): Promise<ReadonlyMap<NewJob, JobRecord>> {
  const rows = await withFlows(
    flows,
    async () => await insertJobs(queries, jobs, await Promise.all(jobs.map((job) => flowNumber(queries, flows, job)))),
  );
  return new Map(rows.map((row) => {
    const job = existing(jobs[numberOf(row, "place") - 1]);
    const [dueAt, heldUntil] = [optionalNumber(row, "stored_due_at"), optionalNumber(row, "held_until")];
    return [job, { ...recordOf(job, numberOf(row, "life")), dueAt, heldUntil }];
  }));
}

/** Runs a statement that names flows by their numbers; again when somebody has dropped one, as it had no jobs any more. */
export async function withFlows<T>(flows: FlowNumbers, run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (!isUnreferenced(error)) throw error;
      flows.clear();
    }
  }
}

async function insertJobs(
  queries: Queries,
  jobs: readonly NewJob[],
  flows: readonly number[],
): Promise<readonly PostgresRow[]> {
  const numbers = (valueOf: (job: NewJob) => number | undefined) => toNumbers(jobs.map(valueOf));
  const texts = (valueOf: (job: NewJob) => string | undefined) => toTexts(jobs.map(valueOf));
  return await queries.rows(
    ADD_JOBS,
    texts(({ jobId }) => jobId),
    numbers(({ createdAt }) => createdAt),
    toNumbers(flows),
    texts(({ flowId }) => flowId),
    texts(({ queue }) => queue),
    numbers(({ priority }) => priority),
    texts(({ tags }) => toJson(tags)),
    texts(({ parentId }) => parentId),
    texts(({ status }) => status),
    numbers(({ dueAt }) => dueAt),
    numbers(({ endedAt }) => endedAt),
    texts(({ claim }) => claim?.owner),
    numbers(({ claim }) => claim?.incarnation),
    texts(({ token }) => token),
    texts(({ snapshot }) => snapshot),
    numbers(({ dueAt, createdAt }) => queries.isDueAtOnce(dueAt, createdAt) ? 1 : 0),
  );
}

/** The number of a flow, which is added unless it is there. */
export function flowNumber(
  queries: Queries,
  flows: FlowNumbers,
  { flowId, flowHash, flow }: Pick<NewJob, "flowId" | "flowHash" | "flow">,
): Promise<number> {
  const key = JSON.stringify([flowId, flowHash, hashText(flow)]);
  const known = flows.get(key);
  if (known !== undefined) return known;
  const number = addFlow(queries, flowId, flowHash, flow);
  flows.set(key, number);
  number.catch(() => flows.delete(key));
  const [oldest] = flows.keys();
  if (flows.size > MOST_FLOWS && oldest !== undefined) flows.delete(oldest);
  return number;
}

async function addFlow(queries: Queries, flowId: string, flowHash: string, flow: string): Promise<number> {
  for (;;) {
    // Nothing is found when somebody adds the same flow at the same time.
    const [row] = await queries.rows(ADD_FLOW, toColumn(flowId), toColumn(flowHash), toColumn(flow));
    if (row !== undefined) return numberOf(row, "flow");
  }
}

/** The record of a job. */
export async function findJob(queries: Queries, jobId: string): Promise<JobRecord | undefined> {
  const [row] = await queries.rows(FIND, toColumn(jobId));
  return row && toRecord(row);
}

/** Copies of jobs by their ids, each as of one moment, in order. */
export async function loadJobs(
  queries: Queries,
  jobIds: readonly string[],
): Promise<readonly (StoredJob | undefined)[]> {
  const [first = ""] = jobIds;
  const rows =
    await (jobIds.length === 1 ? queries.rows(LOAD, toColumn(first)) : queries.rows(LOAD_ALL, toTexts(jobIds)));
  const found = new Map(rows.map((row) => [textOf(row, "job_id"), row]));
  return jobIds.map((jobId) => {
    const row = found.get(jobId);
    return row && toStoredJob(row);
  });
}

/** Copies of jobs by their lives, each as of one moment. */
export async function loadLives(queries: Queries, lives: readonly number[]): Promise<ReadonlyMap<number, StoredJob>> {
  const rows = await queries.rows(LOAD_LIVES, toNumbers(lives));
  return new Map(rows.map((row) => [numberOf(row, "life"), toStoredJob(row)]));
}

/** Converts a row with everything of a job. */
export function toStoredJob(row: PostgresRow): StoredJob {
  return {
    record: toRecord(row),
    flow: textOf(row, "flow"),
    snapshot: optionalText(row, "snapshot") ?? "",
    snapshotRevision: numberOf(row, "snapshot_revision"),
    entries: listOf(row, "entries").map(fromColumn),
  };
}

/** A page of the jobs. */
export async function listJobs(queries: Queries, query: ListQuery): Promise<JobPage> {
  const { text, values } = conditionOf(query);
  const { limit = PAGE_LENGTH, newestFirst } = query;
  const direction = newestFirst === true ? " DESC" : "";
  const statement = `SELECT ${RECORD} FROM ${RECORDS} WHERE ${text}
    ORDER BY j.created_at${direction}, left(j.job_id, 64)${direction}, j.job_id${direction} LIMIT $${
    values.length + 1
  }::text::bigint`;
  // One more than the page holds: if it is found, there is another page.
  const rows = await queries.rows(statement, ...values, toLimit(limit + 1));
  return pageOf(rows.map(toRecord), limit);
}

/** The number of jobs that match a filter. */
export async function countJobs(queries: Queries, filter: JobFilter): Promise<number> {
  const { text, values } = conditionOf(filter);
  return numberOf(await queries.row(`SELECT count(*) AS count FROM routilux.jobs j WHERE ${text}`, ...values), "count");
}

/** Deletes a life of a job, if it is there. */
export async function deleteLife(queries: Queries, { jobId, life }: JobLife): Promise<boolean> {
  const isDeleted = await remove(queries, () => queries.row(DELETE, toNumber(life), toColumn(jobId))) > 0;
  return isDeleted;
}

/** Deletes jobs that have ended. */
export async function purgeJobs(queries: Queries, { endedBefore, status, limit }: PurgeQuery): Promise<number> {
  return await remove(queries, () => queries.row(PURGE, toNumber(endedBefore), toText(status), toLimit(limit)));
}

async function remove(queries: Queries, run: () => Promise<PostgresRow>): Promise<number> {
  const count = numberOf(await run(), "count");
  if (count === 0) return 0;
  try {
    await queries.rows(DROP_FLOWS);
  } catch (error) {
    // Somebody has just made a job of one of them: the next call drops the others.
    if (!isUnreferenced(error)) throw error;
  }
  return count;
}

function existing<T>(value: T | undefined): T {
  // Unreachable: the caller has looked.
  if (value === undefined) throw new Error("A row is missing in the PostgreSQL store");
  return value;
}
