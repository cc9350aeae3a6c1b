import { PausedError } from "../../base/errors.ts";
import type { CancelTimer, Timers } from "../../ports/timers.ts";
import type { StatusCommit } from "../../job/commit.ts";
import type { Moment, Task } from "../../job/task.ts";
import { statusCommit } from "../activation/commits.ts";
import type { HandlerRunner } from "./handler_runner.ts";
import type { PauseRequest } from "../activation/activation.ts";

/** How a job comes to rest without having ended. */
export interface Rest {
  /** Its status at rest: a `running` job goes on by itself when `recover` finds it in the store. */
  readonly status: "paused" | "running";
  /** Why it is paused. */
  readonly pauseRequest?: PauseRequest;
}

/** How long handlers may go on after `ctx.pause`, in milliseconds. */
export const DEFAULT_GRACE_MS = 1_000;

/** The rest of a flow that is shut down. */
export const SHUTDOWN_REST: Rest = { status: "paused", pauseRequest: { reason: "shutdown", checkpoint: undefined } };

/** How a live job comes to rest: its handlers may go on for a while, then they are aborted. */
export class Resting {
  readonly #rest: Rest;
  readonly #graceMs: number;
  #stopped: readonly Task[] = [];
  #stopGrace: CancelTimer | undefined;

  /** Nothing happens before `begin`. */
  constructor(rest: Rest, graceMs: number) {
    this.#rest = rest;
    this.#graceMs = graceMs;
  }

  /** Lets handlers go on for `graceMs`, then aborts them; `next` is called now and after that. */
  begin(timers: Timers, runner: HandlerRunner, next: () => void): void {
    const end = () => {
      this.#stopped = runner.activeTasks();
      runner.abortAll(() => new PausedError(this.#graceMs));
      next();
    };
    if (this.#graceMs === 0) return end();
    this.#stopGrace = timers.setTimer(timers.now() + this.#graceMs, end);
    next();
  }

  /** Stops the timer of `graceMs`. */
  stop(): void {
    this.#stopGrace?.();
  }

  /** The commit by which the job comes to rest. */
  commit(time: Moment): StatusCommit {
    const { status, pauseRequest } = this.#rest;
    const pausePoint = pauseRequest === undefined ? undefined : { ...pauseRequest, at: time.at };
    return statusCommit(status, time, { active: this.#stopped, pausePoint });
  }
}
