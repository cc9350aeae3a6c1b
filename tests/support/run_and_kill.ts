import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { KILLED_PROCESS } from "./killed_process.ts";

/** The arguments of a process: its store and its job. */
export interface ProcessTask {
  /** The kind of store, and its folder. */
  readonly store: string;
  readonly place: string;
  /** The file of side effects. */
  readonly effects: string;
  /** The job. */
  readonly jobId: string;
  /** How long the journal grows before a snapshot. */
  readonly snapshotLength: number;
}

/** The report that a process prints at the end of its job. */
export interface ProcessReport {
  readonly job: unknown;
  /** The steps in the journal that snapshots have not removed. */
  readonly steps: readonly string[];
}

/**
 * Runs a process and kills it `afterMs` after it has begun to work, or, if `isEarly`, after it was started.
 *
 * @returns the report of the process, if its job ended before
 */
export async function runAndKill(
  life: ProcessTask,
  death?: { readonly afterMs: number; readonly isEarly: boolean },
): Promise<ProcessReport | undefined> {
  const { store, place, effects, jobId, snapshotLength } = life;
  const args = [KILLED_PROCESS, store, place, effects, jobId, String(snapshotLength)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const closed = once(child, "close");
  let complaint = "";
  let end: ProcessReport | undefined;
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
