import { FencedError } from "../../base/errors.ts";
import type { AppendHead, JobClaim, JobLife, JobRecord, ReplacedFlow } from "../../ports/store.ts";
import { appendTo, checkAppend, checkClaim, endsUnread, type KeptRecord, refusalsIn } from "../../ports/store_kit.ts";
import type { Queries } from "./queries.ts";
import { findJob, findLife, setFlow } from "./jobs.ts";
import { addParts, columnOf, dropParts } from "./parts.ts";
import { toHeadRow } from "./rows.ts";
import * as sql from "./statements.ts";
import { toColumn } from "./text.ts";

/** Appends entries without a head. For one entry it is one statement, unless it is refused. */
export function addEntries(
  queries: Queries,
  { jobId, life, epoch }: JobClaim,
  expectedRevision: number,
  [first, ...others]: readonly [string, ...string[]],
): "stored" {
  if (queries.run(sql.ADD_FENCED_ENTRY, life, epoch, expectedRevision, columnOf(queries, first)) === 0) {
    throw new FencedError(jobId, expectedRevision, findLife(queries, life)?.revision);
  }
  addParts(queries, { life, kind: "entry", revision: expectedRevision + 1 }, first);
  addFurther(queries, life, expectedRevision + 1, others);
  return "stored";
}

/** Appends entries, if any, with a head, and returns the record before and after; `undefined` when commands are unread. */
export function addWithHead(
  queries: Queries,
  claim: JobClaim,
  expectedRevision: number,
  entries: readonly string[],
  head: AppendHead | undefined,
): { readonly before: JobRecord; readonly after: KeptRecord } | undefined {
  const { life } = claim;
  const before = findJob(queries, claim.jobId);
  checkAppend(before, claim, expectedRevision, entries, head);
  // Without a head, the check has refused it.
  if (head === undefined || endsUnread(before, head)) return undefined;
  addFurther(queries, life, expectedRevision, entries);
  setHead(queries, before, head);
  if (head.consumed > before.consumed) {
    queries.run(sql.USE_COMMANDS, life, before.consumed, head.consumed, head.at);
    dropParts(queries, { life, kind: "command", revision: head.consumed }, before.consumed);
    for (const [sequence, reason] of refusalsIn(before, head)) {
      queries.run(sql.REFUSE_COMMAND, life, sequence, toColumn(reason));
    }
  }
  return { before, after: appendTo(before, entries, head) };
}

/** Replaces a job's snapshot, and drops the entries before it. */
export function compactJob(queries: Queries, { life }: JobLife, revision: number, snapshot: string): void {
  if (queries.run(sql.SET_SNAPSHOT_REVISION, life, revision) === 0) return;
  queries.run(sql.SET_SNAPSHOT, life, columnOf(queries, snapshot));
  addParts(queries, { life, kind: "snapshot", revision }, snapshot);
  queries.run(sql.DROP_ENTRIES, life, revision);
  dropParts(queries, { life, kind: "entry", revision }, 0);
  dropParts(queries, { life, kind: "snapshot", revision: revision - 1 }, -1);
}

/** Replaces a job's flow and its snapshot, and drops its entries. */
export function replaceFlow(
  queries: Queries,
  claim: JobClaim,
  expectedRevision: number,
  { snapshot, ...flow }: ReplacedFlow,
): void {
  const { life } = claim;
  const record = findJob(queries, claim.jobId);
  checkClaim(record, claim, expectedRevision);
  setFlow(queries, record, flow);
  queries.run(sql.setColumns(["snapshot_revision"]), expectedRevision, life);
  queries.run(sql.SET_SNAPSHOT, life, columnOf(queries, snapshot));
  dropParts(queries, { life, kind: "snapshot", revision: expectedRevision }, -1);
  addParts(queries, { life, kind: "snapshot", revision: expectedRevision }, snapshot);
  queries.run(sql.DROP_ENTRIES, life, expectedRevision);
  dropParts(queries, { life, kind: "entry", revision: expectedRevision }, 0);
}

function addFurther(queries: Queries, life: number, revision: number, entries: readonly string[]): void {
  for (const [index, entry] of entries.entries()) {
    const added = revision + index + 1;
    queries.run(sql.ADD_ENTRY, life, added, columnOf(queries, entry));
    addParts(queries, { life, kind: "entry", revision: added }, entry);
  }
}

function setHead(queries: Queries, before: JobRecord, head: AppendHead): void {
  const known = toHeadRow(before);
  const changes = Object.entries(toHeadRow(head)).filter(([column, value]) => known[column] !== value);
  const released = head.releases ? [["owner", null], ["incarnation", null]] as const : [];
  const all = [...changes, ...released];
  if (all.length === 0) return;
  queries.run(sql.setColumns(all.map(([column]) => column)), ...all.map(([, value]) => value), before.life);
}
