import { describeValue } from "../base/path.ts";
import { isAsyncAnswer } from "../base/thenable.ts";
import { isRecord } from "../values/json.ts";

/**
 * Reads the key `data` of an input.
 *
 * @throws {TypeError} when the input has no such key
 */
export function dataOf(input: unknown, action: string): unknown {
  if (isRecord(input) && "data" in input) return input.data;
  throw new TypeError(`${action}: expected an object with the key data, got ${describeValue(input)}`);
}

/**
 * Returns the answer of a function that must not be asynchronous.
 *
 * @throws {TypeError} for a promise, whose rejection is ignored
 */
export function synchronous(answer: unknown, subject: string): unknown {
  if (!isAsyncAnswer(answer)) return answer;
  throw new TypeError(`${subject} is asynchronous; it must answer at once`);
}
