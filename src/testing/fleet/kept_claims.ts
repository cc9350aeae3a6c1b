import type { AppendHead, JobClaim, TakeAnswer } from "../../ports/store.ts";
import { FleetViolation } from "./fleet_violation.ts";

/** The claims on single jobs that the store has answered a process with, and of which it has not tried to let go. */
export class KeptClaims {
  /** The epochs, by the ids of the jobs. */
  readonly #epochs: Map<string, number> = new Map();
  /** The newest epoch by which the process was told that it has a life of a job. */
  readonly #newest: Map<number, number> = new Map();
  /** How many calls about each job were made, and how many have been answered. */
  readonly #made: Map<string, number> = new Map();
  readonly #answered: Map<string, number> = new Map();

  /** Notes a call about a job. Returns the function that notes its answer. */
  called(jobId: string): () => void {
    count(this.#made, jobId);
    return () => count(this.#answered, jobId);
  }

  /** Notes an answer to `claim` that has arrived. */
  answered({ jobs }: TakeAnswer): void {
    for (const { record: { jobId, life, epoch } } of jobs) {
      this.#epochs.set(jobId, epoch);
      this.#newest.set(life, epoch);
    }
  }

  /**
   * Checks that the process runs a job by its newest claim, as far as it was told.
   *
   * @throws {FleetViolation} when it does not
   */
  checkNewest(process: number, claim: JobClaim | undefined): void {
    if (claim === undefined || claim.epoch >= (this.#newest.get(claim.life) ?? 0)) return;
    const why = `process ${process} runs ${claim.jobId} by a claim that it has followed by another one`;
    throw new FleetViolation("two at a time", why);
  }

  /** Notes that the process is about to write to a job. */
  written({ jobId, epoch }: JobClaim, head: AppendHead | undefined): void {
    if (head?.releases === true && this.#epochs.get(jobId) === epoch) this.#epochs.delete(jobId);
  }

  /** A text that stays the same as long as the process keeps a claim and makes no call about the job; `undefined` when that is not so. */
  idleOn({ jobId, epoch }: Pick<JobClaim, "jobId" | "epoch">): string | undefined {
    const made = this.#made.get(jobId);
    const isKept = this.#epochs.get(jobId) === epoch && made === this.#answered.get(jobId);
    return isKept ? `${epoch} ${made}` : undefined;
  }
}

function count(counts: Map<string, number>, jobId: string): void {
  counts.set(jobId, (counts.get(jobId) ?? 0) + 1);
}
