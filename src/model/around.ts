import type { Context } from "./context.ts";

/** What `around` learns of the handler that it is called for. */
export type HandlerInfo = Pick<
  Context,
  "jobId" | "flowId" | "routineId" | "slotName" | "attempt" | "idempotencyKey" | "services" | "signal"
>;

/**
 * Called around each run of a handler, and of a generator around each of its segments: for traces, locks, an asynchronous context.
 * It calls `run` once, and returns what that returns, or a promise for it. What it throws fails the handler; what the handler throws
 * comes out of `run`, and fails the handler also when it is caught here. When the handler was aborted meanwhile, as its job was paused or
 * its time was up, `run` throws and the handler does not begin.
 */
export type Around = (info: HandlerInfo, run: () => unknown) => unknown;
