import type { Context } from "../model/context.ts";

/** What `around` learns of the handler that it is called for. */
export interface HandlerInfo extends
  Pick<
    Context,
    "jobId" | "flowId" | "routineId" | "slotName" | "attempt" | "idempotencyKey" | "services" | "signal"
  > {
  /** What `propagate` has returned for the step that made the handler's task; `undefined` for nothing, and for deliveries from outside. */
  readonly trace: string | undefined;
  /** What `propagate` has returned when the job was made, in whatever process. */
  readonly jobTrace: string | undefined;
}

/**
 * Called around each run of a handler, and of a generator around each of its segments: for traces, locks, an asynchronous context.
 * It calls `run` once, and returns what that returns, or a promise for it. What it throws fails the handler; what the handler throws
 * comes out of `run`, and fails the handler also when it is caught here. When it is over while the handler still runs, `ctx.signal` is
 * aborted, and the handler fails when it has returned: no other attempt runs beside it. When the handler was aborted meanwhile, as its job was paused or
 * its time was up, `run` throws and the handler does not begin.
 */
export type Around = (info: HandlerInfo, run: () => unknown) => unknown;

/** Who asks `propagate`: a flow that makes a job, or a handler whose step makes tasks. */
export interface PropagateInfo {
  /** The flow's id. */
  readonly flowId: string;
  /** The handler, the same object that `around` has got; `undefined` when a job is made. */
  readonly handler: HandlerInfo | undefined;
}

/**
 * Returns a short text that is kept with a new job, or with the tasks of a handler's step, wherever they go: `around` gets it as
 * `info.jobTrace` and `info.trace`. Called when a job is made, and when a step is committed that makes tasks. What it throws is told to the
 * observer, and changes nothing.
 */
export type Propagate = (info: PropagateInfo) => string | undefined;
