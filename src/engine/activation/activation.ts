import { type Payload, valueOf } from "../../values/payload.ts";
import { payloadOf } from "../../values/encoder.ts";
import type { EncodeSubject } from "../../values/refusal.ts";
import { StateError } from "../../base/errors.ts";
import { rejectQuietly } from "../../base/thenable.ts";
import type { Linked } from "../../base/linked_list.ts";
import { isRecord } from "../../values/json.ts";
import { checkName, checkOptions, checkRange, checkText, checkWord } from "../../base/options.ts";
import { describeValue } from "../../base/path.ts";
import { validate } from "../../values/standard_schema.ts";
import type { HandlerInfo } from "../../ports/around.ts";
import type { Context, EmitOptions, ExpectOptions, JobValues, Services } from "../../model/context.ts";
import type { ChildOptions } from "../../model/child_types.ts";
import { Event } from "../../model/event.ts";
import type { Slot } from "../../model/slot.ts";
import type { SideEffects } from "../../job/commit.ts";
import type { Expectation } from "../../job/decide.ts";
import { Emissions } from "../../job/emissions.ts";
import { type Task, TASK_PRIORITIES } from "../../job/task.ts";
import { writeKey } from "../../job/task_key.ts";
import type { ActivationHost, ChildRequest, PauseRequest } from "./activation_host.ts";
import { detached } from "../../base/reflection.ts";
import { resultOf } from "./job_result.ts";
import { EffectsBuffer } from "./effects_buffer.ts";
import { createExpectation, ownSlot } from "./expectations.ts";
import type { StepTransactions } from "./step_transactions.ts";
import { type EventPlan, findEvent, type SlotPlan, unknownEvent } from "./plan.ts";

/** Why an activation refuses calls: its handler has returned, or was told to stop for a reason. */
interface Closed {
  readonly why: string;
  readonly reason?: unknown;
  /** Whether the handler's later result is ignored. */
  readonly isAborted?: boolean;
}

const NONE: readonly never[] = [];
const RETURNED: Closed = Object.freeze({ why: "its handler has returned; await what it starts before it returns" });

/** One run of a handler: its context, and the buffer of its effects until the next commit. */
export class Activation implements Context<unknown>, HandlerInfo, Linked<Activation> {
  readonly task: Task;
  /** The slot whose handler runs. */
  readonly plan: SlotPlan;
  /** The handler's first argument. */
  readonly input: unknown;
  /** The pause that the handler has asked for since its last commit. */
  pauseRequest: PauseRequest | undefined;
  /** The transactions of its store; `undefined` in most. */
  transactions: StepTransactions | undefined;
  /** The neighbours in the list of activations whose handlers wait. */
  previous: Activation | undefined;
  next: Activation | undefined;
  readonly #host: ActivationHost;
  #emissions: Emissions | undefined;
  #effects: EffectsBuffer | undefined;
  #controller: AbortController | undefined;
  /** To be called when the handler no longer waits: they stop its timeout and the watch over its slot. */
  #stops: (() => void)[] | undefined;
  /** To be called when the handler is aborted; `undefined` for most. */
  #onAbort: Set<(reason: unknown) => void> | undefined;
  #closed: Closed | undefined;

  /** Makes the activation of a task; `input` is the handler's first argument. */
  constructor(host: ActivationHost, task: Task, plan: SlotPlan, input: unknown) {
    this.#host = host;
    this.task = task;
    this.plan = plan;
    this.input = input;
  }

  /** Whether the handler was aborted: its later result is ignored. */
  get isAborted(): boolean {
    return this.#closed?.isAborted === true;
  }

  /** Refuses all further calls: the handler has returned. */
  close(): void {
    this.#closed ??= RETURNED;
  }

  /** Accepts calls again: a generator goes on. */
  reopen(): void {
    if (this.#closed?.reason === undefined) this.#closed = undefined;
  }

  /** Refuses all further calls, and aborts `ctx.signal`: the handler's later result is ignored. */
  abort(reason: Error): void {
    if (this.isAborted) return;
    this.stopWaiting();
    this.stop(reason, true);
  }

  /** Refuses all further calls, and aborts `ctx.signal`; without `isAborted`, the handler is waited for, and its result counts. */
  stop(reason: Error, isAborted = false): void {
    if (this.isAborted) return;
    this.#closed = { why: `its handler was aborted (${reason.message})`, reason, isAborted };
    this.transactions?.rollback();
    this.#controller?.abort(reason);
    this.#onAbort?.forEach((callback) => callback(reason));
  }

  /** Calls back when `ctx.signal` is aborted, or at once if it was, until the returned function is called. */
  onAbort(callback: (reason: unknown) => void): () => void {
    if (this.#closed?.reason !== undefined) callback(this.#closed.reason);
    const callbacks = this.#onAbort ??= new Set();
    callbacks.add(callback);
    return () => void callbacks.delete(callback);
  }

  /** The progress that the task keeps for its next step: without a new one, the last. */
  keep(action: string, progress: unknown): Payload | undefined {
    return progress === undefined ? this.task.details?.progress : this.#encode(action, "progress", progress);
  }

  /** Keeps the view of the own slot as it is now, while the handler waits and other tasks merge into that slot. */
  watchSlot(): void {
    this.whileWaiting(this.#buffer.views.watch());
  }

  /** Calls `stop` when the handler no longer waits. */
  whileWaiting(stop: () => void): void {
    if (this.#stops === undefined) this.#stops = [stop];
    else this.#stops.push(stop);
  }

  /** Calls all functions that were given to `whileWaiting`. */
  stopWaiting(): void {
    const stops = this.#stops;
    if (stops === undefined) return;
    this.#stops = undefined;
    for (const stop of stops) stop();
  }

  /**
   * The changes that the buffered calls make to the values of this moment, emissions left out.
   *
   * @throws whatever an update function throws
   */
  effects(): SideEffects | undefined {
    return this.#effects?.changes();
  }

  /** Forgets the buffered calls: they are committed. */
  reset(): void {
    this.#emissions = undefined;
    this.#effects?.clear();
    this.pauseRequest = undefined;
  }

  /** Everything emitted since the last commit. */
  get emissions(): Emissions {
    return this.#emissions ??= new Emissions();
  }

  /** The deliveries from outside that were asked for since the last commit, and that have not come before. */
  get expectations(): readonly Expectation[] {
    return this.#effects?.expectations ?? NONE;
  }

  get jobId(): string {
    return this.#host.job.jobId;
  }

  get flowId(): string {
    return this.#host.job.flowId;
  }

  get routineId(): string {
    return this.plan.routine.id;
  }

  get slotName(): string {
    return this.plan.slot.name;
  }

  get attempt(): number {
    return this.task.details?.attempt ?? 0;
  }

  get idempotencyKey(): string {
    const { key, id, details } = this.task;
    return `${this.jobId}/${key === undefined ? id : writeKey(key)}/${details?.step ?? 0}`;
  }

  get trace(): string | undefined {
    return this.task.details?.trace;
  }

  get jobTrace(): string | undefined {
    return this.#host.job.trace;
  }

  get progress(): unknown {
    return valueOf(this.task.details?.progress, this.#host.classes);
  }

  get services(): Services {
    return this.#host.services;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#closed?.reason !== undefined) this.#controller.abort(this.#closed.reason);
    }
    return this.#controller.signal;
  }

  get shared(): JobValues {
    return this.#buffer.shared;
  }

  get state(): JobValues {
    return this.#buffer.state;
  }

  now(): number {
    if (!(this instanceof Activation)) throw detached("now", "ctx");
    return this.#host.now();
  }

  emit(event: Event<unknown> | string, data: unknown, options?: EmitOptions): void {
    const source = eventOf(this, "emit", event);
    if (options !== undefined) this.#emitWith(source, data, options);
    else this.emissions.add(source, this.#payload(source, data, source.emission));
  }

  #emitWith(source: EventPlan, data: unknown, options: EmitOptions): void {
    const { action } = source.emission;
    checkOptions<EmitOptions>(action, options, { delayMs: true, priority: true, key: true });
    const { delayMs = 0, priority = "normal", key } = options;
    if (delayMs !== 0) checkRange(action, "delayMs", delayMs, 0, Number.MAX_SAFE_INTEGER);
    if (priority !== "normal") checkWord(action, "priority", priority, TASK_PRIORITIES);
    if (key !== undefined) checkName(action, "key", key);
    const payload = this.#payload(source, data, source.emission);
    if (key === undefined) return this.emissions.add(source, payload, delayMs, priority);
    this.#buffer.lists.withdrawals.push({ source, emitKey: key });
    this.emissions.addKeyed(source, payload, delayMs, priority, key);
  }

  cancelEmit(event: Event<unknown> | string, key: string): void {
    if (!(this instanceof Activation)) throw detached("cancelEmit", "ctx");
    const source = eventOf(this, "take back", event);
    checkName(`Cannot take back "${source.event}" of routine "${this.routineId}"`, "key", key);
    this.#buffer.lists.withdrawals.push({ source, emitKey: key });
    this.#emissions?.takeBack(source, key);
  }

  defer(event: Event<unknown> | string, data: unknown, options?: undefined): void {
    if (options !== undefined) throw new TypeError("Cannot defer an event with options; ctx.emit takes them");
    const source = eventOf(this, "defer", event);
    const subject = { action: `Cannot defer "${source.event}" of routine "${this.routineId}"`, root: "data" };
    const payload = this.#payload(source, data, subject);
    this.#buffer.lists.deferred.push({ routine: this.routineId, event: source.event, data: payload, key: undefined });
  }

  checkpoint(progress?: unknown): Promise<void> {
    if (!(this instanceof Activation)) throw detached("checkpoint", "ctx");
    if (this.#closed?.reason !== undefined) return rejectQuietly(this.#closed.reason);
    try {
      this.checkOpen("checkpoint");
      return this.#host.commitStep(this, this.keep("Cannot checkpoint", progress));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  transact<C, T>(run: (client: C) => T | Promise<T>): Promise<T>;
  async transact(run: (client: never) => unknown): Promise<unknown> {
    this.checkOpen("transact");
    this.transactions ??= this.#host.committer.transactionsOf(this.routineId);
    return await this.transactions.run(run);
  }

  slotData(name: string): unknown {
    if (!(this instanceof Activation)) throw detached("slotData", "ctx");
    ownSlot(this.plan, "read slot data", name);
    return this.#buffer.views.read(name);
  }

  clear(name: string, key?: string): void {
    if (!(this instanceof Activation)) throw detached("clear", "ctx");
    this.checkOpen(`clear slot "${name}"`);
    ownSlot(this.plan, "clear slot", name);
    this.#buffer.views.clear(name, key);
  }

  expect(slot: Slot<never> | string, options: ExpectOptions = {}): void {
    if (!(this instanceof Activation)) throw detached("expect", "ctx");
    this.checkOpen("expect a delivery");
    this.#buffer.lists.expectations.push(createExpectation(this.plan, slot, options));
  }

  child(flow: unknown, entry: ChildRequest["entry"], params: unknown, options: ChildOptions): string {
    if (!(this instanceof Activation)) throw detached("child", "ctx");
    this.checkOpen("start a child");
    const { children } = this.#buffer.lists;
    const child = this.#host.children.create(this, children, { flow, entry, params, options });
    children.set(child.jobId, child);
    return child.jobId;
  }

  report(data: unknown): void {
    if (!(this instanceof Activation)) throw detached("report", "ctx");
    this.checkOpen("report");
    this.#host.report(this, data);
  }

  log(entry: object): void {
    if (!(this instanceof Activation)) throw detached("log", "ctx");
    this.checkOpen("log");
    const action = `Cannot log from routine "${this.routineId}"`;
    if (!isRecord(entry)) throw new TypeError(`${action}: the entry must be an object, got ${describeValue(entry)}`);
    this.#buffer.lists.log.push({
      routine: this.routineId,
      // Unreachable default: only `undefined` is written as nothing.
      entry: this.#encode(action, "entry", entry) ?? null,
      at: this.now(),
    });
  }

  output(type: string, data?: unknown): void {
    if (!(this instanceof Activation)) throw detached("output", "ctx");
    this.checkOpen("output");
    const action = `Cannot output from routine "${this.routineId}"`;
    checkName(action, "type", type);
    this.#buffer.lists.outputs.push({
      routine: this.routineId,
      type,
      data: this.#encode(action, "data", data),
      at: this.now(),
    });
  }

  result(value: unknown): void {
    if (!(this instanceof Activation)) throw detached("result", "ctx");
    this.checkOpen("set the result");
    this.#buffer.lists.result = resultOf(value, this.#host, this.routineId);
  }

  pause(reason?: string, checkpoint?: unknown): void {
    if (!(this instanceof Activation)) throw detached("pause", "ctx");
    this.checkOpen("pause");
    checkText(`Cannot pause from routine "${this.routineId}"`, "reason", reason);
    this.pauseRequest ??= { reason, checkpoint: this.#encode("Cannot pause", "checkpoint", checkpoint) };
  }

  /** Whether it accepts calls: the handler has not returned and was not aborted. */
  get isOpen(): boolean {
    return this.#closed === undefined;
  }

  /** Refuses a call after the handler has returned or was aborted; `what` says what was tried. */
  checkOpen(what: string): void {
    if (this.#closed === undefined) return;
    throw new StateError(what, "closed", `Cannot ${what} in routine "${this.routineId}": ${this.#closed.why}`);
  }

  /** Data that was received and is passed on whole has been checked and frozen already. */
  #payload({ schema }: EventPlan, data: unknown, subject: EncodeSubject): Payload | undefined {
    if (schema !== undefined) validate(schema, data, `${subject.action}: data`);
    const { data: received } = this.task;
    if (data === received && data === this.input) return received;
    return payloadOf(data, this.#host.classes, subject, this.#host.limits, received);
  }

  get #buffer(): EffectsBuffer {
    return this.#effects ??= new EffectsBuffer(this.#host, this);
  }

  #encode(action: string, root: string, value: unknown): Payload | undefined {
    return payloadOf(value, this.#host.classes, { action, root }, this.#host.limits);
  }
}

/** The event that a handler names to `ctx.emit` or another call. A function, so that a detached `ctx.emit` can say what it lacks. */
function eventOf(ctx: Activation, what: string, event: Event<unknown> | string): EventPlan {
  if (!(ctx instanceof Activation)) throw detached(what, "ctx");
  const known = ctx.isOpen ? findEvent(ctx.plan, event) : undefined;
  return known ?? refuseEvent(ctx, what, event);
}

/** Apart from `eventOf`, which is on the hot path, and short enough without this to be inlined by engines. */
function refuseEvent(ctx: Activation, what: string, event: Event<unknown> | string): never {
  const name = typeof event === "string" ? event : event instanceof Event ? event.name : undefined;
  ctx.checkOpen(`${what} "${name}"`);
  throw unknownEvent(ctx.plan, what, event, name);
}
