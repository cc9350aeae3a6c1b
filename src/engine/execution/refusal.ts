import { StateError, type StateReason } from "../../base/errors.ts";
import { type Job, statusOf } from "../../job/job.ts";

/** The error of a call that a job's status does not allow. */
export function refuse(event: string, job: Job, why: string, reason?: StateReason): StateError {
  const status = statusOf(job);
  return new StateError(event, status, `Cannot ${event} job "${job.jobId}" in status "${status}": ${why}`, reason);
}

/**
 * Checks that a job takes deliveries.
 *
 * @throws {StateError} when it does not
 */
export function checkTakes(job: Job): void {
  if (statusOf(job) === "running" || job.status === "paused") return;
  const remedy = job.status === "pending" ? "resume it first" : "it has ended, start another";
  throw refuse("deliver to", job, `only a running or paused job takes deliveries; ${remedy}`);
}
