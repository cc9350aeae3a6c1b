const SMALLEST = 16;

/** A first-in, first-out queue in a ring that grows and shrinks: adding and taking cost O(1). */
export class Fifo<T> {
  #ring: (T | undefined)[] = new Array<T | undefined>(SMALLEST);
  #head = 0;
  #size = 0;

  /** How many items there are. */
  get size(): number {
    return this.#size;
  }

  /** The oldest item, left where it is. */
  peek(): T | undefined {
    return this.#ring[this.#head];
  }

  /** Adds an item at the end. */
  push(item: T): void {
    if (this.#size === this.#ring.length) this.#resize(this.#ring.length * 2);
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = item;
    this.#size++;
  }

  /** Takes the oldest item. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size--;
    if (this.#size * 8 < this.#ring.length && this.#ring.length > SMALLEST) this.#resize(this.#ring.length / 4);
    return item;
  }

  /** The length of the ring stays a power of two, so that an index wraps by a mask. */
  #resize(length: number): void {
    const ring = new Array<T | undefined>(Math.max(length, SMALLEST));
    for (let i = 0; i < this.#size; i++) ring[i] = this.#ring[(this.#head + i) & (this.#ring.length - 1)];
    this.#ring = ring;
    this.#head = 0;
  }
}
