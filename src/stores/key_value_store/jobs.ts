import type { Head } from "./head.ts";
import type { JobKeys, Located } from "./job_keys.ts";
import type { KeyValueStorage } from "./storage.ts";
import { sweepAll } from "./sweep.ts";
import { MissingValueError } from "./values.ts";

/** Jobs as their keys tell of them. */
export interface Jobs {
  /** A job that is there. */
  locate(jobId: string): Promise<Located<Head> | undefined>;
  /** Reads what a job's head refers to; once more when that is gone because the head has changed. */
  read<T>(jobId: string, run: (located: Located<Head>) => Promise<T>): Promise<T | undefined>;
  /** The heads of all jobs that are there; what is left of others is removed. */
  allHeads(): Promise<Head[]>;
  /** Removes what a deleted job has left. */
  bury(located: Located): Promise<void>;
  /** Counts a command, unless somebody has: false when the job is gone. */
  count(located: Located<Head>, sequence: number): Promise<boolean>;
}

/** Makes jobs of keys. */
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

/** Whether a job is there, not just what is left of it. */
export function isLive(located: Located): located is Located<Head> {
  return !("isDeleted" in located.head);
}

/** Does what may as well be done later, by whoever comes across it. */
export async function quietly(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch {
    // The call has done already what was asked of it.
  }
}
