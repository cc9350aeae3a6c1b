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
import { isMeant, type ListPosition, PAGE_LENGTH, pageOf, positionOf, recordOf } from "../../ports/store_kit.ts";
import { LAST, type Tables } from "./database.ts";
import { nextNumber, readRecord } from "./owners.ts";
import { type JobRow, toRow } from "./rows.ts";
import type { DbKey } from "./types.ts";

/** How many rows are looked at at once. */
const CHUNK = 100;

/** Creates a job, unless its id is taken. */
export async function createJob(tables: Tables, job: NewJob): Promise<CreateAnswer> {
  const taken = await tables.jobs.get(job.jobId);
  if (taken !== undefined) return { isNew: taken.token === job.token, record: await readRecord(tables, taken.record) };
  const { token, flow, snapshot } = job;
  const record = recordOf(job, await nextNumber(tables, "lives"));
  tables.jobs.put(toRow(record, token));
  tables.documents.put({ life: record.life, flow, snapshot, snapshotRevision: 0 });
  return { isNew: true, record: await readRecord(tables, record) };
}

/** The row of a life of a job; of any life, when none is given. */
export async function findLife(
  tables: Tables,
  { jobId, life }: { readonly jobId: string; readonly life?: number | undefined },
): Promise<JobRow | undefined> {
  const row = await tables.jobs.get(jobId);
  return life === undefined || row?.record.life === life ? row : undefined;
}

/** The record of a job. */
export async function findJob(tables: Tables, jobId: string): Promise<JobRecord | undefined> {
  const row = await tables.jobs.get(jobId);
  return row && await readRecord(tables, row.record);
}

/** A copy of a job. */
export async function loadJob(tables: Tables, jobId: string): Promise<StoredJob | undefined> {
  const record = await findJob(tables, jobId);
  return record && await loadRest(tables, record);
}

/** A record with all that belongs to it. */
export async function loadRest({ documents, entries }: Tables, record: JobRecord): Promise<StoredJob> {
  const { life, jobId } = record;
  const document = await documents.get(life);
  // Unreachable: it is written and deleted together with the record.
  if (document === undefined) throw new Error(`The documents of job "${jobId}" are missing in the IndexedDB store`);
  const { flow, snapshot, snapshotRevision } = document;
  const texts = (await entries.between([life], [life, LAST])).map(({ text }) => text);
  return { record, flow, snapshot, snapshotRevision, entries: texts };
}

/** Deletes a life of a job, if it is there. */
export async function deleteLife(tables: Tables, job: JobLife): Promise<boolean> {
  const row = await findLife(tables, job);
  if (row !== undefined) remove(tables, row);
  return row !== undefined;
}

function remove({ jobs, documents, entries, commands }: Tables, { jobId, record: { life } }: JobRow): void {
  jobs.delete(jobId);
  documents.delete(life);
  entries.deleteBetween([life], [life, LAST]);
  commands.deleteBetween([life], [life, LAST]);
}

/** A page of the jobs. */
export async function listJobs(tables: Tables, query: ListQuery): Promise<JobPage> {
  const { limit = PAGE_LENGTH, cursor, newestFirst = false } = query;
  const position = cursor === undefined ? undefined : positionOf(cursor);
  const found: JobRecord[] = [];
  // One more than the page holds: if it is found, there is another page.
  for await (const { record } of newestFirst ? rowsBefore(tables, position) : rowsByAge(tables, position)) {
    if (isMeant(record, query) && found.push(await readRecord(tables, record)) > limit) break;
  }
  return pageOf(found, limit);
}

/** The number of jobs that match a filter. */
export async function countJobs(tables: Tables, filter: JobFilter): Promise<number> {
  if (Object.values(filter).every((it) => it === undefined)) return await tables.jobs.count();
  let count = 0;
  for await (const { record } of rowsByAge(tables, undefined)) if (isMeant(record, filter)) count++;
  return count;
}

async function* rowsByAge(tables: Tables, after: ListPosition | undefined): AsyncGenerator<JobRow> {
  for (let from: DbKey = after === undefined ? [] : [after.createdAt, after.jobId];;) {
    const rows = await tables.jobs.betweenBy("age", from, LAST_OF_ALL, CHUNK);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < CHUNK) return;
    from = [last.createdAt, last.jobId];
  }
}

async function* rowsBefore(tables: Tables, before: ListPosition | undefined): AsyncGenerator<JobRow> {
  for (let to: DbKey = before === undefined ? LAST_OF_ALL : [before.createdAt, before.jobId];;) {
    const row = await tables.jobs.lastBefore("age", to);
    if (row === undefined) return;
    yield row;
    to = [row.createdAt, row.jobId];
  }
}

/** What comes after all keys of an index: in a list, a list comes last. */
export const LAST_OF_ALL: DbKey = [LAST];

/** Deletes jobs that have ended. */
export async function purgeJobs(tables: Tables, { endedBefore, status, limit }: PurgeQuery): Promise<number> {
  let count = 0;
  for (let from: DbKey = [];;) {
    const rows = await tables.jobs.betweenBy("ended", from, [endedBefore], CHUNK);
    for (const row of rows) {
      if (count === limit) return count;
      if (status !== undefined && row.record.status !== status) continue;
      remove(tables, row);
      count++;
    }
    const last = rows.at(-1);
    if (last?.ended === undefined || rows.length < CHUNK) return count;
    from = last.ended;
  }
}
