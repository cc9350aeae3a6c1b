import type { EngineHost } from "./engine/execution/engine_host.ts";
import type { Flow } from "./flow.ts";
import type { CreateOptions } from "./flow_options.ts";
import type { Job } from "./job/job.ts";
import type { Route } from "./job/task.ts";
import type { JobHandle, StartedJob } from "./job_handle.ts";
import type { JobRecord } from "./ports/store.ts";
import type { StartOptions } from "./start_options.ts";

/** A job that is to be stored: its params, and its options. */
export type StartedItem = StartOptions & { readonly params?: unknown };

/** Makes a pending job of a flow, which begins at an instant, if there is one. */
export type CreateJob = (params: unknown, options: CreateOptions, startAt: number | undefined) => Job;

/** What flows need of the store of their engine. */
export interface StoreAccess {
  /** Makes a handle of a job of a flow. */
  handle<Result>(jobId: string, flow: Flow<Result>): JobHandle<Result>;
  /** The flow of a stored job, if it can be built here. */
  flowOf(record: JobRecord): Promise<Flow | undefined>;
  /** Stores jobs of a flow that begin with a route, for whoever takes them. */
  start<Result>(
    flow: Flow<Result>,
    entry: Route,
    jobs: readonly StartedItem[],
    create: CreateJob,
    ifExists?: "join" | "throw",
  ): Promise<readonly StartedJob<Result>[]>;
}

/**
 * The access to the stores of engines, by their hosts; it throws a `TypeError` that names the action, where there is no store.
 * Engines set it: so flows need not load what only jobs in stores need.
 */
export const storeAccess: WeakMap<EngineHost, (action: string) => StoreAccess> = new WeakMap();
