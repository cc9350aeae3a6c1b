import type { KvAtomic } from "./client.ts";

/** The error of Deno KV while another process writes to the same file; Deno KV does not wait itself. */
const LOCKED = /database is locked/;
const MOST_WAITS = 200;
const LONGEST_WAIT_MS = 50;

/**
 * Commits a group of writes. Returns false when a condition is not met. After an error, `isMade` finds out whether the
 * writes were made nevertheless.
 */
export async function commit(atomic: KvAtomic, isMade: () => Promise<boolean>): Promise<boolean> {
  for (let waits = 0;; waits++) {
    try {
      return (await atomic.commit()).ok;
    } catch (error) {
      if (await isMade().catch(() => false)) return true;
      if (!(error instanceof Error) || !LOCKED.test(error.message) || waits === MOST_WAITS) throw error;
      await new Promise<void>((resolve) => setTimeout(resolve, Math.min(waits, LONGEST_WAIT_MS)));
    }
  }
}

/** Commits writes that have no conditions. */
export async function commitFreely(atomic: KvAtomic): Promise<void> {
  await commit(atomic, () => Promise.resolve(false));
}
