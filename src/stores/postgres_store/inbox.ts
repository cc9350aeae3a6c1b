import { hashText } from "../../base/text_hash.ts";
import type {
  CommandOutcome,
  CommandsAnswer,
  InboxAnswer,
  Incarnation,
  JobLife,
  NewCommand,
  SendAnswer,
  StoredCommand,
} from "../../ports/store.ts";
import type { PostgresRow } from "./client.ts";
import { isDuplicate } from "./errors.ts";
import type { Queries } from "./queries.ts";
import { TIME, toCommand } from "./rows.ts";
import { toColumn } from "./text.ts";
import { isNull, numberOf, optionalText, textOf, toNumber } from "./values.ts";

/** Whether a command in the inbox lets a job go on that has ended. */
const IS_REOPENED =
  "EXISTS (SELECT FROM routilux.commands r WHERE r.life = j.life AND r.used_at IS NULL AND r.reopens)";

/**
 * Adds a command, unless something is against it, and forgets keys that were consumed long ago: time, id, life or NULL, key, hash, text,
 * whether it reopens, room, retention. Commands are consumed in order, so the first that must be remembered ends the search.
 */
const SEND = `WITH ${TIME}, sent AS (
    UPDATE routilux.jobs j SET sent = j.sent + 1
    WHERE j.job_id = $2::text AND j.life = coalesce($3::text::bigint, j.life)
      AND (j.ended_at IS NULL OR $7::text = '1' OR ${IS_REOPENED}) AND j.sent - j.consumed < $8::text::float8
      AND NOT EXISTS (SELECT FROM routilux.commands c WHERE c.life = j.life AND c.key = $4::text)
    RETURNING j.life, j.sent, j.consumed
  ), added AS (
    INSERT INTO routilux.commands (life, sequence, key, hash, text, reopens)
    SELECT life, sent, $4::text, $5::text, $6::text, $7::text = '1' FROM sent
  ), forgotten AS (
    DELETE FROM routilux.commands c USING sent, t WHERE sent.consumed > 0 AND c.life = sent.life AND c.sequence < coalesce(
      (SELECT o.sequence FROM routilux.commands o
        WHERE o.life = sent.life AND (o.used_at IS NULL OR o.used_at > t.now - $9::text::float8) ORDER BY o.sequence LIMIT 1),
      sent.sent)
  )
  SELECT life FROM sent`;

/** Returns what is against a command: id, life or NULL, key. */
const AGAINST =
  `SELECT j.ended_at IS NOT NULL AND NOT ${IS_REOPENED} AS is_ended, j.sent, j.consumed, c.hash FROM routilux.jobs j
  LEFT JOIN routilux.commands c ON c.life = j.life AND c.key = $3::text
  WHERE j.job_id = $1::text AND j.life = coalesce($2::text::bigint, j.life)`;

/** Returns what has become of a command: id, life or NULL, key. */
const OUTCOME = `SELECT c.used_at IS NOT NULL AS is_used, c.reason FROM routilux.jobs j
  JOIN routilux.commands c ON c.life = j.life AND c.key = $3::text
  WHERE j.job_id = $1::text AND j.life = coalesce($2::text::bigint, j.life)`;

/** Returns the commands of a job that are not consumed, in order: time, life, sequence. */
const INBOX = `WITH ${TIME} SELECT t.now, c.sequence, c.key, c.text FROM t
  LEFT JOIN routilux.commands c ON c.life = $2::text::bigint AND c.used_at IS NULL AND c.sequence > $3::text::float8
  ORDER BY c.sequence`;

/** Returns the commands of all jobs of an incarnation that are not consumed: time, owner, incarnation. */
const COMMANDS = `WITH ${TIME} SELECT t.now, j.life, j.job_id, c.sequence, c.key, c.text FROM t
  LEFT JOIN routilux.jobs j ON j.holder = $3::text::bigint AND j.reason = 2 AND j.owner = $2::text
  LEFT JOIN routilux.commands c ON c.life = j.life AND c.used_at IS NULL
  ORDER BY j.life, c.sequence`;

/** Adds a command to a job's inbox. */
export async function sendCommand(
  queries: Queries,
  { jobId, life }: { readonly jobId: string; readonly life?: number | undefined },
  { key, text, reopens, now, keyRetentionMs, room }: NewCommand,
): Promise<SendAnswer> {
  const hash = hashText(text);
  for (;;) {
    try {
      const sent = await queries.rows(
        SEND,
        queries.now(now),
        toColumn(jobId),
        toNumber(life),
        toColumn(key),
        hash,
        toColumn(text),
        reopens ? "1" : "0",
        toNumber(room),
        toNumber(keyRetentionMs),
      );
      if (sent.length > 0) return "stored";
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
    const [row] = await queries.rows(AGAINST, toColumn(jobId), toNumber(life), toColumn(key));
    if (row === undefined) return "unknown";
    const known = optionalText(row, "hash");
    if (known !== undefined) return known === hash ? "known" : "differs";
    if (row["is_ended"] === true && !reopens) return "ended";
    if (numberOf(row, "sent") - numberOf(row, "consumed") >= room) return "full";
    // What was against it is gone: once more.
  }
}

/** What has become of the command of a key. */
export async function outcomeIn(
  queries: Queries,
  { jobId, life }: { readonly jobId: string; readonly life?: number | undefined },
  key: string,
): Promise<CommandOutcome | undefined> {
  const [row] = await queries.rows(OUTCOME, toColumn(jobId), toNumber(life), toColumn(key));
  if (row === undefined) return undefined;
  if (row["is_used"] !== true) return { status: "stored" };
  const reason = optionalText(row, "reason");
  return reason === undefined ? { status: "done" } : { status: "refused", reason };
}

/** The commands of a job that are not consumed, after a sequence. */
export async function inboxOf(queries: Queries, { life }: JobLife, after: number, now: number): Promise<InboxAnswer> {
  const rows = await queries.rows(INBOX, queries.now(now), toNumber(life), toNumber(after));
  return { now: timeOf(rows), commands: commandsIn(rows) };
}

/** The commands of all jobs of an incarnation that are not consumed. */
export async function commandsOf(
  queries: Queries,
  { owner, incarnation }: Incarnation,
  now: number,
): Promise<CommandsAnswer> {
  const rows = await queries.rows(COMMANDS, queries.now(now), toColumn(owner), toNumber(incarnation));
  const jobs = new Map<number, { jobId: string; life: number; commands: StoredCommand[] }>();
  for (const row of rows) {
    if (isNull(row["sequence"])) continue;
    const life = numberOf(row, "life");
    const job = jobs.get(life) ?? { jobId: textOf(row, "job_id"), life, commands: [] };
    job.commands.push(toCommand(row));
    jobs.set(life, job);
  }
  return { now: timeOf(rows), jobs: [...jobs.values()] };
}

function timeOf([row = {}]: readonly PostgresRow[]): number {
  return numberOf(row, "now");
}

function commandsIn(rows: readonly PostgresRow[]): StoredCommand[] {
  return rows.filter((row) => !isNull(row["sequence"])).map(toCommand);
}
