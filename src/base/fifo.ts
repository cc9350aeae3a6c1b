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
    if (this.#size === this.#ring.length) this.#resize(this.#size * 2);
    const ring = this.#ring;
    ring[(this.#head + this.#size++) & (ring.length - 1)] = item;
  }

  /** Takes the oldest item. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const ring = this.#ring;
    const head = this.#head;
    const item = ring[head];
    ring[head] = undefined;
    this.#head = (head + 1) & (ring.length - 1);
    if (--this.#size * 8 < ring.length && ring.length > SMALLEST) this.#resize(ring.length / 4);
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
