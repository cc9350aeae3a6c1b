import { joinPath } from "../base/path.ts";
import type { ChildDocument } from "../documents/children.ts";
import type { JobDocument } from "../documents/job.ts";
import type { JobStatus } from "../job/job.ts";
import type { JsonValue } from "../values/json.ts";
import { compareJson } from "./json_difference.ts";

/** How far a child has come: its parent has `asked` for it, it has `started`, or its parent has ended before it and `left` it. */
export type ChildState = "asked" | "started" | "left";

/** A job that another has asked for, and that has not ended. */
export interface ChildSummary {
  /** The child's id. */
  readonly jobId: string;
  /** The id of its flow. */
  readonly flowId: string;
  /** The routine that has asked for it. */
  readonly routine: string;
  /** The slot of that routine that is told of its end; absent where nobody waits for it. */
  readonly to?: string;
  /** How far it has come, as far as its parent knows. */
  readonly state: ChildState;
  /** Its status, where it is a part of its parent's document. */
  readonly status?: JobStatus;
}

/** Says which children a job has. */
export function summarizeChildren(job: JobDocument): ChildSummary[] {
  return Array.from(childrenOf(job).values(), ({ child, flowId }) => {
    const { job, jobId, routine, to } = child;
    const place = { jobId, flowId, routine, ...(to === undefined ? {} : { to }) };
    return { ...place, state: stateOf(child), ...(job === undefined ? {} : { status: job.status }) };
  });
}

/** One difference between the children of two documents, as `diffJobs` has it. */
export interface ChildDifference {
  readonly path: string;
  readonly message: string;
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

/**
 * The differences of children, by their ids.
 *
 * @param diff how two documents differ: of children that are a part of these
 */
export function diffChildren(
  before: JobDocument,
  after: JobDocument,
  diff: (before: JobDocument, after: JobDocument) => readonly ChildDifference[],
): ChildDifference[] {
  const [old, present] = [childrenOf(before), childrenOf(after)];
  return Array.from(new Set([...old.keys(), ...present.keys()])).flatMap((jobId): ChildDifference[] => {
    const [was, is] = [old.get(jobId), present.get(jobId)];
    const name = `child ${jobId}`;
    const inner = was?.child.job === undefined || is?.child.job === undefined
      ? []
      : diff(was.child.job, is.child.job).map(({ message, path, ...values }) => ({
        path: `${is.path}.job.${path}`,
        message: `${name}: ${message}`,
        ...values,
      }));
    const values = {
      ...(was === undefined ? {} : { before: was.child as unknown as JsonValue }),
      ...(is === undefined ? {} : { after: is.child as unknown as JsonValue }),
    };
    const place = is ?? was;
    const message = messageOf(was, is);
    if (place === undefined || message === undefined) return inner;
    return [{ path: place.path, message: `${name} of flow ${place.flowId} ${message}`, ...values }, ...inner];
  });
}

/** Where a child stands in a document. */
interface PlacedChild {
  readonly path: string;
  readonly child: ChildDocument;
  readonly flowId: string;
  /** The text of its flow's document, while it has not started. */
  readonly flow: string | undefined;
}

function childrenOf({ children = [] }: JobDocument): ReadonlyMap<string, PlacedChild> {
  return new Map(children.flatMap(({ flow, flowId, jobs }, group) =>
    jobs.map((child, index) => {
      const path = joinPath("children", [group, "jobs", index]);
      return [child.jobId, { path, child, flowId, flow }] as const;
    })
  ));
}

function stateOf({ entry, left }: ChildDocument): ChildState {
  return entry !== undefined ? "asked" : left === true ? "left" : "started";
}

function messageOf(was: PlacedChild | undefined, is: PlacedChild | undefined): string | undefined {
  if (was === undefined) {
    return is && (is.child.entry === undefined ? `is there: ${stateOf(is.child)}` : "was asked for");
  }
  if (is === undefined) return was.child.to === undefined ? "has started, and is on its own" : "has ended";
  const [from, to] = [stateOf(was.child), stateOf(is.child)];
  if (from !== to) return `went from ${from} to ${to}`;
  const changed = compareJson(contentOf(was), contentOf(is)).map(({ keys }) => joinPath("", keys));
  return changed.length === 0 ? undefined : `changed: ${changed.join(", ")}`;
}

/** What a child has beside its own document, of which there is more to say. */
function contentOf({ child: { job, ...child }, flow, flowId }: PlacedChild): object {
  return { ...child, flow, flowId, isInside: job !== undefined };
}
