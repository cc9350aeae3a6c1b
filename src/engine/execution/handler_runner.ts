import { keyedWireOf, valueOf } from "../../values/payload.ts";
import { TimeoutError } from "../../base/errors.ts";
import { isRecord } from "../../values/json.ts";
import { LinkedList } from "../../base/linked_list.ts";
import { isThenable } from "../../base/thenable.ts";
import type { AnyHandler } from "../../model/slot.ts";
import type { Timers } from "../../ports/timers.ts";
import { setActive, shownData, type Task } from "../../job/task.ts";
import { Activation } from "../activation/activation.ts";
import type { GuardedAround } from "./around.ts";
import type { Director } from "./director.ts";
import type { EngineHost } from "./engine_host.ts";
import type { Execution } from "./execution.ts";
import { dispose, type GeneratorLike, isGenerator } from "./generator.ts";
import { refusedResult } from "./handler_errors.ts";
import { mappingOf, type Plan, slotOf, type SlotPlan } from "../activation/plan.ts";
import { mergedInput } from "../activation/slot_views.ts";

/** A generator that has been started. */
interface LiveGenerator {
  readonly generator: GeneratorLike;
  readonly activation: Activation;
}

/** A job's last runner, if handlers run on that it has aborted. */
export function unsettled(last: HandlerRunner | undefined): HandlerRunner | undefined {
  return last?.isSettled === false ? last : undefined;
}

/** Runs handlers: calls them, waits for their promises, drives their generators. */
export class HandlerRunner {
  readonly #execution: Execution;
  readonly #plan: Plan;
  readonly #timers: Timers;
  readonly #director: Director | undefined;
  readonly #around: GuardedAround | undefined;
  /** The runner whose place this one has taken. */
  readonly #before: HandlerRunner | undefined;
  /** Activations whose handlers have returned a promise that is pending. */
  readonly #active: LinkedList<Activation> = new LinkedList();
  /** The generators that were started and have not ended; `undefined` in most jobs. */
  #generators: Map<Task, LiveGenerator> | undefined;
  /** Handlers that run on though they were aborted with the job: their promises are pending. */
  #unsettled: Set<Activation> | undefined;
  #onSettled: (() => void) | undefined;
  /** The handler that is on the stack just now. */
  #current: Activation | undefined;
  /** Whether all handlers were aborted: then no other is called. */
  #isStopped = false;

  /** Makes a runner for the tasks of one job. Handlers may run on that the runner `before` has aborted. */
  constructor(execution: Execution, { timers, director, around }: EngineHost, before: HandlerRunner | undefined) {
    this.#before = before;
    this.#execution = execution;
    this.#plan = execution.plan;
    this.#timers = timers;
    this.#director = director;
    this.#around = around;
  }

  /** How many handlers have returned a promise that is pending. */
  get active(): number {
    return this.#active.size;
  }

  /** Whether no handler runs on that was aborted with the job. */
  get isSettled(): boolean {
    return (this.#unsettled === undefined || this.#unsettled.size === 0) && this.#before?.isSettled !== false;
  }

  /** Calls back when no handler runs on that was aborted with the job: now, if that is so. */
  whenSettled(run: () => void): void {
    if (this.isSettled) run();
    else if (this.#unsettled !== undefined && this.#unsettled.size > 0) this.#onSettled = () => this.whenSettled(run);
    else this.#before?.whenSettled(run);
  }

  /** Runs a task's handler, or goes on with its generator. */
  run(task: Task): void {
    // The observer of the start may have stopped the job.
    if (this.#isStopped) return;
    setActive(task, true);
    if (task.details?.parked === true && this.#goesOn(task)) return;
    const plan = slotOf(this.#plan, task.route);
    let activation: Activation;
    try {
      activation = new Activation(this.#execution, task, plan, this.#input(task, plan));
    } catch (error) {
      return this.#execution.failures.failed(task, plan, error);
    }
    // A listener of the merge's commit may have stopped the job.
    if (this.#isStopped) return;
    const { handler } = plan;
    if (handler === undefined) this.#finish(activation);
    else if (this.#around === undefined) this.#call(activation, handler);
    else this.#callAround(activation, handler, this.#around);
  }

  /** Goes on with the generator of a task, if it was started here. */
  #goesOn(task: Task): boolean {
    const live = this.#generators?.get(task);
    if (live === undefined) return false;
    live.activation.reopen();
    this.#advance(live);
    return true;
  }

  /** The tasks whose handlers wait, and the one whose handler is on the stack. */
  activeTasks(): Task[] {
    const tasks = Array.from(this.#active, ({ task }) => task);
    return this.#current === undefined ? tasks : [...tasks, this.#current.task];
  }

  /**
   * Aborts all handlers that wait, and the one on the stack; no other is called after that. Their tasks stay pending, and their
   * results are ignored. The error is only made if there are any: making one takes longer than running a short job.
   */
  abortAll(createReason: () => Error): void {
    this.#isStopped = true;
    if (this.#current === undefined && this.#active.size === 0) return;
    const reason = createReason();
    this.#current?.abort(reason);
    const waiting = [...this.#active];
    for (const activation of waiting) activation.abort(reason);
    for (const activation of waiting) {
      this.#active.delete(activation);
      (this.#unsettled ??= new Set()).add(activation);
    }
  }

  /** Aborts all handlers, and ends all generators: after a resume, their handlers start from their stored progress. */
  stop(createReason: () => Error): void {
    this.abortAll(createReason);
    this.#generators?.forEach(({ generator }) => dispose(generator));
    this.#generators = undefined;
  }

  #input(task: Task, plan: SlotPlan): unknown {
    if (plan.isMapped && mappingOf(task.route) !== undefined) checkMapped(task);
    const { job, classes } = this.#execution;
    if (!plan.merges) return valueOf(shownData(task), classes);
    const merged = task.details?.merged ?? this.#execution.merge(task, plan);
    return mergedInput(merged, job.slots.get(plan.routine.id)?.get(plan.slot.name), classes);
  }

  #invoke(activation: Activation, handler: AnyHandler): unknown {
    return this.#director === undefined ? invoke(handler, activation) : direct(this.#director, handler, activation);
  }

  #call(activation: Activation, handler: AnyHandler): void {
    let result: unknown;
    let isPromise = false;
    let generator: GeneratorLike | undefined;
    this.#current = activation;
    try {
      result = this.#invoke(activation, handler);
      // Most handlers return nothing: one comparison spares them the look-ups of properties.
      if (result !== undefined) {
        isPromise = isThenable(result);
        if (!isPromise && isGenerator(result)) generator = result;
      }
    } catch (error) {
      this.#current = undefined;
      return this.#fail(activation, error);
    }
    this.#current = undefined;
    if (isPromise) this.#await(activation, result);
    else if (generator !== undefined) this.#advance(this.#keep(activation, generator));
    else this.#end(activation, result);
  }

  /** Waits for the promise of a handler, or of the next segment of its generator. */
  #await(activation: Activation, result: unknown, generatorOf?: () => LiveGenerator | undefined): void {
    if (activation.isAborted) return this.#ignore(activation, result);
    this.#active.add(activation);
    this.#execution.concurrency?.began(activation.routineId);
    if (activation.plan.slot.timeoutMs !== undefined) this.#limitTime(activation, activation.plan.slot.timeoutMs);
    if (activation.plan.merges) activation.watchSlot();
    const onError = (error: unknown) => {
      if (!this.#endWait(activation)) return;
      this.#fail(activation, error);
      this.#execution.handlerDone();
    };
    try {
      Promise.resolve(result).then((value) => {
        if (!this.#endWait(activation)) return;
        if (generatorOf === undefined) this.#end(activation, value);
        else this.#ended(activation, value, generatorOf());
        this.#execution.handlerDone();
      }, onError);
    } catch (error) {
      // A promise may have properties of its own, `constructor` and `then` among them.
      onError(error);
    }
  }

  /** A handler that was aborted while it was on the stack has returned a promise. */
  #ignore(activation: Activation, result: unknown): void {
    const settle = () => this.#settle(activation);
    (this.#unsettled ??= new Set()).add(activation);
    new Promise((resolve) => resolve(result)).then(settle, settle);
  }

  #settle(activation: Activation): void {
    if (this.#unsettled?.delete(activation) !== true || this.#unsettled.size > 0) return;
    const run = this.#onSettled;
    this.#onSettled = undefined;
    run?.();
  }

  /** A handler no longer waits; `false` when it was aborted before: then its result is ignored. */
  #endWait(activation: Activation): boolean {
    if (!this.#active.delete(activation)) {
      this.#settle(activation);
      return false;
    }
    this.#execution.concurrency?.ended(activation.routineId);
    activation.stopWaiting();
    return true;
  }

  #limitTime(activation: Activation, timeoutMs: number): void {
    activation.whileWaiting(this.#timers.after(timeoutMs, () => {
      // Unreachable: the timer is stopped when the handler no longer waits.
      if (!this.#active.delete(activation)) return;
      this.#execution.concurrency?.ended(activation.routineId);
      const error = new TimeoutError(
        `Slot "${activation.plan.slot.name}" of routine "${activation.routineId}"`,
        timeoutMs,
      );
      activation.abort(error);
      this.#drop(activation.task);
      this.#execution.failures.failed(activation.task, activation.plan, error);
      this.#execution.poll();
    }));
  }

  #keep(activation: Activation, generator: GeneratorLike): LiveGenerator {
    const live = { generator, activation };
    (this.#generators ??= new Map()).set(activation.task, live);
    return live;
  }

  #advance(live: LiveGenerator): void {
    const around = this.#around;
    const next = () => live.generator.next();
    this.#runPart(
      live.activation,
      around === undefined ? next : () => around(live.activation, next),
      () => live,
    );
  }

  /** Calls a handler inside `around`: if it is a generator, with its first segment. */
  #callAround(activation: Activation, handler: AnyHandler, around: GuardedAround): void {
    let live: LiveGenerator | undefined;
    const run = () => {
      const returned = this.#invoke(activation, handler);
      if (isThenable(returned) || !isGenerator(returned)) return returned;
      live = this.#keep(activation, returned);
      return returned.next();
    };
    this.#runPart(activation, () => around(activation, run), () => live);
  }

  /** Runs a part of a handler, a segment if that is a generator. */
  #runPart(activation: Activation, run: () => unknown, generatorOf: () => LiveGenerator | undefined): void {
    let result: unknown;
    let isPromise: boolean;
    this.#current = activation;
    try {
      result = run();
      isPromise = isThenable(result);
    } catch (error) {
      this.#current = undefined;
      return this.#fail(activation, error);
    }
    this.#current = undefined;
    if (isPromise) this.#await(activation, result, generatorOf);
    else this.#ended(activation, result, generatorOf());
  }

  #ended(activation: Activation, result: unknown, live: LiveGenerator | undefined): void {
    if (live === undefined) this.#end(activation, result);
    else this.#segment(live, result);
  }

  /** A generator has reached a `yield`, or its end. */
  #segment({ generator, activation }: LiveGenerator, result: unknown): void {
    let done: unknown;
    let value: unknown;
    try {
      // An iterator may break the contract of generators.
      if (!isRecord(result)) throw new TypeError("Cannot go on: next() of the generator has given no result");
      ({ done, value } = result);
    } catch (error) {
      return this.#fail(activation, error);
    }
    if (done === true) {
      this.#generators?.delete(activation.task);
      return this.#end(activation, value);
    }
    if (activation.isAborted) return dispose(generator);
    activation.close();
    try {
      const progress = activation.keep(`Cannot yield from routine "${activation.routineId}"`, value);
      this.#execution.step(activation, "parked", progress);
    } catch (error) {
      this.#fail(activation, error);
    }
  }

  /** A handler has come to its end, with what it has returned. */
  #end(activation: Activation, result: unknown): void {
    if (result === undefined) this.#finish(activation);
    else this.#fail(activation, refusedResult(activation, result));
  }

  #finish(activation: Activation): void {
    if (activation.isAborted) return;
    activation.close();
    try {
      this.#execution.step(activation, "done");
    } catch (error) {
      this.#fail(activation, error);
    }
  }

  #fail(activation: Activation, error: unknown): void {
    this.#drop(activation.task);
    activation.transactions?.rollback();
    if (activation.isAborted) return;
    activation.close();
    this.#execution.failures.failed(activation.task, activation.plan, error);
  }

  #drop(task: Task): void {
    const live = this.#generators?.get(task);
    if (live === undefined) return;
    this.#generators?.delete(task);
    dispose(live.generator);
  }
}

function invoke(handler: AnyHandler, activation: Activation): unknown {
  return handler.call(activation.plan.owner, activation.input, activation);
}

/** Apart from `#call`: a closure there would cost each call a context on the heap. */
function direct(director: Director, handler: AnyHandler, activation: Activation): unknown {
  return director.call(activation, () => invoke(handler, activation));
}

/** A mapping leaves data without keys as it is; that is refused here. */
function checkMapped(task: Task): void {
  if (keyedWireOf(shownData(task)) !== undefined) return;
  const { routine, slot } = task.route;
  throw new TypeError(
    `Cannot map the data for slot "${slot}" of routine "${routine}": it is no object with keys to rename`,
  );
}
