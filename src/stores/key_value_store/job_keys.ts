import type { IdSource } from "../../ports/ids.ts";
import { type Head, parseHead, type Tombstone } from "./head.ts";
import { nameOf } from "./keys.ts";
import type { KeyValueStorage } from "./storage.ts";
import { inBatches, MissingValueError, type Values } from "./values.ts";

/** What the key of a job says, and since when. */
export interface Located<H = Head | Tombstone> {
  /** The key. */
  readonly key: string;
  /** The version of its value. */
  readonly version: string;
  /** The value. */
  readonly packed: string;
  /** What the value says. */
  readonly head: H;
}

/** How often a key was written, and what tells the last time from all others. */
export type Mark = Pick<Head, "turn" | "write">;

/** What a key is to say; the mark is made anew. */
export type NextHead = Omit<Head, keyof Mark> | Omit<Tombstone, keyof Mark>;

/** The keys of jobs. */
export interface JobKeys {
  /** The key of a job. */
  keyOf(jobId: string): Promise<string>;
  /** What a key says; `undefined` for nothing. */
  read(key: string): Promise<Located | undefined>;
  /** What all keys of jobs say. */
  readAll(): Promise<readonly Located[]>;
  /** Makes a key say something else, if it still says what it said before; `undefined` if it does not. */
  swing<Next extends NextHead>(
    key: string,
    before: Located | undefined,
    next: Next,
  ): Promise<Located<Next & Mark> | undefined>;
}

/** Makes the keys of jobs, which begin with a prefix. */
export function jobKeysOf(storage: KeyValueStorage, values: Values, prefix: string, ids: IdSource): JobKeys {
  const read = async (key: string): Promise<Located | undefined> => {
    for (let previous: string | undefined;;) {
      const entry = await storage.get(key);
      if (entry === undefined) return undefined;
      const { value: packed, version } = entry;
      try {
        return { key, version, packed, head: parseHead(await values.unpack(packed)) };
      } catch (error) {
        // A long head is gone when another has taken its place meanwhile.
        if (!(error instanceof MissingValueError) || version === previous) throw error;
        previous = version;
      }
    }
  };
  /** An error leaves open whether a value was written: its own mark, found there, shows that it was. */
  const versionOf = async (key: string, packed: string): Promise<string | undefined> => {
    try {
      const entry = await storage.get(key);
      return entry?.value === packed ? entry.version : undefined;
    } catch {
      return undefined;
    }
  };
  const set = async (key: string, packed: string, expected: string | undefined): Promise<string | undefined> => {
    try {
      return await storage.set(key, packed, expected);
    } catch (error) {
      const version = await versionOf(key, packed);
      if (version === undefined) throw error;
      return version;
    }
  };
  return {
    keyOf: async (jobId) => `${prefix}job/${await nameOf(jobId)}`,
    read,
    async readAll() {
      const keys = [...await storage.list(`${prefix}job/`)];
      return (await inBatches(keys, read)).filter((located) => located !== undefined);
    },
    async swing(key, before, next) {
      const head = { ...next, turn: (before?.head.turn ?? 0) + 1, write: ids.id() };
      const packed = await values.pack(`${head.data}/h/${head.turn}/${head.write}`, JSON.stringify(head));
      const version = await set(key, packed, before?.version);
      const outdated = version === undefined ? packed : before?.packed;
      if (outdated !== undefined) await values.removePacked(outdated);
      return version === undefined ? undefined : { key, version, packed, head };
    },
  };
}
