import { open } from "node:fs/promises";
import type { Store } from "../../ports/store.ts";
import type { Call, Command } from "../command.ts";
import { exportJobs } from "../export_jobs.ts";
import type { ExportedJob } from "../exported_job.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { lastJobOf, type LeftExport } from "../export_file.ts";
import { writeJsonLines } from "../json_lines.ts";
import { counted } from "../printable.ts";
import { Progress } from "../progress.ts";
import { STORE_OPTION, withStore } from "../stores.ts";
import { unusableFile } from "../unusable_file.ts";

/** `routilux export`: all jobs of a store as JSON lines. */
export const exportCommand: Command = {
  name: "export",
  about: "write all jobs of a store as JSON lines, oldest first",
  args: ["[FILE]"],
  options: {
    ...STORE_OPTION,
    resume: { about: "go on with a FILE that an interrupted export has left" },
  },
  notes: [
    "Without FILE, or with -, they go to the standard output. The memory that is needed",
    "does not grow with the number of jobs. Stop the workers first: a job that goes on",
    "here after it was written would run in two places.",
  ],
  run: (call) => withStore(call, (store) => run(call, store)),
};

async function run(call: Call, store: Store): Promise<ExitCode> {
  const path = call.optionalArg(0) ?? "-";
  const isResumed = call.flag("resume");
  if (isResumed && path === "-") throw call.misuse("--resume goes on with a file; name it");
  const kept = isResumed ? await lastJobOf(path, call.host.signal) : undefined;
  const { held, written } = await write(call, store, path, kept);
  if (held > 0) {
    await call.print.hint(
      `${
        counted(held, "of the jobs is", "of the jobs are")
      } held by engines at work: what happens to them from now on is not in the export; stop the workers, and export again`,
    );
  }
  const answer = { written, held, ...(kept === undefined ? {} : { before: kept.count }) };
  if (path !== "-") {
    await call.print.answer({ path, ...answer }, () => [`${path}: ${counted(written, "job is", "jobs are")} written`]);
  } else if (!call.print.isJson) await call.print.hint(`${counted(written, "job is", "jobs are")} written`);
  return EXIT.done;
}

async function write(call: Call, store: Store, path: string, kept: LeftExport | undefined) {
  const { signal, timers } = call.host;
  const progress = new Progress(call.host, "jobs", Math.max(0, await store.count() - (kept?.count ?? 0)));
  let held = 0;
  const lines = async function* (): AsyncGenerator<ExportedJob, void, undefined> {
    for await (const { isHeld, job } of exportJobs(store, kept?.after, () => timers.now())) {
      if (isHeld) held++;
      yield job;
      await progress.step();
    }
  };
  try {
    await writeJsonLines(lines(), await sinkOf(call, path, kept), signal);
  } finally {
    await progress.end();
  }
  return { held, written: progress.done };
}

/**
 * The file or stream that the lines are written to. An existing file is not overwritten, except by `--resume`, which goes on with
 * it.
 */
async function sinkOf(call: Call, path: string, kept: LeftExport | undefined): Promise<WritableStream<string>> {
  if (path === "-") return new WritableStream({ write: (text) => call.print.text(text) });
  const refuse = (cause: unknown): never => {
    throw unusableFile(path, "written", cause);
  };
  try {
    const file = await open(path, kept === undefined ? "wx" : "r+");
    if (kept !== undefined) await file.truncate(kept.bytes);
    let at = kept?.bytes ?? 0;
    return new WritableStream({
      async write(text) {
        const bytes = new TextEncoder().encode(text);
        for (let done = 0; done < bytes.length;) {
          const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at).catch(refuse);
          done += bytesWritten;
          at += bytesWritten;
        }
      },
      async close() {
        await file.sync();
        await file.close();
      },
      abort: () => file.close(),
    });
  } catch (cause) {
    return refuse(cause);
  }
}
