import type { AdoptOptions } from "./adoption.ts";
import type { PreflightFinding } from "./base/errors.ts";
import type { JobState } from "./documents/job_state.ts";
import type { StoreSession } from "./engine/durable/store_session.ts";
import type { Flow } from "./flow.ts";
import type { ConnectionTarget } from "./model/connection.ts";
import type { JobRecord, StoredJob } from "./ports/store.ts";
import type { Registry } from "./values/registry.ts";

/** What a handle needs of its engine. */
export interface HandleHost {
  readonly session: StoreSession;
  readonly registry: Registry;
  /** Resolves when a job that has just been started here is in the store, or cannot come there. */
  created(jobId: string): Promise<void>;
  /** See `JobHandle`. */
  adopt(record: JobRecord, flow: Flow | undefined, options: AdoptOptions): Promise<readonly PreflightFinding[]>;
  /** The flow of a job, if it can be built here. */
  flowOf(record: JobRecord): Promise<Flow | undefined>;
  /** Whether a job's flow has a slot, by its document; also when the job is gone. */
  hasSlot(record: JobRecord, target: ConnectionTarget): Promise<boolean>;
  /** Makes a picture of a stored job; `flow` is its flow, if the handle knows it. */
  read<Result>(stored: StoredJob, flow: Flow<Result> | undefined): JobState<Result>;
}
