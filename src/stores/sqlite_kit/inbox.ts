import { hashText } from "../../base/text_hash.ts";
import type {
  CommandOutcome,
  CommandsAnswer,
  Incarnation,
  NewCommand,
  SendAnswer,
  StoredCommand,
} from "../../ports/store.ts";
import { outcomeOf } from "../../ports/store_kit.ts";
import type { Queries, Row } from "./queries.ts";
import { findJob } from "./jobs.ts";
import { addParts, columnOf, textOf } from "./parts.ts";
import { optional } from "./rows.ts";
import * as sql from "./statements.ts";
import { fromColumn, toColumn } from "./text.ts";

/** Adds a command to a job's inbox. */
export function addCommand(
  queries: Queries,
  job: { readonly jobId: string; readonly life?: number | undefined },
  { key, text, reopens, now, keyRetentionMs, room }: NewCommand,
): SendAnswer {
  const record = findJob(queries, job.jobId);
  if (record === undefined || (job.life !== undefined && job.life !== record.life)) return "unknown";
  const { life, endedAt, sent, consumed } = record;
  const hash = hashText(text);
  const known = queries.get(sql.FIND_KEY, life, toColumn(key));
  if (known !== undefined) return known["hash"] === hash ? "known" : "differs";
  const isReopened = endedAt === undefined || reopens || queries.get(sql.REOPENING, life, consumed) !== undefined;
  if (!isReopened) return "ended";
  if (sent - consumed >= room) return "full";
  if (consumed > 0) queries.run(sql.FORGET_KEYS, life, now - keyRetentionMs);
  const sequence = sent + 1;
  queries.run(sql.ADD_COMMAND, life, sequence, toColumn(key), hash, columnOf(queries, text), reopens ? 1 : 0);
  addParts(queries, { life, kind: "command", revision: sequence }, text);
  queries.run(sql.setColumns(["sent"]), sequence, life);
  return "stored";
}

/** What has become of the command that was sent with a key. */
export function outcomeFor(
  queries: Queries,
  job: { readonly jobId: string; readonly life?: number | undefined },
  key: string,
): CommandOutcome | undefined {
  const record = findJob(queries, job.jobId);
  if (record === undefined || (job.life !== undefined && job.life !== record.life)) return undefined;
  const row = queries.get(sql.FIND_COMMAND, record.life, toColumn(key));
  return row && outcomeOf(record, Number(row["sequence"]), optional(row["refusal"], fromColumn));
}

/** The commands of a job that are not consumed, after a sequence. */
export function commandsAfter(queries: Queries, life: number, after: number): StoredCommand[] {
  return queries.all(sql.COMMANDS, life, after).map((row) => toCommand(queries, life, row));
}

/** The commands that are not consumed, of all jobs that an incarnation has claimed. */
export function commandsOf(queries: Queries, { owner, incarnation }: Incarnation): CommandsAnswer["jobs"] {
  return queries.all(sql.ADDRESSED, incarnation, toColumn(owner)).map((row) => {
    const life = Number(row["life"]);
    return { jobId: fromColumn(row["job_id"]), life, commands: commandsAfter(queries, life, 0) };
  });
}

function toCommand(queries: Queries, life: number, row: Row): StoredCommand {
  const sequence = Number(row["sequence"]);
  const text = textOf(queries, { life, kind: "command", revision: sequence }, row["text"]);
  return { sequence, key: fromColumn(row["key"]), text };
}
