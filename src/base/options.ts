import { describeValue } from "./path.ts";
import { shorten, utf8Length } from "./text.ts";

/** A table with the names of all options of a kind: the compiler refuses one that lacks a name. */
export type OptionNames<O> = Readonly<Record<keyof O, unknown>>;

/**
 * Checks that options have no unknown names, which the compiler refuses only in TypeScript, and only in literals; `path` stands
 * before the names in the message.
 *
 * @throws {TypeError} that names the nearest known option
 */
export function checkOptions<O extends object>(action: string, options: O, known: OptionNames<O>, path = ""): void {
  checkRecord(action, path === "" ? "options" : path.slice(0, -1), options);
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue;
    const shown = shorten(name, MOST_SHOWN);
    const names = Object.keys(known);
    const nearest = nearestOf(shown, names);
    const remedy = nearest === undefined
      ? `it takes ${listNames(new Set(names.sort()))}`
      : `did you mean "${path}${nearest}"?`;
    throw new TypeError(`${action}: unknown option "${path}${shown}"; ${remedy}`);
  }
}

/** Checks an object that is there for its keys: neither a list nor something that keeps what it has elsewhere, as a map or an engine does. */
export function checkRecord(action: string, name: string, value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value) || isKeyless(value)) {
    throw new TypeError(`${action}: ${name} must be an object, got ${describeValue(value)}`);
  }
}

/**
 * Checks the tags of jobs.
 *
 * @throws {TypeError} for what is no object of names and texts
 * @throws {RangeError} for a name or a text that is too long
 */
export function checkTags(action: string, tags: Readonly<Record<string, string>>): void {
  checkRecord(action, "tags", tags);
  for (const [tag, it] of Object.entries(tags)) checkName(action, `tags.${checkName(action, "tag name", tag)}`, it);
}

/** Whether an object is an instance of a class, without keys of its own: whatever it holds, it is not what was asked for. */
function isKeyless(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = typeof prototype !== "object" || prototype === null || Object.getPrototypeOf(prototype) === null;
  return !isPlain && Object.keys(value).length === 0;
}

/** Checks functions that a caller may give. */
export function checkFunctions(action: string, functions: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(functions)) {
    if (value === undefined || typeof value === "function") continue;
    throw new TypeError(`${action}: ${name} must be a function, got ${describeValue(value)}`);
  }
}

/** Checks an option that is true or false: any text would pass for true. */
export function checkFlag(action: string, name: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new TypeError(`${action}: ${name} must be true or false, current value is ${describeValue(value)}`);
}

/** Checks a signal: its controller is often given in its place. */
export function checkSignal(action: string, signal: unknown): void {
  if (signal === undefined || (typeof signal === "object" && signal !== null && "aborted" in signal)) return;
  const hint = typeof signal === "object" && signal !== null && "signal" in signal ? "; give its signal" : "";
  throw new TypeError(`${action}: signal must be an AbortSignal, got ${describeValue(signal)}${hint}`);
}

/** Checks a text that a caller may give: documents hold no other value in its place. */
export function checkText(action: string, name: string, value: unknown): void {
  if (value === undefined || typeof value === "string") return;
  throw new TypeError(`${action}: the ${name} must be a string, got ${describeValue(value)}`);
}

/** How many characters of a name that is not known a message shows. */
const MOST_SHOWN = 100;

/**
 * The name that the fewest insertions, deletions and replacements of letters lead to, capitals not regarded; none where more than
 * about half of the letters would change.
 */
function nearestOf(name: string, names: readonly string[]): string | undefined {
  const distances = new Map(names.map((other) => [other, distanceOf(name.toLowerCase(), other.toLowerCase())]));
  const least = Math.min(...distances.values());
  const nearest = names.find((other) => distances.get(other) === least);
  return nearest !== undefined && least * 2 <= Math.max(name.length, nearest.length) + 1 ? nearest : undefined;
}

function distanceOf(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, length) => length);
  let distance = to.length;
  for (const letter of from) {
    let replaced = Infinity;
    distance = Infinity;
    row = row.map((without, length) => {
      distance = Math.min(without + 1, distance + 1, replaced);
      replaced = without + (letter === to[length] ? 0 : 1);
      return distance;
    });
  }
  return distance;
}

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
    const kind = name.endsWith("Ms") ? "a number of milliseconds" : "a number";
    throw new RangeError(`${action}: ${name} must be ${kind}, ${range}, current value is ${describeValue(value)}`);
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

/** How long a name may be, in bytes of UTF-8: databases keep names in indexes, which take no longer ones. */
const LONGEST_NAME = 1_024;

/** Checks a name that users choose. */
export function checkName(action: string, what: string, value: string): string {
  if (!isName(value)) {
    const reserved = Array.from(RESERVED_NAMES).join(", ");
    throw new TypeError(
      `${action}: the ${what} must be a non-empty string (and none of ${reserved}), not ${describeValue(value)}`,
    );
  }
  if (value.length * 3 > LONGEST_NAME && utf8Length(value) > LONGEST_NAME) {
    const bytes = utf8Length(value);
    throw new RangeError(`${action}: the ${what} must have at most ${LONGEST_NAME} bytes of UTF-8, it has ${bytes}`);
  }
  return value;
}

/** A name that users have passed, for a message. */
export function quote(name: string, mark: "'" | '"' = '"'): string {
  return mark + shorten(name, MOST_SHOWN) + mark;
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
  for (const name of names.keys()) if (shown.push(quote(name)) === MOST_NAMES) break;
  const list = shown.join(", ");
  return names.size > MOST_NAMES ? `${list} and ${names.size - MOST_NAMES} more` : list;
}
