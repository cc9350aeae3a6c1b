import { isRecord } from "../values/json.ts";

/**
 * The data that a routine works on; `action` and `done` name its work, such as `render` and `rendered`.
 *
 * @throws {TypeError} when what was delivered has no key `data`
 */
export function dataOf(input: unknown, action: string, done: string): unknown {
  if (isRecord(input) && "data" in input) return input.data;
  throw new TypeError(`Cannot ${action}: what is to be ${done} must stand under the key data`);
}
