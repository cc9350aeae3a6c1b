import type { Routine } from "./model/routine.ts";
import type { Slot } from "./model/slot.ts";

/** The place where a job begins: a slot, a routine with a slot named `trigger`, or the id of such a routine. */
export type EntryPoint = string | Routine<object> | Slot<never>;

/** The arguments after an entry point: params may be left out where the slot accepts `{}`. */
export type EntryArguments<E, O> = E extends Slot<infer T>
  ? (Record<never, never> extends T ? [params?: T, options?: O] : [params: T, options?: O])
  : [params?: unknown, options?: O];
