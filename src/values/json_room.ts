import { utf8Length } from "../base/text.ts";
import type { JsonValue } from "./json.ts";
import type { ValueLimits } from "./payload.ts";

/** Copies plain JSON as long as there is room for it: no tags, no instances, nothing that would be changed by the copy. */
export class JsonRoom {
  readonly #depth: number;
  #nodes: number;
  #bytes: number;

  /** Makes the room for all that will be copied together. */
  constructor({ depth, nodes, bytes }: ValueLimits) {
    this.#depth = depth;
    this.#nodes = nodes;
    this.#bytes = bytes;
  }

  /** Whether an object may stand at a depth. */
  reaches(depth: number): boolean {
    return depth <= this.#depth;
  }

  /** Copies a value that stands at a depth, frozen; `undefined` when it is no plain JSON, or too large: then it takes no room. */
  copy(value: unknown, depth: number): JsonValue | undefined {
    return this.attempt(() => this.#copy(value, depth));
  }

  /** Takes the room of what a function makes; `undefined`, and no room is taken, when there is too little. */
  attempt<T>(make: () => T | undefined): T | undefined {
    const [nodes, bytes] = [this.#nodes, this.#bytes];
    const made = make();
    if (made !== undefined && this.#nodes >= 0 && this.#bytes >= 0) return made;
    [this.#nodes, this.#bytes] = [nodes, bytes];
    return undefined;
  }

  /** Takes the room of values and of their text. */
  take(nodes: number, bytes: number): void {
    this.#nodes -= nodes;
    this.#bytes -= bytes;
  }

  /** Takes the room of a text. */
  takeText(text: string): void {
    this.take(1, utf8Length(JSON.stringify(text)) + 1);
  }

  #copy(value: unknown, depth: number): JsonValue | undefined {
    if (typeof value === "string") this.takeText(value);
    else this.take(1, NUMBER_BYTES);
    if (this.#nodes < 0 || this.#bytes < 0) return undefined;
    if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
    if (typeof value === "number") return Number.isFinite(value) ? value + 0 : undefined;
    if (typeof value !== "object" || depth > this.#depth) return undefined;
    return Array.isArray(value) ? this.#copyList(value, depth) : this.#copyRecord(value, depth);
  }

  #copyList(list: readonly unknown[], depth: number): JsonValue | undefined {
    const copy: JsonValue[] = [];
    // By index: a hole is no JSON either.
    for (let i = 0; i < list.length; i++) {
      const item = this.#copy(list[i], depth + 1);
      if (item === undefined) return undefined;
      copy.push(item);
    }
    return Object.freeze(copy);
  }

  #copyRecord(record: object, depth: number): JsonValue | undefined {
    const prototype: unknown = Object.getPrototypeOf(record);
    if (prototype !== null && prototype !== Object.prototype) return undefined;
    const copy: Record<string, JsonValue> = {};
    for (const [key, value] of Object.entries(record)) {
      if (value === undefined) continue;
      this.takeText(key);
      const item = isPlainKey(key) ? this.#copy(value, depth + 1) : undefined;
      if (item === undefined) return undefined;
      copy[key] = item;
    }
    return Object.freeze(copy);
  }
}

/** Copies plain JSON of any size, frozen; `undefined` when it is something else. */
export function copyPlain(value: unknown): JsonValue | undefined {
  return new JsonRoom({ depth: MAX_PLAIN_DEPTH, nodes: Infinity, bytes: Infinity }).copy(value, 0);
}

/** The call stack of every host bears it. */
const MAX_PLAIN_DEPTH = 1_000;

/** The longest number as text, with the comma after it. */
const NUMBER_BYTES = 26;

/** Says whether plain JSON can have a key: one would change the prototype, the other would make a tagged value of it. */
export function isPlainKey(key: string): boolean {
  return key !== "__proto__" && key !== "$type";
}
