import { StateError, type StateReason } from "../base/errors.ts";
import { type Job, statusOf } from "../job/job.ts";
import type { StoreSession } from "./durable/store_session.ts";

/** Why a job of the store is not reached by a call here, and what reaches it. */
export function notHere(job: Job, session: StoreSession): string {
  const record = session.records.get(job);
  const owner = record && session.elsewhere(record);
  const live = session.liveJob(job.jobId);
  const place = owner !== undefined
    ? `it is live in the engine of owner "${owner}"`
    : live !== undefined && live !== job
    ? "it is live here, as another JobState"
    : session.losses.has(job)
    ? "it could not be started or read here, and may be in the store all the same"
    : "it is in the store, and not live here";
  return `${place}; engine.handle("${job.jobId}") reaches it wherever it is`;
}

/**
 * Checks that a job takes deliveries.
 *
 * @throws {StateError} when it does not
 */
export function checkTakes(job: Job): void {
  if (statusOf(job) === "running" || job.status === "paused") return;
  throw refuse("deliver to", job, "only a running or paused job takes deliveries");
}

/** Says whether an ended job has something that it could go on with. */
export function hasWork({ status, failures, tasks, deferredEvents }: Job): boolean {
  return failures.length > 0 || (status !== "completed" && tasks.size + deferredEvents.length > 0);
}

/** Says that a job has nothing that it could go on with. */
export function nothingLeft({ droppedFailures: dropped }: Job): string {
  const failures = dropped === 0
    ? "it has no failures"
    : `it has none of its failures any more (limits.failures dropped ${dropped})`;
  return `${failures}, and nothing is pending`;
}

/** The error of a call that a job's status does not allow. */
export function refuse(event: string, job: Job, why: string, reason?: StateReason): StateError {
  const status = statusOf(job);
  return new StateError(event, status, `Cannot ${event} job "${job.jobId}" in status "${status}": ${why}`, reason);
}
