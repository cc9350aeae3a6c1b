import type { Job, OutputEntry } from "../../job/job.ts";
import type { JobListeners } from "./listeners.ts";
import { Fifo } from "../../base/fifo.ts";

type Result<T> = IteratorResult<T, void>;

/**
 * An async iterator over items that are pushed; items that nobody has asked for yet are kept. `view` turns an item into what the
 * reader gets, when it is asked for: so whatever `view` throws rejects the reader's call only.
 */
export class OutputStream<I, T> {
  #items: Fifo<I> = new Fifo();
  readonly #readers: Fifo<(result: Promise<Result<T>>) => void> = new Fifo();
  readonly #view: (item: I) => T;
  readonly #onReturn: () => void;
  #isClosed = false;
  #error: { readonly reason: unknown } | undefined;

  /** Makes a stream that begins with `items`; `onReturn` is called when the reader stops early. */
  constructor(items: readonly I[], view: (item: I) => T, onReturn: () => void) {
    for (const item of items) this.#items.push(item);
    this.#view = view;
    this.#onReturn = onReturn;
  }

  /** Adds an item. */
  push(item: I): void {
    if (this.#isClosed) return;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#items.push(item);
    else reader(this.#give(item));
  }

  /** Ends the stream after the items that it has, by an error where there is one. */
  close(error?: unknown): void {
    this.#isClosed = true;
    this.#error = error === undefined ? undefined : { reason: error };
    for (let reader = this.#readers.shift(); reader !== undefined; reader = this.#readers.shift()) reader(this.#end());
  }

  /** See `AsyncIterator`. */
  next(): Promise<Result<T>> {
    const item = this.#items.shift();
    if (item !== undefined) return this.#give(item);
    return this.#isClosed ? this.#end() : new Promise((resolve) => this.#readers.push(resolve));
  }

  /** See `AsyncIterator`. */
  return(): Promise<Result<T>> {
    this.#items = new Fifo();
    this.close();
    this.#onReturn();
    return this.#end();
  }

  /** See `AsyncIterable`. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The error rejects one call; later calls find the end. */
  #end(): Promise<IteratorReturnResult<void>> {
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? Promise.resolve({ value: undefined, done: true }) : Promise.reject(error.reason);
  }

  #give(item: I): Promise<Result<T>> {
    return new Promise((resolve) => resolve({ value: this.#view(item), done: false }));
  }
}

/** The outputs of a job: the kept ones, then, while it is live, each that is committed. */
export function streamOutputs<T>(
  { outputs }: Job,
  listeners: JobListeners | undefined,
  view: (output: OutputEntry) => T,
): OutputStream<OutputEntry, T> {
  const stops: (() => void)[] = [];
  const stream = new OutputStream(outputs.toArray(), view, () => stops.forEach((stop) => stop()));
  if (listeners === undefined) stream.close();
  else {
    stops.push(listeners.onOutput((output) => stream.push(output)));
    stops.push(listeners.onRest((error) => stream.close(error)));
  }
  return stream;
}
