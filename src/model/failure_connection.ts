import { checkOptions, type OptionNames } from "../base/options.ts";
import type { ErrorData } from "../values/error_data.ts";
import type { JsonObject } from "../values/json.ts";
import type { ConnectionTarget, KeyMapping } from "./connection.ts";
import { checkErrorKinds } from "./error_handler.ts";
import type { Slot } from "./slot.ts";

/** What a failure connection delivers. */
export interface Failure<T = unknown> {
  /** The error. */
  readonly error: ErrorData;
  /** What was delivered to the task that has failed, before its slot's schema and merge. */
  readonly data: T;
  /** The id of its routine. */
  readonly routineId: string;
  /** The name of its slot. */
  readonly slotName: string;
  /** The id of the task. */
  readonly taskId: number;
  /** How often its handler was tried. */
  readonly attempts: number;
  /** What does not fit into the flow's limits and was left out: `["data"]`. The task in `job.failures` has it. */
  readonly omitted?: readonly string[];
}

/** What the failures of a slot, or of all slots of a routine, deliver. */
export type FailureOf<S> = S extends Slot<infer T> ? Failure<T> : Failure;

/** The options of `flow.connectFailure`. */
export interface FailureOptions<M> {
  /**
   * The errors that are delivered, by name or code; the name of a class stands for its subclasses too. @default {all}
   */
  readonly errors?: readonly (string | number)[];
  /** The keys of the failure that are renamed on delivery. */
  readonly mapping?: M;
}

/** Where failures come from: the tasks of one slot, or of all slots of a routine. */
export interface FailureSource {
  /** The routine's id in the flow. */
  readonly routine: string;
  /** The slot's name; without one, all slots of the routine. */
  readonly slot?: string;
}

/** A link of a flow: failures of tasks are delivered to a slot. `flow.connectFailure` makes one. */
export interface FailureConnection {
  /** Where the failures come from. */
  readonly from: FailureSource;
  /** Where they are delivered. */
  readonly to: ConnectionTarget;
  /** Which errors are delivered; `undefined` for all. */
  readonly errors: readonly (string | number)[] | undefined;
  /** How keys are renamed; empty for none. */
  readonly mapping: KeyMapping;
}

const ACTION = "Cannot connect failure";
const KEYS: OptionNames<Required<Failure>> = {
  ...{ error: true, data: true, routineId: true, slotName: true, taskId: true, attempts: true, omitted: true },
};

/**
 * Adds a failure connection to those of a flow. The same ends with the same options again are the same connection.
 *
 * @throws {TypeError} for a slot that is to take its own failures, other options for the same ends, and options of the wrong kind
 */
export function linkFailure(
  connections: FailureConnection[],
  from: FailureSource,
  to: ConnectionTarget,
  options: FailureOptions<KeyMapping>,
  checkMapping: (mapping: KeyMapping) => KeyMapping,
): FailureConnection {
  checkOptions(ACTION, options, { errors: true, mapping: true });
  const names = `${from.routine}${from.slot === undefined ? "" : `.${from.slot}`}" to "${to.routine}.${to.slot}`;
  if (from.routine === to.routine && from.slot === to.slot) {
    const remedy = "give the routine another slot for them";
    throw new TypeError(`${ACTION} "${names}": a slot cannot take its own failures; ${remedy}`);
  }
  const errors = checkErrorKinds(`${ACTION} "${names}"`, "errors", options.errors);
  const mapping = Object.freeze({ ...checkMapping(options.mapping ?? {}) });
  checkOptions<object>(`${ACTION} "${names}"`, mapping, KEYS, "mapping.");
  const made: FailureConnection = Object.freeze({
    from: Object.freeze({ ...from }),
    to: Object.freeze({ ...to }),
    errors,
    mapping,
  });
  const known = connections.find((it) =>
    it.from.routine === from.routine && it.from.slot === from.slot && it.to.routine === to.routine &&
    it.to.slot === to.slot
  );
  if (known === undefined) {
    connections.push(made);
    return made;
  }
  if (JSON.stringify(writeFailureConnection(known)) === JSON.stringify(writeFailureConnection(made))) return known;
  throw new TypeError(`${ACTION} "${names}": they are connected already, with other options`);
}

/** A failure connection as the flow's document has it. */
export function writeFailureConnection({ from, to, errors, mapping }: FailureConnection): JsonObject {
  const { routine, slot } = from;
  return {
    ...(errors === undefined ? {} : { errors }),
    from: slot === undefined ? { routine } : { routine, slot },
    ...(Object.keys(mapping).length === 0 ? {} : { mapping }),
    to: { routine: to.routine, slot: to.slot },
  };
}

/**
 * Whether a connection delivers the failures of a slot's tasks. The connection of a whole routine to one of its own slots leaves
 * out the failures of that slot.
 */
export function takesFailuresOf({ from, to }: FailureConnection, routine: string, slot: string): boolean {
  if (from.routine !== routine || (from.slot !== undefined && from.slot !== slot)) return false;
  return to.routine !== routine || to.slot !== slot;
}
