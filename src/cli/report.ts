import { xmlText } from "../diagram/labels.ts";
import { toSvg } from "../diagram/svg.ts";
import type { FlowDocument } from "../documents/flow_schema.ts";
import type { JobDocument } from "../documents/job.ts";
import { summarizeDocument, type TaskSummary } from "../inspect/summary.ts";
import { timelineSvg } from "./report_timeline.ts";

/** The most rows of a table: a page with all tasks of a large job could not be opened. */
const MOST_ROWS = 500;
/** The most characters of a value. */
const MOST_CHARACTERS = 20_000;

const STYLE =
  `:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.5rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;
border-bottom:1px solid #8884}td{overflow-wrap:anywhere;min-width:4rem}.instant{white-space:nowrap}dt{font-weight:600}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}
dd{margin:0;overflow-wrap:anywhere}pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;font-size:.85rem}
.scroll{overflow-x:auto}.failed,.cancelled{color:#c53030}.completed{color:#2f855a}
@media(prefers-color-scheme:dark){.failed,.cancelled{color:#f87171}.completed{color:#4ade80}}`;

/** Makes the page about a job: one file without script, which loads nothing. All that users have named or stored is escaped. */
export function reportOf(job: JobDocument, flow: FlowDocument | undefined): string {
  const summary = summarizeDocument(job);
  const {
    active,
    awaiting,
    children,
    collected,
    createdAt,
    error,
    failures,
    flowId,
    jobId,
    parent,
    pauseReason,
    ready,
    status,
    updatedAt,
    waiting,
  } = summary;
  const tasks = [...active, ...ready, ...waiting, ...awaiting].map(taskRow);
  const routines = Object.entries(summary.routines).map(([id, it]) => {
    const counts = Object.entries(it.tasks).map(([state, count]) => `${count} ${state}`).join(", ");
    return [id, it.status ?? "", counts, String(it.failed), String(it.retries)];
  });
  const outputs = (job.outputLog ?? []).map(({ at, data, routine, type }) => [at, routine, type, json(data)]);
  const log = (job.sharedLog ?? []).map(({ at, entry, routine }) => [at, routine, json(entry)]);
  const pauses = (job.pausePoints ?? []).map(({ at, checkpoint, reason = "" }) => [at, reason, json(checkpoint)]);
  const shared = Object.entries(job.sharedData ?? {}).map(([key, value]) => [key, json(value)]);
  return [
    "<!DOCTYPE html>",
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    // The page has no script, and loads nothing: a browser is told to hold it to that.
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${xmlText(jobId)}</title><style>${STYLE}</style></head><body>`,
    `<h1>Job ${xmlText(jobId)}</h1><dl>`,
    entry("Flow", xmlText(flowId)),
    ...parent === undefined ? [] : [entry("Child of", xmlText(parent))],
    entry(
      "Status",
      `<span class="${status}">${status}</span>${pauseReason === undefined ? "" : `: ${xmlText(pauseReason)}`}`,
    ),
    ...error === undefined ? [] : [entry("Error", xmlText(error))],
    entry("Created", createdAt),
    entry("Changed", `${updatedAt}, after ${Math.round(summary.ranMs)} ms of work`),
    "</dl>",
    ...flow === undefined ? [] : [`<h2>Flow</h2><div class="scroll">${toSvg(flow, { job })}</div>`],
    `<h2>Timeline</h2><div class="scroll">${timelineSvg(job)}</div>`,
    section("Pending tasks", ["Task", "Routine", "Slot", "State", "Since", "Until", "Attempts"], tasks),
    section(
      "Children",
      ["Job", "Flow", "State", "Asked for by", "Its end goes to"],
      children.map((
        { flowId, jobId, routine, state, status = state, to = "" },
      ) => [jobId, flowId, status, routine, to]),
    ),
    section(
      "Collected, waiting for more",
      ["Routine", "Slot", "Key", "Items"],
      collected.map(({ items, key, routine, slot }) => [routine, slot, key, String(items)]),
    ),
    section(
      "Failures",
      ["Task", "Routine", "Slot", "At", "Attempts", "Error"],
      failures.map(({ at, attempts, error, id, routine, slot }) => [`${id}`, routine, slot, at, `${attempts}`, error]),
    ),
    section("Routines", ["Routine", "Outcome", "Tasks", "Failed", "Retries"], routines),
    section("Outputs", ["At", "Routine", "Type", "Data"], outputs, job.dropped?.outputLog),
    section("Shared data", ["Key", "Value"], shared),
    section("Log", ["At", "Routine", "Entry"], log, job.dropped?.sharedLog),
    section("Pauses", ["At", "Reason", "Checkpoint"], pauses, job.dropped?.pausePoints),
    "</body></html>",
    "",
  ].join("\n");
}

function entry(name: string, html: string): string {
  return `<dt>${name}</dt><dd>${html}</dd>`;
}

/** A table with its heading; the newest rows of one that is too long. Nothing when there are none. */
function section(
  name: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  dropped: number = 0,
): string {
  if (rows.length === 0) return "";
  const shown = rows.slice(-MOST_ROWS);
  const missing = rows.length - shown.length + dropped;
  return [
    `<h2>${name}</h2>`,
    ...missing === 0 ? [] : [`<p>The newest ${shown.length}; ${missing} older ones are not shown.</p>`],
    `<div class="scroll"><table><thead><tr>${head.map((it) => `<th>${it}</th>`).join("")}</tr></thead><tbody>`,
    ...shown.map((row) => `<tr>${row.map(cellOf).join("")}</tr>`),
    "</tbody></table></div>",
  ].join("\n");
}

function taskRow({ attempts = 0, createdAt, id, routine, slot, state, until = "" }: TaskSummary): string[] {
  return [String(id), routine, slot, state, createdAt, until, String(attempts)];
}

/** A value as JSON, cut off where it is very long. */
function json(value: unknown): string {
  const text = value === undefined ? "" : JSON.stringify(value);
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}… (${text.length} characters)`;
}

/** A cell of a table. On a narrow page, a text is broken anywhere, and an instant nowhere. */
function cellOf(text: string): string {
  const attribute = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? ' class="instant"' : "";
  return `<td${attribute}>${xmlText(text)}</td>`;
}
