import { describeValue } from "./path.ts";

/** Checks that a number is an integer of at least `least`. */
export function checkInteger(action: string, name: string, value: number, least = 1): number {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(
      `${action}: ${name} must be an integer of at least ${least}, current value is ${describeValue(value)}`,
    );
  }
  return value;
}

/** Checks that a number lies between two bounds, both included. */
export function checkRange(action: string, name: string, value: number, least: number, most: number): number {
  if (typeof value !== "number" || !(value >= least && value <= most)) {
    const range = most === Infinity ? `at least ${least}` : `between ${least} and ${most}`;
    throw new RangeError(`${action}: ${name} must be a number, ${range}, current value is ${describeValue(value)}`);
  }
  return value;
}

/** Checks a duration in milliseconds: zero or more; `Infinity` only where a limit can be switched off. */
export function checkDuration(
  action: string,
  name: string,
  value: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  return checkRange(action, name, value, 0, most);
}

/** Checks that a value is one of a list of words. */
export function checkWord<const W extends string>(action: string, name: string, value: string, words: readonly W[]): W {
  const known = words.find((word) => word === value);
  if (known === undefined) {
    const list = words.map((word) => `"${word}"`).join(", ");
    throw new TypeError(`${action}: ${name} must be one of ${list}, current value is ${describeValue(value)}`);
  }
  return known;
}

/** Names that no JSON object should have as a key: tools that copy objects stumble over them. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Says whether users may choose this name: any text but the empty one and the reserved ones. */
export function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "" && !RESERVED_NAMES.has(value);
}

/** Checks a name that users choose. */
export function checkName(action: string, what: string, value: string): string {
  if (!isName(value)) {
    const reserved = Array.from(RESERVED_NAMES).join(", ");
    throw new TypeError(
      `${action}: the ${what} must be a non-empty string (and none of ${reserved}), not ${describeValue(value)}`,
    );
  }
  return value;
}

/** How many names a message lists. */
const MOST_NAMES = 20;

/**
 * A readable list of what is known, for messages: `"a", "b"`, or `nothing`. Names that are not shown are not looked at: a
 * document may have a finding for each of its tasks.
 */
export function listNames(names: ReadonlySet<string> | ReadonlyMap<string, unknown>): string {
  if (names.size === 0) return "nothing";
  const shown: string[] = [];
  for (const name of names.keys()) {
    if (shown.push(`"${name}"`) === MOST_NAMES) break;
  }
  const list = shown.join(", ");
  return names.size > MOST_NAMES ? `${list} and ${names.size - MOST_NAMES} more` : list;
}
