import type { JsonObject } from "../values/json.ts";
import type { Event } from "./event.ts";
import type { Slot } from "./slot.ts";

/** The new names of keys that a connection renames: `{ a: "x" }` delivers `a` as `x`. */
export type KeyMapping = Readonly<Record<string, string>>;

/** The data that arrives when `M` renames keys of `T`; other keys pass, unless a renamed one takes their place. */
export type MappedData<T, M> = keyof M extends never ? T
  : { [K in keyof T as K extends keyof M ? M[K] & string : K extends M[keyof M] ? never : K]: T[K] };

/** The options of a connection. */
export interface ConnectOptions<M> {
  /** The keys of the payload that are renamed on delivery. Other keys are delivered as they are. */
  readonly mapping?: M;
}

/** The sending end of a connection. */
export interface ConnectionSource {
  /** The routine's id in the flow. */
  readonly routine: string;
  /** The event's name. */
  readonly event: string;
}

/** Where a delivery comes from: an event, or the slot whose task has failed. */
export type TaskSource =
  | ConnectionSource & { readonly slot?: never }
  | ConnectionTarget & { readonly event?: never };

/** Says whether a delivery is that of a failure. */
export function isFailureOrigin(source: TaskSource): source is ConnectionTarget & { readonly event?: never } {
  return source.slot !== undefined;
}

/** The receiving end of a connection. */
export interface ConnectionTarget {
  /** The routine's id in the flow. */
  readonly routine: string;
  /** The slot's name. */
  readonly slot: string;
}

/** The routines that a connection joins, by id. */
export interface ConnectionIds {
  /** The one that emits. */
  readonly from: string;
  /** The one that receives. */
  readonly to: string;
}

/** Makes a connection: for the structure of a flow. */
export let createConnection: (
  event: Event<unknown>,
  slot: Slot<never>,
  ids: ConnectionIds,
  mapping: KeyMapping,
) => Connection;

/**
 * A link of a flow: payloads of `event` are delivered to `slot`. `flow.connect` makes one.
 *
 * @example
 * ```ts
 * import { Flow, Routine } from "@routilux/routilux";
 *
 * class Source extends Routine {
 *   readonly output = this.addEvent<{ user: string }>("output");
 * }
 * class Target extends Routine {
 *   readonly input = this.addSlot("input", (_data: { name: string }) => {});
 * }
 * const flow = new Flow();
 * const [source, target] = [flow.addRoutine(new Source(), "a"), flow.addRoutine(new Target(), "b")];
 * const { from, to } = flow.connect(source.output, target.input, { mapping: { user: "name" } });
 * [from, to]; // [{ routine: "a", event: "output" }, { routine: "b", slot: "input" }]
 * ```
 */
export class Connection {
  /** Where it begins. */
  readonly event: Event<unknown>;
  /** Where it ends. */
  readonly slot: Slot<never>;
  /** The ids and names of the beginning. */
  readonly from: ConnectionSource;
  /** The ids and names of the end. */
  readonly to: ConnectionTarget;
  /** How keys are renamed; empty for none. */
  readonly mapping: KeyMapping;

  static {
    createConnection = (event, slot, ids, mapping) => new Connection(event, slot, ids, mapping);
  }

  private constructor(event: Event<unknown>, slot: Slot<never>, ids: ConnectionIds, mapping: KeyMapping) {
    this.event = event;
    this.slot = slot;
    this.from = Object.freeze({ event: event.name, routine: ids.from });
    this.to = Object.freeze({ routine: ids.to, slot: slot.name });
    this.mapping = Object.freeze({ ...mapping });
    Object.freeze(this);
  }

  /** The connection as the flow's document has it. */
  toJSON(): JsonObject {
    const from = { event: this.from.event, routine: this.from.routine };
    const to = { routine: this.to.routine, slot: this.to.slot };
    return Object.keys(this.mapping).length === 0 ? { from, to } : { from, mapping: this.mapping, to };
  }
}

/** Renames the keys of a payload: mapped ones first, then those that no mapped name has taken. */
export function applyMapping(data: JsonObject, mapping: KeyMapping): JsonObject {
  const mapped: Record<string, JsonObject[string]> = {};
  const taken = new Set(Object.keys(mapping).filter((key) => Object.hasOwn(data, key)).map((key) => mapping[key]));
  for (const [key, value] of Object.entries(data)) {
    const name = Object.hasOwn(mapping, key) ? mapping[key] : undefined;
    if (name !== undefined) mapped[name] = value;
    else if (!taken.has(key)) mapped[key] = value;
  }
  return Object.freeze(mapped);
}
