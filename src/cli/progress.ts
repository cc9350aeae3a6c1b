import type { CommandHost } from "./host.ts";

const BAR_WIDTH = 24;
/** How often a line on a terminal is written anew, in milliseconds. */
const REFRESH_MS = 100;
/** How many are done from one line to the next where nobody looks at a terminal. */
const LINE_EVERY = 10_000;

/**
 * Shows the progress of a long command: a bar on a terminal, a line from time to time elsewhere.
 *
 * It is no package: those with a bar write to the process's own streams with timers of their own, where a command writes to the output
 * that it is given and goes by its clock, and none of those without further dependencies is kept up.
 */
export class Progress {
  readonly #host: Pick<CommandHost, "errors" | "timers">;
  readonly #what: string;
  #total: number | undefined;
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

  /** One more is done, or so many. */
  async step(count: number = 1): Promise<void> {
    const before = this.#done;
    this.#done += count;
    const { errors, timers } = this.#host;
    if (!errors.isTerminal) {
      const isRound = Math.floor(before / LINE_EVERY) < Math.floor(this.#done / LINE_EVERY);
      if (isRound) await errors.write(`${this.#count()}\n`);
    } else if (timers.elapsed() - this.#shownAt >= REFRESH_MS) await this.#show();
  }

  /** So many of so many are done by now: shown at once, and on a terminal only. */
  async reach(done: number, total: number): Promise<void> {
    [this.#done, this.#total] = [done, total];
    if (this.#host.errors.isTerminal) await this.#show();
  }

  async #show(): Promise<void> {
    this.#shownAt = this.#host.timers.elapsed();
    this.#isShown = true;
    await this.#host.errors.write(`\r${this.#bar()}${this.#count()}\u001b[K`);
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
    const full = Math.min(BAR_WIDTH, Math.floor(this.#done / Math.max(1, this.#total) * BAR_WIDTH));
    return `${"█".repeat(full)}${"░".repeat(BAR_WIDTH - full)} `;
  }
}
