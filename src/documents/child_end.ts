import type { Job } from "../job/job.ts";
import type { ChildEnded } from "./command.ts";

/** What a parent is told of a job that has ended; `undefined` when it has not. */
export function endOf({ jobId, status, result, error }: Job): ChildEnded | undefined {
  if (status === "completed") return { type: "child", jobId, status, result, error: undefined };
  return status === "failed" || status === "cancelled"
    ? { type: "child", jobId, status, result: undefined, error }
    : undefined;
}
