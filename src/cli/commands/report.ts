import type { Call, Command } from "../command.ts";
import { DOCUMENT_NOTES, FLOW_OPTION, jobOf, readDocuments } from "../documents.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { OUTPUT_OPTION, writeText } from "../files.ts";
import { reportOf } from "../report.ts";

/** `routilux report`: a page about a job. */
export const report: Command = {
  name: "report",
  about: "make a page about a job: one HTML file that needs nothing else",
  args: ["FILE"],
  options: { ...FLOW_OPTION, ...OUTPUT_OPTION },
  notes: DOCUMENT_NOTES,
  run,
};

async function run(call: Call): Promise<ExitCode> {
  const documents = await readDocuments(call, call.arg(0));
  await writeText(call, "html", reportOf(jobOf(documents), documents.flow));
  return EXIT.done;
}
