import type { KvKey, KvKeyPart } from "./client.ts";

/** Deno KV allows keys of 2,048 bytes. */
const LONGEST = 100;

/** The kind of text that is stored in parts. */
export type TextKind = "flow" | "snapshot" | "entry" | "head" | "command";

/**
 * Encodes any text as parts of a key, injectively: the text itself or, if it is too long or not well-formed, its
 * beginning and a hash.
 */
export async function partsOf(text: string): Promise<KvKeyPart[]> {
  if (text.length <= LONGEST && text.isWellFormed()) return [text];
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(text)));
  return [text.slice(0, LONGEST).toWellFormed(), new Uint8Array(hash)];
}

/**
 * The key layout. Index keys contain a job's id; the keys of a job's data contain its life, which is another one when a
 * job of the same id is created again.
 */
export class Keys {
  readonly #prefix: KvKey;

  /** Makes the keys below a prefix. */
  constructor(prefix: KvKey) {
    this.#prefix = prefix;
  }

  /** The head of a job. */
  head(id: KvKey): KvKey {
    return [...this.#prefix, "job", ...id];
  }

  /** Index of jobs by creation time; without an id, the beginning of the keys of that time. */
  age(createdAt?: number, id: KvKey = []): KvKey {
    return [...this.#prefix, "age", ...createdAt === undefined ? [] : [createdAt], ...id];
  }

  /** Index of jobs by `wakeAt`. */
  wake(wakeAt?: number, id: KvKey = []): KvKey {
    return [...this.#prefix, "wake", ...wakeAt === undefined ? [] : [wakeAt], ...id];
  }

  /** Index of jobs by owner. */
  owner(owner: KvKey, id: KvKey = []): KvKey {
    return [...this.#prefix, "owner", ...owner, ...id];
  }

  /** Index of jobs with unconsumed commands. */
  mail(id: KvKey = []): KvKey {
    return [...this.#prefix, "mail", ...id];
  }

  /** Lives that are being created, by job id. */
  making(id: KvKey, life?: string): KvKey {
    return [...this.#prefix, "making", ...id, ...life === undefined ? [] : [life]];
  }

  /** Lives that have ended and are being removed. */
  ended(life?: string): KvKey {
    return [...this.#prefix, "ended", ...life === undefined ? [] : [life]];
  }

  /** All data of a life. */
  life(life: string): KvKey {
    return [...this.#prefix, "life", life];
  }

  /** The flow's document. */
  flow(life: string): KvKey {
    return [...this.life(life), "flow"];
  }

  /** The snapshot. */
  snapshot(life: string): KvKey {
    return [...this.life(life), "snapshot"];
  }

  /** The entries of an append, by the revision after it. */
  entries(life: string, revision?: number): KvKey {
    return [...this.life(life), "entries", ...revision === undefined ? [] : [revision]];
  }

  /** The number of commands. */
  inbox(life: string): KvKey {
    return [...this.life(life), "inbox"];
  }

  /** The commands. */
  command(life: string, sequence?: number): KvKey {
    return [...this.life(life), "command", ...sequence === undefined ? [] : [sequence]];
  }

  /** The keys of commands that have been used. */
  commandKey(life: string, key: KvKey): KvKey {
    return [...this.life(life), "key", ...key];
  }

  /** The parts of long texts. Parts of snapshots, entries and heads carry the revision that they were written for. */
  part(life: string, kind: TextKind, ...more: KvKeyPart[]): KvKey {
    return [...this.life(life), "part", kind, ...more];
  }
}
