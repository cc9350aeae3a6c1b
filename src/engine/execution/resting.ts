import { PausedError } from "../../base/errors.ts";
import type { CancelTimer, Timers } from "../../ports/timers.ts";
import type { StatusCommit } from "../../job/commit.ts";
import type { Moment, Task } from "../../job/task.ts";
import { statusCommit } from "../activation/commits.ts";
import type { HandlerRunner } from "./handler_runner.ts";
import type { PauseRequest } from "../activation/activation_host.ts";

/** How long handlers may go on after `ctx.pause`, in milliseconds. */
export const DEFAULT_GRACE_MS = 1_000;

/** The pause of the jobs of a flow that is shut down. */
export const SHUTDOWN: PauseRequest = { reason: "shutdown", checkpoint: undefined };

/** How a live job comes to rest: its handlers may go on for a while, then they are aborted. */
export class Resting {
  readonly #request: PauseRequest | undefined;
  readonly #graceMs: number;
  readonly #beforeCommit: (() => void) | undefined;
  #stopped: readonly Task[] = [];
  #stopGrace: CancelTimer | undefined;

  /**
   * Makes the rest of a job that is paused by a request, or, without one, released: then its status stays `running`, and
   * `recover` resumes it from the store. Nothing happens before `begin`; `beforeCommit` is called before the commit by which
   * the job comes to rest is encoded.
   */
  constructor(request: PauseRequest | undefined, graceMs: number, beforeCommit?: () => void) {
    this.#request = request;
    this.#graceMs = graceMs;
    this.#beforeCommit = beforeCommit;
  }

  /** Lets handlers go on for `graceMs`, then aborts them; `next` is called now and after that. */
  begin(timers: Timers, runner: HandlerRunner, next: () => void): void {
    const end = () => {
      this.#stopped = runner.activeTasks();
      runner.abortAll(() => new PausedError(this.#graceMs));
      next();
    };
    if (this.#graceMs === 0) return end();
    this.#stopGrace = timers.after(this.#graceMs, end);
    next();
  }

  /** Stops the timer of `graceMs`. */
  stop(): void {
    this.#stopGrace?.();
  }

  /** The commit by which the job comes to rest. */
  commit(time: Moment): StatusCommit {
    this.#beforeCommit?.();
    const pausePoint = this.#request && { ...this.#request, at: time.at };
    return statusCommit(pausePoint === undefined ? "running" : "paused", time, { active: this.#stopped, pausePoint });
  }
}
