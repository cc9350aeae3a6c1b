import type { Counted } from "./payload.ts";

/** Adds up numbers, and resolves with the sum when all have arrived. */
export class Sink {
  /** The sum, once all items have come. */
  readonly done: Promise<number>;
  #left: number;
  #sum = 0;
  #resolve!: (sum: number) => void;

  constructor(count: number) {
    this.#left = count;
    this.done = new Promise((resolve) => this.#resolve = resolve);
  }

  /** Takes an item. */
  add(item: Counted): void {
    this.#sum += item.v;
    if (--this.#left === 0) this.#resolve(this.#sum);
  }
}
