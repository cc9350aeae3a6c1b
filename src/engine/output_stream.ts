import { Fifo } from "../base/fifo.ts";

/** An async iterator over values that are pushed; values that nobody has asked for yet are kept. */
export class OutputStream<T> implements AsyncIterableIterator<T, void, undefined> {
  #values: Fifo<T> = new Fifo();
  readonly #readers: Fifo<(result: IteratorResult<T, void>) => void> = new Fifo();
  readonly #onReturn: () => void;
  #isClosed = false;

  /** Makes a stream that begins with `values`; `onReturn` is called when the reader stops early. */
  constructor(values: readonly T[], onReturn: () => void) {
    for (const value of values) this.#values.push(value);
    this.#onReturn = onReturn;
  }

  /** Adds a value. */
  push(value: T): void {
    if (this.#isClosed) return;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#values.push(value);
    else reader({ value, done: false });
  }

  /** Ends the stream after the values that it has. */
  close(): void {
    this.#isClosed = true;
    for (let reader = this.#readers.shift(); reader !== undefined; reader = this.#readers.shift()) reader(END);
  }

  /** See `AsyncIterator`. */
  next(): Promise<IteratorResult<T, void>> {
    if (this.#values.size > 0) return Promise.resolve({ value: this.#values.shift() as T, done: false });
    if (this.#isClosed) return Promise.resolve(END);
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  /** See `AsyncIterator`. */
  return(): Promise<IteratorResult<T, void>> {
    this.#values = new Fifo();
    this.close();
    this.#onReturn();
    return Promise.resolve(END);
  }

  /** See `AsyncIterable`. */
  [Symbol.asyncIterator](): this {
    return this;
  }
}

const END: IteratorReturnResult<void> = Object.freeze({ value: undefined, done: true });
