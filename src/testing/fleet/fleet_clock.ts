import { immediately } from "../../host/web_timers.ts";
import type { CancelTimer, Timers } from "../../ports/timers.ts";

/** When a fleet begins, in milliseconds since 1970. */
const STARTED_AT = 1_000_000;

/** The time of a fleet, and the clocks of its processes: nothing moves unless the schedule moves it. */
export class FleetClock {
  /** The true time, in milliseconds since 1970. */
  now: number = STARTED_AT;
  /** The clocks of the processes that have worked in this turn of their event loops. */
  readonly #working: Set<ProcessClock> = new Set();
  readonly #soon: { readonly clock: ProcessClock; readonly callback: () => void }[] = [];

  /** Adds a callback for one of the next macrotasks. */
  soon(clock: ProcessClock, callback: () => void): void {
    this.#soon.push({ clock, callback });
  }

  /** Runs everything that needs no time. */
  async flush(): Promise<void> {
    do {
      for (const { clock, callback } of this.#soon.splice(0)) if (!clock.isGone) callback();
      await new Promise<void>(immediately);
      this.#turn();
    } while (this.#soon.length > 0);
  }

  /** Notes that a process works. */
  works(clock: ProcessClock): void {
    this.#working.add(clock);
  }

  /** The event loops have turned: all processes have worked at the same time. */
  #turn(): void {
    if (this.#working.size === 0) return;
    this.now += Math.max(...Array.from(this.#working, (it) => it.endTurn()));
    this.#working.clear();
  }
}

interface Timer {
  /** The instant that it was set for, by the wall clock of the process; `Infinity` for a duration. */
  readonly instant: number;
  /** When it fires at the latest, in elapsed time of the process. */
  readonly elapsed: number;
  readonly callback: () => void;
}

/** The clocks and timers of one process: its wall clock may be set, and it may be held up, or asleep. */
export class ProcessClock implements Timers {
  /** How much its wall clock differs from the true time, in milliseconds. */
  offsetMs = 0;
  /** Whether the process is gone: nothing happens in it any more. */
  isGone = false;
  readonly #fleet: FleetClock;
  #timers: Timer[] = [];
  #asleepMs = 0;
  /** Until when nothing runs in the process, in true time. */
  #heldUntil = 0;
  /** How much of that time the machine sleeps. */
  #sleepMs = 0;
  /** For how long the process has worked in this turn of its event loop, in milliseconds. */
  #workedMs = 0;

  /** Makes the clocks of a new process. */
  constructor(fleet: FleetClock, offsetMs: number) {
    this.#fleet = fleet;
    this.offsetMs = offsetMs;
  }

  /** Whether nothing runs in the process: its event loop is blocked, or its machine sleeps. */
  get isHeld(): boolean {
    return this.#heldUntil > this.#fleet.now;
  }

  now(): number {
    return this.#fleet.now + this.#workedMs + this.offsetMs;
  }

  elapsed(): number {
    return this.#fleet.now + this.#workedMs - this.#asleepMs;
  }

  setTimer(at: number, callback: () => void): CancelTimer {
    return this.#add({ instant: at, elapsed: this.elapsed() + Math.max(0, at - this.now()), callback });
  }

  after(ms: number, callback: () => void): CancelTimer {
    return this.#add({ instant: Infinity, elapsed: this.elapsed() + ms, callback });
  }

  soon(callback: () => void): void {
    this.#fleet.soon(this, callback);
  }

  /** The process works for a time. Returns for how long it has within this turn of its event loop, in milliseconds. */
  work(ms: number): number {
    this.#fleet.works(this);
    return this.#workedMs += ms;
  }

  /** The event loop has turned. Returns for how long the process has worked before. */
  endTurn(): number {
    const workedMs = this.#workedMs;
    this.#workedMs = 0;
    return workedMs;
  }

  /** Holds up everything in the process for a time, in which its machine may sleep. */
  hold(ms: number, isAsleep: boolean): void {
    this.#heldUntil = this.#fleet.now + ms;
    this.#sleepMs = isAsleep ? ms : 0;
  }

  /** Lets a process go on that was held up, once its time is over. */
  goOn(): void {
    if (this.isHeld) return;
    this.#asleepMs += this.#sleepMs;
    this.#sleepMs = 0;
  }

  /** Ends a hold-up before its time. */
  release(): void {
    this.#sleepMs = Math.max(0, this.#sleepMs - Math.max(0, this.#heldUntil - this.#fleet.now));
    this.#heldUntil = 0;
    this.goOn();
  }

  /** The process is gone. */
  end(): void {
    this.isGone = true;
    this.#timers = [];
  }

  /** When something happens in the process next, in true time; `Infinity` for never. */
  nextAt(): number {
    if (this.isGone) return Infinity;
    if (this.isHeld) return this.#heldUntil;
    let next = Infinity;
    for (const timer of this.#timers) next = Math.min(next, this.#dueIn(timer));
    // Clocks show whole milliseconds.
    return this.#fleet.now + Math.ceil(Math.max(0, next));
  }

  /** Fires the timer that has been due for longest. Returns false when none is due. */
  fireNext(): boolean {
    if (this.isGone || this.isHeld) return false;
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      const dueIn = this.#dueIn(timer);
      if (dueIn <= 0 && (first === undefined || dueIn < this.#dueIn(first))) first = timer;
    }
    if (first === undefined) return false;
    this.#remove(first);
    first.callback();
    return true;
  }

  #dueIn({ instant, elapsed }: Timer): number {
    return Math.min(instant - this.now(), elapsed - this.elapsed());
  }

  #add(timer: Timer): CancelTimer {
    if (!this.isGone) this.#timers.push(timer);
    return () => this.#remove(timer);
  }

  #remove(timer: Timer): void {
    const index = this.#timers.indexOf(timer);
    if (index >= 0) this.#timers.splice(index, 1);
  }
}
