/** Chunks of this length are split: adding to the middle of a longer one would move too many items. */
const LONGEST = 512;

/** Items in order, of which no two are equal. Adding and removing an item cost O(log n), and move a part of one chunk. */
export class SortedList<T> {
  /** No chunk is empty. */
  readonly #chunks: T[][] = [];
  readonly #compare: (a: T, b: T) => number;

  /** Makes an empty list for an order. */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  /** Whether there is no item. */
  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** The first item. */
  get first(): T | undefined {
    return this.#chunks[0]?.[0];
  }

  /** Adds an item. */
  add(item: T): void {
    const [number, at] = this.#find((other) => this.#compare(other, item) < 0);
    const chunk = this.#chunks[number] ??= [];
    chunk.splice(at, 0, item);
    if (chunk.length > LONGEST) this.#chunks.splice(number + 1, 0, chunk.splice(LONGEST / 2));
  }

  /** Removes an item that is in the list. */
  delete(item: T): void {
    const [number, at] = this.#find((other) => this.#compare(other, item) < 0);
    const isFirst = at === this.#chunks[number]?.length;
    const [place, index] = isFirst ? [number + 1, 0] : [number, at];
    const chunk = this.#chunks[place];
    if (chunk?.[index] !== item) return;
    chunk.splice(index, 1);
    if (chunk.length === 0) this.#chunks.splice(place, 1);
  }

  /** Iterates over the items from the first one on that is not before a position. The list must not change meanwhile. */
  *from(isBefore: (item: T) => boolean): Generator<T, void, undefined> {
    const [number, at] = this.#find(isBefore);
    for (let next = number; next < this.#chunks.length; next++) {
      const chunk = this.#chunks[next] ?? [];
      for (let index = next === number ? at : 0; index < chunk.length; index++) yield chunk[index] as T;
    }
  }

  /** Iterates backwards over the items that are before a position. The list must not change meanwhile. */
  *backFrom(isBefore: (item: T) => boolean): Generator<T, void, undefined> {
    const [number, at] = this.#find(isBefore);
    for (let next = number; next >= 0; next--) {
      const chunk = this.#chunks[next] ?? [];
      for (let index = (next === number ? at : chunk.length) - 1; index >= 0; index--) yield chunk[index] as T;
    }
  }

  /** The chunk, and the index in it, at which an item would be added that comes after all that `isBefore` accepts. */
  #find(isBefore: (item: T) => boolean): [chunk: number, index: number] {
    // The last chunk whose first item is before the position; the position may be the end of that chunk.
    const number = Math.max(0, countWhile(this.#chunks, (chunk) => isBefore(chunk[0] as T)) - 1);
    return [number, countWhile(this.#chunks[number] ?? [], isBefore)];
  }
}

/** Binary search: how many items at the beginning pass a test that the others do not. */
function countWhile<T>(items: readonly T[], passes: (item: T) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(items[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
}
