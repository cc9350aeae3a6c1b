import type { StandardSchema } from "../values/standard_schema.ts";

/** A handler as it is kept: what it takes was checked when the slot was declared. */
export type AnyHandler = (this: unknown, data: unknown, ctx: unknown) => unknown;

/** Joins what a slot holds (`undefined` at first) with what comes; the result is stored and handed to the handler. */
export type MergeFunction = (old: never, next: never) => unknown;

/** What happens to what a slot held before. */
export type Merge = "override" | "append" | MergeFunction;

/** An input of a routine: what is delivered here runs its handler. Made by `addSlot`. */
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
  readonly handler: AnyHandler | undefined;
  /** What happens to what came before. */
  readonly merge: Merge;
  /** Checks each delivery, before the merge. */
  readonly schema: StandardSchema<unknown, unknown> | undefined;
  /** The longest that one activation may take, in milliseconds. */
  readonly timeoutMs: number | undefined;

  /** Use `addSlot`. */
  constructor(owner: object, name: string, handler: AnyHandler | undefined, options: {
    readonly merge: Merge;
    readonly schema: StandardSchema<unknown, unknown> | undefined;
    readonly timeoutMs: number | undefined;
  }) {
    this.owner = owner;
    this.name = name;
    this.handler = handler;
    this.merge = options.merge;
    this.schema = options.schema;
    this.timeoutMs = options.timeoutMs;
    Object.freeze(this);
  }

  /** `Slot "input"`. */
  toString(): string {
    return `Slot "${this.name}"`;
  }
}
