import type { CancelTimer, Timers } from "../../ports/timers.ts";
import type { Instant, Moment } from "../../job/task.ts";

/** How long a live job has worked, its timeout, and the alarm for its next waiting task. */
export class JobClock {
  readonly #timers: Timers;
  readonly #onTimeout: () => void;
  readonly #onAlarm: () => void;
  #timeoutMs = Infinity;
  /** How long the job had worked when it last began to. */
  #ranMs = 0;
  #workingSince: number | undefined;
  #time: Moment = { at: NaN, ranMs: 0 };
  #stopTimeout: CancelTimer | undefined;
  #alarmAt: number | undefined;
  #stopAlarm: CancelTimer | undefined;

  /**
   * Makes the clock of a job; to be prepared before it is used. `onTimeout` is called when the job has worked for longer than it
   * may, `onAlarm` when its next waiting task is due.
   */
  constructor(timers: Timers, onTimeout: () => void, onAlarm: () => void) {
    this.#timers = timers;
    this.#onTimeout = onTimeout;
    this.#onAlarm = onAlarm;
  }

  /** Says that the job has worked for `ranMs` of the `timeoutMs` that it may. Returns the present moment. */
  prepare(ranMs: number, timeoutMs: number): Moment {
    this.#ranMs = ranMs;
    this.#timeoutMs = timeoutMs;
    return this.#time = { at: this.#timers.now(), ranMs };
  }

  /** The present moment: the same object until the clock goes on. */
  time(): Moment {
    const at = this.#timers.now();
    return at === this.#time.at ? this.#time : this.#time = { at, ranMs: this.ranMs(at) };
  }

  /** The present instant. */
  now(): number {
    return this.#timers.now();
  }

  /** How long the job has worked up to an instant. */
  ranMs(now: number): number {
    if (this.#workingSince === undefined) return this.#ranMs;
    return Math.min(this.#ranMs + Math.max(0, now - this.#workingSince), Number.MAX_SAFE_INTEGER);
  }

  /** The job works: time counts. */
  work({ at }: Instant): void {
    this.#workingSince ??= at;
  }

  /** The job goes on working when the host's event loop comes round: only then can its timeout end it. */
  watch(): void {
    const since = this.#workingSince;
    if (since === undefined || this.#stopTimeout !== undefined || this.#timeoutMs === Infinity) return;
    const left = Math.max(0, this.#timeoutMs - this.#ranMs);
    this.#stopTimeout = this.#timers.setTimer(since + left, this.#onTimeout);
  }

  /** The job waits: time does not count. */
  rest(now: number): void {
    this.#ranMs = this.ranMs(now);
    this.#workingSince = undefined;
    this.#stopTimeout?.();
    this.#stopTimeout = undefined;
  }

  /** Sets the alarm to an instant, or switches it off. */
  setAlarm(at: number | undefined): void {
    if (at === this.#alarmAt) return;
    this.#stopAlarm?.();
    this.#alarmAt = at;
    this.#stopAlarm = at === undefined ? undefined : this.#timers.setTimer(at, () => {
      this.#alarmAt = undefined;
      this.#onAlarm();
    });
  }

  /** Stops everything: the job is no longer live. */
  stop(): void {
    this.rest(this.now());
    this.setAlarm(undefined);
  }
}
