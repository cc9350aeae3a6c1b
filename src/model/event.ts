import type { StandardSchema } from "../values/standard_schema.ts";

/** How an event is declared. */
export interface EventOptions<T> {
  /** The keys that the payload has, for readers and tools; further keys may be emitted. */
  readonly params?: readonly (keyof T & string)[];
  /** Checks every payload when it is emitted. */
  readonly schema?: StandardSchema<T, unknown>;
}

/** Makes an event: for `addEvent` and for the reader of documents. */
export let createEvent: <T>(owner: object, name: string, params: readonly string[], schema: Schema) => Event<T>;

type Schema = StandardSchema<unknown, unknown> | undefined;

/**
 * An output of a routine: its payloads go to every slot that the flow connects. `addEvent` makes one.
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
export class Event<out T> {
  /** Tells an event from a slot. */
  readonly kind = "event";
  /** The type of the payload; never there at run time. */
  declare readonly emits: T;
  /** The name, unique among the events of its routine. */
  readonly name: string;
  /** The routine that emits it. */
  readonly owner: object;
  /** The keys that the payload has, as declared. */
  readonly params: readonly string[];
  /** Checks every payload when it is emitted. */
  readonly schema: StandardSchema<unknown, unknown> | undefined;

  static {
    createEvent = (owner, name, params, schema) => new Event(owner, name, params, schema);
  }

  private constructor(owner: object, name: string, params: readonly string[], schema: Schema) {
    this.owner = owner;
    this.name = name;
    this.params = Object.freeze([...params]);
    this.schema = schema;
    Object.freeze(this);
  }

  /** `Event "output"`. */
  toString(): string {
    return `Event "${this.name}"`;
  }
}
