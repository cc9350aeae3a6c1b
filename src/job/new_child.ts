import { apply } from "./apply.ts";
import type { Child, ChildStart } from "./children.ts";
import { type ExecutionSettings, Job } from "./job.ts";
import { createTask } from "./task.ts";
import { firstKey } from "./task_key.ts";

const NO_SETTINGS: ExecutionSettings = {
  executionStrategy: undefined,
  maxWorkers: undefined,
  executionTimeoutMs: undefined,
};

/** Makes the job of a child at an instant: pending, with its first task. */
export function createChildJob(parent: Job, { jobId, flowId, to }: Child, start: ChildStart, at: number): Job {
  const { routine, slot, params } = start;
  const time = { at, ranMs: 0 };
  const child = new Job({ jobId, flowId }, at, NO_SETTINGS);
  child.trace = parent.trace;
  const depth = (parent.parent?.depth ?? 0) + 1;
  const { jobId: parentId, createdAt } = parent;
  if (to !== undefined) child.parent = { jobId: parentId, createdAt, depth, isTold: false };
  const task = createTask(1, { routine, slot, connection: undefined }, params, time);
  task.key = firstKey();
  apply(child, { kind: "deliver", time, task, data: params, key: undefined });
  return child;
}
