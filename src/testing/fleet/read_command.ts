import { formatInstant } from "../../base/instant.ts";
import type { Job } from "../../job/job.ts";
import { isRecord } from "../../values/json.ts";
import { ALL_FAILURES, type LedgerCommand } from "./command_ledger.ts";
import { idsOf, redrivenText, type SlotNames, targetOf } from "./read_entry.ts";

/** The child of whose end nobody is told. */
const NOBODY = "";

/** What matters of a command to a job, by its text in the store. */
export function readCommand(
  text: string,
  { job: { createdAt }, named }: { readonly job: Pick<Job, "createdAt">; readonly named: SlotNames },
): Pick<LedgerCommand, "type" | "target"> {
  const document: unknown = JSON.parse(text);
  const { type, redrive, routine, slot, data, jobId, tasks, parentCreatedAt } = isRecord(document) ? document : {};
  if (type === "child") {
    // The job that waited for it had the id before.
    const isFormer = parentCreatedAt !== undefined && parentCreatedAt !== formatInstant(createdAt);
    return { type, target: isFormer ? NOBODY : String(jobId) };
  }
  if (type === "discard") return { type, target: idsOf(tasks) };
  if (type === "resume" && redrive === true) return { type: "redrive", target: redrivenOf(tasks) };
  if (type === "deliver") {
    return { type, target: targetOf({ ...named({ routine: String(routine), slot: String(slot) }), data }) };
  }
  return { type: type === "pause" || type === "resume" ? type : "cancel", target: "" };
}

function redrivenOf(tasks: unknown): string {
  if (!Array.isArray(tasks)) return ALL_FAILURES;
  return redrivenText(tasks.map((task) => {
    const { id, replaced, data } = isRecord(task) ? task : {};
    return replaced === true ? [Number(id), data] : [Number(id)];
  }));
}
