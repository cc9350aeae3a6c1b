import { type Child, Children, type ChildStart, type JobParent } from "../job/children.ts";
import type { JsonValue } from "../values/json.ts";
import type { Payload } from "../values/payload.ts";
import * as c from "./codec.ts";

/** Children of a job that have one flow. */
export interface ChildrenDocument {
  /** The text of their flow's document, while they have not been started. */
  readonly flow?: string;
  /** The id of their flow. */
  readonly flowId: string;
  /** The children. */
  readonly jobs: readonly ChildDocument[];
}

/** A job that another has asked for, and that has not ended. */
export interface ChildDocument {
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

interface ChildParts {
  readonly entry: EntryParts | undefined;
  readonly jobId: string;
  readonly left: boolean;
  readonly routine: string;
  readonly to: string | undefined;
}

interface Group {
  readonly flow: string | undefined;
  readonly flowId: string;
  readonly jobs: readonly ChildParts[];
}

const entry: c.Codec<EntryParts, ChildEntryDocument> = c.shape({
  params: c.optionalValue,
  priority: c.optional(c.count),
  queue: c.optional(c.name),
  routine: c.name,
  slot: c.name,
  tags: c.optional(c.named(c.text)),
});

const group: c.Codec<Group, ChildrenDocument> = c.shape({
  flow: c.optional(c.text),
  flowId: c.name,
  jobs: c.list(
    c.shape<ChildParts, ChildDocument>({
      entry: c.optional(entry),
      jobId: c.name,
      left: c.flag,
      routine: c.name,
      to: c.optional(c.name),
    }),
  ),
});

/** Children: those of one flow together, so that its document is written once. */
export const childList: c.Codec<readonly Child[], readonly ChildrenDocument[] | undefined> = c.via(
  c.optionalList(group),
  groupsOf,
  (groups, reader, path, part): readonly Child[] =>
    groups.flatMap(({ flow, flowId, jobs }, index) =>
      jobs.map(({ entry, left, ...child }, at) => {
        if ((flow === undefined) !== (entry === undefined)) {
          reader.fail(`${path}${part}[${index}].jobs[${at}]`, "a flow and an entry, or neither", "one of them");
        }
        return { ...child, flowId, start: flow === undefined ? undefined : startOf(flow, entry), isLeft: left };
      })
    ),
);

function startOf(flow: string, entry: EntryParts | undefined): ChildStart | undefined {
  return entry && { ...entry, flow, tags: entry.tags && Object.fromEntries(entry.tags) };
}

function groupsOf(children: readonly Child[]): readonly Group[] {
  const groups = new Map<string, Group & { readonly jobs: ChildParts[] }>();
  for (const { jobId, flowId, routine, to, start, isLeft } of children) {
    const key = JSON.stringify([flowId, start?.flow]);
    const group = groups.get(key) ?? { flow: start?.flow, flowId, jobs: [] };
    groups.set(key, group);
    const tags = start?.tags && new Map(Object.entries(start.tags));
    group.jobs.push({ entry: start && { ...start, tags }, jobId, left: isLeft, routine, to });
  }
  return [...groups.values()];
}

/** The children of a job. */
export const children: c.Codec<Children | undefined, readonly ChildrenDocument[] | undefined> = c.via(
  childList,
  (children) => [...children ?? []],
  (list) => list.length === 0 ? undefined : new Children(list),
);

/** The parent of a job. */
export const parent: c.Codec<JobParent, ParentDocument> = c.via(
  c.shape<Omit<JobParent, "isTold"> & { told: boolean }, ParentDocument>({
    depth: c.positive,
    jobId: c.name,
    told: c.flag,
  }),
  ({ isTold, ...parent }) => ({ ...parent, told: isTold }),
  ({ told, ...parent }) => ({ ...parent, isTold: told }),
);
