import { createLatch, type Latch } from "./latch.ts";

/** Lets handlers wait until the test releases them, one by one, by a name. */
export class WaitingHandlers {
  /** The names of the handlers that have begun to wait, in order. */
  readonly started: unknown[] = [];
  /** The names of the handlers that were released and have continued, in order. */
  readonly finished: unknown[] = [];
  /** The largest number of handlers that have waited at the same time. */
  most = 0;
  readonly #gates: Map<unknown, Latch> = new Map();

  /** Called by a handler: waits under a name until the test releases it. */
  async wait(name: unknown): Promise<void> {
    const gate = createLatch();
    this.#gates.set(name, gate);
    this.started.push(name);
    this.most = Math.max(this.most, this.#gates.size);
    await gate.passed;
    this.#gates.delete(name);
    this.finished.push(name);
  }

  /** Lets the handler of a name continue. */
  release(name: unknown): void {
    this.#gates.get(name)?.open();
  }

  /** The names of the handlers that wait now. */
  get waiting(): unknown[] {
    return Array.from(this.#gates.keys());
  }
}
