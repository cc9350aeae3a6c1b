import type { KvAtomic } from "./kv.ts";

/** The error of Deno KV while another process writes to the same file; Deno KV does not wait itself. */
const LOCKED = /database is locked/;
const MOST_WAITS = 200;
const LONGEST_WAIT_MS = 50;

/** Commits a group of writes. Returns the version, or `undefined` when a condition is not met. */
export async function commit(atomic: KvAtomic): Promise<string | undefined> {
  for (let waits = 0;; waits++) {
    try {
      const answer = await atomic.commit();
      return answer.ok ? answer.versionstamp : undefined;
    } catch (error) {
      if (!(error instanceof Error) || !LOCKED.test(error.message) || waits === MOST_WAITS) throw error;
      await new Promise<void>((resolve) => setTimeout(resolve, Math.min(waits, LONGEST_WAIT_MS)));
    }
  }
}
