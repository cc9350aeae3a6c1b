import { styleText } from "node:util";
import type { CommandHost } from "./host.ts";
import { printable } from "./printable.ts";

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

/** Rows as a table whose columns stand below each other. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [head, ...rows].map((row) => row.map(printable));
  const lines = cells.map(() => "");
  head.forEach((_, column) => {
    const longest = Math.max(...cells.map((row) => lengthOf(row[column])));
    cells.forEach((row, index) => lines[index] += `${row[column]}${" ".repeat(longest - lengthOf(row[column]))}  `);
  });
  return lines.map((line) => line.trimEnd());
}

function lengthOf(text: string = ""): number {
  return Array.from(text).length;
}
