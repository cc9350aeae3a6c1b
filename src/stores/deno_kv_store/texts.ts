import type { KvClient, KvKey, KvSelector } from "./client.ts";
import { commitFreely } from "./commit.ts";
import type { Keys, TextKind } from "./keys.ts";

/** A text as it stands in a value: whole, or in parts under keys of their own. */
export type StoredText = string | {
  readonly id: string;
  readonly kind: TextKind;
  readonly label: number;
  readonly parts: number;
};

/** What the functions of the store work with. */
export interface Place {
  /** The client. */
  readonly kv: KvClient;
  /** Where everything is. */
  readonly keys: Keys;
}

/** Values take 65,536 bytes, and a character up to two. */
const PART_LENGTH = 32_000;
/** A group of writes takes 819,200 bytes. */
const PARTS_AT_ONCE = 12;
/** A group of writes takes 1,000 of them, and 81,920 bytes of keys. */
const DELETIONS_AT_ONCE = 200;

/** Whether a text is stored in parts. */
export function isLong(text: string): boolean {
  return text.length > PART_LENGTH;
}

/** Makes a text ready to be set as a value. The parts of a long one are stored at once, where nobody looks for them yet. */
export async function prepareText(
  { kv, keys }: Place,
  life: string,
  kind: TextKind,
  label: number,
  text: string,
): Promise<StoredText> {
  if (!isLong(text)) return text;
  const id = crypto.randomUUID();
  const parts = Math.ceil(text.length / PART_LENGTH);
  for (let first = 0; first < parts; first += PARTS_AT_ONCE) {
    const atomic = kv.atomic();
    for (let part = first; part < Math.min(first + PARTS_AT_ONCE, parts); part++) {
      atomic.set(keys.part(life, kind, label, id, part), text.slice(part * PART_LENGTH, (part + 1) * PART_LENGTH));
    }
    await commitFreely(atomic);
  }
  return { id, kind, label, parts };
}

/** Reads a text; `undefined` when parts of it are gone. */
export async function readText({ kv, keys }: Place, life: string, stored: StoredText): Promise<string | undefined> {
  if (typeof stored === "string") return stored;
  const { id, kind, label, parts } = stored;
  const texts: string[] = [];
  for await (const { value } of kv.list<string>({ prefix: keys.part(life, kind, label, id) })) texts.push(value ?? "");
  return texts.length === parts ? texts.join("") : undefined;
}

/** The id of a text in parts. */
export function idOf(stored: StoredText): string | undefined {
  return typeof stored === "string" ? undefined : stored.id;
}

/** Removes the parts of a text that nobody will look for. */
export async function dropText({ kv, keys }: Place, life: string, stored: StoredText): Promise<void> {
  if (typeof stored === "string") return;
  const { id, kind, label, parts } = stored;
  await deleteKeys(kv, Array.from({ length: parts }, (_, part) => keys.part(life, kind, label, id, part)));
}

/** Removes the entries that a selector finds, and that are meant. */
export async function deleteAll(kv: KvClient, selector: KvSelector, isMeant = (_key: KvKey) => true): Promise<void> {
  const found: KvKey[] = [];
  for await (const { key } of kv.list(selector)) if (isMeant(key)) found.push(key);
  await deleteKeys(kv, found);
}

async function deleteKeys(kv: KvClient, keys: readonly KvKey[]): Promise<void> {
  for (let first = 0; first < keys.length; first += DELETIONS_AT_ONCE) {
    const atomic = kv.atomic();
    for (const key of keys.slice(first, first + DELETIONS_AT_ONCE)) atomic.delete(key);
    await commitFreely(atomic);
  }
}
