import { FencedError } from "../../base/errors.ts";
import type { AppendHead, JobClaim, JobLife, ReplacedFlow } from "../../ports/store.ts";
import type { PostgresRow } from "./client.ts";
import { findJob, flowNumber, type FlowNumbers, withFlows } from "./jobs.ts";
import type { Queries, Statements } from "./queries.ts";
import { DUE_AT, SERVER_TIME } from "./rows.ts";
import { toColumn } from "./text.ts";
import { isNull, numberOf, optionalNumber, toNumber, toNumbers, toTexts } from "./values.ts";

/** One append. */
export interface Append {
  readonly claim: JobClaim;
  readonly expectedRevision: number;
  readonly entries: readonly string[];
  readonly head: AppendHead | undefined;
}

/** What has become of an append. */
export type AppendAnswer = "stored" | "unread" | FencedError;

/**
 * Appends to any number of jobs, and returns those that are written: lists of lives, epochs, expected revisions, numbers of entries,
 * whether there is a head, whether it releases, its status, due time, end, consumed command and time; lists of the entries' lives,
 * revisions and texts; lists of the lives and numbers of commands that could not be carried out, and why; whether each job is due at once. Who is missing from the answer was refused. The condition is looked at again by PostgreSQL when somebody else has
 * changed the row meanwhile.
 */
const APPEND = `WITH input AS (
    SELECT * FROM unnest($1::text::bigint[], $2::text::bigint[], $3::text::bigint[], $4::text::integer[],
      $5::text::integer[], $6::text::integer[], $7::text::text[], $8::text::float8[], $9::text::float8[],
      $10::text::integer[], $11::text::float8[], $18::text::integer[])
    AS i (life, epoch, expected, count, has_head, releases, status, due_at, ended_at, consumed, at, is_due)
  ), written AS (
    UPDATE routilux.jobs j SET
      revision = j.revision + i.count,
      status = CASE i.has_head WHEN 1 THEN i.status ELSE j.status END,
      due_at = CASE i.has_head WHEN 1 THEN ${DUE_AT} ELSE j.due_at END,
      ended_at = CASE i.has_head WHEN 1 THEN i.ended_at ELSE j.ended_at END,
      consumed = CASE i.has_head WHEN 1 THEN i.consumed ELSE j.consumed END,
      owner = CASE i.releases WHEN 1 THEN NULL ELSE j.owner END,
      incarnation = CASE i.releases WHEN 1 THEN NULL ELSE j.incarnation END
    FROM input i
    WHERE j.life = i.life AND j.epoch = i.epoch AND j.revision = i.expected
      AND (j.owner IS NOT NULL OR j.epoch = 0) AND NOT (i.ended_at IS NOT NULL AND j.ended_at IS NULL AND j.sent > i.consumed)
    RETURNING j.life, i.consumed, i.at
  ), added AS (
    INSERT INTO routilux.entries (life, revision, text)
    SELECT e.life, e.revision, e.text FROM unnest($12::text::bigint[], $13::text::integer[], $14::text::text[])
      AS e (life, revision, text) JOIN written w ON w.life = e.life
  ), used AS (
    UPDATE routilux.commands c SET text = '', used_at = coalesce(w.at, ${SERVER_TIME}),
      reason = (SELECT r.reason FROM unnest($15::text::bigint[], $16::text::bigint[], $17::text::text[])
        AS r (life, sequence, reason) WHERE r.life = c.life AND r.sequence = c.sequence LIMIT 1)
    FROM written w WHERE w.consumed > 0 AND c.life = w.life AND c.used_at IS NULL AND c.sequence <= w.consumed
  )
  SELECT life FROM written`;

/** Returns how jobs stand: lives. */
const STATES =
  `SELECT life, epoch, revision, owner, ended_at, sent FROM routilux.jobs WHERE life = ANY ($1::text::bigint[])`;

/** Replaces a job's snapshot, and drops the entries before it: life, revision, text. */
const COMPACT = `WITH compacted AS (
    UPDATE routilux.jobs SET snapshot_revision = $2::text::integer
    WHERE life = $1::text::bigint AND snapshot_revision < $2::text::integer AND revision >= $2::text::integer RETURNING life
  ), dropped AS (
    DELETE FROM routilux.entries e USING compacted WHERE e.life = compacted.life AND e.revision <= $2::text::integer
  )
  UPDATE routilux.documents d SET snapshot = $3::text FROM compacted WHERE d.life = compacted.life`;

/**
 * Replaces a job's flow and its snapshot, and drops its entries; returns its life, unless that was refused: life, epoch, expected
 * revision, number of the flow, snapshot.
 */
const REPLACE_FLOW = `WITH moved AS (
    UPDATE routilux.jobs SET flow = $4::text::bigint, snapshot_revision = revision
    WHERE life = $1::text::bigint AND epoch = $2::text::bigint AND revision = $3::text::integer AND (owner IS NOT NULL OR epoch = 0)
    RETURNING life
  ), dropped AS (
    DELETE FROM routilux.entries e USING moved WHERE e.life = moved.life AND e.revision <= $3::text::integer
  )
  UPDATE routilux.documents d SET snapshot = $5::text FROM moved WHERE d.life = moved.life RETURNING d.life`;

/**
 * Appends to jobs, each at most once, and says for each what has become of it.
 *
 * @throws what the client throws: then none of them is known to be stored
 */
export async function appendAll(queries: Statements, appends: readonly Append[]): Promise<readonly AppendAnswer[]> {
  // In one order wherever they come from, so that two statements do not wait for each other.
  const sorted = appends.toSorted((a, b) => a.claim.life - b.claim.life);
  const numbers = (valueOf: (append: Append) => number | undefined) => toNumbers(sorted.map(valueOf));
  const flags = (valueOf: (append: Append) => boolean) => toNumbers(sorted.map((it) => valueOf(it) ? 1 : 0));
  const entries = sorted.flatMap(({ claim: { life }, expectedRevision, entries }) =>
    entries.map((text, index) => ({ life, revision: expectedRevision + index + 1, text }))
  );
  const refused = sorted.flatMap(({ claim: { life }, head }) => (head?.refused ?? []).map((it) => ({ ...it, life })));
  const rows = await queries.rows(
    APPEND,
    numbers(({ claim }) => claim.life),
    numbers(({ claim }) => claim.epoch),
    numbers(({ expectedRevision }) => expectedRevision),
    numbers(({ entries }) => entries.length),
    flags(({ head }) => head !== undefined),
    flags(({ head }) => head?.releases === true),
    toTexts(sorted.map(({ head }) => head?.status)),
    numbers(({ head }) => head?.dueAt),
    numbers(({ head }) => head?.endedAt),
    numbers(({ head }) => head?.consumed),
    `{${sorted.map(({ head }) => head === undefined ? "NULL" : queries.now(head.at) ?? "NULL").join()}}`,
    toNumbers(entries.map(({ life }) => life)),
    toNumbers(entries.map(({ revision }) => revision)),
    toTexts(entries.map(({ text }) => text)),
    toNumbers(refused.map(({ life }) => life)),
    toNumbers(refused.map(({ sequence }) => sequence)),
    toTexts(refused.map(({ reason }) => reason)),
    flags(({ head }) => head !== undefined && queries.isDueAtOnce(head.dueAt, head.at)),
  );
  const written = new Set(rows.map((row) => numberOf(row, "life")));
  if (written.size === appends.length) return appends.map(() => "stored");
  const unwritten = appends.filter(({ claim }) => !written.has(claim.life));
  const states = await queries.rows(STATES, toNumbers(unwritten.map(({ claim }) => claim.life)));
  const stateOf = new Map(states.map((row) => [numberOf(row, "life"), row]));
  return appends.map((it) => written.has(it.claim.life) ? "stored" : refusalOf(it, stateOf.get(it.claim.life)));
}

/** Why an append was refused, given how its job stands after that. */
function refusalOf({ claim, expectedRevision, head }: Append, state: PostgresRow | undefined): "unread" | FencedError {
  const { jobId, epoch } = claim;
  if (state === undefined) return new FencedError(jobId, expectedRevision, undefined);
  const revision = numberOf(state, "revision");
  const isUnread = numberOf(state, "epoch") === epoch && revision === expectedRevision && head?.endedAt !== undefined &&
    (epoch === 0 || !isNull(state["owner"])) && optionalNumber(state, "ended_at") === undefined &&
    numberOf(state, "sent") > head.consumed;
  return isUnread ? "unread" : new FencedError(jobId, expectedRevision, revision);
}

/** Replaces a job's snapshot, and drops the entries before it. */
export async function compactJob(
  queries: Queries,
  { life }: JobLife,
  revision: number,
  snapshot: string,
): Promise<void> {
  await queries.rows(COMPACT, toNumber(life), toNumber(revision), toColumn(snapshot));
}

/**
 * Replaces a job's flow and its snapshot, and drops its entries.
 *
 * @throws {FencedError} when the claim or the revision is not the present one
 */
export async function replaceFlow(
  queries: Queries,
  flows: FlowNumbers,
  { jobId, life, epoch }: JobClaim,
  expectedRevision: number,
  { flow, flowHash, snapshot }: ReplacedFlow,
): Promise<void> {
  const record = await findJob(queries, jobId);
  const refuse = (revision: number | undefined): never => {
    throw new FencedError(jobId, expectedRevision, revision);
  };
  if (record?.life !== life) return refuse(undefined);
  const { flowId } = record;
  const rows = await withFlows(flows, async () => {
    const number = await flowNumber(queries, flows, { flowId, flowHash, flow });
    const numbers = [life, epoch, expectedRevision, number].map(toNumber);
    return await queries.rows(REPLACE_FLOW, ...numbers, toColumn(snapshot));
  });
  if (rows.length === 0) refuse((await findJob(queries, jobId))?.revision);
}
