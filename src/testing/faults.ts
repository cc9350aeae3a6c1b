import { checkDuration, checkOptions, checkRange } from "../base/options.ts";

/** The faults of a simulation, and their probabilities. A fault that is left out does not happen. */
export interface Faults {
  /**
   * The probability, from 0 to 1, that a call of a handler throws: before the handler runs, or after it has done all
   * its work.
   */
  readonly throw?: number;
  /**
   * The probability, from 0 to 1, that a handler that returns a promise never settles. The timeout of its slot or of
   * the job ends it; without a timeout, the process is ended once nothing else can happen.
   */
  readonly hang?: number;
  /**
   * The probability, from 0 to 1, that a handler that returns a promise is aborted, by a pause without grace and a
   * resume in the same process. It settles later, while its task runs a second time.
   */
  readonly abort?: number;
  /**
   * The probability, from 0 to 1, that the process dies at a step: after each commit, when a handler has begun to wait
   * or has done its work, and before the clock moves. Everything in the process is lost; a new process starts from the
   * job's text at that moment.
   */
  readonly death?: number;
  /** The maximum time between the death of a process and the start of the next one, in milliseconds. @default {0} */
  readonly downtimeMs?: number;
  /** The maximum delay of a timer, in milliseconds. @default {0} */
  readonly timerLateMs?: number;
  /** How much too early a timer may fire at most, in milliseconds. @default {0} */
  readonly timerEarlyMs?: number;
  /**
   * Makes the error of `throw`, for routines that retry certain errors only. @default {an Error called SimulatedFault}
   */
  readonly error?: () => Error;
}

/** The kinds of faults; `timer` is a timer that fires late or early. */
export type FaultKind = "throw" | "hang" | "abort" | "death" | "timer";

/** A fault that has occurred. */
export interface Fault {
  /** The kind of fault. */
  readonly kind: FaultKind;
  /** The step of the trace that records the fault. */
  readonly step: number;
}

/** Faults that never happen: the defaults. */
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
 * Fills in the defaults.
 *
 * @throws {RangeError} for a probability or a time out of range
 */
export function completeFaults(faults: Faults): Required<Faults> {
  const complete = { ...NO_FAULTS, ...faults };
  const action = "Cannot simulate";
  checkOptions(action, faults, NO_FAULTS, "faults.");
  for (const rate of ["throw", "hang", "abort", "death"] as const) {
    checkRange(action, `faults.${rate}`, complete[rate], 0, 1);
  }
  for (const time of ["downtimeMs", "timerLateMs", "timerEarlyMs"] as const) {
    checkDuration(action, `faults.${time}`, complete[time]);
  }
  return complete;
}
