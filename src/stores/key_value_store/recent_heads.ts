import type { Head } from "./head.ts";
import type { Located } from "./job_keys.ts";

const MOST = 1_000;

/** Heads as they were written last: an append to one of them need not read it first. Those written longest ago are forgotten. */
export interface RecentHeads {
  /** Gives the head of a job away, if it is there. */
  take(jobId: string): Located<Head> | undefined;
  /** Keeps the head of a job. */
  put(jobId: string, located: Located<Head>): void;
}

/** Makes an empty collection. */
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
      if (heads.size > MOST) { for (const oldest of heads.keys()) return void heads.delete(oldest); }
    },
  };
}
