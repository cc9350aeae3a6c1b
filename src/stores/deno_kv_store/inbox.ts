import type { StoredCommand } from "../../ports/store.ts";
import { LAST } from "./client.ts";
import { commit } from "./commit.ts";
import { AGAIN, findJob, retry } from "./heads.ts";
import { partsOf } from "./keys.ts";
import { tidy } from "./lives.ts";
import { dropText, type KvSpace, prepareText, readText, type StoredText } from "./texts.ts";

/** Adds a command to a job's inbox, once per key. Returns false when the job does not exist. */
export async function sendCommand(space: KvSpace, jobId: string, command: string, key: string): Promise<boolean> {
  const { kv, keys } = space;
  const id = await partsOf(jobId);
  const parts = await partsOf(key);
  return await retry(`Cannot send to job "${jobId}"`, async () => {
    const job = await findJob(space, id);
    if (job === undefined) return false;
    const { life } = job.head;
    const [count, used] = [keys.inbox(life), keys.commandKey(life, parts)];
    const [inbox, other] = await kv.getMany<[number, string]>([count, used]);
    if (inbox.value === null) return AGAIN;
    if (other.value !== null) return true;
    const sequence = inbox.value + 1;
    const text = await prepareText(space, life, "command", 0, JSON.stringify([key, command]));
    const write = crypto.randomUUID();
    const atomic = kv.atomic()
      .check({ key: count, versionstamp: inbox.versionstamp })
      .check({ key: used, versionstamp: null })
      .set(count, sequence)
      .set(used, write)
      .set(keys.command(life, sequence), text)
      .set(keys.mail(id), 0);
    const isMade = await commit(atomic, async () => (await kv.get<string>(used)).value === write);
    if (!isMade) await tidy(() => dropText(space, life, text));
    return isMade ? true : AGAIN;
  });
}

/** Reads the commands in a job's inbox with a sequence above `after`. */
export async function readCommands(space: KvSpace, jobId: string, after: number): Promise<StoredCommand[]> {
  const { kv, keys } = space;
  const id = await partsOf(jobId);
  return await retry(`Cannot read the inbox of job "${jobId}"`, async () => {
    const job = await findJob(space, id);
    if (job === undefined) return [];
    const { life } = job.head;
    const commands: StoredCommand[] = [];
    const between = { start: keys.command(life, after + 1), end: [...keys.command(life), LAST] };
    for await (const { key: at, value } of kv.list<StoredText>(between)) {
      const json = value === null ? undefined : await readText(space, life, value);
      if (json === undefined) return AGAIN;
      const [key, text]: [string, string] = JSON.parse(json);
      commands.push({ sequence: Number(at.at(-1)), key, text });
    }
    return commands;
  });
}
