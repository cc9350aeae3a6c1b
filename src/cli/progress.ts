import { Writable } from "node:stream";
// @ts-types="npm:@types/cli-progress@^3.11.6"
import cliProgress from "cli-progress";
import type { CommandHost, CommandOutput } from "./host.ts";

const BAR_WIDTH = 24;
/** How many are done from one line to the next where nobody looks at a terminal. */
const LINE_EVERY = 10_000;

/** Shows the progress of a long command: a bar on a terminal, a line from time to time elsewhere. */
export class Progress {
  readonly #errors: CommandOutput;
  readonly #what: string;
  readonly #terminal: Writable | undefined;
  readonly #bar: cliProgress.SingleBar | undefined;
  #total: number | undefined;
  #done = 0;

  /** Begins at none of so many; the total may be unknown. */
  constructor({ errors }: Pick<CommandHost, "errors">, what: string, total: number | undefined) {
    this.#errors = errors;
    this.#what = what;
    this.#total = total;
    if (!errors.isTerminal) return;
    this.#terminal = terminalOf(errors);
    this.#bar = new cliProgress.SingleBar({
      stream: this.#terminal,
      format: total === undefined ? "{value} {what}" : "{bar} {percentage} %, {value} of {total} {what}",
      barsize: BAR_WIDTH,
      clearOnComplete: true,
      // Lines are cut where the terminal ends; how it wraps them stays as it is.
      linewrap: true,
    }, cliProgress.Presets.shades_classic);
  }

  /** How many are done. */
  get done(): number {
    return this.#done;
  }

  /** One more is done, or so many. */
  async step(count: number = 1): Promise<void> {
    const before = this.#done;
    this.#done += count;
    this.#show();
    const isRound = Math.floor(before / LINE_EVERY) < Math.floor(this.#done / LINE_EVERY);
    if (this.#bar === undefined && isRound) await this.#errors.write(`${this.#count()}\n`);
  }

  /** So many of so many are done by now: shown on a terminal only. */
  reach(done: number, total: number): void {
    [this.#done, this.#total] = [done, total];
    this.#show();
  }

  /** Takes the bar away, before anything else is printed. */
  async end(): Promise<void> {
    const terminal = this.#terminal;
    if (terminal === undefined) return;
    this.#bar?.stop();
    await new Promise<unknown>((resolve) => terminal.write("", resolve));
  }

  #show(): void {
    const total = this.#total ?? 0;
    if (this.#bar?.isActive === true) {
      this.#bar.setTotal(total);
      this.#bar.update(this.#done);
    } else this.#bar?.start(total, this.#done, { what: this.#what });
  }

  #count(): string {
    return this.#total === undefined ? `${this.#done} ${this.#what}` : `${this.#done} of ${this.#total} ${this.#what}`;
  }
}

/** The terminal as the package writes to it. */
function terminalOf(errors: CommandOutput): Writable {
  const stream = new Writable({
    decodeStrings: false,
    write: (text: string, _encoding, done) => void errors.write(text).then(() => done(), done),
  });
  // Nobody reads any more: the command goes on, and is told where it prints its answer.
  stream.on("error", () => {});
  return Object.assign(stream, { isTTY: true, columns: errors.columns ?? 80 });
}
