import type { Instant, Moment } from "../scheduler/moment.ts";
import type { Pacer } from "./pacer.ts";

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

  /** Says whether the host's event loop comes first now: then a turn is taken after it. */
  mustYield(time: Instant): boolean {
    if (this.#isDeferred) return true;
    if (!this.#pacer.isSpent(time)) return false;
    this.#isDeferred = true;
    this.#pacer.defer(() => {
      this.#isDeferred = false;
      this.run();
    });
    return true;
  }
}
