import { describeValue } from "../../base/path.ts";
import type { Task } from "../../job/task.ts";
import type { ErrorData } from "../../values/error_data.ts";
import { wireOf } from "../../values/payload.ts";
import type { Activation } from "../activation/activation.ts";
import type { SlotPlan } from "../activation/plan.ts";

// The errors of frequent mistakes in handlers: JavaScript itself says nothing about them, or names a property and no remedy.

/**
 * The error of a handler that returns a value, which nobody would receive. Most often the value should have been emitted, or the
 * handler should be a generator.
 */
export function refusedResult({ routineId, slotName }: Activation, result: unknown): TypeError {
  const remedy = Array.isArray(result) ? "function* makes a generator that yields its steps" : "return nothing";
  return new TypeError(
    `The handler of slot "${slotName}" of routine "${routineId}" has returned ${
      describeValue(result)
    }, which goes nowhere: ` +
      `ctx.emit and ctx.output pass data on; ${remedy}`,
  );
}

/** What V8, JavaScriptCore and SpiderMonkey say of a change of a frozen object. */
const FROZEN =
  /read[ -]?only|not extensible|non-extensible|^Cannot delete property|^Unable to delete property|can't be deleted/i;

/** What V8, JavaScriptCore and SpiderMonkey say of a value that is missed. */
const MISSING = /^Cannot (read properties|destructure)|^(undefined|null) is not|is (undefined|null)$/;

/** What the engines that name an expression say of a value that is not of the type that was asked for. */
const ASSUMED = /(shared|state)\.get\b.* is not a function/;

/**
 * Adds the remedy to the error of a handler that has changed something frozen, was given no data, or has taken what was set
 * for something else.
 */
export function explainError(error: ErrorData, task: Task, { routine, slot }: SlotPlan): ErrorData {
  if (error.name !== "TypeError") return error;
  const { message } = error;
  let remedy: string;
  if (FROZEN.test(message)) {
    remedy = "routines and the data that handlers get are frozen; change a copy, and keep what lasts in ctx.state";
  } else if (MISSING.test(message) && isBare(task)) {
    remedy =
      `the job has begun at slot "${slot.name}" of routine "${routine.id}" without params; give those that it needs`;
  } else if (ASSUMED.test(message)) {
    remedy = "ctx.shared and ctx.state give what was set, whatever type was asked for; check it, or set another";
  } else return error;
  return Object.freeze({ ...error, message: `${message} (${remedy})` });
}

/** Whether a task came from outside, without data. */
function isBare({ route, data }: Task): boolean {
  return route.connection === undefined && data !== undefined && Object.keys(Object(wireOf(data))).length === 0;
}
