import { diffJobs } from "../../inspect/diff.ts";
import { summarize } from "../../inspect/summary.ts";
import type { JobDocument } from "../../documents/job.ts";
import type { JobRecord, Store } from "../../ports/store.ts";
import type { Call, Command } from "../command.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { printable } from "../printable.ts";
import { loadJob, noSuchJob, readStored } from "../stored_documents.ts";
import { STORE_OPTION, withStore } from "../stores.ts";

/** How often the store is asked where it does not tell, in milliseconds. */
const LOOK_MS = 500;

/** `routilux jobs watch`: follows a job. */
export const jobsWatch: Command = {
  name: "jobs watch",
  about: "follow a job until it has ended: a line for each thing that changes",
  args: ["JOB"],
  options: STORE_OPTION,
  notes: ["In JSON each line is one difference. The exit code is 1 when the job has failed or was cancelled."],
  run: (call) => withStore(call, (store) => watch(call, store)),
};

async function watch(call: Call, store: Store): Promise<ExitCode> {
  const { signal } = call.host;
  const jobId = call.arg(0);
  let { job, record } = await read(store, jobId);
  await say(call, { at: job.updatedAt, path: "", message: summaryOf(job) });
  while (!isAtItsEnd(record)) {
    await changed(call, store, jobId);
    signal.throwIfAborted();
    const found = await store.find(jobId);
    if (found === undefined) throw noSuchJob(jobId);
    if (found.revision === record.revision && isAtItsEnd(found) === isAtItsEnd(record)) continue;
    const next = await read(store, jobId);
    for (const { message, path } of diffJobs(job, next.job)) {
      if (!QUIET.has(path.split(/[.[]/)[0] ?? "")) await say(call, { at: next.job.updatedAt, path, message });
    }
    ({ job, record } = next);
  }
  return job.status === "completed" ? EXIT.done : EXIT.no;
}

/** What changes with everything else, and tells nothing by itself. */
const QUIET: ReadonlySet<string> = new Set([
  "updatedAt",
  "nextTaskId",
  "ranMs",
  "executionHistory",
  "arrivals",
  "dropped",
]);

async function read(store: Store, jobId: string): Promise<{ readonly job: JobDocument; readonly record: JobRecord }> {
  const stored = await loadJob(store, jobId);
  return { job: readStored(stored).job, record: stored.record };
}

function isAtItsEnd({ consumed, endedAt, sent }: JobRecord): boolean {
  return endedAt !== undefined && sent === consumed;
}

function summaryOf(job: JobDocument): string {
  const { active, awaiting, failures, ready, status, waiting } = summarize(job);
  const counts = [
    `${active.length + ready.length} pending`,
    `${waiting.length} waiting`,
    `${awaiting.length} awaiting`,
  ];
  return `the job is ${status}, with ${counts.join(", ")} and ${failures.length} failed tasks`;
}

async function say(
  call: Call,
  line: { readonly at: string; readonly path: string; readonly message: string },
): Promise<void> {
  if (call.print.isJson) await call.print.text(`${JSON.stringify(line)}\n`);
  else await call.print.lines([`${line.at}  ${printable(line.message)}`]);
}

/** Resolves when something may have changed: the store tells it, or it is time to look. */
async function changed(call: Call, store: Store, jobId: string): Promise<void> {
  const { signal, timers } = call.host;
  await new Promise<void>((resolve) => {
    const stop = store.watch?.((event) => {
      if (event.type !== "due" && (event.type === "gap" || event.jobId === jobId)) done();
    });
    const cancel = timers.after(LOOK_MS, () => done());
    const done = (): void => {
      stop?.();
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
