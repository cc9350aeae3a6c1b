import type { KvClient, KvKey, KvSelector } from "./client.ts";
import { commitFreely } from "./commit.ts";
import type { Keys, TextKind } from "./keys.ts";

/** A text within a value: the text itself, or a reference to its parts, which have their own keys. */
export type StoredText = string | {
  readonly id: string;
  readonly kind: TextKind;
  readonly label: number;
  readonly parts: number;
};

/** The part of a Deno KV database that holds the store. */
export interface KvSpace {
  /** The client. */
  readonly kv: KvClient;
  /** The key layout. */
  readonly keys: Keys;
}

/** Deno KV allows values of 65,536 bytes, and a UTF-16 code unit takes up to two. */
const PART_LENGTH = 32_000;
/** Deno KV allows 819,200 bytes in a group of writes. */
const PARTS_AT_ONCE = 12;
/** Deno KV allows 1,000 writes in a group, and 81,920 bytes of keys. */
const DELETIONS_AT_ONCE = 200;

/** Whether a text must be stored in parts. */
export function isLong(text: string): boolean {
  return text.length > PART_LENGTH;
}

/** Prepares a text for a value. The parts of a long text are stored immediately; nothing refers to them yet. */
export async function prepareText(
  { kv, keys }: KvSpace,
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

/** Reads a text; `undefined` when some of its parts are missing. */
export async function readText({ kv, keys }: KvSpace, life: string, stored: StoredText): Promise<string | undefined> {
  if (typeof stored === "string") return stored;
  const { id, kind, label, parts } = stored;
  const texts: string[] = [];
  for await (const { value } of kv.list<string>({ prefix: keys.part(life, kind, label, id) })) texts.push(value ?? "");
  return texts.length === parts ? texts.join("") : undefined;
}

/** The id of a text that is stored in parts. */
export function idOf(stored: StoredText): string | undefined {
  return typeof stored === "string" ? undefined : stored.id;
}

/** Removes the parts of a text that nothing refers to. */
export async function dropText({ kv, keys }: KvSpace, life: string, stored: StoredText): Promise<void> {
  if (typeof stored === "string") return;
  const { id, kind, label, parts } = stored;
  await deleteKeys(kv, Array.from({ length: parts }, (_, part) => keys.part(life, kind, label, id, part)));
}

/** Removes the keys that a selector finds and `isMeant` accepts. */
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
