import type { Instant, Moment } from "../../job/moment.ts";
import type { Pacer } from "./pacer.ts";

/** Handlers that run in one moment before the pacer is asked again: clocks may stand still. */
const MOST_RUNS = 1_024;

/** When a job takes its turns: at once, in a microtask or in a macrotask, and never one inside another. */
export class Loop {
  readonly #turn: (time: Moment | undefined) => void;
  readonly #after: () => void;
  readonly #pacer: Pacer;
  /** A turn is on the stack: what happens now is seen when it goes on. */
  #isRunning = false;
  /** A turn will be taken in a microtask. */
  #isWoken = false;
  /** A turn will be taken in one of the next macrotasks. */
  #isDeferred = false;
  /** When there was time left, and how many handlers have run since of which the pacer does not know. */
  #workedAt: Instant | undefined;
  #runs = 0;

  /** Makes a loop whose turns are `turn` and then `after`, which is no longer part of it. */
  constructor(turn: (time: Moment | undefined) => void, after: () => void, pacer: Pacer) {
    this.#turn = turn;
    this.#after = after;
    this.#pacer = pacer;
  }

  /** Whether a turn is on the stack. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Takes a turn now, unless one is on the stack; `time` is given where the caller has just looked at the clock. */
  run(time?: Moment): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#pacer.enter(time);
    this.#turn(time);
    this.#isRunning = false;
    this.#after();
  }

  /** Takes a turn in a microtask. */
  wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    Promise.resolve().then(() => {
      this.#isWoken = false;
      this.run();
    });
  }

  /** Says whether the host's event loop comes first now: then a turn is taken after it. To be asked before each handler. */
  mustYield(time: Instant): boolean {
    // It did not when the clock was the same.
    if (time !== this.#workedAt || this.#runs === MOST_RUNS) return this.#mustYield(time);
    this.#runs++;
    return false;
  }

  #mustYield(time: Instant): boolean {
    if (this.#isDeferred) return true;
    const isSpent = this.#pacer.isSpent(time, this.#runs + 1);
    this.#workedAt = isSpent ? undefined : time;
    this.#runs = 0;
    if (!isSpent) return false;
    this.#isDeferred = true;
    this.#pacer.defer(() => {
      this.#isDeferred = false;
      this.run();
    });
    return true;
  }
}
