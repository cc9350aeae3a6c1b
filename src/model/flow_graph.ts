import { StateError } from "../base/errors.ts";
import { checkInteger, checkName, checkOptions, checkRecord, checkWord, listNames, quote } from "../base/options.ts";
import { describeValue } from "../base/path.ts";
import { Registry } from "../values/registry.ts";
import {
  type Connection,
  type ConnectOptions,
  createConnection,
  type KeyMapping,
  type MappedData,
} from "./connection.ts";
import { ErrorHandler } from "./error_handler.ts";
import { Event } from "./event.ts";
import {
  type Failure,
  type FailureConnection,
  type FailureOf,
  type FailureOptions,
  linkFailure,
} from "./failure_connection.ts";
import { checkExecutionTimeout, completeLimits, type FlowLimits } from "./flow_limits.ts";
import { checkRoutine, declarationOf, membershipOf, Routine } from "./routine.ts";
import { Slot } from "./slot.ts";
import { checkSchema, type StandardSchema } from "../values/standard_schema.ts";

/** How a job's handlers run: one at a time, or up to `maxWorkers` that wait at the same time. */
export type ExecutionStrategy = "sequential" | "concurrent";

/** The words for how a job's handlers run. */
export const EXECUTION_STRATEGIES: readonly ["sequential", "concurrent"] = ["sequential", "concurrent"];

/** The settings of a flow. */
export interface FlowSettings<Result = unknown> {
  /** The names by which classes and functions travel. @default {that of the engine, or an empty one} */
  readonly registry?: Registry | undefined;
  /** How handlers run. @default {"sequential"} */
  readonly executionStrategy?: ExecutionStrategy;
  /** How many handlers may wait at the same time in a concurrent job. @default {8} */
  readonly maxWorkers?: number;
  /** How long a job may work, in milliseconds, waiting not counted; `Infinity` for no limit. @default {Infinity} */
  readonly executionTimeoutMs?: number;
  /**
   * Which version of the flow it is: a number to raise when jobs under way are to be moved to the new one; see `onChange` of
   * `engine.work`. @default {1}
   */
  readonly version?: number;
  /** What happens when a handler throws and its routine has no say of its own. */
  readonly errorHandler?: ErrorHandler;
  /** Bounds of the flow's jobs. */
  readonly limits?: Partial<FlowLimits>;
  /**
   * What the result of its jobs looks like: checked when a handler sets it, and a job that would complete without one fails. It
   * travels by the name under which it is registered. @default {any value, or none}
   */
  readonly result?: StandardSchema<unknown, Result>;
}

const DEFAULT_MAX_WORKERS = 8;

/** Freezes the structure of a flow and each of its routines (shallow), before a job starts. */
export let freezeGraph: (graph: FlowGraph) => void;

/** The connections that routines bring with them: from their timers back to themselves. */
export function timerConnectionsOf({ routines }: FlowGraph): readonly Connection[] {
  return Array.from(routines).flatMap(([id, routine]) => {
    const ids = { from: id, to: id };
    return Array.from(declarationOf(routine).timers, ([slot, event]) => createConnection(event, slot, ids, {}));
  });
}

/** Says whether payloads of an event are delivered to a slot: by a connection, or as a timer of their routine. */
export function leadsTo(graph: FlowGraph, event: Event<unknown>, slot: Slot<never>): boolean {
  if (graph.findConnection(event, slot) !== undefined) return true;
  const { owner } = event;
  return owner instanceof Routine && declarationOf(owner).timers.get(slot) === event;
}

/**
 * The structure of a flow, which `Flow` inherits: routines, connections, settings. It holds nothing of any execution.
 *
 * @example
 * ```ts
 * import { Flow, type FlowGraph, Routine } from "@routilux/routilux";
 *
 * // The ids of all routines, and how they are connected.
 * function describe({ routines, connections }: FlowGraph): string[] {
 *   return [...routines.keys(), ...connections.map(({ from, to }) => `${from.routine} to ${to.routine}`)];
 * }
 * const flow = new Flow();
 * flow.addRoutine(new Routine(), "a");
 * describe(flow); // ["a"]
 * ```
 */
export class FlowGraph<out Result = unknown> {
  /** The type of its jobs' results; never there at run time. */
  declare readonly gives: Result;
  /** The flow's id. */
  readonly id: string;
  /** The names by which classes and functions travel. */
  readonly registry: Registry;
  /** Bounds of the flow's jobs. */
  readonly limits: FlowLimits;
  /** How long a job may work, in milliseconds. */
  readonly executionTimeoutMs: number;
  /** Which version of the flow it is. */
  readonly version: number;
  /** What the result of its jobs looks like, if that is checked. */
  readonly resultSchema: StandardSchema<unknown, Result> | undefined;
  readonly #routines: Map<string, Routine<object>> = new Map();
  readonly #connections: Connection[] = [];
  readonly #failureConnections: FailureConnection[] = [];
  readonly #links: Map<Event<unknown>, Map<Slot<never>, Connection>> = new Map();
  #errorHandler: ErrorHandler | undefined;
  #strategy: ExecutionStrategy = "sequential";
  #maxWorkers = 1;
  #frozen = false;

  static {
    freezeGraph = (graph) => {
      if (graph.#frozen) return;
      graph.#frozen = true;
      for (const routine of graph.#routines.values()) {
        declarationOf(routine).frozen = true;
        Object.freeze(routine);
      }
    };
  }

  /**
   * Makes an empty structure.
   *
   * @param id the flow's id, which its jobs carry
   * @throws {TypeError} for an option of the wrong kind
   * @throws {RangeError} for a number out of range
   */
  constructor(id: string, options: FlowSettings<Result> = {}) {
    const { registry = new Registry(), executionStrategy = "sequential", maxWorkers } = options;
    const { executionTimeoutMs = Infinity, errorHandler, limits = {}, result, version = 1 } = options;
    this.id = checkName("Cannot create flow", "id", id);
    const action = `Cannot create flow "${id}"`;
    if (!(registry instanceof Registry)) {
      throw new TypeError(`${action}: registry must be a Registry, got ${describeValue(registry)}`);
    }
    this.registry = registry;
    this.executionTimeoutMs = checkExecutionTimeout(action, executionTimeoutMs);
    this.limits = completeLimits(action, limits);
    this.version = checkInteger(action, "version", version);
    this.resultSchema = checkSchema(action, "result", result);
    if (errorHandler !== undefined) this.setErrorHandler(errorHandler);
    this.setExecutionStrategy(executionStrategy, maxWorkers);
  }

  /** All routines by id, in the order in which they were added. */
  get routines(): ReadonlyMap<string, Routine<object>> {
    return this.#routines;
  }

  /** All connections, in the order in which they were made. */
  get connections(): readonly Connection[] {
    return this.#connections;
  }

  /** All failure connections, in the order in which they were made. */
  get failureConnections(): readonly FailureConnection[] {
    return this.#failureConnections;
  }

  /** What happens when a handler throws and its routine has no say of its own. */
  get errorHandler(): ErrorHandler | undefined {
    return this.#errorHandler;
  }

  /** How handlers run. */
  get executionStrategy(): ExecutionStrategy {
    return this.#strategy;
  }

  /** How many handlers may wait at the same time; 1 in a sequential flow. */
  get maxWorkers(): number {
    return this.#maxWorkers;
  }

  /** Whether a job has been started: from then on the structure stays as it is. */
  get isFrozen(): boolean {
    return this.#frozen;
  }

  /**
   * Adds a routine and returns it. Without an id it gets the first free one of `routine_1`, `routine_2`, …
   *
   * @throws {TypeError} for an id that is taken, or a routine that is in a flow already
   * @throws {StateError} when the flow has been executed
   */
  addRoutine<R extends Routine<object>>(routine: R, id: string = this.#freeId()): R {
    checkRoutine(routine);
    this.#checkOpen(`add routine "${id}"`);
    checkName("Cannot add routine", "id", id);
    const action = `Cannot add routine "${id}"`;
    if (this.#routines.has(id)) {
      throw new TypeError(`${action}: the flow has a routine of this id already; choose another id`);
    }
    const declaration = declarationOf(routine);
    if (declaration.membership !== undefined) {
      throw new TypeError(
        `${action}: this object is in a flow already, as "${declaration.membership.id}"; make another instance`,
      );
    }
    declaration.membership = { id, registry: this.registry, routines: this.#routines };
    this.#routines.set(id, routine);
    return routine;
  }

  /**
   * The routine of an id, checked to be of a class where one is given.
   *
   * @throws {TypeError} listing the known ids, or naming the class that was expected
   */
  routine<R extends Routine<object> = Routine<object>>(id: string, Type?: abstract new (...args: never[]) => R): R {
    const routine = this.#find("Cannot find routine", id);
    if (Type !== undefined && !(routine instanceof Type)) {
      throw new TypeError(`Routine "${id}" is ${describeValue(routine)}, not a ${Type.name}`);
    }
    return routine as R;
  }

  /**
   * The id of a routine in this flow.
   *
   * @throws {TypeError} when it is in none, or in another
   */
  routineId(routine: Routine<object>): string {
    const membership = membershipOf(routine);
    if (membership?.routines !== this.#routines) {
      const remedy = routine instanceof Routine ? "add it with addRoutine" : "give what addRoutine has returned";
      throw new TypeError(`Cannot find routine: ${describeValue(routine)} is not in flow "${this.id}"; ${remedy}`);
    }
    return membership.id;
  }

  /** All routines of a class, subclasses included, by id. */
  findRoutines<R extends Routine<object>>(Type: abstract new (...args: never[]) => R): Map<string, R> {
    const found = new Map<string, R>();
    for (const [id, routine] of this.#routines) if (routine instanceof Type) found.set(id, routine);
    return found;
  }

  /**
   * Connects an event to a slot. The same pair with the same mapping again is the same connection.
   *
   * @throws {TypeError} for an event, slot or routine that is not in the flow, or another mapping for the same pair
   * @throws {StateError} when the flow has been executed
   */
  connect<T, const M extends KeyMapping = Record<never, never>>(
    event: Event<T>,
    slot: Slot<MappedData<NoInfer<T>, M>>,
    options?: ConnectOptions<M & { readonly [K in Exclude<keyof M, [T] extends [object] ? keyof T : never>]: never }>,
  ): Connection;
  /** Connects by names: the routine that emits and its event, the routine that receives and its slot. */
  connect(from: string, event: string, to: string, slot: string, options?: ConnectOptions<KeyMapping>): Connection;
  connect(...args: never[]): Connection {
    const [first, second]: unknown[] = args;
    if (first instanceof Event) return this.#link(first, this.#asSlot(second), args[2]);
    const names: unknown[] = args.slice(0, 4);
    if (!names.every((name) => typeof name === "string") || names.length < 4) {
      throw new TypeError(
        `Cannot connect: expected an event and a slot, or four names, got ${args.map(describeValue).join(", ")}`,
      );
    }
    const [from = "", event = "", to = "", slot = ""] = names;
    return this.#link(this.event(from, event), this.slot(to, slot), args[4]);
  }

  /**
   * Delivers failures to a slot: when a task of the source ends in an error and its retries are spent, the slot gets a `Failure`, in the
   * same commit, and the job goes on. Failures that are skipped are not delivered, nor is the limit of the job's tasks.
   *
   * @param source a slot, or a routine for all its slots
   * @throws {TypeError} for a slot or routine that is not in the flow, a slot that is to take its own failures, and other options for
   * the same ends
   * @throws {StateError} once the flow has been executed
   *
   * @example
   * ```ts
   * import { type Context, type Failure, Flow, Routine } from "@routilux/routilux";
   *
   * class Charge extends Routine {
   *   readonly trigger = this.addSlot("trigger", this.charge);
   *   charge(_order: { item: string }): void {
   *     throw new Error("declined");
   *   }
   * }
   * class Apology extends Routine {
   *   readonly failed = this.addSlot("failed", this.send);
   *   send({ data, error }: Failure<{ item: string }>, ctx: Context): void {
   *     ctx.result(`No ${data.item}: ${error.message}`);
   *   }
   * }
   * const flow = new Flow({ id: "orders" });
   * const charge = flow.addRoutine(new Charge(), "charge");
   * const apology = flow.addRoutine(new Apology(), "apology");
   * flow.connectFailure(charge.trigger, apology.failed);
   *
   * const job = await flow.run(charge.trigger, { item: "book" });
   * [job.status, job.result]; // ["completed", "No book: declined"]
   * ```
   */
  connectFailure<S extends Routine<object> | Slot<never>, const M extends KeyMapping = Record<never, never>>(
    source: S,
    target: Slot<MappedData<FailureOf<S>, M>>,
    options: FailureOptions<M & { readonly [K in Exclude<keyof M, keyof Failure>]: never }> = {},
  ): FailureConnection {
    this.#checkOpen("connect failure");
    const slot = this.#asSlot(target);
    const from = source instanceof Slot
      ? { routine: this.#ownerId(source, "slot"), slot: source.name }
      : { routine: this.routineId(source) };
    const to = { routine: this.#ownerId(slot, "slot"), slot: slot.name };
    return linkFailure(this.#failureConnections, from, to, options, checkMapping);
  }

  /**
   * The slot of a routine, both by name.
   *
   * @throws {TypeError} listing what is known
   */
  slot(routineId: string, name: string): Slot<unknown> {
    const { slots } = declarationOf(this.#find("Cannot find slot", routineId));
    const slot = slots.get(name);
    if (slot === undefined) {
      throw new TypeError(`Routine "${routineId}" has no slot ${quote(name)}; it has ${listNames(slots)}`);
    }
    // The compiler cannot know the data of a slot that is found by its name: the slot's schema and its handler check the data.
    return slot as Slot<unknown>;
  }

  /**
   * The event of a routine, both by name.
   *
   * @throws {TypeError} listing what is known
   */
  event(routineId: string, name: string): Event<unknown> {
    const { events } = declarationOf(this.#find("Cannot find event", routineId));
    const event = events.get(name);
    if (event === undefined) {
      throw new TypeError(`Routine "${routineId}" has no event ${quote(name)}; it has ${listNames(events)}`);
    }
    return event;
  }

  /** The connection between an event and a slot, if there is one. */
  findConnection(event: Event<unknown>, slot: Slot<never>): Connection | undefined {
    return this.#links.get(event)?.get(slot);
  }

  /**
   * Sets what happens when a handler throws and its routine has no say of its own.
   *
   * @throws {TypeError} for what is no `ErrorHandler`
   * @throws {StateError} when the flow has been executed
   */
  setErrorHandler(handler: ErrorHandler): this {
    this.#checkOpen("set error handler");
    if (!(handler instanceof ErrorHandler)) {
      throw new TypeError(`Cannot set error handler: expected an ErrorHandler, got ${describeValue(handler)}`);
    }
    this.#errorHandler = handler;
    return this;
  }

  /**
   * Sets how handlers run.
   *
   * @throws {TypeError} "Invalid execution strategy" for another word
   * @throws {RangeError} for a number of workers below 1, or above 1 in a sequential flow
   * @throws {StateError} when the flow has been executed
   */
  setExecutionStrategy(strategy: ExecutionStrategy, maxWorkers?: number): this {
    this.#checkOpen("set execution strategy");
    const settled = checkStrategy(strategy, maxWorkers);
    this.#strategy = settled.executionStrategy;
    this.#maxWorkers = settled.maxWorkers;
    return this;
  }

  #link(event: Event<unknown>, slot: Slot<never>, options: ConnectOptions<KeyMapping> | undefined): Connection {
    this.#checkOpen("connect");
    const ids = { from: this.#ownerId(event, "event"), to: this.#ownerId(slot, "slot") };
    if (options !== undefined) checkOptions("Cannot connect", options, { mapping: true });
    const mapping = checkMapping(options?.mapping ?? {});
    const known = this.findConnection(event, slot);
    if (known !== undefined) {
      if (sameMapping(known.mapping, mapping)) return known;
      throw new TypeError(
        `Cannot connect "${ids.from}.${event.name}" to "${ids.to}.${slot.name}": they are connected already, with another mapping`,
      );
    }
    const connection = createConnection(event, slot, ids, mapping);
    this.#connections.push(connection);
    const links = this.#links.get(event) ?? new Map<Slot<never>, Connection>();
    this.#links.set(event, links.set(slot, connection));
    return connection;
  }

  #ownerId({ owner, name }: { readonly owner: object; readonly name: string }, what: string): string {
    const membership = membershipOf(owner);
    if (membership?.routines === this.#routines) return membership.id;
    throw new TypeError(
      `Cannot connect: ${what} "${name}" belongs to ${
        describeValue(owner)
      }, which is not in flow "${this.id}"; add it with addRoutine`,
    );
  }

  #asSlot(value: unknown): Slot<never> {
    if (value instanceof Slot) return value;
    const wanted = "expected a slot as the second argument, as addSlot returns it";
    throw new TypeError(`Cannot connect: ${wanted}, got ${describeValue(value)}`);
  }

  #find(action: string, id: string): Routine<object> {
    const routine = this.#routines.get(id);
    if (routine === undefined) {
      throw new TypeError(
        `${action}: routine ${quote(id)} not found in flow "${this.id}"; it has ${listNames(this.#routines)}`,
      );
    }
    return routine;
  }

  #freeId(): string {
    let number = this.#routines.size + 1;
    while (this.#routines.has(`routine_${number}`)) number++;
    return `routine_${number}`;
  }

  #checkOpen(event: string): void {
    if (this.#frozen) {
      throw new StateError(
        event,
        "frozen",
        `Cannot ${event}: flow "${this.id}" has been executed and its structure is frozen; do so before its first job`,
      );
    }
  }
}

/**
 * Checks a strategy with its number of workers.
 *
 * @throws {TypeError} "Invalid execution strategy" for another word
 * @throws {RangeError} for a number of workers that does not go with it
 */
export function checkStrategy(
  strategy: string,
  maxWorkers: number | undefined,
): { readonly executionStrategy: ExecutionStrategy; readonly maxWorkers: number } {
  const executionStrategy = checkWord("Invalid execution strategy", "strategy", strategy, EXECUTION_STRATEGIES);
  const workers = maxWorkers ?? (executionStrategy === "sequential" ? 1 : DEFAULT_MAX_WORKERS);
  checkInteger("Cannot set execution strategy", "maxWorkers", workers);
  if (executionStrategy === "sequential" && workers !== 1) {
    throw new RangeError(
      `Cannot set execution strategy: a sequential flow has 1 worker, current value of maxWorkers is ${workers}; more need the strategy "concurrent"`,
    );
  }
  return { executionStrategy, maxWorkers: workers };
}

function checkMapping(mapping: KeyMapping): KeyMapping {
  checkRecord("Cannot connect", "mapping", mapping);
  const names = Object.values(mapping);
  for (const name of [...Object.keys(mapping), ...names]) checkName("Cannot connect", "mapped name", name);
  const given = new Set<string>();
  const twice = names.find((name) => given.size === given.add(name).size);
  if (twice !== undefined) throw new TypeError(`Cannot connect: the mapping gives two keys the name "${twice}"`);
  return mapping;
}

function sameMapping(a: KeyMapping, b: KeyMapping): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
