import type { MaybePromise } from "../../ports/store.ts";
import type { CancelTimer, Timers } from "../../ports/timers.ts";
import type { Job } from "../../job/job.ts";
import type { StoreSession } from "./store_session.ts";

/** How far the wall clock may have gone from the time that has passed, in milliseconds, before it counts as set. */
const TOLERANCE_MS = 1_000;

/** An instant by the two clocks of a host. */
interface HostTime {
  readonly at: number;
  readonly elapsed: number;
}

/** A timer for an instant. */
interface Alarm {
  readonly at: number;
  /** When as much time has passed as was left when it was set: a clock that is set back makes nobody wait longer. */
  readonly due: number;
  readonly callback: () => void;
  stop: CancelTimer;
}

/**
 * The clock of an engine whose store has one of its own: that clock, as far as answers of the store tell. All instants of the engine's jobs
 * are by it, so that each process that has a job means the same by them, whatever its wall clock shows. From one answer to the next it goes
 * on with the time that passes here; before the first one, the wall clock stands for it.
 */
export class StoreClock implements Timers {
  /** The clocks of the host, by which goes what concerns this process alone. */
  readonly host: Timers;
  /** How far the store's clock is ahead of the wall clock here: 0 as long as its answers cannot tell the two apart. */
  ahead = 0;
  /** The store's time less the time that has passed; `undefined` before its first answer. */
  #zero: number | undefined;
  /** When the store was last asked. */
  #asked: HostTime = { at: NaN, elapsed: NaN };
  readonly #alarms: Set<Alarm> = new Set();

  /** Makes the clock of an engine on a host. */
  constructor(host: Timers) {
    this.host = host;
  }

  now(): number {
    return this.#zero === undefined ? this.host.now() : Math.floor(this.host.elapsed() + this.#zero);
  }

  elapsed(): number {
    return this.host.elapsed();
  }

  after(ms: number, callback: () => void): CancelTimer {
    return this.host.after(ms, callback);
  }

  soon(callback: () => void): void {
    this.host.soon(callback);
  }

  setTimer(at: number, callback: () => void): CancelTimer {
    const alarm: Alarm = { at, due: this.elapsed() + at - this.now(), callback, stop: () => {} };
    this.#alarms.add(alarm);
    this.#arm(alarm);
    return () => {
      alarm.stop();
      this.#alarms.delete(alarm);
    };
  }

  /** Waits in whole milliseconds: the time that is left may be a rounding error, which would be waited for again and again. */
  #arm(alarm: Alarm): void {
    const left = () => Math.ceil(Math.min(alarm.at - this.now(), alarm.due - this.elapsed()));
    alarm.stop = this.after(Math.max(0, left()), () => {
      if (left() > 0) return this.#arm(alarm);
      this.#alarms.delete(alarm);
      alarm.callback();
    });
  }

  /** The time by the host's clocks, to be read before the store is asked for its own. */
  hostTime(): HostTime {
    return { at: this.host.now(), elapsed: this.elapsed() };
  }

  /** Whether the store was asked within the last milliseconds, and the wall clock here was not set since. */
  isKnown(withinMs: number): boolean {
    const { at, elapsed } = this.hostTime();
    const passedMs = elapsed - this.#asked.elapsed;
    return passedMs < withinMs && Math.abs(at - this.#asked.at - passedMs) <= TOLERANCE_MS;
  }

  /**
   * The store has answered what time it is: it was that at some moment since it was asked. As long as this clock may be right, it stays as it is:
   * the time that an answer takes says nothing.
   */
  told(now: number, asked: HostTime): void {
    const { at, elapsed } = this.hostTime();
    const before = this.#zero ?? asked.at - asked.elapsed;
    this.#zero = nearest(before, now - elapsed, now - asked.elapsed);
    this.ahead = Math.round(nearest(0, now - at, now - asked.at));
    this.#asked = asked;
    if (this.#zero <= before) return;
    for (const alarm of this.#alarms) {
      alarm.stop();
      this.#arm(alarm);
    }
  }
}

/** The number of a range that is nearest to another one. Clocks are rounded to a millisecond, which makes no difference. */
function nearest(to: number, least: number, most: number): number {
  return to > least - 1 && to < most + 1 ? to : Math.min(Math.max(to, least), most);
}

/**
 * Asks a store with a clock what time it is, unless that is known; of which job, the observer is told where the store fails. Returns nothing
 * when there is nothing to ask.
 *
 * @throws {StoreError} when the store keeps failing
 */
export function readClock(session: StoreSession, job: Pick<Job, "jobId" | "flowId">): Promise<void> | undefined {
  const { ownership: { clock }, store, settings } = session;
  if (clock === undefined || clock.isKnown(settings.leaseMs)) return undefined;
  return session.attempt(job, async () => {
    const asked = clock.hostTime();
    // Unreachable default: a store with a clock has a time.
    clock.told(await store.time?.() ?? asked.at, asked);
  }, "nothing was stored; start it again");
}

/**
 * Makes jobs whose instants are by the clock of their store; again, when that shows another time than was thought.
 *
 * @throws {StoreError} when the store keeps failing
 */
export function madeByClock<J extends { readonly job: Job }>(
  session: StoreSession,
  make: (ahead: number) => readonly J[],
): MaybePromise<readonly J[]> {
  const { clock } = session.ownership;
  const { ahead } = clock ?? { ahead: 0 };
  const made = make(ahead);
  if (clock === undefined || made[0] === undefined) return made;
  return readClock(session, made[0].job)?.then(() => clock.ahead === ahead ? made : make(clock.ahead)) ?? made;
}
