import type { OutputEntry } from "./job/job.ts";
import { OutputStream } from "./engine/execution/output_stream.ts";

/** Follows a list that grows: pushes what it finds, until all is found or the signal is aborted. */
export type Follow<I> = (push: (item: I) => void, signal: AbortSignal) => Promise<void>;

/** An async iterator over the outputs of a job that may be anywhere. It begins to look when it is first asked, and ends at once when its reader does. */
export class OutputFollower<T> {
  readonly #stop: AbortController = new AbortController();
  readonly #stream: OutputStream<OutputEntry, T>;
  readonly #follow: Follow<OutputEntry>;
  readonly #signal: AbortSignal | undefined;
  #isFollowing = false;

  /** Makes an iterator that ends with the signal's reason when that is aborted. */
  constructor(follow: Follow<OutputEntry>, view: (output: OutputEntry) => T, signal: AbortSignal | undefined) {
    this.#follow = follow;
    this.#signal = signal;
    this.#stream = new OutputStream([], view, () => this.#stop.abort());
  }

  /** See `AsyncIterator`. */
  next(): Promise<IteratorResult<T, void>> {
    if (!this.#isFollowing) void this.#run();
    return this.#stream.next();
  }

  /** See `AsyncIterator`. */
  return(): Promise<IteratorResult<T, void>> {
    this.#isFollowing = true;
    return this.#stream.return();
  }

  /** See `AsyncIterable`. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  async #run(): Promise<void> {
    this.#isFollowing = true;
    const abort = () => this.#stop.abort(this.#signal?.reason);
    this.#signal?.addEventListener("abort", abort);
    try {
      this.#signal?.throwIfAborted();
      await this.#follow((output) => this.#stream.push(output), this.#stop.signal);
      this.#stream.close();
    } catch (error) {
      // A reader that has ended it is told nothing more.
      if (this.#stop.signal.aborted && this.#signal?.aborted !== true) this.#stream.close();
      else this.#stream.close(error);
    } finally {
      this.#signal?.removeEventListener("abort", abort);
    }
  }
}
