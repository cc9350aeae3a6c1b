import { createGate, type Gate } from "./gate.ts";

/** Handlers that wait for a test: each comes to work, and goes on when it is told to. */
export class Crew {
  /** Who has come to work, in order. */
  readonly started: unknown[] = [];
  /** Who has been told to go on and has done so, in order. */
  readonly finished: unknown[] = [];
  /** How many have been at work at the same time, at the most. */
  most = 0;
  readonly #gates: Map<unknown, Gate> = new Map();

  /** Comes to work under a name, and waits. */
  async work(name: unknown): Promise<void> {
    const gate = createGate();
    this.#gates.set(name, gate);
    this.started.push(name);
    this.most = Math.max(this.most, this.#gates.size);
    await gate.passed;
    this.#gates.delete(name);
    this.finished.push(name);
  }

  /** Lets one go on. */
  release(name: unknown): void {
    this.#gates.get(name)?.open();
  }

  /** Who is at work. */
  get working(): unknown[] {
    return Array.from(this.#gates.keys());
  }
}
