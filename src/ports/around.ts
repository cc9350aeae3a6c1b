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
 * A function that is called around each run of a handler, for a generator around each of its segments: for traces, locks and
 * asynchronous contexts. It must call `run` exactly once, and return what `run` returns, or a promise for it. An error that the
 * function throws fails the handler. An error of the handler comes out of `run`, and fails the handler even if the function catches
 * it. When the function is over while the handler still runs, `ctx.signal` is aborted, and the handler fails as soon as it has
 * returned, so that no other attempt runs beside it. When a pause or a timeout has aborted the handler before the function calls
 * `run`, `run` throws, and the handler does not begin.
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
 * `info.jobTrace` and `info.trace`. The engine calls this function when a job is made, and when a step that makes tasks is
 * committed. An error that it throws is reported to the observer, and changes nothing.
 */
export type Propagate = (info: PropagateInfo) => string | undefined;
