import type { FailedTask, JobSummary, TaskSummary } from "../inspect/summary.ts";
import { counted, printable, shortened } from "./printable.ts";
import type { Printer } from "./printer.ts";

/** A summary of a job as lines. */
export function summaryLines(print: Printer, summary: JobSummary): string[] {
  const { active, awaiting, children, collected, createdAt, deadline, error, failures, flowId, jobId, outputs } =
    summary;
  const { parent, pauseReason, ready, waiting } = summary;
  const pending = [...active, ...ready, ...waiting, ...awaiting];
  const routines = Object.entries(summary.routines).map(([id, { failed, retries, status = "", tasks }]) => {
    const counts = Object.entries(tasks).map(([state, count]) => `${count} ${state}`).join(", ");
    return [id, status, counts, String(failed), String(retries)];
  });
  return [
    `${print.heading("job")}      ${printable(jobId)}`,
    `${print.heading("flow")}     ${printable(flowId)}`,
    ...parent === undefined ? [] : [`${print.heading("child of")} ${printable(parent)}`],
    `${print.heading("status")}   ${print.status(summary.status)}${
      pauseReason === undefined ? "" : `: ${printable(pauseReason)}`
    }`,
    ...error === undefined ? [] : [`${print.heading("error")}    ${shortened(error, 200)}`],
    `${print.heading("created")}  ${createdAt}`,
    `${print.heading("changed")}  ${summary.updatedAt}, after ${Math.round(summary.ranMs)} ms of work`,
    ...deadline === undefined ? [] : [`${print.heading("ends by")}  ${deadline}`],
    `${print.heading("outputs")}  ${outputs}, and ${counted(summary.logged, "entry", "entries")} of the log`,
    ...section(
      print,
      "pending tasks",
      ["task", "routine", "slot", "state", "until", "attempts"],
      pending.map(taskRow),
    ),
    ...section(
      print,
      "children",
      ["job", "flow", "state", "asked for by", "its end goes to"],
      children.map((
        { flowId, jobId, routine, state, status = state, to = "nobody" },
      ) => [jobId, flowId, status, routine, to]),
    ),
    ...section(
      print,
      "collected, waiting for more",
      ["routine", "slot", "key", "items"],
      collected.map(({ items, key, routine, slot }) => [routine, slot, key, String(items)]),
    ),
    ...section(
      print,
      "failures",
      ["task", "routine", "slot", "at", "attempts", "error"],
      failures.map(failureRow),
    ),
    ...section(print, "routines", ["routine", "outcome", "tasks", "failed", "retries"], routines),
  ];
}

/** What stands before the lines of a section. */
const INDENT = "  ";

function section(
  print: Printer,
  name: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  return rows.length === 0
    ? []
    : ["", print.heading(name), ...print.table(head, rows, INDENT.length).map((line) => INDENT + line)];
}

function taskRow({ attempts = 0, id, key, routine, slot, state, until = "" }: TaskSummary): string[] {
  const where = key === undefined ? slot : `${slot} (${key})`;
  return [String(id), routine, where, state, until, attempts === 0 ? "" : String(attempts)];
}

function failureRow({ at, attempts, error, handled, id, routine, slot }: FailedTask): string[] {
  return [
    String(id),
    routine,
    slot,
    at,
    String(attempts),
    `${handled === true ? "handled: " : ""}${shortened(error, 120)}`,
  ];
}
