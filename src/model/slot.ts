import type { StandardSchema } from "../values/standard_schema.ts";

/** A handler as it is kept: what it takes was checked when the slot was declared. */
export type AnyHandler = (this: unknown, data: unknown, ctx: unknown) => unknown;

/** Joins the data that a slot holds (`undefined` at first) with a delivery; the result is stored and handed to the handler. */
export type MergeFunction = (old: never, next: never) => unknown;

/** How a slot joins a delivery with the data that it holds. */
export type MergeStrategy = "override" | "append" | MergeFunction;

/** The settings of a slot, complete. */
export interface SlotSettings {
  /** The function that runs for each delivery. */
  readonly handler: AnyHandler | undefined;
  /** How a delivery is joined with the earlier ones. */
  readonly merge: MergeStrategy;
  /** Checks each delivery, before the merge. */
  readonly schema: StandardSchema<unknown, unknown> | undefined;
  /** The longest that one activation may take, in milliseconds. */
  readonly timeoutMs: number | undefined;
}

/** Makes a slot: for `addSlot` and for the reader of documents. */
export let createSlot: <T>(owner: object, name: string, settings: SlotSettings) => Slot<T>;

/**
 * An input of a routine: each delivery runs its handler. `addSlot` makes one.
 *
 * @example
 * ```ts
 * import { Routine } from "@routilux/routilux";
 *
 * class Greeter extends Routine {
 *   readonly input = this.addSlot("input", this.greet);
 *   readonly output = this.addEvent<{ text: string }>("output");
 *   greet(_data: { name: string }): void {}
 * }
 * const { input, output } = new Greeter();
 * [input.name, output.name]; // ["input", "output"]
 * ```
 */
export class Slot<in T> {
  /** Tells a slot from an event. */
  readonly kind = "slot";
  /** The type that is accepted; never there at run time. */
  declare readonly accepts: (data: T) => void;
  /** The name, unique among the slots of its routine. */
  readonly name: string;
  /** The routine that it belongs to. */
  readonly owner: object;
  /** What runs for each delivery; a slot without a handler only merges. */
  readonly handler: ((this: unknown, data: unknown, ctx: unknown) => unknown) | undefined;
  /** How a delivery is joined with the earlier ones. */
  readonly merge: MergeStrategy;
  /** Checks each delivery, before the merge. */
  readonly schema: StandardSchema<unknown, unknown> | undefined;
  /** The longest that one activation may take, in milliseconds. */
  readonly timeoutMs: number | undefined;

  static {
    createSlot = (owner, name, settings) => new Slot(owner, name, settings);
  }

  private constructor(owner: object, name: string, settings: SlotSettings) {
    this.owner = owner;
    this.name = name;
    this.handler = settings.handler;
    this.merge = settings.merge;
    this.schema = settings.schema;
    this.timeoutMs = settings.timeoutMs;
    Object.freeze(this);
  }

  /** `Slot "input"`. */
  toString(): string {
    return `Slot "${this.name}"`;
  }
}
