import { hashText } from "../../base/text_hash.ts";
import type {
  AppendHead,
  CommandOutcome,
  CommandsAnswer,
  Incarnation,
  JobLife,
  NewCommand,
  SendAnswer,
  StoredCommand,
} from "../../ports/store.ts";
import { isOwnedBy, type KeptRecord, outcomeOf, refusalsIn } from "../../ports/store_kit.ts";
import { LAST, type Tables } from "./database.ts";
import { findLife } from "./jobs.ts";
import { claimedBy, type CommandRow, type JobRow, toRow } from "./rows.ts";

/** How many keys are looked at at once, whether they may be forgotten. */
const CHUNK = 20;

interface Addressee {
  readonly jobId: string;
  readonly life?: number | undefined;
}

/** Adds a command to a job's inbox. */
export async function send(tables: Tables, job: Addressee, command: NewCommand): Promise<SendAnswer> {
  const row = await findLife(tables, job);
  if (row === undefined) return "unknown";
  const { record } = row;
  const { life, consumed, endedAt } = record;
  const { key, text, reopens, now, keyRetentionMs, room } = command;
  const hash = hashText(text);
  const known = await tables.commands.getBy("key", [life, key]);
  if (known !== undefined) return known.hash === hash ? "known" : "differs";
  const unread = await tables.commands.between([life, consumed], [life, LAST]);
  if (endedAt !== undefined && !reopens && !unread.some((it) => it.reopens)) return "ended";
  if (unread.length >= room) return "full";
  await forget(tables, record, now - keyRetentionMs);
  const sequence = record.sent + 1;
  tables.commands.put({ life, sequence, key, hash, reopens, text, usedAt: undefined, refusal: undefined });
  tables.jobs.put(toRow({ ...record, sent: sequence }, row.token));
  return "stored";
}

/** Forgets keys whose commands were consumed until an instant. They are consumed in order, so the first that stays ends the search. */
async function forget({ commands }: Tables, { life, consumed }: KeptRecord, until: number): Promise<void> {
  for (let from = 0; from < consumed;) {
    const rows = await commands.between([life, from], [life, consumed], CHUNK);
    for (const { sequence, usedAt = Infinity } of rows) {
      if (usedAt > until) return;
      commands.delete([life, sequence]);
      from = sequence;
    }
    if (rows.length < CHUNK) return;
  }
}

/** Remembers of the commands that a head consumes when that was, and why some could not be carried out. */
export async function consume({ commands }: Tables, before: KeptRecord, head: AppendHead): Promise<void> {
  const { life, consumed } = before;
  if (head.consumed <= consumed) return;
  const refusals = refusalsIn(before, head);
  for (const row of await commands.between([life, consumed], [life, head.consumed])) {
    commands.put({ ...row, text: undefined, usedAt: head.at, refusal: refusals.get(row.sequence) });
  }
}

/** What has become of the command of a key. */
export async function outcome(tables: Tables, job: Addressee, key: string): Promise<CommandOutcome | undefined> {
  const row = await findLife(tables, job);
  const sent = row && await tables.commands.getBy("key", [row.record.life, key]);
  return row && sent && outcomeOf(row.record, sent.sequence, sent.refusal);
}

/** The commands of a job that are not consumed, after a sequence. */
export async function inboxOf(tables: Tables, job: JobLife, after: number): Promise<readonly StoredCommand[]> {
  const row = await findLife(tables, job);
  return row === undefined ? [] : await unreadOf(tables, row.record, after);
}

/** The commands of all jobs of an incarnation that are not consumed. */
export async function commandsOf(tables: Tables, owner: Incarnation): Promise<CommandsAnswer["jobs"]> {
  const rows = await claimed(tables, owner, true);
  return await Promise.all(rows.map(async ({ jobId, record }) => {
    const { life } = record;
    return { jobId, life, commands: await unreadOf(tables, record, 0) };
  }));
}

/** The jobs that an incarnation has claimed: all, or those with commands. */
export async function claimed(
  tables: Tables,
  owner: Incarnation,
  isWithCommands: boolean,
): Promise<readonly JobRow[]> {
  const from = claimedBy(owner.incarnation, isWithCommands);
  const rows = await tables.jobs.betweenBy("due", from, [...from, LAST]);
  return rows.filter(({ record }) => isOwnedBy(record, owner));
}

async function unreadOf({ commands }: Tables, record: KeptRecord, after: number): Promise<readonly StoredCommand[]> {
  const { life, consumed } = record;
  const rows = await commands.between([life, Math.max(after, consumed)], [life, LAST]);
  return rows.flatMap(toCommand);
}

function toCommand({ sequence, key, text }: CommandRow): readonly StoredCommand[] {
  return text === undefined ? [] : [{ sequence, key, text }];
}
