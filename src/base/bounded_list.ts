/** The largest count of a job and of its documents: below it numbers are exact, and there is room for one more. */
export const MAX_COUNT: number = 2 ** 52;

/** A list that keeps its newest items up to a limit, and counts the ones it dropped. */
export class BoundedList<T> {
  #items: T[] = [];
  /** Where the oldest item stands once the list is full: it is the next to be written over. */
  #head = 0;
  #limit: number;
  #dropped = 0;

  /** Makes an empty list for at most `limit` items. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Fills the list with items that were kept before, of which `dropped` older ones are gone. */
  restore(items: readonly T[], dropped: number = 0): void {
    this.#items = [];
    this.#head = 0;
    this.#dropped = dropped;
    for (const item of items) this.push(item);
  }

  /** How many items are kept. */
  get size(): number {
    return this.#items.length;
  }

  /** How many older items are gone, as far as can be counted. */
  get dropped(): number {
    return Math.min(this.#dropped, MAX_COUNT);
  }

  /** Adds an item; the oldest makes room for it when the list is full. */
  push(item: T): void {
    const items = this.#items;
    const limit = this.#limit;
    if (items.length < limit) {
      items.push(item);
      return;
    }
    this.#dropped++;
    if (limit === 0) return;
    const head = this.#head;
    items[head] = item;
    this.#head = head + 1 === limit ? 0 : head + 1;
  }

  /** Sets another limit; the oldest items beyond it are dropped. */
  setLimit(limit: number): void {
    if (limit === this.#limit) return;
    // Most lists are empty then: nothing has to be copied.
    if (this.#head > 0 || this.#items.length > limit) this.#rewrite(limit);
    this.#limit = limit;
  }

  #rewrite(limit: number): void {
    const items = this.toArray();
    const excess = Math.max(0, items.length - limit);
    this.#items = items.slice(excess);
    this.#dropped += excess;
    this.#head = 0;
  }

  /** The kept items, oldest first, as a new array. */
  toArray(): T[] {
    return [...this.#items.slice(this.#head), ...this.#items.slice(0, this.#head)];
  }
}
