import { hashText } from "../../base/text_hash.ts";
import type { DueQuery, JobFilter } from "../../ports/store.ts";
import type { KeptRecord } from "../../ports/store_kit.ts";
import { nameOf, numberName } from "./names.ts";

/**
 * Jobs are found by marks: keys whose names say where a job stands, so that a list of keys is an index. A mark counts only if the
 * job's own value says so. It names the life and the turn for which it was written: once the job has reached that turn, a mark that
 * does not count never will, and whoever meets it deletes it. Before, somebody may just be writing the job's value.
 */
export type Kind = keyof typeof KINDS;

/** The turns at which the marks of a job were written. */
export type Turns = { readonly [K in Kind]?: number } & {
  /**
   * The flow's hash in the marks of a job that was given another flow, but for those by which it is taken: the others stay, so that
   * whoever goes through them finds the job once.
   */
  readonly hash?: string;
};

/** The beginnings of the marks of each kind; those by which due jobs are found have a prefix of their own. */
const KINDS = {
  /** All jobs, by creation. */
  age: "age/",
  /** Ended jobs, by their end. */
  end: "end/",
  /** Jobs that nobody has and that are to be taken at an instant. */
  wait: "due/w/",
  /** Jobs with commands that are not consumed. */
  unread: "due/u/",
  /** Jobs that somebody has claimed, by incarnation. */
  claim: "due/c/",
} as const;

/** The beginning of all marks by which due jobs are found. */
export const DUE = "due/";

/** What a mark says of its job. */
export interface Mark {
  /** The mark. */
  readonly key: string;
  /** The name of the job. */
  readonly name: string;
  /** The life of the job. */
  readonly life: number;
  /** The turn that it was written for. */
  readonly turn: number;
  /** A hash of the flow's id. */
  readonly flow: string;
  /** A hash of the flow's hash. */
  readonly flowHash: string;
  /** A hash of the queue. */
  readonly queue: string;
}

/** The beginning of the marks of a kind, of jobs that stand at a place in its order. */
export function marksAt(kind: Kind, ...place: readonly number[]): string {
  return KINDS[kind] + place.map((it) => `${numberName(it)}/`).join("");
}

/** The turns of the marks of a record that is written at a turn; marks that stay the same are not written anew. */
export function nextTurns(
  before: { readonly record: KeptRecord; readonly marks: Turns } | undefined,
  record: KeptRecord,
  turn: number,
): Turns {
  if (before !== undefined && standsAt(before.record, record)) return before.marks;
  const turns: { [K in Kind]?: number } = {};
  const isMoved = before !== undefined && before.record.flowHash !== record.flowHash;
  for (const [kind, place] of placesOf(record)) {
    const old = before?.marks[kind];
    const isSame = before !== undefined && String(placesOf(before.record).get(kind)) === String(place) &&
      !(isMoved && isOfDue(kind));
    turns[kind] = isSame && old !== undefined ? old : turn;
  }
  const hash = before?.marks.hash ?? (isMoved ? before.record.flowHash : undefined);
  return hash === undefined ? turns : { ...turns, hash };
}

/** The marks of a job by their kinds. */
export function marksOf(name: string, record: KeptRecord, turns: Turns): ReadonlyMap<Kind, string> {
  const { life, flowId, flowHash, queue } = record;
  const labelsWith = (hash: string) => [flowId, hash, queue].map(labelOf).join("-");
  const labels = labelsWith(flowHash);
  const otherLabels = turns.hash === undefined ? labels : labelsWith(turns.hash);
  const marks = Array.from(placesOf(record), ([kind, place]) => {
    const key = `${marksAt(kind, ...place)}${name}--${life}-${turns[kind]}/${isOfDue(kind) ? labels : otherLabels}`;
    return [kind, key] as const;
  });
  return new Map(marks);
}

/** Whether a mark of a kind is one of a record's. */
export function isMarkOf({ key, name, life, turn }: Mark, kind: Kind, record: KeptRecord, turns: Turns): boolean {
  const place = placesOf(record).get(kind);
  return life === record.life && turn === turns[kind] && place !== undefined &&
    key.startsWith(`${marksAt(kind, ...place)}${name}--`);
}

/** Reads a mark. */
export function markIn(key: string): Mark {
  const [labels = "", job = ""] = key.split("/").reverse();
  const [flow = "", flowHash = "", queue = ""] = labels.split("-");
  const end = job.lastIndexOf("--");
  const [life = "", turn = ""] = job.slice(end + 2).split("-");
  return { key, name: job.slice(0, end), life: Number(life), turn: Number(turn), flow, flowHash, queue };
}

/** Returns a function that says whether the job of a mark may match the filters of a query: exact but for equal hashes. */
export async function dueFilter(query: DueQuery): Promise<(mark: Mark) => boolean> {
  const names = new Set(await Promise.all(Array.from(query.exceptJobs ?? [], nameOf)));
  const flows = query.flows?.map(labelOf);
  const queues = query.queues?.map(labelOf);
  const except = new Set(Array.from(query.exceptFlows ?? [], labelOf));
  return ({ name, flow, flowHash, queue }) =>
    !names.has(name) && flows?.includes(flow) !== false && queues?.includes(queue) !== false && !except.has(flowHash);
}

/** Returns a function that says whether the job of a mark may match a filter. */
export function listFilter({ flowId, queue }: JobFilter): (mark: Mark) => boolean {
  const [flow, inQueue] = [flowId, queue].map((it) => it === undefined ? undefined : labelOf(it));
  return (mark) => (flow === undefined || mark.flow === flow) && (inQueue === undefined || mark.queue === inQueue);
}

/** Whether due jobs are found by the marks of a kind: only these are asked for by the hashes of flows. */
function isOfDue(kind: Kind): boolean {
  return KINDS[kind].startsWith(DUE);
}

/** Where a record stands in the order of each kind of which it has a mark. */
function placesOf(record: KeptRecord): ReadonlyMap<Kind, readonly number[]> {
  const { createdAt, priority, dueAt, endedAt, owner, incarnation, sent, consumed } = record;
  const places = new Map<Kind, readonly number[]>([["age", [createdAt]]]);
  if (endedAt !== undefined) places.set("end", [endedAt]);
  if (sent > consumed) places.set("unread", [priority, createdAt]);
  if (owner !== undefined && incarnation !== undefined) places.set("claim", [incarnation, priority, createdAt]);
  else if (dueAt !== undefined) places.set("wait", [priority, dueAt, createdAt]);
  return places;
}

/** Whether nothing has changed that marks depend on. */
function standsAt(before: KeptRecord, after: KeptRecord): boolean {
  return before.flowHash === after.flowHash && before.incarnation === after.incarnation &&
    before.dueAt === after.dueAt &&
    before.endedAt === after.endedAt && before.sent > before.consumed === after.sent > after.consumed;
}

function labelOf(text: string): string {
  return hashText(text).slice(0, 16);
}
