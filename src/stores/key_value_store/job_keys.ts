import type { IdSource } from "../../ports/ids.ts";
import { type Head, parseHead, type Tombstone } from "./head.ts";
import { nameOf } from "./keys.ts";
import type { KeyValueStorage } from "./storage.ts";
import { inBatches, MissingValueError, type Values } from "./values.ts";

/** A job's head or tombstone as it was read, with the version to compare with. */
export interface Located<H = Head | Tombstone> {
  /** The key. */
  readonly key: string;
  /** The version of the value. */
  readonly version: string;
  /** The value as stored. */
  readonly packed: string;
  /** The parsed value. */
  readonly head: H;
}

/** The fields of a head that identify its write. */
export type Mark = Pick<Head, "turn" | "write">;

/** A new value of a job's key; its `Mark` is added when it is written. */
export type NextHead = Omit<Head, keyof Mark> | Omit<Tombstone, keyof Mark>;

/** Access to the keys of jobs. */
export interface JobKeys {
  /** Returns the key of a job. */
  keyOf(jobId: string): Promise<string>;
  /** Reads a key; `undefined` when it has no value. */
  read(key: string): Promise<Located | undefined>;
  /** Reads the keys of all jobs. */
  readAll(): Promise<readonly Located[]>;
  /**
   * Compare-and-set: replaces the value of a key. Returns `undefined`, and changes nothing, when the key no longer has
   * the value `before`.
   */
  swing<Next extends NextHead>(
    key: string,
    before: Located | undefined,
    next: Next,
  ): Promise<Located<Next & Mark> | undefined>;
}

/** Makes the access to the keys of jobs. */
export function jobKeysOf(storage: KeyValueStorage, values: Values, prefix: string, ids: IdSource): JobKeys {
  const read = async (key: string): Promise<Located | undefined> => {
    for (let previous: string | undefined;;) {
      const entry = await storage.get(key);
      if (entry === undefined) return undefined;
      const { value: packed, version } = entry;
      try {
        return { key, version, packed, head: parseHead(await values.unpack(packed)) };
      } catch (error) {
        // A head that is stored in parts may have been replaced between two reads.
        if (!(error instanceof MissingValueError) || version === previous) throw error;
        previous = version;
      }
    }
  };
  /**
   * After an error the value may have been written or not. Its `write` id is unique, so finding the value proves that
   * it was.
   */
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

const MOST_RECENT = 1_000;

/** A cache of the heads that this store wrote last: an append need not read the head first. The oldest are evicted. */
export interface RecentHeads {
  /** Removes and returns the head of a job, if it is cached. */
  take(jobId: string): Located<Head> | undefined;
  /** Caches the head of a job. */
  put(jobId: string, located: Located<Head>): void;
}

/** Makes an empty cache. */
export function recentHeads(): RecentHeads {
  const heads = new Map<string, Located<Head>>();
  return {
    take(jobId) {
      const located = heads.get(jobId);
      heads.delete(jobId);
      return located;
    },
    put(jobId, located) {
      heads.set(jobId, located);
      if (heads.size > MOST_RECENT) { for (const oldest of heads.keys()) return void heads.delete(oldest); }
    },
  };
}
