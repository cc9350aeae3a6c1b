import type { CancelTimer, Timers } from "../../ports/timers.ts";
import type { Moment } from "../../job/task.ts";

/**
 * How much the wall clock may differ from the time that has passed, in milliseconds, before it counts as set: clocks are rounded,
 * and time servers slow them down a little.
 */
const TOLERANCE_MS = 1_000;

/** Reads the time that has passed once per millisecond at the most: everything that happens within one shares it. */
export class Stopwatch {
  readonly #timers: Timers;
  #at = NaN;
  #elapsed = 0;

  /** Makes the stopwatch of an engine. */
  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** The time that has passed by an instant that was just read off the wall clock. */
  elapsed(at: number): number {
    if (at !== this.#at) {
      this.#at = at;
      // Whole milliseconds: fractions would grow the text of every moment.
      this.#elapsed = Math.floor(this.#timers.elapsed());
    }
    return this.#elapsed;
  }
}

/** What a job's clock calls back. */
export interface ClockCallbacks {
  /** The job has worked for longer than the given time, which is what it may. */
  readonly onTimeout: (timeoutMs: number) => void;
  /** Its next waiting task is due. */
  readonly onAlarm: () => void;
  /** The wall clock has been set forward by some milliseconds, or back, if they are negative. */
  readonly onSet: (byMs: number) => void;
}

/** How long a live job has worked, its timeout, and the alarm for its next waiting task. */
export class JobClock {
  readonly #timers: Timers;
  readonly #stopwatch: Stopwatch;
  readonly #callbacks: ClockCallbacks;
  #timeoutMs = Infinity;
  /** How long the job had worked when it last began to. */
  #ranMs = 0;
  /** When the job last began to work, in elapsed time; `undefined` while it waits. */
  #workingSince: number | undefined;
  #time: Moment = { at: NaN, ranMs: 0 };
  /** The elapsed time at the moment that was last read. */
  #elapsed = 0;
  /** The wall clock less the elapsed time: another difference than before means that the clock has been set. */
  #zero = NaN;
  #stopTimeout: CancelTimer | undefined;
  #alarmAt: number | undefined;
  #stopAlarm: CancelTimer | undefined;

  /** Makes the clock of a job; to be prepared before it is used. */
  constructor(timers: Timers, stopwatch: Stopwatch, callbacks: ClockCallbacks) {
    this.#timers = timers;
    this.#stopwatch = stopwatch;
    this.#callbacks = callbacks;
  }

  /** Says that the job has worked for `ranMs` of the `timeoutMs` that it may. Returns the present moment. */
  prepare(ranMs: number, timeoutMs: number): Moment {
    this.#ranMs = ranMs;
    this.#timeoutMs = timeoutMs;
    return this.#look(this.now());
  }

  /** The present moment: the same object until the clock goes on. */
  time(): Moment {
    const at = this.#timers.now();
    return at === this.#time.at ? this.#time : this.#look(at);
  }

  #look(at: number): Moment {
    this.#elapsed = this.#stopwatch.elapsed(at);
    const zero = at - this.#elapsed;
    const byMs = zero - this.#zero;
    if (!(Math.abs(byMs) <= TOLERANCE_MS)) {
      this.#zero = zero;
      if (!Number.isNaN(byMs)) this.#callbacks.onSet(byMs);
    }
    return this.#time = { at, ranMs: this.#ran() };
  }

  /** The present instant. */
  now(): number {
    return this.#timers.now();
  }

  /** The time that has elapsed by the present moment. */
  get elapsed(): number {
    return this.#elapsed;
  }

  /** How long the job has worked up to the present moment. */
  #ran(): number {
    if (this.#workingSince === undefined) return this.#ranMs;
    return Math.min(this.#ranMs + this.#elapsed - this.#workingSince, Number.MAX_SAFE_INTEGER);
  }

  /** The job works from the present moment on: time counts. */
  work(): void {
    this.#workingSince ??= this.#elapsed;
  }

  /** A turn is over and the job still works: starts the timer of its timeout, which can fire only between turns. */
  watch(): void {
    if (this.#workingSince === undefined || this.#stopTimeout !== undefined || this.#timeoutMs === Infinity) return;
    this.time();
    const end = () => this.#callbacks.onTimeout(this.#timeoutMs);
    this.#stopTimeout = this.#timers.after(Math.max(0, this.#timeoutMs - this.#ran()), end);
  }

  /** The job waits: time does not count. */
  rest(): void {
    this.time();
    this.#ranMs = this.#ran();
    this.#workingSince = undefined;
    this.#stopTimeout?.();
    this.#stopTimeout = undefined;
  }

  /** Sets the alarm to an instant, or switches it off. */
  setAlarm(at: number | undefined): void {
    if (at === this.#alarmAt) return;
    this.#stopAlarm?.();
    this.#alarmAt = at;
    this.#stopAlarm = at === undefined ? undefined : this.#timers.setTimer(at, () => {
      this.#alarmAt = undefined;
      this.#callbacks.onAlarm();
    });
  }

  /** Stops everything: the job is no longer live. */
  stop(): void {
    this.rest();
    this.setAlarm(undefined);
  }
}
