import { webIds } from "../../host/web_ids.ts";
import type { Store } from "../../ports/store.ts";
import type { Call, Command } from "../command.ts";
import { streamFile } from "../export_file.ts";
import { type ExportedJob, readExportedJob } from "../exported_job.ts";
import { CommandError, EXIT, type ExitCode } from "../failure.ts";
import { JobImport } from "../import_jobs.ts";
import { readJsonLines } from "../json_lines.ts";
import { counted } from "../printable.ts";
import { Progress } from "../progress.ts";
import { STORE_OPTION, withStore } from "../stores.ts";

/** How many jobs are stored at once. */
const MOST_AT_ONCE = 100;
/** And how many characters they have together, about. */
const MOST_CHARACTERS = 2 ** 22;

/** `routilux import`: brings exported jobs into a store. */
export const importCommand: Command = {
  name: "import",
  about: "bring the jobs of an export into a store, which is made if it is not there",
  args: ["[FILE]"],
  options: STORE_OPTION,
  notes: [
    "Without FILE, or with -, they come from the standard input. After an interruption,",
    "run the same command again: jobs that are there already are not stored twice, and",
    "one that was half there is completed. Nobody can work on a job before it is whole.",
    "The exit code is 1 when other jobs had the ids of some, which were left out.",
  ],
  run: async (call) => {
    const path = call.optionalArg(0) ?? "-";
    // First of all: a store must not be made for a file that is not there.
    const bytes = path === "-" ? call.host.input : await streamFile(path);
    try {
      return await withStore(call, (store) => run(call, store, bytes), { creates: true });
    } finally {
      if (!bytes.locked) await bytes.cancel();
    }
  },
};

async function run(call: Call, store: Store, bytes: ReadableStream<Uint8Array>): Promise<ExitCode> {
  const path = call.optionalArg(0) ?? "-";
  const source = path === "-" ? "standard input" : path;
  const progress = new Progress(call.host, "jobs", undefined);
  const jobs = new JobImport(store, call.host.timers, () => webIds().id());
  const taken: string[] = [];
  let [stored, left] = [0, 0];
  const add = async (batch: readonly ExportedJob[]) => {
    for (const { jobId, outcome } of await jobs.add(batch)) {
      if (outcome === "stored") stored++;
      else if (++left <= MOST_NAMED) taken.push(jobId);
      await progress.step();
    }
  };
  try {
    for await (const batch of batchesOf(bytes, source, call.host.signal)) await add(batch);
  } finally {
    await progress.end();
    await jobs.end();
  }
  await call.print.answer(
    { stored, taken: left, ids: taken },
    () => [`${source}: ${counted(stored, "job is", "jobs are")} stored`],
  );
  if (left === 0) return EXIT.done;
  if (!call.print.isJson) {
    await call.print.hint(
      `${counted(left, "job is", "jobs are")} left out, because other jobs have these ids: ${taken.join(", ")}${
        left > taken.length ? ", …" : ""
      }`,
    );
  }
  return EXIT.no;
}

/** How many of the jobs that were left out are named. */
const MOST_NAMED = 20;

async function* batchesOf(
  bytes: ReadableStream<Uint8Array>,
  source: string,
  signal: AbortSignal,
): AsyncGenerator<readonly ExportedJob[], void, undefined> {
  let batch: ExportedJob[] = [];
  let characters = 0;
  for await (const { line, value } of readJsonLines(bytes, source)) {
    signal.throwIfAborted();
    const job = readExportedJob(value);
    if (typeof job === "string") throw new CommandError(EXIT.input, `${source}: line ${line}: ${job}`);
    batch.push(job);
    characters += job.snapshot.length + job.flow.length;
    if (batch.length < MOST_AT_ONCE && characters < MOST_CHARACTERS) continue;
    yield batch;
    [batch, characters] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}
