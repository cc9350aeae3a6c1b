import type { Routine } from "./model/routine.ts";
import type { Slot } from "./model/slot.ts";

/** The place where a job begins: a slot, a routine with a slot named `trigger`, or the id of such a routine. */
export type EntryPoint = string | Routine<object> | Slot<never>;

/** What a job begins with at an entry point: the data of the slot, or of the one that a routine has as its field `trigger`. */
export type EntryParams<E> = E extends Slot<infer T> | { readonly trigger: Slot<infer T> } ? T : unknown;

/** The arguments after an entry point: params may be left out where the slot accepts `{}`. */
export type EntryArguments<E, O> = Record<never, never> extends EntryParams<E> ? [params?: EntryParams<E>, options?: O]
  : [params: EntryParams<E>, options?: O];
