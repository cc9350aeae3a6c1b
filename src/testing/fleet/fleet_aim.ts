import type { FleetLedger } from "./fleet_ledger.ts";
import type { FleetAsk } from "./fleet_ask.ts";
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
} & ({ readonly type: "ask"; readonly key: string } | { readonly type: "direct" });

/** The task with the job and the failure that are meant, as things are now; `undefined` while there is no such job. */
export function aimed(task: AimedTask, ledger: FleetLedger): AimedTask | undefined {
  const { asked, aim, failure } = task;
  const jobId = aim === undefined ? task.jobId : jobOf(task.jobId, aim, ledger);
  if (jobId === undefined) return undefined;
  const isChosen = failure !== undefined && (asked.type === "redrive" || asked.type === "discard");
  if (!isChosen) return { ...task, jobId, aim: undefined };
  const failures = ledger.lifeOf(jobId)?.job.failures ?? [];
  const chosen = failures[failure % failures.length]?.task.id;
  // A job without failures refuses to drop that of its first task.
  const ids = chosen === undefined ? asked.type === "redrive" ? undefined : [1] : [chosen];
  return {
    ...task,
    jobId,
    aim: undefined,
    failure: undefined,
    asked: ids === undefined ? asked : { ...asked, failures: ids },
  };
}

function jobOf(rootId: string, aim: FleetAim, { lives }: FleetLedger): string | undefined {
  const below = [...lives.values()].filter((life) => isBelow(life, rootId));
  if ("flowId" in aim) return below.find(({ flowId }) => flowId === aim.flowId)?.jobId;
  return below.length === 0 ? rootId : below[aim.index % below.length]?.jobId;
}

function isBelow({ parent }: JobLedger, rootId: string): boolean {
  return parent !== undefined && (parent.jobId === rootId || isBelow(parent, rootId));
}
