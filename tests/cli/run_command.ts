import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertEquals } from "@std/assert";
import { type CommandHost, run } from "../../src/cli/main.ts";
import { type ManualTimers, manualTimers } from "../../src/testing/mod.ts";

/** The time at which commands run: 2026-01-01. */
export const NOW = 1_767_225_600_000;

/** What a command is given. */
export interface CommandSetup {
  /** The standard input. */
  readonly input?: string | Uint8Array;
  /** Whether somebody looks at what is printed. */
  readonly isTerminal?: boolean;
  /** How wide the terminal is. */
  readonly columns?: number;
  /** The environment variables. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly timers?: ManualTimers;
  readonly signal?: AbortSignal;
  /** Called with each text that is printed on the standard output. */
  readonly onOutput?: (text: string) => void;
}

/** What a command has done. */
export interface CommandResult {
  readonly exit: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command in this process. */
export async function runCommand(args: readonly string[], setup: CommandSetup = {}): Promise<CommandResult> {
  const { input = "", isTerminal = false, onOutput, signal = new AbortController().signal, variables = {} } = setup;
  let [output, errors] = ["", ""];
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  const host: CommandHost = {
    input: new ReadableStream({
      start(controller) {
        // In small parts, as a pipe may give it: also within a character.
        for (let at = 0; at < bytes.length; at += 1_000) controller.enqueue(bytes.subarray(at, at + 1_000));
        controller.close();
      },
    }),
    output: {
      isTerminal,
      columns: setup.columns,
      write: (text) => {
        output += text;
        onOutput?.(text);
        return Promise.resolve();
      },
    },
    errors: { isTerminal, write: (text) => Promise.resolve(void (errors += text)) },
    timers: setup.timers ?? manualTimers(NOW),
    signal,
    variable: (name) => variables[name],
  };
  return { exit: await run(args, host), output, errors };
}

/** Runs a test in a folder of its own. */
export async function inOwnFolder(use: (path: (name: string) => string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "routilux-"));
  try {
    await use((name) => join(folder, name));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The bars of progress that were drawn on a terminal one after the other, all of which must have been taken away. */
export function barsIn(errors: string): readonly string[] {
  assertEquals(errors.endsWith("\u001b[2K"), true);
  // deno-lint-ignore no-control-regex
  return [...errors.matchAll(/\u001b\[1G([^\u001b]+)\u001b\[0K/g)].map(([, bar = ""]) => bar);
}
