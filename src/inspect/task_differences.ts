import { joinPath } from "../base/path.ts";
import type { JobDocument } from "../documents/job.ts";
import type { FailureDocument } from "../documents/records.ts";
import type { TaskDocument } from "../documents/task.ts";
import type { JsonValue } from "../values/json.ts";
import type { JobDifference } from "./diff.ts";
import { compareJson, equalsJson } from "./json_difference.ts";
import { diffDropped } from "./list_differences.ts";
import { errorText, stateOf, type TaskState } from "./tasks.ts";

/** Where a task stands in a document. */
interface PlacedTask {
  readonly path: string;
  readonly task: TaskDocument;
  /** Its failure, if it has failed. */
  readonly failure: FailureDocument | undefined;
}

/** The differences of tasks, pending and failed, by their ids. */
export function diffTasks(before: JobDocument, after: JobDocument): JobDifference[] {
  const [old, present] = [tasksOf(before), tasksOf(after)];
  const ids = Array.from(new Set([...old.keys(), ...present.keys()])).sort((a, b) => a - b);
  return [
    ...ids.flatMap((id) => diffTask(id, old.get(id), present.get(id), before.nextTaskId)),
    ...diffDropped("failures", before.dropped?.failures, after.dropped?.failures),
  ];
}

function tasksOf({ failures = [], pendingTasks }: JobDocument): ReadonlyMap<number, PlacedTask> {
  const tasks = new Map<number, PlacedTask>();
  failures.forEach((failure, index) =>
    tasks.set(failure.task.id, { path: joinPath("failures", [index]), task: failure.task, failure })
  );
  pendingTasks.forEach((task, index) =>
    tasks.set(task.id, { path: joinPath("pendingTasks", [index]), task, failure: undefined })
  );
  return tasks;
}

function diffTask(
  id: number,
  before: PlacedTask | undefined,
  after: PlacedTask | undefined,
  nextTaskId: number,
): JobDifference[] {
  const place = after ?? before;
  // Unreachable: the id is of one of the two documents.
  if (place === undefined) return [];
  const { path, task: { routine, slot } } = place;
  const name = `task ${id} (${routine}.${slot})`;
  const values = {
    ...(before === undefined ? {} : { before: json(before) }),
    ...(after === undefined ? {} : { after: json(after) }),
  };
  if (before === undefined) {
    const verb = id >= nextTaskId ? "was made" : "is there again";
    return [{ path, message: `${name} ${verb}: ${describe(after)}`, ...values }];
  }
  const [from, to] = [stateIn(before), after === undefined ? "ended" : stateIn(after)];
  if (from !== to) return [{ path, message: `${name} went from ${from} to ${describe(after)}`, ...values }];
  if (equalsJson(values.before, values.after)) return [];
  return [{
    path,
    message: `${name} is ${to} still, and changed: ${changedKeys(values.before, values.after)}`,
    ...values,
  }];
}

function json({ failure, task }: PlacedTask): JsonValue {
  return (failure ?? task) as unknown as JsonValue;
}

function stateIn({ failure, task }: PlacedTask): TaskState | "failed" {
  return failure === undefined ? stateOf(task) : "failed";
}

function describe(place: PlacedTask | undefined): string {
  if (place === undefined) return "ended";
  const { failure, task: { attempt, awaiting, notBefore } } = place;
  if (failure !== undefined) return `failed: ${errorText(failure.error)}`;
  const until = awaiting === undefined ? notBefore : awaiting.until;
  const state = stateIn(place) + (until === undefined ? "" : ` until ${until}`);
  return attempt === undefined ? state : `${state}, after ${attempt} failed ${attempt === 1 ? "attempt" : "attempts"}`;
}

/** The places in a task that differ. */
function changedKeys(before: JsonValue | undefined, after: JsonValue | undefined): string {
  return compareJson(before, after).map(({ keys }) => joinPath("", keys)).join(", ");
}
