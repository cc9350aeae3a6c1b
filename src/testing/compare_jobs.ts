import { isRecord } from "../values/json.ts";
import { describeValue, joinPath } from "../base/path.ts";
import type { JobDocument } from "../documents/job.ts";
import type { SlotDataDocument } from "../documents/slots.ts";
import type { TaskDocument } from "../documents/task.ts";

/**
 * How two jobs are compared at the end of their runs. `exact`: the whole document except `pausePoints`. `untimed`: the
 * same without times and `ranMs`, for handlers that take time. `outcome`: status, errors, result, shared data, states, and the
 * contents of slots, outputs, log, history and failures in any order, for concurrent jobs.
 */
export type JobComparison = "exact" | "untimed" | "outcome";

/** Returns the part of a job's document that is compared. */
export function viewOf(document: JobDocument, comparison: JobComparison): unknown {
  const { pausePoints: _, ...exact } = document;
  if (comparison === "exact") return exact;
  return comparison === "untimed" ? untimed(exact) : outcome(exact);
}

function untimed(document: Omit<JobDocument, "pausePoints">): object {
  const { createdAt: _createdAt, updatedAt: _updatedAt, ranMs: _ranMs, ...rest } = document;
  return {
    ...rest,
    pendingTasks: rest.pendingTasks.map(untimedTask),
    failures: rest.failures?.map(({ error, task }) => ({ error, task: untimedTask(task) })),
    executionHistory: rest.executionHistory?.map(withoutAt),
    outputLog: rest.outputLog?.map(withoutAt),
    sharedLog: rest.sharedLog?.map(withoutAt),
  };
}

function outcome(document: Omit<JobDocument, "pausePoints">): object {
  const { status, error, result, sharedData, routineStates, slots, nextTaskId, pendingTasks, failures, dropped } =
    document;
  return {
    status,
    error,
    result,
    sharedData: sharedData === undefined ? undefined : sortKeys(sharedData),
    routineStates: routineStates === undefined ? undefined : sortKeys(routineStates),
    tasks: nextTaskId - 1,
    pendingTasks: anyOrder(pendingTasks.map(what)),
    failures: anyOrder(failures?.map(({ error, task }) => ({ error, task: what(task) }))),
    slots: Object.entries(slots ?? {}).sort(([a], [b]) => a < b ? -1 : 1).map(([id, held]) => {
      return [
        id,
        Object.entries(held).sort(([a], [b]) => a < b ? -1 : 1).map(([name, data]) => [name, contents(data)]),
      ];
    }),
    executionHistory: anyOrderOrCount(document.executionHistory, dropped?.executionHistory),
    outputLog: anyOrderOrCount(document.outputLog, dropped?.outputLog),
    sharedLog: anyOrderOrCount(document.sharedLog, dropped?.sharedLog),
  };
}

function what({ routine, slot, data, attempt, step }: TaskDocument): object {
  return { routine, slot, data, attempt, step };
}

function untimedTask({ createdAt: _createdAt, notBefore: _notBefore, awaiting, ...rest }: TaskDocument): object {
  return awaiting === undefined ? rest : { ...rest, awaiting: { timeoutMs: awaiting.timeoutMs } };
}

function withoutAt({ at: _, ...rest }: { readonly at: string }): object {
  return rest;
}

function contents({ lists, value }: SlotDataDocument): unknown {
  return lists === undefined ? value : anyOrder(lists.map(({ key, items }) => [key, anyOrder(items)]));
}

/** Which entries a full list has dropped depends on their order; the number of dropped entries does not. */
function anyOrderOrCount(items: readonly { readonly at: string }[] = [], dropped = 0): unknown {
  return dropped > 0 ? items.length + dropped : anyOrder(items.map(withoutAt));
}

function anyOrder(items: readonly unknown[] = []): readonly string[] {
  return items.map((item) => JSON.stringify(item)).sort();
}

/** The object with its keys in order. */
export function sortKeys(object: object): unknown {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => a < b ? -1 : 1));
}

/**
 * Describes the first difference of two JSON values, such as `sharedData.sum is 9, expected 10`; `undefined` when they
 * are equal.
 */
export function firstDifference(actual: unknown, expected: unknown): string | undefined {
  const values = [plain(actual), plain(expected)];
  const keys = differingPath(values[0], values[1]);
  if (keys === undefined) return undefined;
  const [got, wanted] = values.map((value) => excerpt(at(value, keys)));
  return `${joinPath("", keys) || "the job"} is ${got}, expected ${wanted}`;
}

/** Returns the value as JSON text would represent it: without properties that are `undefined`. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

type Path = readonly (string | number)[];

function differingPath(a: unknown, b: unknown): Path | undefined {
  if (JSON.stringify(a) === JSON.stringify(b)) return undefined;
  const keys = sharedKeys(a, b);
  for (const key of keys) {
    const rest = differingPath(at(a, [key]), at(b, [key]));
    if (rest !== undefined) return [key, ...rest];
  }
  return [];
}

function sharedKeys(a: unknown, b: unknown): Path {
  if (Array.isArray(a) && Array.isArray(b)) return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => i);
  return isRecord(a) && isRecord(b) ? [...new Set([...Object.keys(a), ...Object.keys(b)])] : [];
}

function at(value: unknown, keys: Path): unknown {
  let found = value;
  for (const key of keys) {
    if (isRecord(found) || Array.isArray(found)) found = Reflect.get(found, key);
  }
  return found;
}

function excerpt(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= 200 ? text : describeValue(value);
}
