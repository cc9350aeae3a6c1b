import type { ClassTable } from "./class_table.ts";
import { type Payload, valueOf } from "./payload.ts";

/** Makes the view of `items` from index `from` up to, not including, `to`. */
export let createCollected: <T>(items: Items, from: number, to: number, classes: ClassTable) => Collected<T>;

/** The stored items, for the encoder: they have passed every check but that of depth. */
export let storedItems: (list: Collected<unknown>) => Items;

type Items = readonly Payload[];

/** Says once more that it can be iterated: declarations that JSR makes for npm lack members with computed names. */
export interface Collected<T> extends Iterable<T> {}

/**
 * The deliveries that an append slot has collected under one key: a list that never changes, however much is appended
 * later. Reading it costs nothing until an item is asked for; it is copied only when it is emitted.
 *
 * @example
 * ```ts
 * import { type Collected, type Context, Routine } from "@routilux/routilux";
 *
 * class Sum extends Routine {
 *   readonly input = this.addSlot("input", this.add, { merge: "append" });
 *   add({ amount }: { amount: Collected<number> }, ctx: Context): void {
 *     let sum = 0;
 *     for (const each of amount) sum += each;
 *     ctx.output("sum", { sum, last: amount.at(-1), count: amount.length });
 *   }
 * }
 * new Sum();
 * ```
 */
export class Collected<T> {
  readonly #items: Items;
  readonly #from: number;
  readonly #classes: ClassTable;
  /** How many items there are. */
  readonly length: number;

  static {
    createCollected = (items, from, to, classes) => new Collected(items, from, to, classes);
    storedItems = (list) => list.#items.slice(list.#from, list.#from + list.length);
  }

  private constructor(items: Items, from: number, to: number, classes: ClassTable) {
    this.#items = items;
    this.#from = from;
    this.#classes = classes;
    this.length = to - from;
  }

  /** The item at an index; negative indices count from the end. */
  at(index: number): T | undefined {
    const position = index < 0 ? this.length + index : index;
    if (!(position >= 0 && position < this.length)) return undefined;
    return valueOf(this.#items[this.#from + position], this.#classes) as T;
  }

  /** The items in the order in which they came. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let i = 0; i < this.length; i++) yield this.at(i) as T;
  }

  /** The items as a new array. */
  toArray(): T[] {
    return Array.from(this);
  }

  /** The items as a new array, so that `JSON.stringify` shows them. */
  toJSON(): T[] {
    return this.toArray();
  }
}
