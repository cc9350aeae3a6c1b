import type { NewStoredJob } from "./engine/durable/job_storage.ts";
import type { EngineHost } from "./engine/execution/engine_host.ts";
import type { Flow } from "./flow.ts";
import type { JobHandle, StartedJob } from "./job_handle.ts";

/** What flows need of the store of their engine. */
export interface StoreAccess {
  /** Makes a handle of a job of a flow. */
  handle<Result>(jobId: string, flow: Flow<Result>): JobHandle<Result>;
  /** Stores jobs of a flow, for whoever takes them. */
  start<Result>(
    flow: Flow<Result>,
    jobs: readonly NewStoredJob[],
    ifExists: "join" | "throw",
  ): Promise<readonly StartedJob<Result>[]>;
}

/**
 * The access to the stores of engines, by their hosts; it throws a `TypeError` that names the action, where there is no store.
 * Engines set it: so flows need not load what only jobs in stores need.
 */
export const storeAccess: WeakMap<EngineHost, (action: string) => StoreAccess> = new WeakMap();
