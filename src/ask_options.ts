import { checkName, checkOptions, checkSignal } from "./base/options.ts";
import { describeValue } from "./base/path.ts";
import type { ChildEnded, Command } from "./documents/command.ts";
import type { ConnectionTarget } from "./model/connection.ts";
import { membershipOf, Routine } from "./model/routine.ts";
import { Slot } from "./model/slot.ts";
import { isRecord } from "./values/json.ts";

/** The options of what is asked of a job by a handle. */
export interface AskOptions {
  /**
   * Names the request: what is sent again with the same key has its effect once. See `durability.keyRetentionMs`. @default {a new
   * id for each call}
   */
  readonly key?: string;
  /** Ends the call when aborted: it rejects with the signal's reason. Then what was asked may be stored or not. */
  readonly signal?: AbortSignal;
}

/** The commands that a handle may send: all but the end of a child, which only the child's engine reports. */
export type AskedCommand = Exclude<Command, ChildEnded>;

/** The names of the options that some commands have beside `key` and `signal`. */
const MORE_OPTIONS: Readonly<Record<AskedCommand["type"], Readonly<Record<string, true>>>> = {
  deliver: {},
  pause: { reason: true, checkpoint: true, graceMs: true },
  cancel: { reason: true },
  resume: { failures: true, maxRetries: true },
  discard: {},
};

/**
 * Checks the options of what is asked of a job.
 *
 * @throws {TypeError} for an option of an unknown name
 */
export function checkAskOptions(action: string, type: AskedCommand["type"], options: AskOptions): void {
  checkOptions<AskOptions>(action, options, { key: true, signal: true, ...MORE_OPTIONS[type] });
  checkSignal(action, options.signal);
}

/**
 * The names of a routine and its slot.
 *
 * @throws {TypeError} for what is no slot of a flow, and no object with its names
 */
export function targetOf(action: string, to: Slot<never> | ConnectionTarget): ConnectionTarget {
  if (!isRecord(to) || to instanceof Routine) {
    throw new TypeError(`${action}: expected a slot or { routine, slot }, got ${describeValue(to)}`);
  }
  if (!(to instanceof Slot)) {
    return { routine: checkName(action, "routine", to.routine), slot: checkName(action, "slot", to.slot) };
  }
  const membership = membershipOf(to.owner);
  if (membership !== undefined) return { routine: membership.id, slot: to.name };
  throw new TypeError(`${action}: slot "${to.name}" belongs to ${describeValue(to.owner)}, which is in no flow`);
}
