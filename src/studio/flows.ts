import { Flow } from "../flow.ts";
import type { ConnectionTarget } from "../model/connection.ts";
import { declarationOf } from "../model/routine.ts";
import type { JobRecord } from "../ports/store.ts";
import { messageOf, RequestError } from "./failure.ts";
import { SCHEDULE_FLOW } from "./schedule_list.ts";
import type { StudioHost } from "./studio_host.ts";

/** How many of the newest jobs are asked for their flows. */
const MOST_LOOKED_AT = 500;
/** The slot where jobs begin that say nothing else. */
const ENTRY = "trigger";

/** A flow whose jobs can be started, or could be if its classes were here. */
export interface FoundFlow {
  readonly flowId: string;
  /** The flow, or why it cannot be built here. */
  readonly built: Flow | string;
}

/** Why the flow of a stored job cannot be built. */
const NO_CLASSES = "the classes that it names are not in the engine's registry";

/** The flows that are known here: those that the studio was given, then those of the newest jobs. */
export async function listFlows(host: StudioHost): Promise<readonly FoundFlow[]> {
  const { jobs } = await host.store.list({ newestFirst: true, limit: MOST_LOOKED_AT });
  const newest = new Map<string, JobRecord>();
  for (const job of jobs) if (!newest.has(job.flowId)) newest.set(job.flowId, job);
  // A schedule is declared by programs, which give it a flow.
  newest.delete(SCHEDULE_FLOW);
  for (const { id } of host.flows) newest.delete(id);
  const stored = Array.from(newest, async ([flowId, job]) => ({
    flowId,
    built: await host.flowOf(job) ?? NO_CLASSES,
  }));
  return [...host.flows.map((it) => ({ flowId: it.id, built: builtHere(host, it) })), ...await Promise.all(stored)];
}

/**
 * The flow of an id: that which the studio was given, or that of the newest job.
 *
 * @throws {RequestError} for one that is not known here, or cannot be built
 */
export async function findFlow(host: StudioHost, flowId: string): Promise<Flow> {
  const given = host.flows.find(({ id }) => id === flowId);
  if (given !== undefined) return needed(builtHere(host, given));
  const { jobs: [newest] } = await host.store.list({ flowId, newestFirst: true, limit: 1 });
  if (newest !== undefined) return needed(await host.flowOf(newest) ?? NO_CLASSES);
  const shown = flowId.length > 100 ? `${flowId.slice(0, 100)}…` : flowId;
  throw new RequestError(
    404,
    `Nothing is known of a flow ${JSON.stringify(shown)}: the store has no job of it, and the studio was not given it`,
  );
}

/**
 * The flow of a job, for another one of it.
 *
 * @throws {RequestError} for a job that is not there, and a flow that cannot be built
 */
export async function findFlowOfJob(host: StudioHost, jobId: string): Promise<Flow> {
  return needed(await host.flowOf((await host.load(jobId)).record) ?? NO_CLASSES);
}

/** The slots where a job of a flow can begin: first those that are meant for it. */
export function entriesOf({ routines }: Flow): readonly ConnectionTarget[] {
  const all = Array.from(
    routines,
    ([routine, it]) => Array.from(declarationOf(it).slots.keys(), (slot) => ({ routine, slot })),
  ).flat();
  return [...all.filter(({ slot }) => slot === ENTRY), ...all.filter(({ slot }) => slot !== ENTRY)];
}

/** A flow of another engine as the studio's own can start it, or why it cannot. */
function builtHere({ engine, registry }: StudioHost, flow: Flow): Flow | string {
  try {
    return Flow.fromJSON(flow.toJSON(), registry, { engine });
  } catch (error) {
    return messageOf(error) ?? NO_CLASSES;
  }
}

function needed(built: Flow | string): Flow {
  if (typeof built !== "string") return built;
  throw new RequestError(409, `This flow cannot be built here: ${built}`);
}
