import { readStored } from "../../documents/stored_job.ts";
import { summarizeDocument } from "../../inspect/summary.ts";
import type { Call, Command } from "../command.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { recordJson } from "../filters.ts";
import { summaryLines } from "../summary_lines.ts";
import { loadJob } from "../stored_documents.ts";
import { STORE_OPTION, withStore } from "../stores.ts";

/** `routilux jobs show`: one job of a store. */
export const jobsShow: Command = {
  name: "jobs show",
  about: "show a job of a store; in JSON with its documents, for inspect, diagram, report and diff",
  args: ["JOB"],
  options: { ...STORE_OPTION, revision: { value: "NUMBER", about: "as it was at this revision of its journal" } },
  run: (call) =>
    withStore(call, async (store): Promise<ExitCode> => {
      const stored = await loadJob(store, call.arg(0));
      const { flow, job } = readStored(stored, call.whole("revision", 0));
      await call.print.answer({ record: recordJson(stored.record), flow, job }, () => [
        ...summaryLines(call.print, summarizeDocument(job)),
        "",
        storeLine(call, stored.record),
      ]);
      return EXIT.done;
    }),
};

function storeLine(
  call: Call,
  { heldUntil, owner, queue, revision }: {
    heldUntil: number | undefined;
    owner: string | undefined;
    queue: string;
    revision: number;
  },
): string {
  const isHeld = heldUntil !== undefined && heldUntil > call.host.timers.now();
  return `${call.print.heading("stored")}   revision ${revision}, queue ${queue}, ${
    isHeld ? `held by ${owner}` : "held by nobody"
  }`;
}
