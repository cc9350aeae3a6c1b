import type { Job } from "../job/job.ts";
import type { ChildEnded } from "./command.ts";

/** What a parent is told of a job that has ended; `undefined` when it has not. */
export function endOf({ jobId, parent, status, result, error }: Job): ChildEnded | undefined {
  const end = { type: "child", jobId, parentCreatedAt: parent?.createdAt } as const;
  if (status === "completed") return { ...end, status, result, error: undefined };
  return status === "failed" || status === "cancelled" ? { ...end, status, result: undefined, error } : undefined;
}
