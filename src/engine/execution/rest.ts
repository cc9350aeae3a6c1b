import type { PauseRequest } from "../activation/activation.ts";

/** How a job comes to rest without having ended. */
export interface Rest {
  /** What it rests as: one that is suspended goes on by itself when somebody finds it in the store. */
  readonly status: "paused" | "running";
  /** The mark of a pause. */
  readonly pauseRequest?: PauseRequest;
}

/** How long handlers may go on after a pause was asked for from inside, in milliseconds. */
export const DEFAULT_GRACE_MS = 1_000;

/** The rest of a flow that is shut down. */
export const SHUTDOWN_REST: Rest = { status: "paused", pauseRequest: { reason: "shutdown", checkpoint: undefined } };
