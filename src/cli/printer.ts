import { styleText } from "node:util";
import type { CommandHost } from "./host.ts";
import { printable } from "./printable.ts";
import { table } from "./table.ts";
import { widthOf } from "./wrapped.ts";

/** The colours by what a word says. */
const COLOURS: Readonly<Record<string, "green" | "red" | "yellow" | "cyan">> = {
  completed: "green",
  failed: "red",
  cancelled: "red",
  missing: "red",
  paused: "yellow",
  waiting: "yellow",
  awaiting: "yellow",
  running: "cyan",
  active: "cyan",
};

/** Prints what a command answers: for people, or as JSON. */
export class Printer {
  /** Whether the answer is JSON. */
  readonly isJson: boolean;
  readonly #host: CommandHost;
  readonly #hasColours: boolean;

  /** Makes the printer of a command. */
  constructor(host: CommandHost, isJson: boolean) {
    this.#host = host;
    this.isJson = isJson;
    this.#hasColours = host.output.isTerminal && !isJson && (host.variable("NO_COLOR") ?? "") === "";
  }

  /** Prints the answer: as JSON where that was asked for, else as lines. */
  async answer(json: unknown, lines: () => readonly string[]): Promise<void> {
    if (this.isJson) await this.#host.output.write(`${JSON.stringify(json, null, 2)}\n`);
    else await this.lines(lines());
  }

  /** Prints lines. */
  async lines(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.#host.output.write(`${lines.join("\n")}\n`);
  }

  /** Prints a text as it is, which may have many lines. */
  async text(text: string): Promise<void> {
    await this.#host.output.write(text);
  }

  /** Says something beside the answer. */
  async hint(line: string): Promise<void> {
    await this.#host.errors.write(`${printable(line)}\n`);
  }

  /** Rows as a table that fits the terminal, where there is one, beside an indent of so many characters. */
  table(head: readonly string[], rows: readonly (readonly string[])[], indent: number = 0): string[] {
    const { columns = Infinity } = this.#host.output;
    return table(head, rows, columns - indent);
  }

  /** Rows as a table without the last columns that do not fit the terminal, where there is one; the first two are always there. */
  list(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
    const { columns = Infinity } = this.#host.output;
    for (let count = head.length; count > 2; count--) {
      const lines = table(head.slice(0, count), rows.map((row) => row.slice(0, count)));
      if (lines.every((line) => widthOf(line) <= columns)) return lines;
    }
    return table(head.slice(0, 2), rows.map((row) => row.slice(0, 2)), columns);
  }

  /** A status in its colour, where there are colours. */
  status(word: string): string {
    const colour = COLOURS[word];
    return this.#hasColours && colour !== undefined ? styleText(colour, printable(word), PLAIN) : printable(word);
  }

  /** A heading. */
  heading(text: string): string {
    return this.#hasColours ? styleText("bold", printable(text), PLAIN) : printable(text);
  }
}

/** It was found out before whether there are colours. */
const PLAIN = { validateStream: false } as const;
