import type { Refusal } from "../../ports/store.ts";

/** Which commands of a job's inbox have been consumed, and which of these could not be carried out. */
export class Consumption {
  /** The last command that was consumed. */
  last: number;
  /** The last one that had been when the last entry was handed in. */
  handed: number;
  #refused: Refusal[] = [];

  /** Begins with the commands that are consumed in the store. */
  constructor(last: number) {
    this.last = this.handed = last;
  }

  /** A command is consumed, with all before it. */
  consume(sequence: number): void {
    this.last = Math.max(this.last, sequence);
  }

  /** A command could not be carried out: the write by which it is consumed says so. */
  refuse(sequence: number, reason: string): void {
    this.#refused.push({ sequence, reason });
  }

  /** The refusals of which no write has said so yet. */
  takeRefused(): readonly Refusal[] {
    const refused = this.#refused;
    if (refused.length > 0) this.#refused = [];
    return refused;
  }
}
