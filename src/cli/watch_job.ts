import { readStored } from "../documents/stored_job.ts";
import type { JobDocument } from "../documents/job.ts";
import { diffDocuments } from "../inspect/diff.ts";
import { summarizeDocument } from "../inspect/summary.ts";
import type { JobStatus } from "../job/job.ts";
import { isAtItsEnd } from "../job_watch.ts";
import type { JobRecord, Store } from "../ports/store.ts";
import type { CommandHost } from "./host.ts";
import { counted } from "./printable.ts";
import { loadJob, noSuchJob } from "./stored_documents.ts";

/** How often a store is asked that does not tell what other processes do, in milliseconds. */
const LOOK_MS = 500;
/** The parts that change with everything else, and tell nothing by themselves. */
const QUIET: ReadonlySet<string> = new Set([
  "updatedAt",
  "nextTaskId",
  "ranMs",
  "executionHistory",
  "arrivals",
  "dropped",
]);

/** The parts of a record that say that there is something to look at. */
const PARTS = ["revision", "endedAt", "sent", "consumed"] as const;

/** Something that has changed in a job that is watched. */
export interface JobChange {
  /** When the job had changed, in ISO 8601. */
  readonly at: string;
  /** Where: a path in the job's document; empty for what is said at the beginning. */
  readonly path: string;
  /** What, in a sentence. */
  readonly message: string;
}

/**
 * Follows a job until it has ended, and returns how.
 *
 * @param onChange called with each thing that has changed; at first, with what the job is like
 * @param onLook called with the job after these
 * @throws {CommandError} when the store has no such job, or it is deleted
 * @throws the signal's reason when it is aborted
 */
export async function watchJob(
  store: Store,
  jobId: string,
  host: Pick<CommandHost, "signal" | "timers">,
  onChange: (change: JobChange) => Promise<void>,
  onLook: (job: JobDocument) => void = () => {},
): Promise<JobStatus> {
  let { job, record } = await read(store, jobId);
  await onChange({ at: job.updatedAt, path: "", message: summaryOf(job) });
  onLook(job);
  while (!await isAtItsEnd({ store, timers: host.timers }, record)) {
    await untilChanged(store, jobId, host);
    const found = await store.find(jobId);
    if (found === undefined) throw noSuchJob(jobId);
    if (PARTS.every((part) => found[part] === record[part])) continue;
    const next = await read(store, jobId);
    for (const { message, path } of diffDocuments(job, next.job)) {
      if (!QUIET.has(path.replace(/\W.*$/s, ""))) await onChange({ at: next.job.updatedAt, path, message });
    }
    ({ job, record } = next);
    onLook(job);
  }
  return job.status;
}

async function read(store: Store, jobId: string): Promise<{ readonly job: JobDocument; readonly record: JobRecord }> {
  const stored = await loadJob(store, jobId);
  return { job: readStored(stored).job, record: stored.record };
}

function summaryOf(job: JobDocument): string {
  const { active, awaiting, failures, ready, status, waiting } = summarizeDocument(job);
  const counts = [
    `${active.length + ready.length} pending`,
    `${waiting.length} waiting`,
    `${awaiting.length} awaiting`,
  ];
  return `the job is ${status}, with ${counts.join(", ")} and ${
    counted(failures.length, "failed task", "failed tasks")
  }`;
}

/** Resolves when the store tells of the job, or it is time to look; rejects with the signal's reason when it is aborted. */
async function untilChanged(
  store: Store,
  jobId: string,
  { signal, timers }: Pick<CommandHost, "signal" | "timers">,
): Promise<void> {
  signal.throwIfAborted();
  let wake = (): void => {};
  const isTime = new Promise<void>((resolve) => wake = resolve);
  const stop = store.watch?.((event) => {
    if (event.type === "gap" || ("jobId" in event && event.jobId === jobId)) wake();
  });
  const cancel = timers.after(LOOK_MS, wake);
  signal.addEventListener("abort", wake);
  await isTime;
  signal.removeEventListener("abort", wake);
  stop?.();
  cancel();
  signal.throwIfAborted();
}
