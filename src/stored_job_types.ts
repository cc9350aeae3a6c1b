import type { JobState } from "./documents/job_state.ts";
import type { Flow } from "./flow.ts";
import type { JobStatus } from "./job/job.ts";
import type { JsonValue } from "./values/json.ts";

/** A job that was found in the store, and its flow. */
export interface StoredFlowJob {
  /** Its flow, as it was when the job was started. */
  readonly flow: Flow;
  /** The job. */
  readonly job: JobState;
}

/** The result of `engine.recover`. */
export interface Recovery {
  /** The jobs that this engine works on now. */
  readonly jobs: readonly StoredFlowJob[];
  /** The jobs that cannot be resumed here, and why; they are unchanged. */
  readonly errors: readonly { readonly jobId: string; readonly error: unknown }[];
}

/** A state of a job. */
export interface JobRevision {
  /** How many entries the job's journal had at this state. */
  readonly revision: number;
  /** The document of the last of these entries; none for the state with which the kept journal begins. */
  readonly entry?: JsonValue;
  /** The job in this state, at rest: a copy, whose changes do not reach the job in the store. */
  readonly job: JobState;
}

/** The options of `engine.purge`. */
export interface PurgeOptions {
  /** Jobs that ended before this instant only, in milliseconds since 1970 or as a date. */
  readonly endedBefore: number | Date;
  /** Jobs in this status only. @default {all that have ended} */
  readonly status?: JobStatus;
  /** The maximum number of jobs. @default {no limit} */
  readonly limit?: number;
}
