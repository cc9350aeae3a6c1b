import type { JsonObject } from "../values/json.ts";
import type { Event } from "./event.ts";
import type { Slot } from "./slot.ts";

/** How keys are renamed on their way: `{ a: "x" }` makes `a` arrive as `x`. */
export type Mapping = Readonly<Record<string, string>>;

/** What arrives when `M` renames keys of `T`; other keys pass, unless a renamed one takes their place. */
export type Mapped<T, M> = keyof M extends never ? T
  : { [K in keyof T as K extends keyof M ? M[K] & string : K extends M[keyof M] ? never : K]: T[K] };

/** How an event is connected to a slot. */
export interface ConnectOptions<M> {
  /** How keys are renamed on their way. */
  readonly mapping?: M;
}

/** One end of a connection: an event or a slot, by the id of its routine and its own name. */
export interface ConnectionSource {
  /** The routine's id in the flow. */
  readonly routine: string;
  /** The event's name. */
  readonly event: string;
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

/** A link of a flow: what `event` emits is delivered to `slot`. Made by `flow.connect`. */
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
  readonly mapping: Mapping;

  /** Use `flow.connect`. */
  constructor(
    event: Event<unknown>,
    slot: Slot<never>,
    ids: ConnectionIds,
    mapping: Mapping,
  ) {
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
export function applyMapping(data: JsonObject, mapping: Mapping): JsonObject {
  const mapped: Record<string, JsonObject[string]> = {};
  const taken = new Set(Object.keys(mapping).filter((key) => Object.hasOwn(data, key)).map((key) => mapping[key]));
  for (const key of Object.keys(data)) {
    const value = data[key];
    // Unreachable: in JSON every key has a value.
    if (value === undefined) continue;
    const name = Object.hasOwn(mapping, key) ? mapping[key] : undefined;
    if (name !== undefined) mapped[name] = value;
    else if (!taken.has(key)) mapped[key] = value;
  }
  return Object.freeze(mapped);
}
