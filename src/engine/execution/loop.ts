import { Fifo } from "../../base/fifo.ts";
import type { Instant, Moment } from "../../job/task.ts";
import type { Timers } from "../../ports/timers.ts";

/** Handlers that may run in one slice of the event loop, for clocks that stand still and for very short handlers. */
const MOST_RUNS_PER_SLICE = 16_384;

/**
 * When a job takes its turns: at once, in a microtask or in a macrotask, and never one inside another. In a turn the job looks
 * for tasks and runs them. A turn in a microtask is the continuation of a promise that the job has made in the turn before,
 * whoever has asked for it: so handlers run in the asynchronous context of the call that has started their job.
 */
export class Loop {
  readonly #turn: (time: Moment | undefined) => void;
  readonly #after: () => void;
  readonly #pacer: Pacer;
  #isRunning = false;
  #isWoken = false;
  #isDeferred = false;
  /** Resolves the promise that the job waits for. */
  #goOn: () => void = () => {};

  /** Makes a loop whose turns are `turn` and then `after`, which is no longer part of it. */
  constructor(turn: (time: Moment | undefined) => void, after: () => void, pacer: Pacer) {
    this.#turn = turn;
    this.#after = after;
    this.#pacer = pacer;
    this.#wait();
  }

  /** Whether a turn is on the stack: what happens now is seen when it goes on. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Whether a turn will be taken in one of the next macrotasks. */
  get isDeferred(): boolean {
    return this.#isDeferred;
  }

  /**
   * Takes a turn now, unless one is on the stack; `time` is given where the caller has just looked at the clock. Only for a
   * continuation of one of the job's own handlers: anybody else wakes the loop.
   */
  run(time?: Moment): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#pacer.enter(time);
    try {
      this.#turn(time);
    } finally {
      // Whoever wakes the loop after a defect finds it at rest.
      this.#isRunning = false;
    }
    this.#after();
  }

  /** Takes a turn in a microtask. */
  wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    this.#goOn();
  }

  /** Takes a turn in one of the next macrotasks. */
  defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#pacer.defer(() => {
      this.#isDeferred = false;
      this.wake();
    });
  }

  #wait(): void {
    new Promise<void>((resolve) => this.#goOn = resolve).then(() => {
      this.#isWoken = false;
      this.#wait();
      this.run();
    });
  }
}

/**
 * Shares the host's event loop among the jobs of an engine. Together they may work for a budget, chains of microtasks included;
 * then they wait for the next macrotask, so that timers and I/O never starve.
 */
export class Pacer {
  readonly #timers: Timers;
  readonly #budgetMs: number;
  readonly #waiting: Fifo<() => void> = new Fifo();
  #sliceStart: number | undefined;
  /** The last instant that was found to be in the slice: what happens at the same instant shares the object. */
  #within: Instant | undefined;
  /** Whether a macrotask has been requested that ends the slice. */
  #isMarked = false;
  #runs = 0;
  #isComing = false;

  /** Makes a pacer for slices of `budgetMs`. */
  constructor(timers: Timers, budgetMs: number) {
    this.#timers = timers;
    this.#budgetMs = budgetMs;
  }

  /**
   * To be called before each turn, or what counts as one. The first turn of a slice requests no macrotask: in a short program
   * it is the only turn, and a host may take long to load its timers. For the second turn only the clock can tell whether the
   * event loop has turned since.
   */
  enter(time: Instant | undefined): void {
    if (this.#sliceStart === undefined || this.#isMarked) return;
    const at = time?.at ?? this.#timers.now();
    if (at - this.#sliceStart >= this.#budgetMs) this.#begin(at);
    this.#isMarked = true;
    this.#timers.soon(() => this.#end());
  }

  /** Whether the slice is used up at an instant. To be asked before each handler: they are counted. */
  isSpent(time: Instant): boolean {
    if (this.#isComing) return true;
    if (time !== this.#within) {
      const { at } = time;
      const start = this.#sliceStart ?? this.#begin(at);
      if (at - start >= this.#budgetMs || at < start) return true;
      this.#within = time;
    }
    return ++this.#runs > MOST_RUNS_PER_SLICE;
  }

  /** Calls back at once, or in one of the next macrotasks when the slice is used up at an instant. */
  pass(time: Instant, run: () => void): void {
    this.enter(time);
    if (this.isSpent(time)) this.defer(run);
    else run();
  }

  /** Resolves at once, or when the host's event loop has come round, where the slice is used up: not behind jobs that wait. */
  async breathe(): Promise<void> {
    const time = { at: this.#timers.now() };
    this.enter(time);
    if (this.isSpent(time)) await new Promise<void>((resolve) => this.#timers.soon(resolve));
  }

  #begin(at: number): number {
    this.#runs = 0;
    this.#within = undefined;
    return this.#sliceStart = at;
  }

  /** A slice also ends when the host's event loop turns by itself: a job that has only waited need not wait again. */
  #end(): void {
    this.#sliceStart = this.#within = undefined;
    this.#isMarked = false;
  }

  /** Calls back in one of the next macrotasks, after those that asked before. */
  defer(run: () => void): void {
    this.#waiting.push(run);
    this.#request();
  }

  #request(): void {
    if (this.#isComing) return;
    this.#isComing = true;
    this.#timers.soon(() => this.#slice());
  }

  /** Jobs that are not reached within the budget are the first in the next slice. */
  #slice(): void {
    this.#isComing = false;
    this.#end();
    this.#next();
  }

  /**
   * Lets jobs go on one after the other, each in a microtask of its own: microtasks of the job before run in between, while its
   * data is still in the processor's caches.
   */
  #next(): void {
    if (this.#waiting.size === 0) return;
    if (this.isSpent({ at: this.#timers.now() })) return this.#request();
    this.#waiting.shift()?.();
    Promise.resolve().then(() => this.#next());
  }
}
