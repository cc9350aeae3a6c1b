import { keyedWireOf, type Payload, valueOf } from "../../values/payload.ts";
import { TimeoutError } from "../../base/errors.ts";
import { LinkedList } from "../../base/linked_list.ts";
import { ignoreRejection, isThenable } from "../../base/thenable.ts";
import type { AnyHandler } from "../../model/slot.ts";
import type { Timers } from "../../ports/timers.ts";
import { setActive, shownData, type Task } from "../../job/task.ts";
import type { Moment } from "../../job/moment.ts";
import { Activation, type ActivationHost } from "../activation/activation.ts";
import type { Committer } from "./committer.ts";
import { mergeCommit } from "../activation/commits.ts";
import type { Director } from "./director.ts";
import { dispose, type GeneratorLike, isGenerator, readResult } from "../activation/handler_result.ts";
import { mergeDelivery } from "../activation/merge.ts";
import { mappingOf, type Plan, slotOf, type SlotPlan } from "../activation/plan.ts";
import { mergedInput } from "../activation/slot_views.ts";

/** What the runner tells the execution, and asks of it. */
export interface RunnerHost extends ActivationHost {
  /** Whether a handler may be called: not when the job has ended, or a pause no longer waits. */
  readonly mayRun: boolean;
  /** The instant of a commit. */
  time(): Moment;
  /** Performs commits. */
  readonly log: Committer;
  /** A handler has returned. */
  finished(activation: Activation): void;
  /** A handler has failed, or could not be called. */
  failed(task: Task, plan: SlotPlan, error: unknown): void;
  /** A generator has yielded. */
  yielded(activation: Activation, progress: Payload | undefined): void;
  /** A handler that waited has been dealt with: another may run. */
  handlerDone(): void;
}

/** A generator that has been started. */
interface LiveGenerator {
  readonly generator: GeneratorLike;
  readonly activation: Activation;
}

/** Runs handlers: calls them, waits for their promises, drives their generators. */
export class HandlerRunner {
  readonly #host: RunnerHost;
  readonly #plan: Plan;
  readonly #timers: Timers;
  readonly #director: Director | undefined;
  /** Handlers that have returned a promise which has not settled. */
  readonly #active: LinkedList<Activation> = new LinkedList();
  /** Those that have been started and have not ended: few jobs have any. */
  #generators: Map<Task, LiveGenerator> | undefined;
  /** The handler that is on the stack just now. */
  #current: Activation | undefined;

  /** Makes a runner for the tasks of one job. */
  constructor(host: RunnerHost, plan: Plan, timers: Timers, director: Director | undefined) {
    this.#host = host;
    this.#plan = plan;
    this.#timers = timers;
    this.#director = director;
  }

  /** How many handlers have returned a promise which has not settled. */
  get active(): number {
    return this.#active.size;
  }

  /** Runs a task's handler, or goes on with its generator. */
  run(task: Task): void {
    setActive(task, true);
    if (task.details?.parked === true && this.#goesOn(task)) return;
    const plan = slotOf(this.#plan, task.route);
    let activation: Activation;
    try {
      activation = new Activation(this.#host, task, plan, this.#input(task, plan));
    } catch (error) {
      this.#host.failed(task, plan, error);
      return;
    }
    // Whoever was told of the merge may have stopped the job.
    if (plan.merges && !this.#host.mayRun) return;
    const { handler } = plan;
    if (handler === undefined) this.#finish(activation);
    else this.#call(activation, handler);
  }

  /** Goes on with the generator of a task, if it lives here. */
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
   * Aborts all handlers that wait, and the one on the stack. Their tasks stay pending; what they return is ignored. There are
   * seldom any, and an error takes longer to make than a short job to run: so it is made only for them.
   */
  abortAll(createReason: () => Error): void {
    if (this.#current === undefined && this.#active.size === 0) return;
    const reason = createReason();
    this.#current?.abort(reason);
    const waiting = [...this.#active];
    for (const activation of waiting) activation.abort(reason);
    for (const activation of waiting) this.#active.delete(activation);
  }

  /** Ends all generators: after a resume, their handlers start from what they have stored. */
  disposeGenerators(): void {
    this.#generators?.forEach(({ generator }) => dispose(generator));
    this.#generators = undefined;
  }

  #input(task: Task, plan: SlotPlan): unknown {
    if (mappingOf(task.route) !== undefined) checkMapped(task);
    return plan.merges ? this.#merged(task, plan) : valueOf(shownData(task), this.#host.classes);
  }

  /** What the handler gets of what its slot holds: the merge is settled first, once for all attempts. */
  #merged(task: Task, plan: SlotPlan): unknown {
    const { job, classes, limits } = this.#host;
    const { routine, slot } = task.route;
    let merged = task.details?.merged;
    if (merged === undefined) {
      const commit = mergeCommit(task, mergeDelivery(job, task, plan, classes, limits), this.#host.time());
      this.#host.log.perform(commit);
      ({ merged } = commit);
    }
    return mergedInput(merged, job.slots.get(routine)?.get(slot), classes);
  }

  #call(activation: Activation, handler: AnyHandler): void {
    let result: unknown;
    let isPromise = false;
    let generator: GeneratorLike | undefined;
    this.#current = activation;
    try {
      result = this.#director === undefined ? invoke(handler, activation) : direct(this.#director, handler, activation);
      // Most handlers return nothing: then there is nothing to look at.
      if (result !== undefined) {
        isPromise = isThenable(result);
        if (!isPromise && isGenerator(result)) generator = result;
      }
    } catch (error) {
      this.#current = undefined;
      this.#fail(activation, error);
      return;
    }
    this.#current = undefined;
    if (isPromise) this.#await(activation, result);
    else if (generator !== undefined) this.#start(activation, generator);
    else this.#finish(activation);
  }

  /** Waits for what a handler has returned, or the next segment of its generator. */
  #await(activation: Activation, result: unknown, live?: LiveGenerator): void {
    if (activation.isAborted) {
      ignoreRejection(result);
      return;
    }
    this.#active.add(activation);
    if (activation.plan.slot.timeoutMs !== undefined) this.#limitTime(activation, activation.plan.slot.timeoutMs);
    if (activation.plan.merges) activation.watchSlot();
    Promise.resolve(result).then(
      (value) => {
        if (!this.#settles(activation)) return;
        if (live === undefined) this.#finish(activation);
        else this.#segment(live, value);
        this.#host.handlerDone();
      },
      (error) => {
        if (!this.#settles(activation)) return;
        this.#fail(activation, error);
        this.#host.handlerDone();
      },
    );
  }

  /** Whether a handler that waited is dealt with now: not when it was aborted. */
  #settles(activation: Activation): boolean {
    if (!this.#active.delete(activation)) return false;
    activation.stopWaiting();
    return true;
  }

  #limitTime(activation: Activation, timeoutMs: number): void {
    activation.whileWaiting(this.#timers.setTimer(this.#host.now() + timeoutMs, () => {
      if (!this.#active.delete(activation)) return;
      const error = new TimeoutError(
        `Slot "${activation.plan.slot.name}" of routine "${activation.routineId}"`,
        timeoutMs,
      );
      activation.abort(error);
      this.#drop(activation.task);
      this.#host.failed(activation.task, activation.plan, error);
      this.#host.handlerDone();
    }));
  }

  #start(activation: Activation, generator: GeneratorLike): void {
    const live = { generator, activation };
    (this.#generators ??= new Map()).set(activation.task, live);
    this.#advance(live);
  }

  #advance(live: LiveGenerator): void {
    const { generator, activation } = live;
    let result: unknown;
    this.#current = activation;
    try {
      result = generator.next();
    } catch (error) {
      this.#current = undefined;
      this.#fail(activation, error);
      return;
    }
    this.#current = undefined;
    if (isThenable(result)) this.#await(activation, result, live);
    else this.#segment(live, result);
  }

  /** A generator has come to a `yield`, or to its end. */
  #segment({ generator, activation }: LiveGenerator, result: unknown): void {
    let done: unknown;
    let value: unknown;
    try {
      ({ done, value } = readResult(result));
    } catch (error) {
      this.#fail(activation, error);
      return;
    }
    if (done === true) {
      this.#generators?.delete(activation.task);
      this.#finish(activation);
      return;
    }
    if (activation.isAborted) {
      dispose(generator);
      return;
    }
    activation.close();
    try {
      this.#host.yielded(activation, activation.keep(`Cannot yield from routine "${activation.routineId}"`, value));
    } catch (error) {
      this.#fail(activation, error);
    }
  }

  #finish(activation: Activation): void {
    if (activation.isAborted) return;
    activation.close();
    try {
      this.#host.finished(activation);
    } catch (error) {
      this.#fail(activation, error);
    }
  }

  #fail(activation: Activation, error: unknown): void {
    this.#drop(activation.task);
    if (activation.isAborted) return;
    activation.close();
    this.#host.failed(activation.task, activation.plan, error);
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

/** Apart from where handlers are called: there, nothing is caught in a closure for it. */
function direct(director: Director, handler: AnyHandler, activation: Activation): unknown {
  return director.call(activation, () => invoke(handler, activation));
}

/** Data without keys has come through a mapping as it was. */
function checkMapped(task: Task): void {
  if (keyedWireOf(shownData(task)) !== undefined) return;
  const { routine, slot } = task.route;
  throw new TypeError(
    `Cannot map the data for slot "${slot}" of routine "${routine}": it is no object with keys to rename`,
  );
}
