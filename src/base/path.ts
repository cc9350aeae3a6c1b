import { shorten } from "./text.ts";
import { constructorOf, functionName } from "./reflection.ts";

/** How many characters of a key a path shows. */
const MOST_CHARACTERS = 100;

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** One step of a path: `.name`, `["odd name"]` or `[3]`. */
export function pathStep(key: string | number): string {
  if (typeof key === "number") return `[${key}]`;
  const shown = shorten(key, MOST_CHARACTERS);
  return IDENTIFIER.test(shown) ? `.${shown}` : `[${JSON.stringify(shown)}]`;
}

/** A whole path below `root`: `data.when[2]`; without a root the first step loses its dot. */
export function joinPath(root: string, keys: readonly (string | number)[]): string {
  const path = root + keys.map(pathStep).join("");
  return path.startsWith(".") ? path.slice(1) : path;
}

/**
 * The path of the list item that is being read. Its text is only built when a message needs it, and names the item that is being
 * read at that moment.
 */
export class ItemPath {
  /** Which item it is. */
  index = 0;
  readonly #list: string;

  /** Makes the path of the first item of the list that stands there. */
  constructor(list: string) {
    this.#list = list;
  }

  /** The path. */
  toString(): string {
    return joinPath(this.#list, [this.index]);
  }
}

/** A path. It is valid only while the value at that place is being read: an `ItemPath` moves on to the next item. */
export type Path = string | ItemPath;

/** A short name for what a value is, for messages: `a function`, `an array`, `an instance of Point`. */
export function describeValue(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "undefined";
  if (Array.isArray(value)) return "an array";
  switch (typeof value) {
    case "string":
      return value.length <= 40 ? JSON.stringify(value) : `a string of ${value.length} characters`;
    case "number":
    case "boolean":
      return String(value);
    case "bigint":
      return `the bigint ${value}`;
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    default:
      return describeObject(value);
  }
}

function describeObject(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return "an object";
  const name = className(value);
  return name === undefined
    ? "an instance of an unnamed class"
    : `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name} instance`;
}

/** The name of an object's class, read without running a getter of the object's own or of the class. */
export function className(value: object): string | undefined {
  const made = constructorOf(value);
  return typeof made === "function" ? functionName(made) || undefined : undefined;
}
