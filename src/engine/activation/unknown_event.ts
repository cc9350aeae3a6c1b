import { describeValue } from "../../base/path.ts";
import { listNames } from "../../base/options.ts";
import type { Event } from "../../model/event.ts";
import type { SlotPlan } from "./plan.ts";

/** What a handler does with an event. */
export type EventUse = "emit" | "take back" | "defer";

/** The error for an event that is none of the handler's routine. */
export function unknownEvent(
  what: EventUse,
  event: Event<unknown> | string,
  name: string | undefined,
  { routine }: SlotPlan,
): TypeError {
  if (name === undefined) {
    return new TypeError(`Cannot ${what}: expected an event or its name, got ${describeValue(event)}`);
  }
  const names = listNames(routine.events);
  return new TypeError(
    typeof event === "string"
      ? `Cannot ${what} "${name}": routine "${routine.id}" has no such event; it has ${names}`
      : `Cannot ${what} "${name}" in routine "${routine.id}": the event belongs to another routine; ${what} one of its own: ${names}`,
  );
}
