import type { ClassTable } from "../../values/class_table.ts";
import { keyedWireOf, partPayload, type Payload, type ValueLimits, valueOf } from "../../values/payload.ts";
import { payloadOf } from "../../values/encoder.ts";
import { MAX_COUNT } from "../../base/bounded_list.ts";
import { validate } from "../../values/standard_schema.ts";
import type { MergeCommit } from "../../job/commit.ts";
import type { Job } from "../../job/job.ts";
import { listEnd } from "../../job/slot_data.ts";
import { type ListRange, shownData, type Task } from "../../job/task.ts";
import type { SlotPlan } from "./plan.ts";

/** What the handler gets, now and at later attempts, and how the slot changes. */
type MergeResult = Pick<MergeCommit, "merged" | "slot">;

/**
 * Merges a delivery into its slot: checks it by the slot's schema, then joins it with what the slot holds.
 *
 * @throws {SchemaError} when the delivery does not fit the schema
 * @throws {TypeError} when append gets data without keys
 * @throws whatever a merge function throws
 */
export function mergeDelivery(
  job: Job,
  task: Task,
  plan: SlotPlan,
  classes: ClassTable,
  limits: ValueLimits,
): MergeResult {
  const { slot, routine } = plan;
  const at = { routine: routine.id, slot: slot.name };
  const subject = { action: `Cannot merge into slot "${slot.name}" of routine "${routine.id}"`, root: "data" };
  const data = checkDelivery(shownData(task), plan, classes, limits);
  if (slot.merge === "append") return append(job, at, data, subject.action);
  let value = data;
  if (typeof slot.merge === "function") {
    const held = job.slots.get(routine.id)?.get(slot.name);
    const old = held?.kind === "value" ? valueOf(held.value, classes) : undefined;
    const merged: unknown = Reflect.apply(slot.merge, routine.routine, [old, valueOf(data, classes)]);
    value = payloadOf(merged, classes, subject, limits);
  }
  const stores = typeof slot.merge === "function" || slot.handler === undefined;
  return { merged: { kind: "value", value }, slot: stores ? { ...at, kind: "set", value } : undefined };
}

function checkDelivery(
  data: Payload | undefined,
  { slot, routine }: SlotPlan,
  classes: ClassTable,
  limits: ValueLimits,
): Payload | undefined {
  if (slot.schema === undefined) return data;
  const subject = `Data for slot "${slot.name}" of routine "${routine.id}"`;
  const output = validate(slot.schema, valueOf(data, classes), subject);
  return payloadOf(output, classes, { action: subject, root: "data" }, limits);
}

function append(
  job: Job,
  at: { readonly routine: string; readonly slot: string },
  data: Payload | undefined,
  action: string,
): MergeResult {
  const json = keyedWireOf(data);
  if (json === undefined) {
    throw new TypeError(`${action}: append needs an object, whose values it collects key by key`);
  }
  const held = job.slots.get(at.routine)?.get(at.slot);
  const items = new Map<string, Payload>();
  const ranges = new Map<string, ListRange>();
  for (const [key, value] of Object.entries(json)) {
    const list = held?.kind === "lists" ? held.lists.get(key) : undefined;
    const end = list === undefined ? 0 : listEnd(list);
    if (end >= MAX_COUNT) throw new RangeError(`${action}: the list ${JSON.stringify(key)} has no positions left`);
    items.set(key, partPayload(value, data));
    ranges.set(key, { from: list?.cleared ?? 0, to: end + 1 });
  }
  return { merged: { kind: "lists", lists: ranges }, slot: { ...at, kind: "append", items } };
}
