import type { JobOutput } from "./documents/job_views.ts";
import type { Engine } from "./engine.ts";
import type { EngineHost } from "./engine/execution/engine_host.ts";
import type { JobProgress, WaitOptions } from "./engine/execution/waits.ts";
import type { ExecutionStrategy, FlowSettings } from "./model/flow_graph.ts";
import type { RedriveChoice } from "./repair.ts";

/** The options of `new Flow`. */
export interface FlowOptions<Result = unknown> extends FlowSettings<Result> {
  /** The flow's id; a job can be resumed only by a flow of the same id. @default {a random UUID} */
  readonly id?: string;
  /** The engine that runs the flow's jobs. @default {an engine that all flows share} */
  readonly engine?: Engine;
}

/** Callbacks for a live job, and a signal that cancels it. An error that a callback throws does not change the job. */
export interface ListenOptions {
  /** Called with each output after its commit. */
  readonly onOutput?: (output: JobOutput) => void;
  /** Called with each `ctx.report` of a handler: live progress, which is not stored. `routineId` names the reporting routine. */
  readonly onReport?: (data: unknown, routineId: string) => void;
  /**
   * Cancels the job when aborted. It may be the `ctx.signal` of a handler: a pause or a shutdown of the handler's job, or its loss
   * to another engine, does not cancel this one, for that job goes on, and its handler starts again.
   */
  readonly signal?: AbortSignal;
}

/** The options of `flow.create`. */
export interface CreateOptions {
  /** The job's id, unique in its store. @default {a random UUID} */
  readonly jobId?: string | undefined;
  /** Whether the job runs one handler at a time or several. @default {the flow's strategy} */
  readonly strategy?: ExecutionStrategy | undefined;
  /** How many handlers may wait at the same time. @default {the flow's number} */
  readonly maxWorkers?: number | undefined;
  /** How long the job may work, in milliseconds, waiting not counted; `Infinity` for no limit. @default {the flow's limit} */
  readonly timeoutMs?: number | undefined;
  /**
   * How long the job may take by the wall clock, in milliseconds from its beginning on, waiting and pauses included: then it fails with a
   * `TimeoutError`, or when it next goes on. A redrive gives it as long again. @default {no limit}
   */
  readonly deadlineMs?: number | undefined;
}

/** The options of `flow.execute`. */
export interface ExecuteOptions extends CreateOptions, ListenOptions {}

/** What a wait for the end of a job waits for. */
export interface UntilOptions {
  /**
   * `ended`: until the job has ended, or is at rest. `idle`: also until nothing is left but deliveries that it awaits; their deadlines
   * are not waited for, delays and retries are. @default {"ended"}
   */
  readonly until?: "ended" | "idle";
}

/** The options of `flow.run`. */
export interface RunOptions extends ExecuteOptions, UntilOptions {}

/** The options of `flow.resume`. */
export interface ResumeOptions extends ListenOptions {
  /**
   * Lets an ended job go on: its failures become tasks again, with all their retries; tasks and deferred events that were
   * left when it failed or was cancelled go on as well. Its working time begins anew. Failures that the limit `failures` has
   * dropped don't come back; `job.dropped.failures` says how many. `true` leaves out failures that are handled; see
   * `RedriveChoice` for how to choose. @default {false}
   */
  readonly redrive?: false | RedriveChoice;
  /**
   * With `redrive`: how often a failure that becomes a task again may be tried again, by an error handler that does so.
   * @default {what the error handlers say}
   */
  readonly maxRetries?: number;
}

/** The options of `flow.pause`. */
export interface PauseOptions {
  /** The reason, kept in the job's `pausePoints`. */
  readonly reason?: string;
  /** A serializable value, kept beside the reason. */
  readonly checkpoint?: unknown;
  /** How long running handlers may take to return before they are aborted, in milliseconds. @default {1000} */
  readonly graceMs?: number;
  /** Ends the wait when aborted; the pause itself continues. */
  readonly signal?: AbortSignal;
}

/** The options of `shutdown`. */
export interface ShutdownOptions extends WaitOptions {
  /**
   * Whether live jobs run their due tasks before they are paused; `timeoutMs` limits that time, and `drainMs` of a worker that of its jobs.
   * @default {true}
   */
  readonly drain?: boolean;
}

/** The options of `flow.waitForCompletion`. */
export interface CompletionOptions extends WaitOptions, UntilOptions {
  /** Called at once and after each commit. An error that it throws rejects the wait. */
  readonly onProgress?: (progress: JobProgress) => void;
}

/** What a flow was made with. */
export interface FlowOrigin {
  readonly host: EngineHost;
  /** Whether its id was given: one that was made is that of no stored job of an earlier process. */
  readonly isNamed: boolean;
  /** Whether its version was given. */
  readonly isVersioned: boolean;
}
