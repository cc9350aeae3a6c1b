import process from "node:process";
import { webTimers } from "../host/web_timers.ts";
import type { Timers } from "../ports/timers.ts";

/** Where a command prints. */
export interface CommandOutput {
  /** Whether somebody looks at it: then colours and a line of progress are shown. */
  readonly isTerminal: boolean;
  /** How many characters a line of the terminal has, where it is one and says so. */
  readonly columns?: number | undefined;
  /**
   * Prints a text as it is. Resolves when more can be printed.
   *
   * @throws {Error} with code `EPIPE` when nobody reads any more
   */
  write(text: string): Promise<void>;
}

/** The access of a command to the process in which it runs. */
export interface CommandHost {
  /** The standard input. */
  readonly input: ReadableStream<Uint8Array>;
  /** The standard output: what was asked for. */
  readonly output: CommandOutput;
  /** The standard error: progress, hints and failures. */
  readonly errors: CommandOutput;
  /** The clocks and timers. */
  readonly timers: Timers;
  /** Ends the command when aborted. */
  readonly signal: AbortSignal;
  /** The value of an environment variable. */
  variable(name: string): string | undefined;
}

/** The host that this process is. */
export function processHost(): CommandHost {
  const interruption = new AbortController();
  process.once("SIGINT", () => interruption.abort());
  process.once("SIGTERM", () => interruption.abort());
  return {
    get input() {
      return readStandardInput();
    },
    output: outputOf(process.stdout),
    errors: outputOf(process.stderr),
    timers: webTimers(),
    signal: interruption.signal,
    variable: (name) => process.env[name],
  };
}

function outputOf(stream: typeof process.stdout | typeof process.stderr): CommandOutput {
  // An error that comes while nothing is written would end the process with a stack trace.
  stream.on("error", () => {});
  return {
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.isTTY === true ? stream.columns : undefined;
    },
    write: (text) =>
      new Promise((resolve, reject) => {
        stream.write(text, (error) => error === null || error === undefined ? resolve() : reject(error));
      }),
  };
}

function readStandardInput(): ReadableStream<Uint8Array> {
  const chunks = process.stdin[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
  });
}
