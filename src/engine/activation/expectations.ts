import { checkDuration, checkOptions, listNames, quote } from "../../base/options.ts";
import { describeValue } from "../../base/path.ts";
import { validate } from "../../values/standard_schema.ts";
import type { ExpectOptions } from "../../model/context.ts";
import { Slot } from "../../model/slot.ts";
import type { Expectation } from "../../job/decide.ts";
import type { SlotPlan } from "./plan.ts";

const ACTION = "Cannot expect a delivery";

/**
 * A slot of the routine whose handler runs; `what` says what is to be done with it.
 *
 * @throws {TypeError} for a slot of another routine, and one that there is not
 */
export function ownSlot(
  { routine: { id, routine, slots } }: SlotPlan,
  what: string,
  slot: Slot<never> | string,
): SlotPlan {
  const name = slot instanceof Slot ? slot.name : slot;
  if (typeof name !== "string") {
    throw new TypeError(
      `Cannot ${what}: expected a slot of routine "${id}" or its name, got ${describeValue(name)}; it has ${
        listNames(slots)
      }`,
    );
  }
  if (slot instanceof Slot && slot.owner !== routine) {
    const remedy = `name one of its own: ${listNames(slots)}`;
    throw new TypeError(
      `Cannot ${what} in routine "${id}": slot ${quote(name)} belongs to another routine; ${remedy}`,
    );
  }
  const known = slots.get(name);
  if (known === undefined) {
    throw new TypeError(
      `Cannot ${what}: routine "${id}" has no slot ${quote(name)} of its own; it has ${listNames(slots)}`,
    );
  }
  return known;
}

/**
 * What a handler expects to be delivered to a slot of its routine.
 *
 * @throws {TypeError} for slots of another routine, and a slot to be told without a time
 * @throws {RangeError} for a time out of range
 * @throws {SchemaError} when the slot to be told refuses what it would get
 */
export function createExpectation(plan: SlotPlan, slot: Slot<never> | string, options: ExpectOptions): Expectation {
  const { route } = ownSlot(plan, "expect a delivery", slot);
  checkOptions<ExpectOptions>(ACTION, options, { timeoutMs: true, onTimeout: true });
  const { timeoutMs, onTimeout } = options;
  if (timeoutMs !== undefined) checkDuration(ACTION, "timeoutMs", timeoutMs);
  if (onTimeout === undefined) return { route, timeoutMs, onTimeout };
  // It is refused here rather than when the time is up.
  const { slot: { name, schema } } = ownSlot(plan, "tell of a delivery that has not come", onTimeout);
  if (timeoutMs === undefined) throw new TypeError(`${ACTION}: onTimeout is slot "${name}", but there is no timeoutMs`);
  const subject = `${ACTION}: data for slot "${name}" of routine "${route.routine}" at the deadline`;
  if (schema !== undefined) validate(schema, { slot: route.slot, timeoutMs }, subject);
  return { route, timeoutMs, onTimeout: name };
}
