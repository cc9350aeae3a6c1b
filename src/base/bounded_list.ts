/** The largest count of a job and of its documents: below it numbers are exact, and there is room for one more. */
export const MAX_COUNT: number = 2 ** 52;

/**
 * Only one item in this many is measured when it is added, and stands for the others: measuring an item takes about as long as
 * making it. The number is prime, so that kinds of items which are added in turn are measured equally often.
 */
const SAMPLED = 101;

/**
 * A list that keeps its newest items within a limit of their number and a limit of their size, and counts the items that it has
 * dropped. Readers find the list within both limits; between two reads it may hold up to twice the size.
 */
export class BoundedList<T> {
  #items: T[] = [];
  /** Once the list is full: the index of the oldest item, which the next item overwrites. */
  #head = 0;
  #limit: number;
  #mostSize = Infinity;
  /** How many items there will have been when the next one is measured, and how many are missing. */
  #nextSample = SAMPLED;
  #untilSample = SAMPLED;
  readonly #sizeOf: (item: T) => number;
  /** The estimated size of all items. */
  #estimate = 0;
  /** How many items there had been when all were measured. */
  #measured = 0;

  /** Makes an empty list for at most `limit` items of any size; `sizeOf` is called once their size has a limit. */
  constructor(limit: number, sizeOf: (item: T) => number = () => 0) {
    this.#limit = limit;
    this.#sizeOf = sizeOf;
  }

  /** Fills the list with the items of a document; `dropped` is how many older items were dropped before. */
  restore(items: readonly T[], dropped: number = 0): void {
    this.#items = [];
    this.#head = 0;
    this.#measured = dropped;
    this.#untilSample = SAMPLED - dropped % SAMPLED;
    this.#nextSample = dropped + this.#untilSample;
    for (const item of items) this.push(item);
  }

  /** How many items there have been, the dropped ones included. */
  get #added(): number {
    return this.#nextSample - this.#untilSample;
  }

  /** How many items are kept. */
  get size(): number {
    this.#measure();
    return this.#items.length;
  }

  /** How many older items are gone, as far as can be counted. */
  get dropped(): number {
    this.#measure();
    return Math.min(this.#added - this.#items.length, MAX_COUNT);
  }

  /** Adds an item; the oldest make room for it. It is kept until the next one comes, however large it is. */
  push(item: T): void {
    const items = this.#items;
    const limit = this.#limit;
    if (items.length < limit) items.push(item);
    else if (limit > 0) {
      const head = this.#head;
      items[head] = item;
      this.#head = head + 1 === limit ? 0 : head + 1;
    }
    if (--this.#untilSample === 0) this.#sample(item);
  }

  #sample(item: T): void {
    this.#nextSample += SAMPLED;
    this.#untilSample = SAMPLED;
    if (this.#mostSize === Infinity) return;
    this.#estimate += this.#sizeOf(item) * SAMPLED;
    if (this.#estimate > 2 * this.#mostSize) this.#measure();
  }

  /** Drops the oldest items until the size of the others is within its limit. */
  #measure(): void {
    if (this.#measured === this.#added) return;
    this.#measured = this.#added;
    if (this.#mostSize === Infinity) return;
    let size = 0;
    let kept = 0;
    for (const item of this.#inOrder().reverse()) {
      const next = this.#sizeOf(item);
      if (kept > 0 && size + next > this.#mostSize) break;
      size += next;
      kept++;
    }
    this.#estimate = size;
    if (kept < this.#items.length) this.#keepNewest(kept);
  }

  /** Sets other limits; the oldest items beyond them are dropped. */
  setLimit(limit: number, mostSize: number = Infinity): void {
    if (limit === this.#limit && mostSize === this.#mostSize) return;
    this.#measure();
    this.#mostSize = mostSize;
    this.#measured = 0;
    // Most lists are empty then: nothing has to be copied.
    if (this.#head > 0 || this.#items.length > limit) this.#keepNewest(limit);
    this.#limit = limit;
  }

  #keepNewest(most: number): void {
    const items = this.#inOrder();
    const excess = Math.max(0, items.length - most);
    this.#items = items.slice(excess);
    this.#head = 0;
  }

  /** The kept items, oldest first, as a new array. */
  toArray(): T[] {
    this.#measure();
    return this.#inOrder();
  }

  #inOrder(): T[] {
    return [...this.#items.slice(this.#head), ...this.#items.slice(0, this.#head)];
  }
}
