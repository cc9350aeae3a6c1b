import { isSameInstant } from "../../base/instant.ts";
import { StepLimitError } from "../../base/errors.ts";
import type { ChildEnded } from "../../documents/command.ts";
import type { DeliverCommit } from "../../job/commit.ts";
import { checkSteps, errorJson } from "../../job/decide.ts";
import type { Job } from "../../job/job.ts";
import { createTask, type Moment } from "../../job/task.ts";
import { deliveryKey } from "../../job/task_key.ts";
import { isTagged, type Payload, taggedPayload, unseenPayload, wireOf } from "../../values/payload.ts";

/**
 * The commit by which the end of a child is delivered to the slot that waits for it; `undefined` when nobody does any more, or a job waited
 * for it that had the id before. `sequence` is its number in the job's inbox, if it was sent there.
 */
export function childEndCommit(
  job: Job,
  end: ChildEnded,
  time: Moment,
  hasKeys: boolean,
  sequence: number | undefined,
): DeliverCommit | undefined {
  const { routine, to } = job.children?.get(end.jobId) ?? {};
  if (routine === undefined || to === undefined) return undefined;
  // The id of its parent may be another job's by now.
  if (!isSameInstant(end.parentCreatedAt ?? job.createdAt, job.createdAt)) return undefined;
  const data = endPayload(end);
  const task = createTask(job.nextTaskId, { routine, slot: to, connection: undefined }, data, time);
  if (hasKeys) task.key = deliveryKey(undefined, sequence, task.id, time.at);
  return { kind: "deliver", time, task, data, key: undefined, child: end.jobId };
}

function endPayload({ jobId, status, result, error }: ChildEnded): Payload {
  const json = {
    ...(error === undefined ? {} : { error: errorJson(error) }),
    jobId,
    ...(result === undefined ? {} : { result: wireOf(result) }),
    status,
  };
  return isTagged(result) ? taggedPayload(json) : unseenPayload(json);
}

/** Why the end of a child cannot be brought in: the job may make no more tasks. */
export function stepLimitOf({ task, child }: DeliverCommit, steps: number): StepLimitError | undefined {
  if (child === undefined) return undefined;
  try {
    checkSteps(task.id, steps);
    return undefined;
  } catch (error) {
    // Unreachable: nothing else is thrown here, and a defect must not look like a limit.
    if (!(error instanceof StepLimitError)) throw error;
    return error;
  }
}
