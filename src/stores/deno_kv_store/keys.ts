import type { KvKey, KvKeyPart } from "./client.ts";

/** Keys take 2,048 bytes. */
const LONGEST = 100;

/** Which document a text that is stored in parts belongs to. */
export type TextKind = "flow" | "snapshot" | "entry" | "head" | "command";

/**
 * The parts of a key that stand for any text, and for no other: the text itself, or its beginning and a hash where it is too
 * long, or not well-formed.
 */
export async function partsOf(text: string): Promise<KvKeyPart[]> {
  if (text.length <= LONGEST && text.isWellFormed()) return [text];
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(text)));
  return [text.slice(0, LONGEST).toWellFormed(), new Uint8Array(hash)];
}

/**
 * Where everything is. What finds a job stands under its id; what belongs to it under its life, which is another one when a
 * job of the same id is created again.
 */
export class Keys {
  readonly #prefix: KvKey;

  /** Puts all keys below a prefix. */
  constructor(prefix: KvKey) {
    this.#prefix = prefix;
  }

  /** The head of a job. */
  head(id: KvKey): KvKey {
    return [...this.#prefix, "job", ...id];
  }

  /** The jobs by age; without an id, where those of an instant begin. */
  age(createdAt?: number, id: KvKey = []): KvKey {
    return [...this.#prefix, "age", ...createdAt === undefined ? [] : [createdAt], ...id];
  }

  /** The jobs that are waited for, by instant. */
  wake(wakeAt?: number, id: KvKey = []): KvKey {
    return [...this.#prefix, "wake", ...wakeAt === undefined ? [] : [wakeAt], ...id];
  }

  /** The jobs of an owner. */
  owner(owner: KvKey, id: KvKey = []): KvKey {
    return [...this.#prefix, "owner", ...owner, ...id];
  }

  /** The jobs with commands that are not consumed. */
  mail(id: KvKey = []): KvKey {
    return [...this.#prefix, "mail", ...id];
  }

  /** Lives that are being made, by the id of their job. */
  making(id: KvKey, life?: string): KvKey {
    return [...this.#prefix, "making", ...id, ...life === undefined ? [] : [life]];
  }

  /** Lives that have ended, and are being cleared away. */
  ended(life?: string): KvKey {
    return [...this.#prefix, "ended", ...life === undefined ? [] : [life]];
  }

  /** All that belongs to a life. */
  life(life: string): KvKey {
    return [...this.#prefix, "life", life];
  }

  /** The flow. */
  flow(life: string): KvKey {
    return [...this.life(life), "flow"];
  }

  /** The snapshot. */
  snapshot(life: string): KvKey {
    return [...this.life(life), "snapshot"];
  }

  /** The entries of an append, by the revision that it led to. */
  entries(life: string, revision?: number): KvKey {
    return [...this.life(life), "entries", ...revision === undefined ? [] : [revision]];
  }

  /** How many commands there are. */
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

  /** The parts of texts; those of snapshots, entries and heads carry the revision that they were made for, or at. */
  part(life: string, kind: TextKind, ...more: KvKeyPart[]): KvKey {
    return [...this.life(life), "part", kind, ...more];
  }
}
