import { OpenClassTable } from "../values/class_table.ts";
import { type Payload, valueOf } from "../values/payload.ts";
import { payloadOf } from "../values/encoder.ts";
import { StateError } from "../base/errors.ts";
import { checkName, checkRecord } from "../base/options.ts";
import { pathStep } from "../base/path.ts";
import type { Registry } from "../values/registry.ts";
import type { ErrorHandler } from "./error_handler.ts";
import type { Event } from "./event.ts";
import type { Slot } from "./slot.ts";

/** A routine's place in a flow. */
export interface Membership {
  /** The routine's id. */
  readonly id: string;
  /** The flow's registry. */
  readonly registry: Registry;
  /** All routines of the flow by id, this one included. */
  readonly routines: ReadonlyMap<string, object>;
}

/** What a routine declares, kept apart from the fields of its own that users give it. */
export class RoutineDeclaration {
  /** The slots by name, in the order of declaration. */
  readonly slots: Map<string, Slot<never>> = new Map();
  /** The events by name, in the order of declaration. */
  readonly events: Map<string, Event<unknown>> = new Map();
  /** The names of the instance fields that travel. */
  readonly fields: Set<string> = new Set();
  /** Functions that the routine was given, by role: they travel by name. */
  readonly functions: Map<string, (...args: never[]) => unknown> = new Map();
  /** The timers, by slot: events of this routine that are delivered to the slot without a connection of the flow. */
  readonly timers: Map<Slot<never>, Event<unknown>> = new Map();
  /** What happens when a handler throws, if the routine has its own say. */
  errorHandler: ErrorHandler | undefined;
  /** The most of its handlers that may wait at once in a concurrent job, if there is a limit. */
  concurrency: number | undefined;
  /** The flow that the routine is in. */
  membership: Membership | undefined;
  /** Whether a job has been started: from then on nothing changes. */
  frozen = false;
  readonly #config: Map<string, Payload> = new Map();
  readonly #classes: OpenClassTable = new OpenClassTable();

  /** Refuses a change once a job has been started. */
  checkOpen(event: string): void {
    if (!this.frozen) return;
    throw new StateError(
      event,
      "frozen",
      `Cannot ${event} of routine "${this.membership?.id}": the flow has been executed; keep what changes in ctx.state`,
    );
  }

  /** Sets config values; they are copied, `undefined` removes. All are checked before the first is set. */
  setConfig(values: object): void {
    checkRecord("Cannot set config", "config", values);
    const encoded = Object.entries(values).map(([key, value]): [string, Payload | undefined] => {
      const name = checkName("Cannot set config", "key", key);
      return [name, payloadOf(value, this.#classes, { action: "Cannot set config", root: `config${pathStep(key)}` })];
    });
    for (const [key, value] of encoded) {
      if (value === undefined) this.#config.delete(key);
      else this.#config.set(key, value);
    }
  }

  /** A config value. */
  getConfig(key: string): unknown {
    return valueOf(this.#config.get(key), this.#classes);
  }

  /** All config values, as a new object. */
  configObject(): Record<string, unknown> {
    return Object.fromEntries(Array.from(this.#config.keys(), (key) => [key, this.getConfig(key)]));
  }

  /** Forgets all config values: a document brings its own. */
  clearConfig(): void {
    this.#config.clear();
  }
}
