import { expiryOf } from "../job/expiry.ts";
import type { Task } from "../job/task.ts";
import * as c from "./codec.ts";

/** A task of the job: its id, by which it is found. A bundle without a store leaves these codecs out. */
// @__NO_SIDE_EFFECTS__
function reference(read: c.Codec<Task, number>["read"]): c.Codec<Task, number> {
  return { schema: c.positive.schema, write: ({ id }) => id, read };
}

/** A task of the job. */
export const knownTask: c.Codec<Task, number> = reference((id, reader, path, part) => reader.task(id, path, part));

/** A task of the job that has not ended. */
export const pendingTask: c.Codec<Task, number> = reference((id, reader, path, part) =>
  reader.pendingTask(id, path, part)
);

/** A task of the job that awaits a delivery. */
export const awaitingTask: c.Codec<Task, number> = reference((id, reader, path, part) => {
  const task = reader.pendingTask(id, path, part);
  if (task.details?.awaiting !== undefined) return task;
  return reader.fail(path + part, "the id of a task that awaits a delivery", String(id));
});

/** A task of the job that goes to another slot at its deadline. */
export const expiringTask: c.Codec<Task, number> = reference((id, reader, path, part) => {
  const task = reader.pendingTask(id, path, part);
  if (expiryOf(task) !== undefined) return task;
  return reader.fail(path + part, "the id of a task that has a slot to tell when its time is up", String(id));
});
