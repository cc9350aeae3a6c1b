import { joinPath } from "../base/path.ts";
import type { JobDocument } from "../documents/job.ts";
import type { JsonValue } from "../values/json.ts";
import { diffChildren } from "./children.ts";
import { readJobDocument } from "./documents.ts";
import { compareJson, type JsonDifference } from "./json_difference.ts";
import { diffLists } from "./list_differences.ts";
import { diffTasks } from "./task_differences.ts";

/** One difference between two documents of jobs. */
export interface JobDifference {
  /** Where it is: a path in the second document, or in the first one for what the second does not have. */
  readonly path: string;
  /** What has become of it, in a sentence without a period. */
  readonly message: string;
  /** The value in the first document; absent when there is none. */
  readonly before?: JsonValue;
  /** The value in the second document; absent when there is none. */
  readonly after?: JsonValue;
}

/** The parts that are compared by their meaning. All others are compared as JSON: also parts that later versions add. */
const BY_MEANING: ReadonlySet<string> = new Set([
  ...["pendingTasks", "failures", "children", "dropped"],
  ...["executionHistory", "outputLog", "pausePoints", "sharedLog"],
]);

/**
 * Says how a second document of a job differs from a first one, by meaning: tasks and children are compared by their ids wherever they stand, and
 * bounded lists by what was added to them. Documents without differences are equal, except for empty
 * optional parts, and for the order of keys and of tasks.
 *
 * @param a the first parsed document, usually the older one
 * @param b the second one
 * @throws {SerializationError} when one of them is no job's document, naming the path
 *
 * @example
 * ```ts
 * import { Flow, Routine } from "@routilux/routilux";
 * import { diffJobs } from "@routilux/routilux/inspect";
 *
 * class Report extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.write);
 *   write(): void {
 *     throw new RangeError("no paper");
 *   }
 * }
 * const flow = new Flow({ id: "reports" });
 * const job = flow.execute(flow.addRoutine(new Report(), "report"));
 * const before = job.toJSON();
 * await flow.settle(job);
 *
 * const task = diffJobs(before, job.toJSON()).find(({ path }) => path === "failures[0]");
 * task?.message; // "task 1 (report.trigger) went from ready to failed: RangeError: no paper"
 * ```
 */
export function diffJobs(a: unknown, b: unknown): JobDifference[] {
  return diffDocuments(readJobDocument(a), readJobDocument(b));
}

/** The same for documents that were checked: large ones take long. */
export function diffDocuments(before: JobDocument, after: JobDocument): JobDifference[] {
  const others = otherDifferences(before, after).map(({ keys, ...values }) => describe(joinPath("", keys), values));
  const inFront = (name: string) => others.filter(({ path }) => path === name || path.startsWith(`${name}.`));
  const first = [...inFront("status"), ...inFront("error")];
  const rest = others.filter((it) => !first.includes(it));
  return [
    ...first,
    ...diffTasks(before, after),
    ...diffChildren(before, after, diffDocuments),
    ...rest,
    ...diffLists(before, after),
  ];
}

function otherDifferences(before: JobDocument, after: JobDocument): JsonDifference[] {
  const keys = Array.from(new Set([...Object.keys(before), ...Object.keys(after)])).filter((key) =>
    !BY_MEANING.has(key)
  );
  const only = (document: JobDocument) => {
    const parts: Readonly<Record<string, unknown>> = { ...document };
    return Object.fromEntries(keys.filter((key) => parts[key] !== undefined).map((key) => [key, parts[key]]));
  };
  return compareJson(only(before), only(after));
}

function describe(path: string, values: Omit<JsonDifference, "keys">): JobDifference {
  return { path, message: messageOf(path, values), ...values };
}

function messageOf(path: string, { after, before }: Omit<JsonDifference, "keys">): string {
  if (after === undefined) return `${path} was removed`;
  if (before === undefined) return `${path} was added: ${shortJson(after)}`;
  const change = `from ${shortJson(before)} to ${shortJson(after)}`;
  return path === "status" ? `the job went ${change}` : `${path} changed ${change}`;
}

/** A value, shortened to a few characters: the whole value is in `before` and `after`. */
function shortJson(value: JsonValue): string {
  const text = typeof value === "string" && /^[\w:.-]+$/.test(value) ? value : JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
