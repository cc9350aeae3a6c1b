import type { ChildOptions, FlowJson } from "./child_types.ts";
import type { ReadonlyValue } from "./read_views.ts";
import type { ConnectionTarget } from "./connection.ts";
import type { EntryParams, EntryPoint } from "./entry_point.ts";
import type { FlowGraph } from "./flow_graph.ts";
import type { Event } from "./event.ts";
import type { Slot } from "./slot.ts";

/**
 * What handlers get as `ctx.services`: clients, handles, secrets. Given to the engine, never written out. Declare yours
 * once, and every handler and every engine is checked against it:
 *
 * ```ts ignore
 * declare module "@routilux/routilux" {
 *   interface Services { readonly mail: MailClient }
 * }
 * ```
 */
// deno-lint-ignore no-empty-interface -- empty until its users declare theirs
export interface Services {}

/** How urgent a task is: among the ready ones, `high` runs before `normal`, `normal` before `low`. */
export type Priority = "high" | "normal" | "low";

/** How an event is emitted. */
export interface EmitOptions {
  /** Milliseconds to wait before the receivers may run. @default {0} */
  readonly delayMs?: number;
  /**
   * How urgent the deliveries are. `last` ones run when nothing else of the job is left, not even what it awaits or what is deferred,
   * and one at a time: they see the work of all others. @default {"normal"}
   */
  readonly priority?: Priority | "last";
  /**
   * Replaces what this routine has emitted before by this event with the same key, as far as no handler has begun it; see
   * `cancelEmit`.
   */
  readonly key?: string;
}

/** Values by name, with atomic changes: writes enter the job when the handler returns, or at its next checkpoint. */
export interface JobValues {
  /** The value, this handler's own writes included; `undefined` when there is none. */
  get<T = unknown>(this: object, key: string): ReadonlyValue<T> | undefined;
  /** Sets the value; `undefined` removes it. */
  set(this: object, key: string, value: unknown): void;
  /**
   * Changes the value by a pure function of the old one. The function runs at commit, on the value of that moment, so
   * that updates of concurrent handlers don't lose each other; it may run more than once.
   */
  update<T = unknown>(this: object, key: string, change: (old: T | undefined) => T | undefined): void;
}

/**
 * What a handler does through its second argument. Everything is buffered and enters the job at once, when the handler
 * returns or at its next checkpoint; a handler that throws leaves nothing. After that the context is closed.
 *
 * Its methods are called on it: `ctx.emit(…)`. Taken off it, as in `({ emit }) => emit(…)`, they do not compile; in plain
 * JavaScript they throw.
 */
export interface Context<P = unknown> {
  /** The job's id. */
  readonly jobId: string;
  /** The flow's id. */
  readonly flowId: string;
  /** The id of this routine in the flow. */
  readonly routineId: string;
  /** The name of the slot whose handler this is. */
  readonly slotName: string;
  /** How often this task has failed and is tried again: 0 at first. */
  readonly attempt: number;
  /**
   * Names this step of the task, for services that must not act twice: each attempt of the step has the same key, on every host,
   * also when the job goes on from an older stored state. The key consists of the job's id, the task's id, and the number of the
   * step. Where tasks may be created in another order when the job goes on (`concurrent` jobs, and stores in `relaxed` mode), a
   * task key stands in place of the task's id; it follows from the step that created the task.
   */
  readonly idempotencyKey: string;
  /** What the last checkpoint or `yield` of this task stored; `undefined` at first. */
  readonly progress: P | undefined;
  /** Aborted when the job is cancelled, the handler takes too long, or a pause no longer waits. */
  readonly signal: AbortSignal;
  /** What the engine was given for handlers; never written out. */
  readonly services: Services;
  /** Values that all routines of the job share. */
  readonly shared: JobValues;
  /** This routine's own values in this job. */
  readonly state: JobValues;
  /** The instant, in milliseconds since 1970, by the engine's clock. */
  now(this: object): number;
  /**
   * Sends data to every slot connected to an event of this routine.
   *
   * @throws {SerializationError} naming the path of what cannot travel
   * @throws {TypeError} for an event of another routine
   * @throws {StateError} when the handler has already returned
   */
  emit<T = unknown>(this: object, event: Event<T> | string, data: NoInfer<T>, options?: EmitOptions): void;
  /**
   * Takes back the deliveries that this routine has emitted by an event with a key, in this task or an earlier one, and that still
   * wait: for their time, for a retry, or for their turn. A delivery whose handler runs, or has stored a step, goes on. Where there
   * is nothing to take back, the call does nothing.
   *
   * @throws {TypeError} for an event of another routine, or a key that is no text
   * @throws {StateError} when the handler has already returned
   */
  cancelEmit(this: object, event: Event<unknown> | string, key: string): void;
  /** As `emit`, but the event is sent before the job completes, when nothing else is left but what is emitted as `last`. */
  defer<T = unknown>(this: object, event: Event<T> | string, data: NoInfer<T>): void;
  /** Commits what is buffered and stores `progress`, which a retry or a resume of this task gets as `ctx.progress`. */
  checkpoint(this: object, progress?: P): Promise<void>;
  /**
   * Runs statements in the database of the store, in a transaction that is committed with this step: both are stored, or neither is, so
   * they have their effect exactly once. The first call of a step begins the transaction; it is rolled back when the handler
   * fails. When `run` rejects, what it has done is undone, and the handler may go on. A handler awaits one call before the next, and
   * before it returns. While it works in a transaction, it has a connection of the store's client for itself.
   *
   * @param run gets what the store's client calls a connection or a transaction: say its type (`(client: PoolClient) => …`)
   *
   * @throws {TypeError} when the job has no store, or its store has no transactions; that of PostgreSQL has
   * @throws {StateError} while another call is under way, or when the handler has already returned
   * @throws whatever `run` throws
   *
   * @example
   * ```ts ignore
   * async function pay(data: Payment, ctx: Context): Promise<void> {
   *   await ctx.transact(async (client: PoolClient) => {
   *     await client.query("UPDATE accounts SET balance = balance - $1 WHERE id = $2", [data.amount, data.account]);
   *   });
   * }
   * ```
   */
  transact<C = unknown, T = unknown>(this: object, run: (client: C) => T | Promise<T>): Promise<T>;
  /** What a slot of this routine holds, as this handler first saw it: lists by key for append, else the value. */
  slotData(this: object, name: string): unknown;
  /**
   * Drops, at commit, what this handler could see in a slot of this routine; what has come since stays. With a key, only
   * the list of that key goes.
   */
  clear(this: object, name: string, key?: string): void;
  /**
   * Waits for a delivery from outside to a slot of this routine: the job does not complete before. A delivery that has arrived
   * since this task entered the job, and that no other call of `expect` has taken, is the answer: then the job does not wait.
   *
   * @throws {TypeError} for a slot of another routine
   * @throws {RangeError} for a time out of range
   * @throws {SchemaError} when the schema of the slot `onTimeout` refuses what that slot would be told
   * @throws {StateError} when the handler has already returned
   */
  expect(this: object, slot: Slot<never> | string, options?: ExpectOptions): void;
  /**
   * Starts a job of another flow, or of this one, when this step is committed, exactly once: a child. Its end is delivered to the slot
   * `to` of this routine, exactly once, and this job does not complete before. When this job fails or is cancelled, so are its
   * children. With `detached: true` nobody waits for the child.
   *
   * With a store, children are jobs of that store: any worker may run them, and a pause of this job does not pause them. In a job
   * that is in no store, children are parts of the job, and are paused with it. A child keeps its flow as it is at this call.
   *
   * @param flow the flow of the child, or its document, as `toJSON` wrote it
   * @param entry the slot where the child begins, or a routine with a slot named `trigger`; names for a document
   * @param params the data for that slot
   * @param options `to` or `detached`; `key` names the child among those of this step
   * @returns the child's id, which follows from `idempotencyKey` and the key, or the position among the children of this step
   * @throws {TypeError} for a detached child of a job in no store, an entry that is not in the flow, a slot of another routine, a flow that another
   * process could not build, and a key that another child of this step has
   * @throws {RangeError} for more children than `limits.children` allows, or more jobs above this one than `limits.childDepth`,
   * and for a key with which the child's id would be too long
   * @throws {SchemaError} when the entry's schema refuses the params
   * @throws {SerializationError} naming the path of params that cannot travel
   * @throws {StateError} when the handler has already returned
   */
  child<F extends FlowGraph | FlowJson, E extends EntryPoint | ConnectionTarget>(
    this: object,
    flow: F,
    entry: E,
    params: EntryParams<E>,
    options: ChildOptions<F>,
  ): string;
  /** Tells listeners of the live job something that is not stored: tokens of a stream, percentages. */
  report(this: object, data: unknown): void;
  /** Adds an object to the job's shared log, with the instant and this routine's id. */
  log(this: object, entry: object): void;
  /** Adds to the job's outputs, for `onOutput` and `flow.outputs`. */
  output(this: object, type: string, data?: unknown): void;
  /**
   * Sets the job's result, which `job.result`, `flow.result` and `handle.result` give. The last that is committed counts.
   *
   * @throws {SchemaError} when the flow's `result` schema refuses the value
   * @throws {SerializationError} naming the path of what cannot travel
   * @throws {TypeError} for `undefined`
   */
  result(this: object, value: unknown): void;
  /** Pauses the job once this handler has committed. */
  pause(this: object, reason?: string, checkpoint?: unknown): void;
}

/** A context whose `result` is checked by the compiler: `ctx: ResultContext<Invoice>`. */
export interface ResultContext<Result, P = unknown> extends Context<P> {
  /**
   * Sets the job's result, as `result` of `Context` does. Only the flow's `result` schema can check that the flow has results of
   * this type.
   */
  result(this: object, value: Result): void;
}

/** How a delivery from outside is awaited. */
export type ExpectOptions =
  | {
    /** How long the delivery may take to come, in milliseconds; without it there is no deadline. */
    readonly timeoutMs?: number;
    /** Without a slot for it, a delivery that does not come in time is a `TimeoutError` of the slot that awaits it. */
    readonly onTimeout?: never;
  }
  | {
    /** How long the delivery may take to come, in milliseconds. */
    readonly timeoutMs: number;
    /** A slot of this routine that is told when the delivery has not come in time: then nothing has failed. */
    readonly onTimeout: Slot<ExpectTimeout> | string;
  };

/** The data for the slot that `expect` names as `onTimeout`: the awaited delivery has not come in time. */
export interface ExpectTimeout {
  /** The name of the slot that has waited. */
  readonly slot: string;
  /** How long it has waited, in milliseconds. */
  readonly timeoutMs: number;
}
