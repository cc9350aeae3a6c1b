import type { FlowDocument } from "../../documents/flow_schema.ts";
import { summarizeDocument } from "../../inspect/summary.ts";
import type { Call, Command } from "../command.ts";
import { DOCUMENT_NOTES, readDocuments } from "../documents.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { summaryLines } from "../summary_lines.ts";

/** `routilux inspect`: what documents say. */
export const inspect: Command = {
  name: "inspect",
  about: "say what a job does, waits for and has come to, or what a flow consists of",
  args: ["FILE"],
  options: {},
  notes: DOCUMENT_NOTES,
  run,
};

async function run(call: Call): Promise<ExitCode> {
  const { flow, job } = await readDocuments(call, call.arg(0));
  const summary = job && summarizeDocument(job);
  await call.print.answer(
    {
      ...(flow === undefined ? {} : { flow: summarizeFlow(flow) }),
      ...(summary === undefined ? {} : { job: summary }),
    },
    () => [
      ...flow === undefined || summary !== undefined ? [] : flowLines(call, flow),
      ...summary === undefined ? [] : summaryLines(call.print, summary),
    ],
  );
  return EXIT.done;
}

function summarizeFlow({ connections, executionStrategy, id, maxWorkers, routines }: FlowDocument): object {
  const all = Object.entries(routines).map(([id, { events, slots, type, version }]) =>
    [id, { type, version, slots: Object.keys(slots), events: Object.keys(events) }] as const
  );
  return { id, executionStrategy, maxWorkers, routines: Object.fromEntries(all), connections: connections.length };
}

function flowLines({ print }: Call, flow: FlowDocument): string[] {
  const rows = Object.entries(flow.routines).map((
    [id, { events, slots, type, version }],
  ) => [id, type, String(version), Object.keys(slots).join(", "), Object.keys(events).join(", ")]);
  const links = flow.connections.map((
    { from, to },
  ) => [`${from.routine}.${from.event}`, "to", `${to.routine}.${to.slot}`]);
  return [
    `${print.heading("flow")} ${rows.length} routines, ${links.length} connections, ${flow.executionStrategy}`,
    "",
    ...print.table(["routine", "class", "version", "slots", "events"], rows),
    ...links.length === 0 ? [] : ["", ...print.table(["from", "", "connected to"], links)],
  ];
}
