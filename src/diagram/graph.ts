import { readFlowDocument } from "../documents/flow.ts";
import type { ConnectionDocument, FlowDocument } from "../documents/flow_schema.ts";
import { JOB_FORMAT, type JobDocument } from "../documents/job.ts";
import { openEnvelope } from "../documents/envelope.ts";
import { compareTexts } from "../inspect/documents.ts";
import type { ChildSummary, RoutineSummary, TaskSummary } from "../inspect/summary.ts";
import { summarizeDocument } from "../inspect/summary.ts";
import { labelOf } from "./labels.ts";
import { counted, instantLabel, lookOf, tallyOf } from "./looks.ts";

/** The options of `toMermaid`, `toDot` and `toSvg`. */
export interface DiagramOptions {
  /** A job of the flow, as its parsed document: the diagram shows what the job does. @default {none} */
  readonly job?: unknown;
}

/** How a node or an edge looks: what is to be seen first of all that it stands for. */
export type Look =
  | "idle"
  | "completed"
  | "skipped"
  | "continued"
  | "ready"
  | "waiting"
  | "awaiting"
  | "active"
  | "failed"
  | "missing";

/** A box: a routine, a slot that gets deliveries from outside, or jobs that a routine has asked for. */
export interface DiagramNode {
  /** Its name in the text of the diagram. */
  readonly name: string;
  /** What it stands for. */
  readonly kind: "routine" | "outside" | "children";
  /** How it looks. */
  readonly look: Look;
  /** Its lines, the title first: short, without line breaks, not escaped. */
  readonly lines: readonly [string, ...string[]];
  /** All of its title, not escaped. */
  readonly title: string;
}

/** An arrow between two boxes. */
export interface DiagramEdge {
  /** The name of the box where it begins. */
  readonly from: string;
  /** The name of the box where it ends. */
  readonly to: string;
  /** What it stands for. */
  readonly kind: "connection" | "failure" | "timer" | "outside" | "child";
  /** How it looks. */
  readonly look: Look;
  /** Its label: short, without line breaks, not escaped; empty for none. */
  readonly label: string;
}

/** What all kinds of diagrams draw. */
export interface DiagramGraph {
  /** The id of the flow, or of the job, not escaped. */
  readonly title: string;
  /** The boxes, routines by id first. */
  readonly nodes: readonly DiagramNode[];
  /** The arrows. */
  readonly edges: readonly DiagramEdge[];
}

/** What a job does in its flow. */
interface JobView {
  readonly jobId: string;
  readonly routines: ReadonlyMap<string, RoutineSummary>;
  readonly awaiting: readonly TaskSummary[];
  readonly children: readonly ChildSummary[];
  /** How many emissions of an event the history has. */
  emissions(routine: string, event: string): number;
}

/**
 * Makes the graph of a flow, and of a job in it.
 *
 * @throws {SerializationError} when one of them is no such document, naming the path
 * @throws {TypeError} when the job is of another flow
 */
export function graphOf(flow: unknown, { job }: DiagramOptions): DiagramGraph {
  return graphOfDocuments(readFlowDocument(flow), job === undefined ? undefined : openEnvelope(job, JOB_FORMAT));
}

/** The same for documents that were checked: large ones take long. */
export function graphOfDocuments(document: FlowDocument, job: JobDocument | undefined): DiagramGraph {
  const view = job && viewOf(document, job);
  const routines = new Map(Object.entries(document.routines).sort(([a], [b]) => a < b ? -1 : 1));
  const { connections, failureConnections = [] } = document;
  const ends = [...connections, ...failureConnections].flatMap(({ from, to }) => [from.routine, to.routine]);
  const known = [...view?.routines.keys() ?? [], ...view?.children.map(({ routine }) => routine) ?? []];
  const missing = new Set([...ends, ...known].filter((id) => !routines.has(id)));
  const names = new Map([...routines.keys(), ...missing].map((id, index) => [id, `r${index}`]));
  const nodes = Array.from(names, ([id, name]) => routineNode(id, name, routines.get(id)?.type, view));
  const edges: DiagramEdge[] = connections.map((it) => connectionEdge(it, names, view));
  for (const { errors, from, to } of failureConnections) {
    const what = errors === undefined ? "failure" : `failure ${errors.join(", ")}`;
    const label = `${what}${from.slot === undefined ? "" : ` of ${from.slot}`} → ${to.slot}`;
    edges.push({
      from: nameIn(names, from.routine),
      to: nameIn(names, to.routine),
      kind: "failure",
      ...withCount(label),
    });
  }
  for (const [id, { slots }] of routines) {
    const reached = reachedSlots(document, view, id);
    const name = nameIn(names, id);
    for (const [slot, { timer }] of Object.entries(slots).sort(([a], [b]) => a < b ? -1 : 1)) {
      const awaiting = view?.awaiting.filter((it) => it.routine === id && it.slot === slot) ?? [];
      if (timer === true) edges.push(timerEdge(name, id, slot, view));
      if (awaiting.length > 0 || (timer !== true && !reached.has(slot))) {
        const outside = outsideNode(`o${nodes.length - names.size}`, slot, awaiting);
        nodes.push(outside);
        edges.push({ from: outside.name, to: name, kind: "outside", look: outside.look, label: "" });
      }
    }
  }
  childGroups(view).forEach((group, index) => {
    const [{ flowId, routine, to }] = group;
    const name = `c${index}`;
    const lines = [labelOf(flowId), counted(group.length, "child", "children")] as const;
    nodes.push({ name, kind: "children", look: "waiting", lines, title: flowId });
    const asker = nameIn(names, routine);
    edges.push({ from: asker, to: name, kind: "child", look: "completed", label: "" });
    if (to !== undefined) edges.push({ from: name, to: asker, kind: "child", look: "idle", label: labelOf(`→ ${to}`) });
  });
  return { title: view?.jobId ?? document.id, nodes, edges };
}

/** The children of a job, those together that have one flow, and are asked for by and told to the same. */
function childGroups(view: JobView | undefined): (readonly [ChildSummary, ...ChildSummary[]])[] {
  const groups = new Map<string, [ChildSummary, ...ChildSummary[]]>();
  for (const child of view?.children ?? []) {
    const key = JSON.stringify([child.flowId, child.routine, child.to]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [child]);
    else group.push(child);
  }
  return Array.from(groups.values());
}

function viewOf(flow: FlowDocument, job: JobDocument): JobView {
  if (job.flowId !== flow.id) {
    throw new TypeError(`Cannot draw job "${job.jobId}" in flow "${flow.id}": it is a job of flow "${job.flowId}"`);
  }
  const { awaiting, children, routines } = summarizeDocument(job);
  const { executionHistory = [] } = job;
  const emits = executionHistory.filter(({ type }) => type === "emit");
  const counts = new Map<string, number>();
  const keyOf = (routine: string, event: string | undefined) => JSON.stringify([routine, event]);
  for (const { event, routine } of emits) {
    counts.set(keyOf(routine, event), (counts.get(keyOf(routine, event)) ?? 0) + 1);
  }
  return {
    jobId: job.jobId,
    routines: new Map(Object.entries(routines)),
    awaiting,
    children,
    emissions: (routine, event) => counts.get(keyOf(routine, event)) ?? 0,
  };
}

function routineNode(id: string, name: string, type: string | undefined, view: JobView | undefined): DiagramNode {
  const summary = view?.routines.get(id);
  const lines = [...type === undefined ? ["not in the flow"] : type === id ? [] : [labelOf(type)], ...tallyOf(summary)];
  return {
    name,
    kind: "routine",
    look: type === undefined ? "missing" : lookOf(summary),
    lines: [labelOf(id), ...lines],
    title: id,
  };
}

function connectionEdge(
  { from, mapping, to }: ConnectionDocument,
  names: ReadonlyMap<string, string>,
  view: JobView | undefined,
): DiagramEdge {
  const renamed = Object.entries(mapping ?? {}).map(([key, other]) => `${key} as ${other}`).join(", ");
  const route = `${from.event} → ${to.slot}`;
  return {
    from: nameIn(names, from.routine),
    to: nameIn(names, to.routine),
    kind: "connection",
    ...withCount(renamed === "" ? route : `${route} (${renamed})`, view?.emissions(from.routine, from.event)),
  };
}

function timerEdge(name: string, id: string, slot: string, view: JobView | undefined): DiagramEdge {
  return { from: name, to: name, kind: "timer", ...withCount(`timer ${slot}`, view?.emissions(id, slot)) };
}

/** A label with the number of deliveries; an edge that none has taken looks idle. */
function withCount(text: string, count: number = 0): Pick<DiagramEdge, "label" | "look"> {
  return {
    label: count === 0 ? labelOf(text) : `${labelOf(text)} ×${count}`,
    look: count === 0 ? "idle" : "completed",
  };
}

function outsideNode(name: string, slot: string, awaiting: readonly TaskSummary[]): DiagramNode {
  const [first] = awaiting.toSorted((a, b) => compareTexts(a.until ?? "~", b.until ?? "~"));
  const until = first?.until === undefined ? "" : ` until ${instantLabel(first.until)}`;
  const then = first?.onTimeout === undefined ? "" : `, then ${first.onTimeout}`;
  const lines = first === undefined ? [] : [labelOf(`awaited${until}${then}`)];
  return {
    name,
    kind: "outside",
    look: first === undefined ? "idle" : "awaiting",
    lines: [labelOf(slot), ...lines],
    title: slot,
  };
}

function nameIn(names: ReadonlyMap<string, string>, id: string): string {
  return names.get(id) ?? id; // Unreachable default: each routine has a box.
}

/** The slots of a routine that some connection leads to, or the end of a child. */
function reachedSlots(
  { connections, failureConnections = [] }: FlowDocument,
  view: JobView | undefined,
  routine: string,
): ReadonlySet<string> {
  const ends = [...connections, ...failureConnections].filter(({ to }) => to.routine === routine);
  const told = view?.children.flatMap(({ routine: asker, to }) => asker === routine && to !== undefined ? [to] : []) ??
    [];
  return new Set([...ends.map(({ to }) => to.slot), ...told]);
}
