import { openSync, readFileSync, writeSync } from "node:fs";

/** A handler's work on one step of a task: `key` is the step's idempotency key. */
export interface WorkLine {
  /** `stored` is written when the step is known to be stored. */
  readonly kind: "begin" | "end" | "stored";
  readonly process: number;
  /** The engine's incarnation when the handler was called. */
  readonly incarnation: number;
  readonly jobId: string;
  readonly key: string;
  readonly at: number;
}

/** A lease that a process has got from the store, or has given up. */
export interface LeaseLine {
  readonly kind: "lease";
  readonly process: number;
  readonly incarnation: number;
  readonly until: number;
}

/** What an engine has told its observer, as far as it is counted. */
export interface ToldLine {
  readonly kind: "told";
  readonly process: number;
  readonly type: string;
  readonly jobId?: string | undefined;
  /** The key of the command that was refused. */
  readonly key?: string | undefined;
  readonly error?: string | undefined;
}

/** A process has ended, killed or not. */
export interface ExitLine {
  readonly kind: "exit";
  readonly process: number;
}

/** A line of the file that all processes append to: its order is that of the writes. */
export type TraceLine = WorkLine | LeaseLine | ToldLine | ExitLine;

/** Opens a trace: the returned function appends a line, in one write. */
export function openTrace(path: string): (line: TraceLine) => void {
  const file = openSync(path, "a");
  return (line) => void writeSync(file, new TextEncoder().encode(`${JSON.stringify(line)}\n`));
}

/** Reads a trace. */
export function readTrace(path: string): readonly TraceLine[] {
  return readFileSync(path, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
}
