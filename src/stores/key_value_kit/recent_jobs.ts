import type { Located } from "./records.ts";
import type { JobState } from "./state.ts";

const MOST_RECENT = 1_000;

/** A cache of the jobs that a store wrote last: an append need not read the job first. The oldest are evicted. */
export class RecentJobs {
  readonly #jobs: Map<string, Located<JobState>> = new Map();

  /** Removes and returns a job, if it is cached. */
  take(jobId: string): Located<JobState> | undefined {
    const located = this.#jobs.get(jobId);
    this.#jobs.delete(jobId);
    return located;
  }

  /** Caches a job. */
  put(located: Located<JobState>): void {
    this.#jobs.set(located.state.record.jobId, located);
    if (this.#jobs.size > MOST_RECENT) {
      for (const oldest of this.#jobs.keys()) {
        return void this.#jobs.delete(oldest);
      }
    }
  }
}
