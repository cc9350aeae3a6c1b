import type { ErrorData, JobState } from "../../mod.ts";

/** The error of a job without its place: the task that has failed. */
export function plainError({ error }: Pick<JobState, "error">): ErrorData | undefined {
  if (error === undefined) return undefined;
  const { routineId: _routine, slotName: _slot, taskId: _task, attempts: _attempts, ...plain } = error;
  return plain;
}
