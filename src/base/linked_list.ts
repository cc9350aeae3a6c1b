/** An item that knows its neighbours. It is in one list at the most. */
export interface Linked<T> {
  /** The item before it. */
  previous: T | undefined;
  /** The item after it. */
  next: T | undefined;
}

/** A list of items that are linked to each other: any of them joins and leaves at no cost. */
export class LinkedList<T extends Linked<T>> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  /** How many items there are. */
  get size(): number {
    return this.#size;
  }

  /** Says whether an item is in a list. */
  has(item: T): boolean {
    return item.previous !== undefined || item === this.#first;
  }

  /** Adds an item at the end. */
  add(item: T): void {
    item.previous = this.#last;
    item.next = undefined;
    if (this.#last === undefined) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
    this.#size++;
  }

  /** Takes an item out, and says whether it was there. */
  delete(item: T): boolean {
    if (!this.has(item)) return false;
    const { previous, next } = item;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    item.previous = undefined;
    item.next = undefined;
    this.#size--;
    return true;
  }

  /** The items, oldest first. None may leave meanwhile. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let item = this.#first; item !== undefined; item = item.next) yield item;
  }
}
