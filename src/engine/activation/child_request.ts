import { checkName, checkOptions, checkTags, checkWord } from "../../base/options.ts";
import { describeValue } from "../../base/path.ts";
import { flowTextOf } from "../../documents/flow_text.ts";
import { readFlowDocument } from "../../documents/flow.ts";
import type { Child, ChildStart } from "../../job/children.ts";
import { PRIORITIES } from "../../job/task.ts";
import type { ChildOptions } from "../../model/child_types.ts";
import type { ConnectionTarget } from "../../model/connection.ts";
import { type EntryPoint, entryTarget } from "../../model/entry_point.ts";
import { FlowGraph } from "../../model/flow_graph.ts";
import { Routine } from "../../model/routine.ts";
import { Slot } from "../../model/slot.ts";
import { payloadOf } from "../../values/encoder.ts";
import type { Payload } from "../../values/payload.ts";
import { isRecord } from "../../values/json.ts";
import { validate } from "../../values/standard_schema.ts";
import type { ActivationHost, ChildRequest } from "./activation_host.ts";
import { ownSlot } from "./expectations.ts";
import type { SlotPlan } from "./plan.ts";

/** Where a child begins, as a handler says it. */
type ChildEntry = EntryPoint | ConnectionTarget;

/** The step that asks for a child. */
interface Asker {
  readonly plan: SlotPlan;
  readonly idempotencyKey: string;
}

/**
 * The child that a handler asks for; `siblings` are those that the same step has asked for before.
 *
 * @throws {TypeError} for what is no flow, an entry that is not in it, a slot of another routine, a flow that another process could not
 * build, and a key or an id that another child has
 * @throws {RangeError} when the job would have more children than it may, or stand below more jobs, and for an id that is too long
 * @throws {SchemaError} when the entry's schema refuses the params
 * @throws {SerializationError} naming the path of params that cannot travel
 */
export function createChild(
  host: ActivationHost,
  { plan, idempotencyKey }: Asker,
  siblings: ReadonlyMap<string, Child>,
  { flow, entry, params, options }: ChildRequest,
): Child {
  const { routine: { id: routine } } = plan;
  const action = `Cannot start a child of routine "${routine}"`;
  const { to, key, jobId: given, ...labels } = checkChildOptions(action, plan, options);
  checkChildLimits(action, host, siblings, to !== undefined);
  const what = given === undefined ? "id of the child, made of its job's id and its key," : "jobId";
  const jobId = checkName(action, what, given ?? `${idempotencyKey}/${key ?? siblings.size}`);
  if (siblings.has(jobId) || host.job.children?.get(jobId) !== undefined) {
    throw new TypeError(`${action}: it has a child "${jobId}" already; give each a key of its own`);
  }
  const target = flow instanceof FlowGraph
    ? graphTarget(action, flow, entry, params)
    : documentTarget(action, flow, entry, payloadOf(params, host.classes, { action, root: "params" }, host.limits));
  const { flowId, ...begin } = target;
  return { jobId, flowId, routine, to, start: { ...begin, ...labels }, inner: undefined, isLeft: false };
}

/** Where and with what a child begins. */
type Target = Pick<ChildStart, "flow" | "routine" | "slot" | "params"> & { readonly flowId: string };

function graphTarget(action: string, graph: FlowGraph, entry: ChildEntry, given: unknown): Target {
  const { routine, slot } = entryTarget(action, graph, entry);
  const { schema } = graph.slot(routine, slot);
  const subject = { action: `${action}: a job of flow "${graph.id}"`, root: "params" };
  if (schema !== undefined) validate(schema, given, `${subject.action}: params for slot "${slot}"`);
  const params = payloadOf(given, graph.registry, subject, graph.limits);
  return { flowId: graph.id, flow: flowTextOf(graph), routine, slot, params };
}

function documentTarget(action: string, flow: unknown, entry: ChildEntry, params: Payload | undefined): Target {
  if (!isRecord(flow)) {
    throw new TypeError(`${action}: expected a Flow, or the document of one, got ${describeValue(flow)}`);
  }
  const { id, routines } = readFlowDocument(flow);
  if (entry instanceof Slot || entry instanceof Routine) {
    throw new TypeError(
      `${action}: flow "${id}" is given as a document; name the routine and the slot where it begins`,
    );
  }
  const { routine, slot } = typeof entry === "string" ? { routine: entry, slot: "trigger" } : entry;
  const { slots = {} } = new Map(Object.entries(routines)).get(routine) ?? {};
  if (!Object.hasOwn(slots, slot)) {
    throw new TypeError(`${action}: flow "${id}" has no routine "${routine}" with a slot "${slot}"`);
  }
  return { flowId: id, flow: JSON.stringify(flow), routine, slot, params };
}

function checkChildOptions(action: string, plan: SlotPlan, options: ChildOptions) {
  if (!isRecord(options)) {
    throw new TypeError(
      `${action}: the options must be { to: slot } or { detached: true }, got ${describeValue(options)}`,
    );
  }
  const names = { to: true, key: true, detached: true, jobId: true, queue: true, priority: true, tags: true } as const;
  checkOptions<ChildOptions>(action, options, names);
  const { to, key, detached = false, jobId, queue, priority, tags } = options;
  if (detached ? to !== undefined : to === undefined) {
    const why = detached
      ? "a detached child tells nobody; leave out to"
      : "say to which slot its end goes, or detached: true";
    throw new TypeError(`${action}: ${why}`);
  }
  if (jobId !== undefined && !detached) {
    throw new TypeError(`${action}: only a detached child has an id of its own; give it a key`);
  }
  if (key !== undefined) checkName(action, "key", key);
  if (queue !== undefined) checkName(action, "queue", queue);
  if (tags !== undefined) checkTags(action, tags);
  return {
    to: to && ownSlot(plan, "start a child", to).slot.name,
    key,
    jobId,
    queue,
    priority: priority && PRIORITIES.indexOf(checkWord(action, "priority", priority, PRIORITIES)),
    tags: tags && { ...tags },
  };
}

function checkChildLimits(
  action: string,
  { job, limits }: ActivationHost,
  siblings: ReadonlyMap<string, Child>,
  isWaitedFor: boolean,
): void {
  if ((job.children?.size ?? 0) + siblings.size >= limits.children) {
    throw new RangeError(
      `${action}: its job has ${limits.children} children already, as many as limits.children allows`,
    );
  }
  const depth = (job.parent?.depth ?? 0) + 1;
  if (isWaitedFor && depth > limits.childDepth) {
    const why = `${depth - 1} jobs stand above its job, as many as limits.childDepth allows`;
    throw new RangeError(`${action}: ${why}; does a flow start itself without an end?`);
  }
}
