import { describeEntry } from "../../inspect/journal_entry.ts";
import { isRecord } from "../../values/json.ts";
import type { StoredJob } from "../../ports/store.ts";
import type { Call, Command } from "../command.ts";
import { CommandError, EXIT, type ExitCode, reasonOf } from "../failure.ts";
import { loadJob } from "../stored_documents.ts";
import { STORE_OPTION, withStore } from "../stores.ts";

/** `routilux history`: the journal of a job. */
export const history: Command = {
  name: "history",
  about: "list the revisions of a job that its journal has kept",
  args: ["JOB"],
  options: STORE_OPTION,
  notes: [
    "`routilux jobs show JOB --revision NUMBER` shows the job as it was, and fork starts",
    "a new job from there.",
  ],
  run: (call) => withStore(call, async (store) => await answer(call, await loadJob(store, call.arg(0)))),
};

async function answer(call: Call, { entries, record, snapshotRevision }: StoredJob): Promise<ExitCode> {
  const documents = entries.map((text, index) => parse(record.jobId, snapshotRevision + index + 1, text));
  const all = documents.map((entry, index) => ({ revision: snapshotRevision + index + 1, entry }));
  await call.print.answer(
    { jobId: record.jobId, begins: snapshotRevision, revisions: all },
    () =>
      call.print.table(["revision", "at", "kind", "what"], [
        [String(snapshotRevision), "", "snapshot", "the state with which the kept journal begins"],
        ...all.map((
          { entry, revision },
        ) => [String(revision), String(entry["at"]), String(entry["kind"]), describeEntry(entry)]),
      ]),
  );
  return EXIT.done;
}

function parse(jobId: string, revision: number, text: string): Readonly<Record<string, unknown>> {
  try {
    const entry: unknown = JSON.parse(text);
    return isRecord(entry) ? entry : {};
  } catch (cause) {
    const place = `the entry of revision ${revision} of job ${JSON.stringify(jobId)}`;
    throw new CommandError(EXIT.store, `${place} is damaged: ${reasonOf(cause)}`, { cause });
  }
}
