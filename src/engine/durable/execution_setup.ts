import type { OutputEntry } from "../../job/job.ts";

/** What a caller of `execute` or `resume` listens to. */
export interface JobCallbacks {
  /** Called with each output, once it is committed. */
  readonly onOutput: ((output: OutputEntry) => void) | undefined;
  /** Called with each report of a handler. */
  readonly onReport: ((data: unknown, routineId: string) => void) | undefined;
}

/** How much a job may do at once, and for how long. */
export interface ExecutionLimits {
  /** How many handlers may wait at the same time. */
  readonly workers: number;
  /** How long the job may work, in milliseconds. */
  readonly timeoutMs: number;
}

/** How a job is run, all of it settled. */
export interface ExecutionSetup extends JobCallbacks, ExecutionLimits {
  /** Called when the job has ended or rests. */
  readonly onRest: () => void;
}
