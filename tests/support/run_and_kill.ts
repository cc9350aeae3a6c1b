import { KILLED_PROCESS } from "./killed_process.ts";
import { withProcess } from "./started_process.ts";

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
  return await withProcess({ args }, async (started) => {
    let kill: ReturnType<typeof setTimeout> | undefined;
    if (death !== undefined && (death.isEarly || await started.says(/^working$/m))) {
      kill = setTimeout(() => started.signal("SIGKILL"), death.afterMs);
    }
    const { code, signal, stdout, stderr } = await started.ended().finally(() => clearTimeout(kill));
    // Only a kill of the test is no complaint.
    if (code !== 0 && !(death !== undefined && signal === "SIGKILL")) {
      throw new Error(`The process ended with ${signal ?? code}: ${stderr}`);
    }
    const [report] = stdout.split("\n").filter((line) => line.startsWith("{"));
    if (report === undefined && death === undefined) throw new Error(`The process said no more than ${stdout}`);
    // A line that was cut off by the kill is no report.
    return report === undefined || !stdout.endsWith("\n") ? undefined : JSON.parse(report);
  });
}
