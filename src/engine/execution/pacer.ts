import { Fifo } from "../../base/fifo.ts";
import type { Timers } from "../../ports/timers.ts";
import type { Instant } from "../../job/moment.ts";

/** Handlers that run between two looks at the clock's budget, for clocks that stand still and for very short handlers. */
const MOST_RUNS = 16_384;

/**
 * Shares the host's event loop: all jobs of an engine may work for a budget, chains of microtasks included; then the next
 * macrotask comes first, so that timers and I/O never starve.
 */
export class Pacer {
  readonly #timers: Timers;
  readonly #budgetMs: number;
  readonly #waiting: Fifo<() => void> = new Fifo();
  #sliceStart: number | undefined;
  /** Whether a mark has been left that ends the slice when the host's event loop comes round. */
  #isMarked = false;
  #runs = 0;
  #isComing = false;

  /** Makes a pacer for slices of `budgetMs`. */
  constructor(timers: Timers, budgetMs: number) {
    this.#timers = timers;
    this.#budgetMs = budgetMs;
  }

  /**
   * To be called before each turn. The first of a slice leaves no mark: in a short program it is the only one, and a host may
   * take long to load its timers. Whether the event loop has come round before the second, only the clock tells.
   */
  enter(time: Instant | undefined): void {
    if (this.#sliceStart === undefined || this.#isMarked) return;
    const at = time?.at ?? this.#timers.now();
    if (at - this.#sliceStart >= this.#budgetMs) this.#begin(at);
    this.#isMarked = true;
    this.#timers.soon(() => this.#end());
  }

  /** Says whether the budget is spent at an instant, after `runs` handlers more, the next one among them. */
  isSpent({ at }: Instant, runs: number): boolean {
    if (this.#isComing) return true;
    const start = this.#sliceStart ?? this.#begin(at);
    return at - start >= this.#budgetMs || at < start || (this.#runs += runs) > MOST_RUNS;
  }

  #begin(at: number): number {
    this.#runs = 0;
    return this.#sliceStart = at;
  }

  /** A slice also ends when the host's event loop comes round by itself: whoever has only waited need not wait again. */
  #end(): void {
    this.#sliceStart = undefined;
    this.#isMarked = false;
  }

  /** Calls back in one of the next macrotasks, in turn with others. */
  defer(run: () => void): void {
    this.#waiting.push(run);
    this.#request();
  }

  #request(): void {
    if (this.#isComing) return;
    this.#isComing = true;
    this.#timers.soon(() => this.#slice());
  }

  /** Whoever is not reached within the budget is first in the next slice. */
  #slice(): void {
    this.#isComing = false;
    this.#end();
    this.#next();
  }

  /**
   * One after the other, each in a microtask of its own: so the one before goes on in between, while what it needs is still in
   * the processor's caches, and may come to its end.
   */
  #next(): void {
    if (this.#waiting.size === 0) return;
    if (this.isSpent({ at: this.#timers.now() }, 1)) return this.#request();
    this.#waiting.shift()?.();
    Promise.resolve().then(() => this.#next());
  }
}
