import { ignoreRejection, isThenable } from "../../base/thenable.ts";
import { describeError } from "../../values/error_data.ts";
import type { Activation } from "../activation/activation.ts";
import type { Around, HandlerInfo } from "../../ports/around.ts";

/** A user's `around`, held to its contract. */
export type GuardedAround = (activation: Activation, run: () => unknown) => unknown;

type State = "not called" | "running" | "returned" | "thrown";

/**
 * Holds a user's `around` to its contract. The outcome of a call is the handler's own, so that nobody can make a failure look like a
 * success, unless `around` itself fails. A handler that was aborted before `around` calls it, or after `around` is over, does not begin:
 * its task may run elsewhere by then. A call throws a TypeError when `around` has not called `run` once, or is over before the handler.
 * A handler that still runs when `around` is over is told to stop, and waited for, so that the next attempt does not run beside it.
 */
export function guardAround(around: Around): GuardedAround {
  return (activation, run) => callAround(around, activation, run);
}

function callAround(around: Around, activation: Activation, run: () => unknown): unknown {
  let state: State = "not called";
  let outcome: unknown;
  let running: Promise<unknown> | undefined;
  const settle = (as: State, value: unknown) => {
    state = as;
    outcome = value;
  };
  const fail = (error: unknown): unknown => {
    if (state !== "running" || running === undefined) throw error;
    const { message } = describeError(error);
    activation.stop(new Error(`around was over before the handler: ${message}`, { cause: error }));
    const rethrow = () => {
      throw error;
    };
    return running.then(rethrow, rethrow);
  };
  const end = (): unknown => {
    if (state === "thrown") throw outcome;
    if (state === "returned") return outcome;
    const why = state === "running"
      ? "it was over before the handler: return what run() returns"
      : "it must call run()";
    return fail(misuse(activation, why));
  };
  const runOnce = (): unknown => {
    if (state !== "not called") throw misuse(activation, "it must call run() only once");
    activation.checkOpen("run the handler");
    state = "running";
    let returned: unknown;
    try {
      returned = run();
    } catch (error) {
      settle("thrown", error);
      throw error;
    }
    if (!isThenable(returned)) {
      settle("returned", returned);
      return returned;
    }
    const waiting = Promise.resolve(returned);
    const told = waiting.then((value) => settle("returned", value), (error: unknown) => settle("thrown", error));
    running = told.then(() => waiting);
    ignoreRejection(running);
    return running;
  };
  let result: unknown;
  try {
    result = around(activation, runOnce);
  } catch (error) {
    return fail(error);
  }
  return isThenable(result) ? Promise.resolve(result).then(end, fail) : end();
}

function misuse({ routineId, slotName }: HandlerInfo, why: string): TypeError {
  return new TypeError(
    `Cannot run slot "${slotName}" of routine "${routineId}": around has broken its contract: ${why}`,
  );
}
