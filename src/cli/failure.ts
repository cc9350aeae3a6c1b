import { RoutiluxError } from "../base/errors.ts";
import { printable } from "./printable.ts";

/** The exit codes of all commands. */
export const EXIT = {
  /** Done, and the answer is yes where there is one. */
  done: 0,
  /** Done, and the answer is no: there are findings, differences, or jobs that were left out. */
  no: 1,
  /** The command was called in a wrong way. */
  usage: 2,
  /** What was to be read cannot be read: it is not there, no JSON, or no such document. */
  input: 3,
  /** The store cannot be reached, has no such job, or refuses what was asked of it. */
  store: 4,
  /** A fault of this program. */
  internal: 70,
  /** Interrupted, as by Ctrl-C. */
  interrupted: 130,
} as const;

/** One of the exit codes. */
export type ExitCode = typeof EXIT[keyof typeof EXIT];

/** A failure that a command tells in one line: what was tried, where, what is wrong, and what to do. */
export class CommandError extends Error {
  /** The exit code of the command. */
  readonly exit: ExitCode;

  /** Makes the failure. */
  constructor(exit: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exit = exit;
  }
}

/** The text of a thrown value of any kind. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether an error says that the reader of the output is gone, as after `| head`. */
export function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}

/** The exit code and the one line for what a command has thrown. */
export function failureOf(error: unknown): { readonly exit: ExitCode; readonly line: string } {
  const line = printable(reasonOf(error));
  if (error instanceof CommandError) return { exit: error.exit, line };
  if (error instanceof RoutiluxError) return { exit: EXIT.store, line };
  const name = error instanceof Error ? error.name : typeof error;
  return { exit: EXIT.internal, line: `A fault of routilux, please report it: ${printable(name)}: ${line}` };
}
