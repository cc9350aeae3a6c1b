import { listNames } from "../base/options.ts";
import { describeValue } from "../base/path.ts";
import type { ConnectionTarget } from "./connection.ts";
import type { FlowGraph } from "./flow_graph.ts";
import { declarationOf, membershipOf, Routine } from "./routine.ts";
import { Slot } from "./slot.ts";

/** The place where a job begins: a slot, a routine with a slot named `trigger`, or the id of such a routine. */
export type EntryPoint = string | Routine<object> | Slot<never>;

/**
 * The params of a job that begins at an entry point: the data of the slot; for a routine, the data of the slot in its field
 * `trigger`.
 */
export type EntryParams<E> = E extends Slot<infer T> | { readonly trigger: Slot<infer T> } ? T : unknown;

/** The arguments after an entry point: params may be left out where the slot accepts `{}`. */
export type EntryArguments<E, O> = Record<never, never> extends EntryParams<E> ? [params?: EntryParams<E>, options?: O]
  : [params: EntryParams<E>, options?: O];

/**
 * The routine and the slot that an entry point of a flow stands for.
 *
 * @throws {TypeError} when it is not in the flow
 */
export function entryTarget(action: string, flow: FlowGraph, entry: EntryPoint | ConnectionTarget): ConnectionTarget {
  if (entry instanceof Slot) {
    const membership = membershipOf(entry.owner);
    if (membership?.routines === flow.routines) return { routine: membership.id, slot: entry.name };
    const owner = describeValue(entry.owner);
    throw new TypeError(
      `${action}: slot "${entry.name}" belongs to ${owner}, which is not in flow "${flow.id}"; add it with addRoutine`,
    );
  }
  const named = typeof entry === "string"
    ? { routine: entry, slot: "trigger" }
    : entry instanceof Routine
    ? { routine: flow.routineId(entry), slot: "trigger" }
    : entry;
  if (typeof named?.routine !== "string" || typeof named.slot !== "string") {
    throw new TypeError(`${action}: expected a slot, a routine or the id of one, got ${describeValue(entry)}`);
  }
  const { routine, slot } = named;
  const owner = named === entry ? undefined : flow.routines.get(routine);
  if (owner !== undefined && owner.getSlot(slot) === undefined) {
    const names = listNames(declarationOf(owner).slots);
    throw new TypeError(
      `${action}: routine "${routine}" has no slot "trigger"; it has ${names}; begin at a slot: pass it in the routine's place`,
    );
  }
  return { routine, slot: flow.slot(routine, slot).name };
}
