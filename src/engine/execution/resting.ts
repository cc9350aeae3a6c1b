import { PausedError } from "../../base/errors.ts";
import type { CancelTimer, Timers } from "../../ports/timers.ts";
import type { StatusCommit } from "../../job/commit.ts";
import type { Task } from "../../job/task.ts";
import type { Moment } from "../../job/moment.ts";
import { statusCommit } from "../activation/commits.ts";
import type { Rest } from "./rest.ts";

/** A live job on its way to rest: its handlers may go on for a while, then they are aborted. */
export class Resting {
  readonly #rest: Rest;
  readonly #graceMs: number;
  #stopped: readonly Task[] | undefined;
  #stopGrace: CancelTimer | undefined;

  /** Makes the way to a rest; nothing happens before `begin`. */
  constructor(rest: Rest, graceMs: number) {
    this.#rest = rest;
    this.#graceMs = graceMs;
  }

  /** Handlers are no longer waited for. */
  get isAborting(): boolean {
    return this.#stopped !== undefined;
  }

  /** Lets handlers go on for as long as they may; `abort` then stops them, and tells which tasks are left. */
  begin(timers: Timers, abort: (createReason: () => Error) => readonly Task[], settle: () => void): void {
    const end = () => {
      this.#stopped = [];
      this.#stopped = abort(() => new PausedError(this.#graceMs));
      settle();
    };
    if (this.#graceMs === 0) {
      end();
    } else {
      this.#stopGrace = timers.setTimer(timers.now() + this.#graceMs, end);
      settle();
    }
  }

  /** Stops the time that handlers have. */
  stop(): void {
    this.#stopGrace?.();
  }

  /** The commit by which the job comes to rest. */
  commit(time: Moment): StatusCommit {
    const { status, pauseRequest } = this.#rest;
    const pausePoint = pauseRequest === undefined ? undefined : { ...pauseRequest, at: time.at };
    return statusCommit(status, time, { active: this.#stopped ?? [], pausePoint });
  }
}
