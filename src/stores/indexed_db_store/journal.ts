import type { AppendHead, JobClaim, JobLife, ReplacedFlow } from "../../ports/store.ts";
import { appendTo, checkAppend, checkClaim, endsUnread, type KeptRecord } from "../../ports/store_kit.ts";
import type { Tables } from "./database.ts";
import { consume } from "./inbox.ts";
import { findLife } from "./jobs.ts";
import { toRow } from "./rows.ts";

/** The records before and after an append. */
export interface Appended {
  readonly before: KeptRecord;
  readonly after: KeptRecord;
}

/**
 * Appends entries, and replaces the head if one is given; `undefined` when that would end the job, which has commands.
 *
 * @throws {FencedError} when the claim or the revision is not the present one
 */
export async function append(
  tables: Tables,
  claim: JobClaim,
  expectedRevision: number,
  entries: readonly string[],
  head: AppendHead | undefined,
): Promise<Appended | undefined> {
  const row = await tables.jobs.get(claim.jobId);
  const before = row?.record;
  checkAppend(before, claim, expectedRevision, entries, head);
  if (endsUnread(before, head)) return undefined;
  const { life } = before;
  for (const [index, text] of entries.entries()) {
    tables.entries.put({ life, revision: expectedRevision + index + 1, text });
  }
  const after = appendTo(before, entries, head);
  tables.jobs.put(toRow(after, row?.token ?? ""));
  if (head !== undefined) await consume(tables, before, head);
  return { before, after };
}

/** Replaces a snapshot, and drops the entries before it. */
export async function compact(tables: Tables, job: JobLife, revision: number, snapshot: string): Promise<void> {
  const row = await findLife(tables, job);
  const document = await tables.documents.get(job.life);
  if (row === undefined || document === undefined) return;
  if (revision <= document.snapshotRevision || revision > row.record.revision) return;
  tables.documents.put({ ...document, snapshot, snapshotRevision: revision });
  tables.entries.deleteBetween([job.life], [job.life, revision]);
}

/**
 * Replaces a job's flow and its snapshot, and drops its entries.
 *
 * @throws {FencedError} when the claim or the revision is not the present one
 */
export async function replaceFlow(
  tables: Tables,
  claim: JobClaim,
  expectedRevision: number,
  { flow, flowHash, snapshot }: ReplacedFlow,
): Promise<void> {
  const row = await tables.jobs.get(claim.jobId);
  const before = row?.record;
  checkClaim(before, claim, expectedRevision);
  const { life } = before;
  tables.jobs.put(toRow({ ...before, flowHash }, row?.token ?? ""));
  tables.documents.put({ life, flow, snapshot, snapshotRevision: expectedRevision });
  tables.entries.deleteBetween([life], [life, expectedRevision]);
}
