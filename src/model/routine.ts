import { checkInteger, checkName, checkOptions, checkRange, type OptionNames } from "../base/options.ts";
import type { JsonObject } from "../values/json.ts";
import { describeValue } from "../base/path.ts";
import { functionName } from "../base/reflection.ts";
import type { Registry } from "../values/registry.ts";
import { StateError } from "../base/errors.ts";
import { checkSchema } from "../values/standard_schema.ts";
import { ErrorHandler, type ErrorStrategy } from "./error_handler.ts";
import { createEvent, type Event, type EventOptions } from "./event.ts";
import { readRoutine, type RoutineDocument, writeRoutine } from "./routine_document.ts";
import { type Membership, RoutineDeclaration } from "./routine_declaration.ts";
import { type AnyHandler, createSlot, type Slot, type SlotSettings } from "./slot.ts";
import type { CheckedSlotOptions, Handler, HandlerInput, SlotInput, SlotOptions } from "./slot_types.ts";

/** Settings of `setAsCritical`. */
export interface CriticalOptions {
  /** How often a failed task is tried again. @default {3} */
  readonly maxRetries?: number;
  /** Milliseconds before the first retry. @default {1000} */
  readonly retryDelayMs?: number;
  /** What the delay is multiplied with after each retry. @default {2} */
  readonly retryBackoff?: number;
}

const SLOT_OPTIONS: OptionNames<SlotOptions> = { merge: true, schema: true, timeoutMs: true };
const EVENT_OPTIONS: OptionNames<EventOptions<unknown>> = { params: true, schema: true };
const CRITICAL_OPTIONS: OptionNames<CriticalOptions> = { maxRetries: true, retryDelayMs: true, retryBackoff: true };

/** What a routine declares: for the library's own floors. */
export let declarationOf: (routine: Routine<object>) => RoutineDeclaration;

/**
 * The flow that a routine is in, and the routine's id there; `undefined` for a routine that is in no flow, and for any other value.
 */
export function membershipOf(owner: unknown): Membership | undefined {
  return owner instanceof Routine ? declarationOf(owner).membership : undefined;
}

/**
 * A node of a flow: slots take data in, handlers work on it, events send data on. Subclass it, declare slots and events
 * as fields, and keep what changes while a job runs in `ctx.state`: the object is frozen when its flow is first executed.
 * The constructor takes no arguments; settings go through `setConfig`.
 *
 * @example
 * ```ts
 * import { type Context, Routine } from "@routilux/routilux";
 *
 * class Threshold extends Routine<{ limit: number }> {
 *   readonly input = this.addSlot("input", this.check);
 *   readonly above = this.addEvent<{ value: number }>("above");
 *   check({ value }: { value: number }, ctx: Context): void {
 *     if (value > this.getConfig("limit", 10)) ctx.emit(this.above, { value });
 *   }
 * }
 * ```
 */
export class Routine<Config extends object = Record<string, unknown>> {
  /** The version of the class, for documents that an older one wrote. */
  static readonly version: number = 1;

  readonly #declaration: RoutineDeclaration = new RoutineDeclaration();

  static {
    declarationOf = (routine) => routine.#declaration;
  }

  /**
   * Makes a routine.
   *
   * @throws {TypeError} for arguments: other processes, which make the object anew, would not have them
   */
  constructor() {
    // A class without a constructor of its own passes its arguments on.
    if (arguments.length === 0) return;
    const { name } = new.target;
    throw new TypeError(
      `Cannot make a ${name}: it takes no arguments; settings go through its methods, as setConfig()`,
    );
  }

  /**
   * Changes the routine's document, written by an older version of the class, into one of this version.
   *
   * @throws {TypeError} unless a subclass says how
   */
  static migrate(_json: JsonObject, fromVersion: number): unknown {
    throw new TypeError(`Class '${this.name}' has no static migrate(json, fromVersion) for version ${fromVersion}`);
  }

  /**
   * Changes the routine's state in a job, written by an older version of the class, into one of this version.
   *
   * @throws {TypeError} unless a subclass says how
   */
  static migrateState(_state: JsonObject, fromVersion: number): unknown {
    throw new TypeError(
      `Class '${this.name}' has no static migrateState(state, fromVersion) for version ${fromVersion}`,
    );
  }

  /**
   * Builds the routine that `toJSON` wrote.
   *
   * @throws {SerializationError} naming the place that does not fit the class
   */
  static fromJSON<R extends Routine<object>>(this: new () => R, json: unknown, registry: Registry): R {
    const routine = new this();
    readRoutine({ routine, declaration: declarationOf(routine), root: Routine.prototype }, json, registry);
    return routine;
  }

  /**
   * Declares a slot. `null` as the handler makes one that only merges.
   *
   * @throws {TypeError} for a name that is taken or a handler that is no function
   * @throws {RangeError} for a timeout below 1 ms
   * @throws {StateError} when the flow has been executed
   */
  addSlot<H, P = unknown, const O extends SlotOptions = Record<never, never>>(
    name: string,
    handler: Handler<HandlerInput<O, H>, P> | null,
    options?: CheckedSlotOptions<O>,
  ): Slot<SlotInput<O, H>> {
    const action = `Cannot add slot "${name}"`;
    this.#declaration.checkOpen(`add slot "${name}"`);
    checkName("Cannot add slot", "name", name);
    if (this.#declaration.slots.has(name)) {
      throw new TypeError(
        `${action}: the routine has a slot of this name already; choose another name, or override its handler`,
      );
    }
    if (handler !== null && typeof handler !== "function") {
      throw new TypeError(
        `${action}: the handler is ${
          describeValue(handler)
        }; a field that holds one must stand before the slot, and null makes a slot that only merges`,
      );
    }
    const settings = checkSlotOptions(action, handler === null ? undefined : handler as AnyHandler, options ?? {});
    const slot = createSlot<SlotInput<O, H>>(this, name, settings);
    this.#declaration.slots.set(name, slot);
    return slot;
  }

  /**
   * Declares an event, with the type of its payload.
   *
   * @throws {TypeError} for a name that is taken
   * @throws {StateError} when the flow has been executed
   */
  addEvent<T = unknown>(name: string, options: EventOptions<T> = {}): Event<T> {
    const action = `Cannot add event "${name}"`;
    this.#declaration.checkOpen(`add event "${name}"`);
    checkName("Cannot add event", "name", name);
    if (this.#declaration.events.has(name)) {
      throw new TypeError(`${action}: the routine has an event of this name already; choose another name`);
    }
    checkOptions(action, options, EVENT_OPTIONS);
    const { params = [], schema } = options;
    if (!Array.isArray(params) || !params.every((key) => typeof key === "string")) {
      throw new TypeError(`${action}: params must be a list of keys, got ${describeValue(params)}`);
    }
    const event = createEvent<T>(this, name, params, checkSchema(action, "schema", schema));
    this.#declaration.events.set(name, event);
    return event;
  }

  /**
   * Declares a timer: data that is emitted by its event is delivered back to the handler, as in `ctx.emit(timer, data, { delayMs
   * })`. A timer is an event and a slot of the same name that are connected to each other.
   *
   * @throws {TypeError} for a name that is taken by an event or a slot
   * @throws {StateError} when the flow has been executed
   */
  addTimer<H, P = unknown, const O extends SlotOptions = Record<never, never>>(
    name: string,
    handler: Handler<HandlerInput<O, H>, P>,
    options?: CheckedSlotOptions<O>,
  ): Event<SlotInput<O, H>> {
    if (this.#declaration.events.has(name)) {
      throw new TypeError(
        `Cannot add timer "${name}": the routine has an event of this name already; choose another name`,
      );
    }
    const slot = this.addSlot<H, P, O>(name, handler, options);
    const event = this.addEvent<SlotInput<O, H>>(name);
    this.#declaration.timers.set(slot, event);
    return event;
  }

  /**
   * Gives the routine a function for a role of its choice. It travels by name: it is a method of the routine, or registered.
   *
   * @throws {TypeError} for what is no function
   * @throws {StateError} when the flow has been executed
   */
  setFunction(role: string, fn: (...args: never[]) => unknown): this {
    this.#declaration.checkOpen(`set function "${role}"`);
    checkName("Cannot set function", "role", role);
    if (typeof fn !== "function") {
      throw new TypeError(`Cannot set function "${role}": expected a function, got ${describeValue(fn)}`);
    }
    this.#declaration.functions.set(role, fn);
    return this;
  }

  /** The function that was given for a role. */
  getFunction(role: string): ((...args: never[]) => unknown) | undefined {
    return this.#declaration.functions.get(role);
  }

  /**
   * Names instance fields that travel with the flow's document. Their values are written with it and set after
   * construction on the other host.
   *
   * @throws {TypeError} for a name that is no string
   * @throws {StateError} when the flow has been executed
   */
  addSerializableFields(...names: (keyof this & string)[]): void {
    this.#declaration.checkOpen("add serializable fields");
    for (const name of names) checkName("Cannot add serializable field", "name", name);
    for (const name of names) this.#declaration.fields.add(name);
  }

  /**
   * Sets config values, which travel with the flow. They are copied; `undefined` removes one.
   *
   * @throws {SerializationError} naming the path of what cannot travel
   * @throws {StateError} when the flow has been executed
   */
  setConfig(values: Partial<Config>): this {
    this.#declaration.checkOpen("set config");
    this.#declaration.setConfig(values);
    return this;
  }

  /** A copy of all config values. */
  getConfig(): Partial<Config>;
  /** A config value, or the default where it is not set. */
  getConfig<K extends keyof Config>(key: K, fallback: Exclude<Config[K], undefined>): Exclude<Config[K], undefined>;
  /** A config value; `undefined` where it is not set. */
  getConfig<K extends keyof Config>(key: K): Config[K] | undefined;
  getConfig(...args: never[]): unknown {
    const [key, fallback]: unknown[] = args;
    if (args.length === 0) return this.#declaration.configObject();
    const value = this.#declaration.getConfig(String(key));
    return value === undefined ? fallback : value;
  }

  /**
   * Sets what happens when a handler of this routine throws; it goes before the flow's.
   *
   * @throws {TypeError} for what is no `ErrorHandler`
   * @throws {StateError} when the flow has been executed
   */
  setErrorHandler(handler: ErrorHandler): this {
    this.#declaration.checkOpen("set error handler");
    if (!(handler instanceof ErrorHandler)) {
      throw new TypeError(`Cannot set error handler: expected an ErrorHandler, got ${describeValue(handler)}`);
    }
    this.#declaration.errorHandler = handler;
    return this;
  }

  /** What happens when a handler of this routine throws, if the routine has its own say. */
  getErrorHandler(): ErrorHandler | undefined {
    return this.#declaration.errorHandler;
  }

  /**
   * Sets the most handlers of this routine that may run at once in a job. In a concurrent job, others wait for their turn while tasks of
   * other routines run; with 1, what a handler reads in `ctx.state` is still so when it writes. A generator between two yields does
   * not count.
   *
   * @throws {RangeError} for anything else than a whole number of at least 1
   * @throws {StateError} when the flow has been executed
   */
  setConcurrency(most: number): this {
    this.#declaration.checkOpen("set concurrency");
    this.#declaration.concurrency = checkInteger("Cannot set concurrency", "most", most);
    return this;
  }

  /**
   * Lets the job go on when a task of this routine fails, by the given strategy.
   *
   * @throws {TypeError} for an unknown strategy
   * @throws {StateError} when the flow has been executed
   */
  setAsOptional(strategy: ErrorStrategy = "continue"): this {
    return this.setErrorHandler(new ErrorHandler({ strategy, isCritical: false }));
  }

  /**
   * Retries failed tasks of this routine; when the retries are spent, the job fails.
   *
   * @throws {TypeError} for an option of an unknown name
   * @throws {RangeError} for a number out of range
   * @throws {StateError} when the flow has been executed
   */
  setAsCritical(options: CriticalOptions = {}): this {
    checkOptions("Cannot set as critical", options, CRITICAL_OPTIONS);
    return this.setErrorHandler(new ErrorHandler({ ...options, strategy: "retry", isCritical: true }));
  }

  /** The slot of that name, as declared. */
  getSlot(name: string): Slot<never> | undefined {
    return this.#declaration.slots.get(name);
  }

  /** The event of that name, as declared. */
  getEvent(name: string): Event<unknown> | undefined {
    return this.#declaration.events.get(name);
  }

  /**
   * The routine as the flow's document has it.
   *
   * @throws {StateError} outside a flow: its registry names the class and the functions
   */
  toJSON(): RoutineDocument {
    const { membership } = this.#declaration;
    if (membership === undefined) {
      throw new StateError(
        "toJSON",
        "outside a flow",
        "Cannot serialize a routine that is in no flow: add it to one with a registry",
      );
    }
    return writeRoutine({ routine: this, declaration: this.#declaration, root: Routine.prototype }, membership);
  }
}

/** Checks that what is added to a flow is a routine. */
export function checkRoutine(routine: unknown): void {
  if (routine instanceof Routine) return;
  const remedy = typeof routine === "function"
    ? `write new ${functionName(routine)}()`
    : "the routine comes first, then its id";
  const got = describeValue(routine);
  throw new TypeError(`Cannot add routine: expected an instance of Routine, got ${got}; ${remedy}`);
}

function checkSlotOptions(action: string, handler: AnyHandler | undefined, options: SlotOptions): SlotSettings {
  checkOptions(action, options, SLOT_OPTIONS);
  const { merge = "override", schema, timeoutMs } = options;
  if (merge !== "override" && merge !== "append" && typeof merge !== "function") {
    throw new TypeError(
      `${action}: merge must be "override", "append" or a function, current value is ${describeValue(merge)}`,
    );
  }
  if (timeoutMs !== undefined) checkRange(action, "timeoutMs", timeoutMs, 1, Number.MAX_SAFE_INTEGER);
  return { handler, merge, schema: checkSchema(action, "schema", schema), timeoutMs };
}
