import { encodeJob } from "../../documents/job.ts";
import { Replay } from "../../documents/replay.ts";
import type { Job } from "../../job/job.ts";
import type { FlowLimits } from "../../model/flow_limits.ts";
import type { StoredJob } from "../../ports/store.ts";
import { firstDifference } from "../compare_jobs.ts";
import { FleetViolation } from "./fleet_violation.ts";

/**
 * Checks that a store has a job as its journal has told it.
 *
 * @throws {FleetViolation} when it has another one
 */
export function checkStoredCopy(
  { record, snapshot, entries }: Pick<StoredJob, "snapshot" | "entries"> & {
    readonly record: { readonly jobId: string };
  },
  job: Job,
  limits: FlowLimits,
): void {
  let difference: string | undefined;
  try {
    const replay = new Replay(snapshot, limits);
    for (const entry of entries) replay.apply(entry);
    difference = firstDifference(viewOf(replay.job), viewOf(job));
  } catch (error) {
    throw new FleetViolation("lost or doubled", `job ${record.jobId} can no longer be read: ${error}`);
  }
  if (difference === undefined) return;
  const why = `the store gives job ${record.jobId} otherwise than it was written: ${difference}`;
  throw new FleetViolation("lost or doubled", why);
}

/** A job without marks of the tasks that were active when a snapshot was taken: the journal does not tell of them. */
function viewOf(job: Job): unknown {
  const document = encodeJob(job);
  return { ...document, pendingTasks: document.pendingTasks?.map((task) => ({ ...task, active: undefined })) };
}
