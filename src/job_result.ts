import { JobFailedError, reviveCancelled, StateError } from "./base/errors.ts";
import type { JobState } from "./documents/job_state.ts";
import { reviveError } from "./values/error_data.ts";

/**
 * The result of a job that has ended.
 *
 * @throws {JobFailedError} when it has failed
 * @throws {CancelledError} when it was cancelled
 * @throws {StateError} when it has not ended
 */
export function resultOfJob<Result>(job: JobState<Result>): Result {
  const { jobId, status, error } = job;
  // That a flow's schema is kept, the engine sees to; without one, the result may be anything, and missing.
  if (status === "completed") return job.result as Result;
  if (error === undefined) {
    throw new StateError("result", status, `Cannot get the result of job "${jobId}" in status "${status}": resume it`);
  }
  if (status === "cancelled") throw reviveCancelled(error.message);
  throw new JobFailedError(jobId, error, reviveError(error));
}
