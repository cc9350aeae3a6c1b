import { NonRetryableError, RetryError } from "../../base/errors.ts";
import { describeValue } from "../../base/path.ts";
import { isAsyncAnswer } from "../../base/thenable.ts";
import type { ErrorHandler } from "../../model/error_handler.ts";

/**
 * Whether a task is to be tried again whose handler has thrown something: a number is the delay in milliseconds.
 *
 * @param kinds the names and codes by which `retryableErrors` may list the error
 * @throws whatever `retryIf` throws, and TypeError for an answer of another kind
 */
export function retryWish(
  thrown: unknown,
  kinds: readonly (string | number)[],
  { strategy, retryableErrors, retryIf }: ErrorHandler,
  routine: object,
  attempt: number,
): boolean | number {
  if (thrown instanceof RetryError) return thrown.delayMs ?? true;
  if (thrown instanceof NonRetryableError || strategy !== "retry") return false;
  if (retryableErrors?.some((kind) => kinds.includes(kind)) === false) return false;
  if (retryIf === undefined) return true;
  const answer: unknown = Reflect.apply(retryIf, routine, [thrown, attempt]);
  if (typeof answer === "boolean" || (typeof answer === "number" && answer >= 0 && answer <= Number.MAX_SAFE_INTEGER)) {
    return answer;
  }
  const got = isAsyncAnswer(answer) ? "a promise; it must answer at once" : describeValue(answer);
  throw new TypeError(`retryIf must answer with a boolean or a delay in milliseconds, got ${got}`);
}
