import { expiryOf } from "../job/expiry.ts";
import type { Task } from "../job/task.ts";
import * as c from "./codec.ts";

/** A task of the job: its id. */
export const knownTask: c.Codec<Task, number> = {
  schema: c.positive.schema,
  write: ({ id }) => id,
  read: (id, reader, path, part) => reader.task(id, path, part),
};

/** A task of the job that has not ended: its id. */
export const pendingTask: c.Codec<Task, number> = {
  ...knownTask,
  read: (id, reader, path, part) => reader.pendingTask(id, path, part),
};

/** A task of the job that awaits a delivery: its id. */
export const awaitingTask: c.Codec<Task, number> = {
  ...knownTask,
  read: (id, reader, path, part) => {
    const task = reader.pendingTask(id, path, part);
    if (task.details?.awaiting !== undefined) return task;
    return reader.fail(path + part, "the id of a task that awaits a delivery", String(id));
  },
};

/** A task of the job that goes to another slot at its deadline: its id. */
export const expiringTask: c.Codec<Task, number> = {
  ...knownTask,
  read: (id, reader, path, part) => {
    const task = reader.pendingTask(id, path, part);
    if (expiryOf(task) !== undefined) return task;
    return reader.fail(path + part, "the id of a task that has a slot to tell when its time is up", String(id));
  },
};
