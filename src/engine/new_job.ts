import { instantAfter } from "../base/instant.ts";
import type { Deadline, ExecutionSettings } from "../job/job.ts";

/** What is said of a job when it is made, beside where it begins. */
export interface NewJobSettings extends ExecutionSettings {
  readonly jobId: string | undefined;
  /** How long it may take from its beginning on, in milliseconds. */
  readonly deadlineMs: number | undefined;
  /** When it begins; without it, at once. */
  readonly startAt?: number | undefined;
}

/** The deadline of a job that is made at an instant: its time begins when the job does. */
export function deadlineOf({ deadlineMs, startAt }: NewJobSettings, at: number): Deadline | undefined {
  return deadlineMs === undefined
    ? undefined
    : { deadlineMs, until: instantAfter(Math.max(at, startAt ?? 0), deadlineMs) };
}
