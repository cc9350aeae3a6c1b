import { type Child, Children, type ChildStart, type InnerJob, type JobParent } from "../job/children.ts";
import type { Job } from "../job/job.ts";
import type { JsonValue } from "../values/json.ts";
import type { Payload } from "../values/payload.ts";
import * as c from "./codec.ts";
import type { JobDocument } from "./job.ts";

/** Children that a step has asked for, and that have one flow. */
export interface NewChildrenDocument {
  /** The text of their flow's document. */
  readonly flow?: string;
  /** The id of their flow. */
  readonly flowId: string;
  /** The children. */
  readonly jobs: readonly NewChildDocument[];
}

/** Children of a job that have one flow. */
export interface ChildrenDocument {
  /** The text of their flow's document, while they have not been started, or are part of the job. */
  readonly flow?: string;
  /** The id of their flow. */
  readonly flowId: string;
  /** The children. */
  readonly jobs: readonly ChildDocument[];
}

/** A job that another has asked for. */
export interface NewChildDocument {
  /** Where it begins and with what, while it has not been started. */
  readonly entry?: ChildEntryDocument;
  /** The job's id. */
  readonly jobId: string;
  /** Its parent has ended before it, and has not looked for it since. */
  readonly left?: true;
  /** The routine that has asked for it. */
  readonly routine: string;
  /** The slot of that routine that is told of its end; without one nobody waits for it. */
  readonly to?: string;
}

/** A job that another has asked for, and that has not ended as far as that knows. */
export interface ChildDocument extends NewChildDocument {
  /** Its document, where it is a part of the job, as neither is in a store. */
  readonly job?: JobDocument;
}

/** Where a child begins, and with what. */
export interface ChildEntryDocument {
  /** What the slot gets. */
  readonly params?: JsonValue;
  /** How urgent it is, where it is not as its parent: those with a smaller number are taken first. */
  readonly priority?: number;
  /** Its queue, where it has another than its parent. */
  readonly queue?: string;
  /** The routine. */
  readonly routine: string;
  /** The slot. */
  readonly slot: string;
  /** What is written on it, where that is not what is written on its parent. */
  readonly tags?: { readonly [name: string]: string };
}

/** The job that has asked for this one, and waits for its end. */
export interface ParentDocument {
  /** When it was created: its id may be another job's by now. */
  readonly createdAt?: string;
  /** How many jobs stand above this one. */
  readonly depth: number;
  /** Its id. */
  readonly jobId: string;
  /** It has been told of the end. */
  readonly told?: true;
}

interface EntryParts {
  readonly params: Payload | undefined;
  readonly priority: number | undefined;
  readonly queue: string | undefined;
  readonly routine: string;
  readonly slot: string;
  readonly tags: Map<string, string> | undefined;
}

interface NewChildParts {
  readonly entry: EntryParts | undefined;
  readonly jobId: string;
  readonly left: boolean;
  readonly routine: string;
  readonly to: string | undefined;
}

interface ChildParts extends NewChildParts {
  readonly job?: Job | undefined;
}

interface Group {
  readonly flow: string | undefined;
  readonly flowId: string;
  readonly jobs: readonly ChildParts[];
}

/** Children of one flow, as a document has them. */
interface GroupDocument<D> {
  readonly flow?: string;
  readonly flowId: string;
  readonly jobs: readonly D[];
}

const entry: c.Codec<EntryParts, ChildEntryDocument> = c.shape({
  params: c.optionalValue,
  priority: c.optional(c.count),
  queue: c.optional(c.name),
  routine: c.name,
  slot: c.name,
  tags: c.optional(c.named(c.text)),
});

/** The parts of a child that steps ask for. */
const fields = { entry: c.optional(entry), jobId: c.name, left: c.flag, routine: c.name, to: c.optional(c.name) };

/** Children: those of one flow together, so that its document is written once. */
// @__NO_SIDE_EFFECTS__
function listOf<D>(child: c.Codec<ChildParts, D>): c.Codec<readonly Child[], readonly GroupDocument<D>[] | undefined> {
  const group = c.shape<Group, GroupDocument<D>>({ flow: c.optional(c.text), flowId: c.name, jobs: c.list(child) });
  return c.via(
    c.optionalList(group),
    groupsOf,
    (groups, reader, path, part): readonly Child[] =>
      groups.flatMap(({ flow, flowId, jobs }, index) =>
        jobs.map(({ entry, job, left, ...child }, at) => {
          const parts = (entry === undefined ? 0 : 1) + (job === undefined ? 0 : 1);
          if (parts !== (flow === undefined ? 0 : 1)) {
            const expected = "an entry or a job where there is a flow, and neither without one";
            reader.fail(
              `${path}${part}[${index}].jobs[${at}]`,
              expected,
              parts === 0 ? "neither" : "one without a flow, or both",
            );
          }
          for (const key of ["jobId", "flowId"] as const) {
            const expected = { ...child, flowId }[key];
            if (job === undefined || job[key] === expected) continue;
            const place = `${path}${part}[${index}].jobs[${at}].job.${key}`;
            reader.fail(place, JSON.stringify(expected), JSON.stringify(job[key]));
          }
          const start = flow === undefined ? undefined : startOf(flow, entry);
          return { ...child, flowId, start, inner: innerOf(flow, job), isLeft: left };
        })
      ),
  );
}

/** The children that a step asks for. */
export const newChildren: c.Codec<readonly Child[], readonly NewChildrenDocument[] | undefined> = listOf(
  c.via(c.shape<NewChildParts, NewChildDocument>(fields), (child: ChildParts) => child, (child) => child),
);

/** The children of a job; `job` is how a job travels that is a part of another. */
export function childrenOf(
  job: c.Codec<Job, JobDocument>,
): c.Codec<Children | undefined, readonly ChildrenDocument[] | undefined> {
  return c.via(
    listOf(c.shape<ChildParts, ChildDocument>({ ...fields, job: c.optional(job) })),
    // Unreachable default: a part that is undefined is not written.
    (children) => [...children ?? []],
    (list) => list.length === 0 ? undefined : new Children(list),
  );
}

function innerOf(flow: string | undefined, job: Job | undefined): InnerJob | undefined {
  return flow === undefined || job === undefined ? undefined : { flow, job };
}

function startOf(flow: string, entry: EntryParts | undefined): ChildStart | undefined {
  return entry && { ...entry, flow, tags: entry.tags && Object.fromEntries(entry.tags) };
}

function groupsOf(children: readonly Child[]): readonly Group[] {
  const groups = new Map<string, Group & { readonly jobs: ChildParts[] }>();
  for (const { jobId, flowId, routine, to, start, inner, isLeft } of children) {
    const flow = start?.flow ?? inner?.flow;
    const key = JSON.stringify([flowId, flow]);
    const group = groups.get(key) ?? { flow, flowId, jobs: [] };
    groups.set(key, group);
    const tags = start?.tags && new Map(Object.entries(start.tags));
    group.jobs.push({ entry: start && { ...start, tags }, job: inner?.job, jobId, left: isLeft, routine, to });
  }
  return [...groups.values()];
}

/** The parent of a job. */
export const parent: c.Codec<JobParent, ParentDocument> = c.via(
  c.shape<Omit<JobParent, "isTold"> & { told: boolean }, ParentDocument>({
    createdAt: c.optional(c.instant),
    depth: c.positive,
    jobId: c.name,
    told: c.flag,
  }),
  ({ isTold, ...parent }) => ({ ...parent, told: isTold }),
  ({ told, ...parent }) => ({ ...parent, isTold: told }),
);
