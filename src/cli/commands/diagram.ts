import { toDot } from "../../diagram/dot.ts";
import { toMermaid } from "../../diagram/mermaid.ts";
import { toSvg } from "../../diagram/svg.ts";
import type { Call, Command } from "../command.ts";
import { DOCUMENT_NOTES, FLOW_OPTION, flowOf, readDocuments } from "../documents.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { OUTPUT_OPTION, writeText } from "../files.ts";

const FORMATS = { mermaid: toMermaid, dot: toDot, svg: toSvg } as const;

/** `routilux diagram`: a drawing of a flow, or of a job in it. */
export const diagram: Command = {
  name: "diagram",
  about: "draw a flow, or a job in it",
  args: ["FILE"],
  options: {
    format: { value: "FORMAT", about: "mermaid, which is the default, dot or svg" },
    ...FLOW_OPTION,
    ...OUTPUT_OPTION,
  },
  notes: DOCUMENT_NOTES,
  run,
};

async function run(call: Call): Promise<ExitCode> {
  const format = call.word("format", ["mermaid", "dot", "svg"]) ?? "mermaid";
  const documents = await readDocuments(call, call.arg(0));
  const flow = flowOf(documents);
  await writeText(call, format, FORMATS[format](flow, { job: documents.job }));
  return EXIT.done;
}
