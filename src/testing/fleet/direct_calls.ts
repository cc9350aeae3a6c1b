import { targetOf } from "./job_ledger.ts";
import { FleetViolation } from "./fleet_violation.ts";
import type { FleetAsk } from "./fleet_ask.ts";
import type { JobLedger } from "./job_ledger.ts";

/** A call of a flow for a job that is live in a process, which has returned. */
interface DirectCall {
  readonly asked: FleetAsk;
  readonly life: JobLedger;
}

/**
 * The calls of flows' methods in one process that were not refused: each must have its effect, unless the process loses the job.
 */
export class DirectCalls {
  #calls: readonly DirectCall[] = [];

  /** Notes a call that has returned. */
  returned(asked: FleetAsk, life: JobLedger): void {
    if (asked.type === "deliver" || asked.type === "cancel") this.#calls = [...this.#calls, { asked, life }];
  }

  /** The process was told that a job is lost to it, or that it has refused a call. */
  refused(jobId: string): void {
    this.#calls = this.#calls.filter(({ life }) => life.jobId !== jobId);
  }

  /**
   * Checks that each call has had its effect.
   *
   * @throws {FleetViolation} when one has not
   */
  check(process: number, isDeleted: (life: JobLedger) => boolean): void {
    for (const { asked, life } of this.#calls) {
      if (isDeleted(life) || hasEffect(asked, life)) continue;
      const why = `process ${process} has taken a ${asked.type} for ${life.jobId}, which has no effect`;
      throw new FleetViolation("lost or doubled", why);
    }
  }
}

function hasEffect(asked: FleetAsk, { outside, wasCancelled }: JobLedger): boolean {
  if (asked.type !== "deliver") return wasCancelled;
  const target = targetOf(asked);
  return outside.some((it) => it.type === "deliver" && targetOf(it) === target);
}
