import type { CommandHost } from "./host.ts";

const BAR_WIDTH = 24;
/** How often a line on a terminal is written anew, in milliseconds. */
const REFRESH_MS = 100;
/** How many are done from one line to the next where nobody looks at a terminal. */
const LINE_EVERY = 10_000;

/** Shows the progress of a long command: a bar on a terminal, a line from time to time elsewhere. */
export class Progress {
  readonly #host: Pick<CommandHost, "errors" | "timers">;
  readonly #what: string;
  readonly #total: number | undefined;
  #done = 0;
  #shownAt = -Infinity;
  #isShown = false;

  /** Begins at none of so many; the total may be unknown. */
  constructor(host: Pick<CommandHost, "errors" | "timers">, what: string, total: number | undefined) {
    this.#host = host;
    this.#what = what;
    this.#total = total;
  }

  /** How many are done. */
  get done(): number {
    return this.#done;
  }

  /** One more is done. */
  async step(): Promise<void> {
    this.#done++;
    const { errors, timers } = this.#host;
    if (!errors.isTerminal) {
      if (this.#done % LINE_EVERY === 0) await errors.write(`${this.#count()}\n`);
      return;
    }
    const now = timers.elapsed();
    if (now - this.#shownAt < REFRESH_MS) return;
    this.#shownAt = now;
    this.#isShown = true;
    await errors.write(`\r${this.#bar()}${this.#count()}\u001b[K`);
  }

  /** Takes the bar away, before anything else is printed. */
  async end(): Promise<void> {
    if (this.#isShown) await this.#host.errors.write("\r\u001b[K");
    this.#isShown = false;
  }

  #count(): string {
    return this.#total === undefined ? `${this.#done} ${this.#what}` : `${this.#done} of ${this.#total} ${this.#what}`;
  }

  #bar(): string {
    if (this.#total === undefined) return "";
    const full = Math.min(BAR_WIDTH, Math.floor(this.#done / this.#total * BAR_WIDTH));
    return `${"█".repeat(full)}${"░".repeat(BAR_WIDTH - full)} `;
  }
}
