import { describeValue } from "../../base/path.ts";
import type { ErrorData } from "../../values/error_data.ts";
import type { Activation } from "../activation/activation.ts";

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

/** Adds the remedy to the error of a handler that has changed something frozen: the data that it was handed, or its routine. */
export function explainFrozen(error: ErrorData): ErrorData {
  if (error.name !== "TypeError" || !FROZEN.test(error.message)) return error;
  const remedy = "routines and the data that handlers get are frozen; change a copy, and keep what lasts in ctx.state";
  return Object.freeze({ ...error, message: `${error.message} (${remedy})` });
}
