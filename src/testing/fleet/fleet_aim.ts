import type { ConnectionTarget } from "../../model/connection.ts";
import type { FleetLedger } from "./fleet_ledger.ts";
import type { FleetAsk } from "./fleet_ask.ts";
import type { FleetDelivery } from "./fleet_options.ts";
import type { JobLedger } from "./job_ledger.ts";

/** Which of the jobs below a job is meant: the first of a flow, or, if there are children, that of a number. */
export type FleetAim = { readonly flowId: string } | { readonly index: number };

/** A request of a client to a job: by a handle, with a key, or by a method of its flow. */
export type AimedTask = {
  readonly jobId: string;
  readonly asked: FleetAsk;
  /** @default {the job itself} */
  readonly aim?: FleetAim | undefined;
  /** The number of the failure that is meant, among those that there are. */
  readonly failure?: number | undefined;
  /** What a redrive gives the task of that failure in place of its data, if one of these is for its slot. */
  readonly repairs?: readonly FleetDelivery[] | undefined;
} & ({ readonly type: "ask"; readonly key: string } | { readonly type: "direct" });

/** The task with the job and the failure that are meant, as things are now; `undefined` while there is no such job. */
export function aimed(task: AimedTask, ledger: FleetLedger): AimedTask | undefined {
  const { asked, aim, failure, repairs = [] } = task;
  const jobId = aim === undefined ? task.jobId : jobOf(task.jobId, aim, ledger);
  if (jobId === undefined) return undefined;
  const isChosen = failure !== undefined && (asked.type === "redrive" || asked.type === "discard");
  if (!isChosen) return { ...task, jobId, aim: undefined };
  const life = ledger.lifeOf(jobId);
  const failures = life?.job.failures ?? [];
  const chosen = failures[failure % failures.length];
  const rest = { ...task, jobId, aim: undefined, failure: undefined, repairs: undefined };
  // A job without failures refuses to drop that of its first task.
  if (asked.type === "discard") return { ...rest, asked: { ...asked, failures: [chosen?.task.id ?? 1] } };
  if (chosen === undefined || life === undefined) return rest;
  const target = life.named(chosen.task.route);
  const repair = repairs.find((it) => isFor(it, target, jobId === task.jobId ? undefined : life.flowId));
  const taskId = chosen.task.id;
  return { ...rest, asked: { ...asked, failures: [repair === undefined ? taskId : { taskId, data: repair.data }] } };
}

/** Whether a delivery is for the slot whose task has failed; `childFlow` is the id of the flow of a child. */
function isFor(delivery: FleetDelivery, { routine, slot }: ConnectionTarget, childFlow: string | undefined): boolean {
  return delivery.childFlow === childFlow && delivery.routine === routine && delivery.slot === slot;
}

function jobOf(rootId: string, aim: FleetAim, { lives }: FleetLedger): string | undefined {
  const below = [...lives.values()].filter((life) => isBelow(life, rootId));
  if ("flowId" in aim) return below.find(({ flowId }) => flowId === aim.flowId)?.jobId;
  return below.length === 0 ? rootId : below[aim.index % below.length]?.jobId;
}

function isBelow({ parent }: JobLedger, rootId: string): boolean {
  return parent !== undefined && (parent.jobId === rootId || isBelow(parent, rootId));
}
