import { targetOf } from "./read_entry.ts";
import { FleetViolation } from "./fleet_violation.ts";
import type { FleetAsk } from "./fleet_ask.ts";
import type { JobLedger } from "./job_ledger.ts";

/** A call of a flow for a job that is live in a process, which has returned. */
interface DirectCall {
  readonly asked: FleetAsk;
  readonly life: JobLedger;
  /** How often the job had been cancelled by then. */
  readonly cancels: number;
}

/**
 * The calls of flows' methods in one process that were not refused: each must have its effect, unless the process loses the job.
 */
export class DirectCalls {
  #calls: readonly DirectCall[] = [];

  /** Makes a call, and notes it when it has returned. */
  make(asked: FleetAsk, life: JobLedger | undefined, run: () => void): void {
    const { cancels = 0 } = life ?? {};
    run();
    if (life !== undefined) this.#calls = [...this.#calls, { asked, life, cancels }];
  }

  /** The process was told that a job is lost to it, or that it has refused a call of a kind. */
  refused(jobId: string, call?: string): void {
    this.#calls = this.#calls.filter((it) => it.life.jobId !== jobId || (call !== undefined && it.asked.type !== call));
  }

  /**
   * Checks that each call has had its effect, except those for jobs of which that `isAwaited`.
   *
   * @throws {FleetViolation} when one has not
   */
  check(process: number, isAwaited: (life: JobLedger) => boolean): void {
    this.#calls = this.#calls.filter((it) => !hasEffect(it));
    const dropped = this.#calls.find(({ life }) => !isAwaited(life));
    if (dropped === undefined) return;
    const { asked, life } = dropped;
    const why = `process ${process} has taken a ${asked.type} for ${life.jobId}, which has no effect`;
    throw new FleetViolation("lost or doubled", why);
  }
}

function hasEffect({ asked, life, cancels }: DirectCall): boolean {
  if (asked.type !== "deliver") return life.cancels > cancels;
  const target = targetOf(asked);
  return life.outside.some((it) => it.type === "deliver" && targetOf(it) === target);
}
