import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { KILLED_PROCESS } from "./killed_process.ts";

/** What a process is told to work on. */
export interface Life {
  /** Which store, and where it is. */
  readonly store: string;
  readonly place: string;
  /** The file of side effects. */
  readonly effects: string;
  /** The job. */
  readonly jobId: string;
  /** How long the journal grows before a snapshot. */
  readonly snapshotLength: number;
}

/** What a process tells at the end of its job. */
export interface End {
  readonly job: unknown;
  /** The steps in the journal, as far as it is kept. */
  readonly steps: readonly string[];
}

/**
 * Runs a process and kills it after a while: `afterMs` from when it works, or from its start where it is to die `early`.
 * Answers what it has told at the end of its job, if it came to that before.
 */
export async function live(
  life: Life,
  death?: { readonly afterMs: number; readonly isEarly: boolean },
): Promise<End | undefined> {
  const { store, place, effects, jobId, snapshotLength } = life;
  const args = [KILLED_PROCESS, store, place, effects, jobId, String(snapshotLength)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const closed = once(child, "close");
  let complaint = "";
  let end: End | undefined;
  const kill = () => death && setTimeout(() => child.kill("SIGKILL"), death.afterMs);
  if (death?.isEarly === true) kill();
  child.stderr.on("data", (data) => complaint += data);
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line === "working") death?.isEarly === true || kill();
    else end = JSON.parse(line);
  });
  const [code] = await closed;
  if (death === undefined && end === undefined) throw new Error(`The process ended with ${code}: ${complaint}`);
  if (code !== 0 && code !== null) throw new Error(`The process ended with ${code}: ${complaint}`);
  return end;
}
