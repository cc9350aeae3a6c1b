import type { Head, Tombstone } from "./head.ts";
import type { JobKeys, Located } from "./job_keys.ts";
import type { KeyValueStorage } from "./storage.ts";
import { inBatches, MissingValueError, quietly } from "./values.ts";

/** Access to whole jobs. */
export interface Jobs {
  /** Reads the head of a job; `undefined` when there is none, or it was deleted. */
  locate(jobId: string): Promise<Located<Head> | undefined>;
  /**
   * Reads values that a job's head refers to. Tries again when a value is missing because the head has changed
   * meanwhile.
   */
  read<T>(jobId: string, run: (located: Located<Head>) => Promise<T>): Promise<T | undefined>;
  /** Returns the heads of all jobs, and removes the remains of deleted ones. */
  allHeads(): Promise<Head[]>;
  /** Removes the remains of a deleted job. */
  bury(located: Located): Promise<void>;
  /** Raises the number of commands that the head counts to a sequence. Returns false when the job is gone. */
  count(located: Located<Head>, sequence: number): Promise<boolean>;
}

/** Makes the access to jobs. */
export function jobsOf(storage: KeyValueStorage, keys: JobKeys): Jobs {
  const locate = async (jobId: string): Promise<Located<Head> | undefined> => {
    const located = await keys.read(await keys.keyOf(jobId));
    return located !== undefined && isLive(located) ? located : undefined;
  };
  const bury = async ({ key, version, head }: Located): Promise<void> => {
    await sweepAll(storage, head);
    await storage.delete(key, version);
  };
  return {
    locate,
    bury,
    async read(jobId, run) {
      for (let previous: string | undefined;;) {
        const located = await locate(jobId);
        if (located === undefined) return undefined;
        try {
          return await run(located);
        } catch (error) {
          if (!(error instanceof MissingValueError) || located.version === previous) throw error;
          previous = located.version;
        }
      }
    },
    async allHeads() {
      const all = await keys.readAll();
      for (const located of all) if (!isLive(located)) await quietly(() => bury(located));
      return all.filter(isLive).map(({ head }) => head);
    },
    async count(located, sequence) {
      const { jobId, data } = located.head;
      for (let now: Located<Head> | undefined = located;; now = await locate(jobId)) {
        if (now?.head.data !== data) {
          await quietly(() => sweepAll(storage, { data }));
          return false;
        }
        if (now.head.sent >= sequence) return true;
        if (await keys.swing(now.key, now, { ...now.head, sent: sequence }) !== undefined) return true;
      }
    },
  };
}

/** Whether a job exists, rather than only its tombstone. */
export function isLive(located: Located): located is Located<Head> {
  return !("isDeleted" in located.head);
}

/**
 * Removes values of a job that no head refers to, nor ever will: those that a snapshot replaces, and those of writers
 * that died or came too late. A key tells which: entries up to the snapshot's revision, snapshots before it, and heads
 * before the present one are outdated, whoever wrote them. Later values may belong to a write in progress.
 */
export async function sweep(storage: KeyValueStorage, head: Head): Promise<void> {
  const prefix = `${head.data}/`;
  const isOutdated = (key: string): boolean => {
    const [kind, number, id] = key.slice(prefix.length).split("/");
    const at = Number(number);
    if (kind === "e") return at <= head.snapshotRevision;
    if (kind === "h") return at < head.turn || at === head.turn && id !== head.write;
    return kind === "s" && at <= head.snapshotRevision && !key.startsWith(`${head.snapshot.key}/`);
  };
  const keys = [...await storage.list(prefix)].filter(isOutdated);
  await inBatches(keys, async (key) => await storage.delete(key));
}

/** Removes all values of a deleted job. */
export async function sweepAll(storage: KeyValueStorage, { data }: Pick<Tombstone, "data">): Promise<void> {
  await inBatches([...await storage.list(`${data}/`)], async (key) => await storage.delete(key));
}
