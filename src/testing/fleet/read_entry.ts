import { hasEnded, type Job } from "../../job/job.ts";
import type { ConnectionTarget } from "../../model/connection.ts";
import { isRecord } from "../../values/json.ts";
import { ALL_FAILURES, type LedgerEntry } from "./command_ledger.ts";

/** An event from outside that a job has seen: the run without disturbances repeats them in order. */
export type OutsideEvent =
  | {
    readonly type: "deliver";
    readonly routine: string;
    readonly slot: string;
    readonly data: unknown;
    readonly fills: boolean;
    /** How many tasks had ended before. */
    readonly ended: number;
  }
  | { readonly type: "expire"; readonly routine: string; readonly slot: string };

/** Says by which names a slot is compared, whatever it is called in the version that its job has. */
export type SlotNames = (slot: ConnectionTarget) => ConnectionTarget;

/** A slot whose awaited delivery has not come in time. */
export interface Expired {
  readonly routine: string;
  readonly slot: string;
  readonly until: number;
}

/** The parts of an entry by which commands are judged; `job` is as it is after it. */
export function readEntry(document: Record<string, unknown>, job: Job, named: SlotNames): LedgerEntry {
  const { kind, consumed, status } = document;
  return {
    kind: String(kind),
    consumed: typeof consumed === "number" ? consumed : undefined,
    status: kind === "status" ? String(status) : kind === "failure" && hasEnded(job.status) ? job.status : undefined,
    target: kind === "deliver" ? targetOfDelivery(document, job, named) : "",
    redriven: document["redriven"] === undefined ? ALL_FAILURES : redrivenBy(document),
    discarded: idsOf(document["discarded"]),
  };
}

/** What was delivered by an entry. */
export function deliveryOf(
  document: Record<string, unknown>,
  job: Job,
  named: SlotNames,
): OutsideEvent & { readonly type: "deliver" } {
  const { task, fills, data } = document;
  if (isRecord(task)) {
    return {
      type: "deliver",
      ...named({ routine: String(task["routine"]), slot: String(task["slot"]) }),
      data: task["data"],
      fills: false,
      // The delivery is one of the tasks already.
      ended: endedTasks(job),
    };
  }
  const filled = [...job.tasks].find(({ id }) => id === fills);
  const { routine, slot } = named(filled?.route ?? { routine: "", slot: "" });
  return { type: "deliver", routine, slot, data, fills: true, ended: endedTasks(job) };
}

function targetOfDelivery(document: Record<string, unknown>, job: Job, named: SlotNames): string {
  const { child } = document;
  return typeof child === "string" ? child : targetOf(deliveryOf(document, job, named));
}

/** Names tasks by their ids, in any order. */
export function idsOf(ids: unknown): string {
  return JSON.stringify(Array.isArray(ids) ? ids.map(Number).sort((a, b) => a - b) : []);
}

/** Which failures are put back: the ids of their tasks, each with its data where that is another. */
export function redrivenText(tasks: readonly (readonly [id: number, data?: unknown])[]): string {
  return JSON.stringify([...tasks].sort(([a], [b]) => a - b));
}

/** What an entry puts back: tasks as they were, and others in the place of those that it drops. */
function redrivenBy({ redriven, discarded = [], created = [] }: Record<string, unknown>): string {
  const [kept, dropped, made] = [redriven, discarded, created].map((list) => Array.isArray(list) ? list : []);
  const replaced = dropped?.map((id, i) => [Number(id), isRecord(made?.[i]) ? made[i]["data"] : undefined] as const);
  return redrivenText([...kept?.map((id) => [Number(id)] as const) ?? [], ...replaced ?? []]);
}

/** How many tasks of a job have ended. */
export function endedTasks({ nextTaskId, tasks }: Job): number {
  return nextTaskId - 1 - tasks.size;
}

/** Names a delivery by its slot and its data. */
export function targetOf({ routine, slot, data }: { routine: string; slot: string; data: unknown }): string {
  return `${routine}.${slot} ${JSON.stringify(data)}`;
}

/** The slot whose awaited delivery has not come in time, if an entry says so. */
export function expiredBy(
  { kind, task, error }: Record<string, unknown>,
  job: Job,
  named: SlotNames,
): Expired | undefined {
  const isFailure = kind === "failure" && isRecord(error) && error["name"] === "TimeoutError";
  if (!isFailure && kind !== "expire") return undefined;
  const failed = [...job.tasks].find(({ id }) => id === task);
  const until = failed?.details?.awaiting?.until;
  return failed === undefined || until === undefined ? undefined : { ...named(failed.route), until };
}

/** The task of an entry, for a trace. */
export function taskOf({ task }: Record<string, unknown>): string {
  return typeof task === "number" ? ` of task ${task}` : isRecord(task) ? ` of task ${task["id"]}` : "";
}
