import type { AppendHead, Refusal } from "../../ports/store.ts";
import { type KeptRecord, refusalsIn } from "../../ports/store_kit.ts";
import { LAST, nameOf, numberName } from "./names.ts";
import { dataOf, type Located } from "./records.ts";
import { chunksOf } from "./scan.ts";
import type { Space } from "./space.ts";
import type { JobState } from "./state.ts";

/** What is remembered of a command after it was consumed, under its key. */
export interface Note {
  readonly sequence: number;
  readonly hash: string;
  readonly usedAt: number;
}

/** The key of the note of a command that was sent with a key. */
export async function noteKey(life: number, key: string): Promise<string> {
  return `${dataOf(life)}/k/${await nameOf(key)}`;
}

/** The refusals of an append, as their log has them. */
export function refusalTexts(before: KeptRecord, head: AppendHead): string[] {
  return Array.from(refusalsIn(before, head), ([sequence, reason]) => JSON.stringify([sequence, head.at, reason]));
}

/**
 * Removes the notes of commands that were consumed before an instant, and returns the number of the last refusal of these: none, where
 * that has failed, because a command with a note and no refusal counts as done.
 */
export async function forget(space: Space, located: Located<JobState>, usedAfter: number): Promise<number> {
  const { client, records, logs } = space;
  const { record: { life }, refusals: { last } } = located.state;
  try {
    const start = `${dataOf(life)}/k/`;
    const names = await client.names(start);
    for await (const keys of chunksOf(names(start, start + LAST))) {
      for (const [index, entry] of (await client.getAll(keys)).entries()) {
        if (entry === undefined) continue;
        const { usedAt }: Note = JSON.parse(entry.value);
        if (usedAt <= usedAfter) await client.removeAt(keys[index] ?? "", entry.version);
      }
    }
    const texts = await records.read(located, ({ state }) => logs.read(state.refusals, 0)) ?? [];
    const kept = texts.findIndex((text) => parseRefusal(text).at > usedAfter);
    return last - (kept < 0 ? 0 : texts.length - kept);
  } catch {
    return 0;
  }
}

/** Removes the values of refusals up to a number. */
export async function removeRefusals({ client }: Space, life: number, upTo: number): Promise<void> {
  const start = `${dataOf(life)}/r/`;
  const names = await client.names(start);
  for await (const keys of chunksOf(names(start, `${start}${numberName(upTo)}${LAST}`))) await client.remove(keys);
}

/** Reads a refusal, and when its command was consumed. */
export function parseRefusal(text: string): Refusal & { readonly at: number } {
  const [sequence, at, reason]: [number, number, string] = JSON.parse(text);
  return { sequence, at, reason };
}
