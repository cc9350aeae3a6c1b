import { checkDuration, checkRange } from "../base/options.ts";

/** What may go wrong in a simulation, and how often. What is left out does not happen. */
export interface Faults {
  /** How often a handler throws: before it begins, or when it has done all its work. From 0 to 1, asked at each call. */
  readonly throw?: number;
  /**
   * How often a handler that waits never comes back. Its slot's timeout ends it, or the job's; where there is none, its
   * process is ended once nothing else can happen. From 0 to 1, asked at each call.
   */
  readonly hang?: number;
  /**
   * How often a handler that waits is aborted, by a pause without grace and a resume in the same process, and settles
   * afterwards, while its task runs a second time. From 0 to 1, asked at each call.
   */
  readonly abort?: number;
  /**
   * How often the process dies: everything in it is dropped, and a new one starts from the text of that moment. From 0 to
   * 1, asked at each step: after each commit, when a handler has begun to wait or has done its work, before the clock moves.
   */
  readonly death?: number;
  /** How long nobody works on a job after a death, at the most, in milliseconds. @default {0} */
  readonly downtimeMs?: number;
  /** How late a timer fires, at the most, in milliseconds. @default {0} */
  readonly timerLateMs?: number;
  /** How early a timer fires, at the most, in milliseconds. @default {0} */
  readonly timerEarlyMs?: number;
  /** Makes what `throw` throws, for routines that retry certain errors only. @default {an Error called SimulatedFault} */
  readonly error?: () => Error;
}

/** The kinds of faults; `timer` is one that fires late or early. */
export type FaultKind = "throw" | "hang" | "abort" | "death" | "timer";

/** A fault that struck. */
export interface Fault {
  /** What went wrong. */
  readonly kind: FaultKind;
  /** The step of the trace that tells of it. */
  readonly step: number;
}

/** What never goes wrong by itself. */
export const NO_FAULTS: Required<Faults> = {
  throw: 0,
  hang: 0,
  abort: 0,
  death: 0,
  downtimeMs: 0,
  timerLateMs: 0,
  timerEarlyMs: 0,
  error: () => Object.assign(new Error("a simulated fault"), { name: "SimulatedFault" }),
};

/**
 * Completes what may go wrong.
 *
 * @throws {RangeError} for a rate or a time out of range
 */
export function completeFaults(faults: Faults): Required<Faults> {
  const complete = { ...NO_FAULTS, ...faults };
  const action = "Cannot simulate";
  for (const rate of ["throw", "hang", "abort", "death"] as const) {
    checkRange(action, `faults.${rate}`, complete[rate], 0, 1);
  }
  for (const time of ["downtimeMs", "timerLateMs", "timerEarlyMs"] as const) {
    checkDuration(action, `faults.${time}`, complete[time]);
  }
  return complete;
}
