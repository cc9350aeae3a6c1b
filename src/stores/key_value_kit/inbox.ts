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
import type { Put } from "./client.ts";
import { marksAt } from "./marks.ts";
import { trimLog } from "./log.ts";
import { LAST } from "./names.ts";
import { forget, type Note, noteKey, parseRefusal, removeRefusals } from "./notes.ts";
import { dataOf, type Located } from "./records.ts";
import { chunksOf, marksBetween } from "./scan.ts";
import type { Space } from "./space.ts";
import type { JobState } from "./state.ts";
import { quietly } from "./values.ts";

/** Adds a command to a job's inbox, once per key. */
export async function sendCommand(
  space: Space,
  { jobId, life }: { readonly jobId: string; readonly life?: number | undefined },
  { key, text, reopens, now, keyRetentionMs, room }: NewCommand,
): Promise<SendAnswer> {
  const { records, logs, recent } = space;
  for (;;) {
    const located = await records.find(jobId, life);
    const hash = located === undefined
      ? undefined
      : await records.read(located, (it) => hashSent(space, it, key, now - keyRetentionMs));
    if (located === undefined) return "unknown";
    if (hash !== undefined) return hash === hashText(text) ? "known" : "differs";
    const { name, state } = located;
    const { record } = state;
    const isReopened = record.endedAt === undefined || reopens ||
      await records.read(located, (it) => isReopening(space, it));
    if (!isReopened) return "ended";
    if (record.sent - record.consumed >= room) return "full";
    const { result: inbox, puts } = logs.add(state.inbox, `${dataOf(record.life)}/c`, [
      JSON.stringify([key, text, reopens]),
    ]);
    const forgets = state.forgotAt + keyRetentionMs <= now;
    const outdated = forgets ? await forget(space, located, now - keyRetentionMs) : 0;
    const next = {
      ...{ ...state, record: { ...record, sent: record.sent + 1 }, inbox },
      ...{ refusals: trimLog(state.refusals, outdated), forgotAt: forgets ? now : state.forgotAt },
    };
    const sent = await records.swing(name, located, next, { puts, isNews: true });
    if (sent === undefined) continue;
    if (recent.take(jobId) !== undefined) recent.put(sent);
    if (outdated > 0) await quietly(() => removeRefusals(space, record.life, outdated));
    return "stored";
  }
}

/** Whether a job has a command that reopens it. */
async function isReopening({ logs }: Space, { state }: Located<JobState>): Promise<boolean> {
  const texts = await logs.read(state.inbox, state.record.consumed);
  return texts.some((it) => {
    const [, , reopens]: [string, string, boolean] = JSON.parse(it);
    return reopens;
  });
}

/** Reads the commands in a job's inbox with a sequence above `after`. */
export async function readCommands(
  { logs }: Space,
  { state }: Located<JobState>,
  after: number,
): Promise<StoredCommand[]> {
  const first = Math.max(after, state.record.consumed);
  const texts = await logs.read(state.inbox, first);
  return texts.map((it, index) => {
    const [key, text]: [string, string] = JSON.parse(it);
    return { sequence: first + index + 1, key, text };
  });
}

/** Reads the commands that are not consumed, of all jobs that an incarnation has claimed: only jobs with such commands are read. */
export async function commandsOf(space: Space, owner: Incarnation): Promise<CommandsAnswer["jobs"]> {
  const { client, records } = space;
  const start = marksAt("unread");
  const names = await client.names(start);
  const jobs: CommandsAnswer["jobs"][number][] = [];
  for await (const marks of chunksOf(marksBetween(names, start, start + LAST))) {
    for (const first of await records.marked("unread", marks)) {
      const { jobId, life, owner: name, incarnation } = first.state.record;
      if (name !== owner.owner || incarnation !== owner.incarnation) continue;
      const commands = await records.read(first, (it) => readCommands(space, it, 0)) ?? [];
      if (commands.length > 0) jobs.push({ jobId, life, commands });
    }
  }
  return jobs;
}

/** The notes of the commands that an append consumes. */
export async function notesOf(space: Space, located: Located<JobState>, consumed: number, at: number): Promise<Put[]> {
  const { life } = located.state.record;
  const commands = await readCommands(space, located, 0);
  return await Promise.all(
    commands.filter(({ sequence }) => sequence <= consumed).map(async ({ sequence, key, text }): Promise<Put> => {
      const note: Note = { sequence, hash: hashText(text), usedAt: at };
      return [await noteKey(life, key), JSON.stringify(note)];
    }),
  );
}

/** Returns the hash of the command that was sent with a key; `undefined` when there is none, or it was used before an instant. */
async function hashSent(
  space: Space,
  located: Located<JobState>,
  key: string,
  usedAfter: number,
): Promise<string | undefined> {
  const { life, consumed } = located.state.record;
  const unread = (await readCommands(space, located, 0)).find((it) => it.key === key);
  if (unread !== undefined) return hashText(unread.text);
  const entry = await space.client.get(await noteKey(life, key));
  if (entry === undefined) return undefined;
  const { sequence, hash, usedAt }: Note = JSON.parse(entry.value);
  // An append that was not made has left a note of a command that was not consumed.
  return sequence <= consumed && usedAt > usedAfter ? hash : undefined;
}

/** Returns what has become of the command that was sent with a key. */
export async function outcomeFor(
  space: Space,
  located: Located<JobState>,
  key: string,
): Promise<CommandOutcome | undefined> {
  const { record, refusals } = located.state;
  if ((await readCommands(space, located, 0)).some((it) => it.key === key)) return { status: "stored" };
  const entry = await space.client.get(await noteKey(record.life, key));
  if (entry === undefined) return undefined;
  const { sequence }: Note = JSON.parse(entry.value);
  // It was consumed after the job was read, or by an append that was not made.
  if (sequence > record.consumed) return undefined;
  const refused = (await space.logs.read(refusals, 0)).map(parseRefusal).find((it) => it.sequence === sequence);
  return outcomeOf(record, sequence, refused?.reason);
}
