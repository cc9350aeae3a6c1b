import { callGuarded } from "../../base/thenable.ts";
import type { Incarnation, MaybePromise, Store } from "../../ports/store.ts";
import type { CancelTimer, Timers } from "../../ports/timers.ts";
import { delayAfter, type DurabilitySettings } from "./durability_settings.ts";
import { StoreClock } from "./store_clock.ts";

/** How many of its incarnations an engine remembers: it gets one each time that it has had nothing to do for as long as its lease. */
const MOST_INCARNATIONS = 1_000;

/** The callbacks of an ownership. */
export interface OwnershipCallbacks {
  /** The lease has ended as far as is known here: no handler may start before the engine has entered again. */
  readonly onOver: () => void;
  /** The engine has entered, for whatever reason: its live jobs go on. */
  readonly onEntered: () => void;
  /** The lease was renewed: a moment to look for what is not known here. */
  readonly onRenewed: () => void;
  /** Another engine has started under the name of this one, which goes on under another. */
  readonly onReplaced: (name: string) => void;
  /** The store has failed; the call is repeated. */
  readonly onError: (error: unknown) => void;
}

/** A lease as this engine sees it: it has ended as soon as one of two clocks says so. */
interface Lease extends Incarnation {
  /** When it ends in elapsed time: that stands still while the machine sleeps. */
  readonly endsElapsed: number;
  /** When it ends by the wall clock: that may be set back. */
  readonly endsAt: number;
}

/**
 * An engine as an owner in its store: its name, its incarnation, and the lease that it renews for all its jobs together while it has
 * any. The lease counts from the moment at which its renewal was sent, so it ends here before it ends in the store.
 */
export class Ownership {
  /** The last incarnations of this engine: none of them has died. */
  readonly incarnations: Set<number> = new Set();
  readonly #store: Store;
  readonly #settings: DurabilitySettings;
  readonly #timers: Timers;
  /** The store's clock, if it has one: then it is that of the jobs. It learns from answers what time it is. */
  readonly clock: StoreClock | undefined;
  readonly #createId: () => string;
  readonly #callbacks: OwnershipCallbacks;
  #name: string;
  #lease: Lease | undefined;
  /** The last incarnation under the present name. */
  #last: number | undefined;
  #entering: Promise<Incarnation> | undefined;
  /** The last call that has ended a lease. */
  #leaving: MaybePromise<void> | undefined;
  /**
   * The token of the last call that enters, until it is answered: a try that seems to have failed may arrive after the next one, and must
   * give the same incarnation then.
   */
  #token: string | undefined;
  /** How many jobs and workers need the lease. */
  #users = 0;
  #stopRenewal: CancelTimer | undefined;
  #stopEnd: CancelTimer | undefined;

  /** Makes the owner that an engine is; it enters the store when it first needs to. */
  constructor(
    store: Store,
    settings: DurabilitySettings,
    timers: Timers,
    createId: () => string,
    callbacks: OwnershipCallbacks,
  ) {
    this.#store = store;
    this.#settings = settings;
    // A lease ends by the clocks of this process, which the store may not set.
    this.clock = timers instanceof StoreClock ? timers : undefined;
    this.#timers = this.clock?.host ?? timers;
    this.#createId = createId;
    this.#callbacks = callbacks;
    this.#name = settings.owner;
  }

  /** The engine's name. It differs from the given name when another engine has started under that name. */
  get name(): string {
    return this.#name;
  }

  /** The incarnation whose lease runs at an instant by the clock of the jobs, if any. */
  lease(at: number = this.#timers.now(), elapsed: number = this.#timers.elapsed()): Incarnation | undefined {
    const lease = this.#lease;
    const wallAt = this.clock === undefined ? at : this.#timers.now();
    if (lease === undefined || (elapsed < lease.endsElapsed && wallAt < lease.endsAt)) return lease;
    this.#over();
    return undefined;
  }

  /** Whether something needs the lease. */
  get isUsed(): boolean {
    return this.#users > 0;
  }

  /** Keeps the lease renewed until the returned function is called. */
  use(): () => void {
    this.#users++;
    if (this.#users === 1 && this.#lease !== undefined) this.#schedule(this.#lease);
    let isUsing = true;
    return () => {
      if (isUsing && --this.#users === 0) this.#stopTimers();
      isUsing = false;
    };
  }

  /**
   * Enters the store, unless the engine has a lease there.
   *
   * @throws what the store throws
   */
  async enter(): Promise<Incarnation> {
    const lease = this.lease();
    if (lease !== undefined) return lease;
    this.#entering ??= this.#enter().finally(() => this.#entering = undefined);
    return await this.#entering;
  }

  async #enter(): Promise<Incarnation> {
    const { leaseMs, takeOver, owner } = this.#settings;
    for (;;) {
      const again = this.#last;
      const [now, elapsed] = [this.#timers.now(), this.#timers.elapsed()];
      const takesOver = takeOver === "at once" && again === undefined;
      if (again !== undefined) {
        // The store may still have the lease: it counts from later, and by another clock.
        const { isHeld } = await this.#ask(() =>
          this.#store.renew({ owner: this.#name, incarnation: again }, leaseMs, now)
        );
        if (isHeld) return this.#entered(again, now, elapsed);
      }
      const token = this.#token ??= this.#createId();
      const query = { owner: this.#name, leaseMs, now, token, again, takesOver };
      const { incarnation } = await this.#ask(() => this.#store.enter(query));
      this.#token = undefined;
      if (incarnation !== undefined) return this.#entered(incarnation, now, elapsed);
      // Another engine has this name now. Two engines under one name would take it from each other for ever.
      const name = this.#name;
      this.#name = `${owner}~${this.#createId()}`;
      this.#last = undefined;
      this.#callbacks.onReplaced(name);
    }
  }

  /** Asks the store, whose answer says what time it is there. */
  async #ask<T extends { readonly now: number }>(ask: () => MaybePromise<T>): Promise<T> {
    const asked = this.clock?.hostTime();
    const answer = await ask();
    if (asked !== undefined) this.clock?.told(answer.now, asked);
    return answer;
  }

  #entered(incarnation: number, at: number, elapsed: number): Incarnation {
    const lease = this.#begin(incarnation, at, elapsed);
    this.#callbacks.onEntered();
    return lease;
  }

  #begin(incarnation: number, at: number, elapsed: number): Incarnation {
    const { leaseMs } = this.#settings;
    this.incarnations.add(incarnation);
    const [oldest] = this.incarnations;
    if (this.incarnations.size > MOST_INCARNATIONS && oldest !== undefined) this.incarnations.delete(oldest);
    this.#last = incarnation;
    const lease = { owner: this.#name, incarnation, endsElapsed: elapsed + leaseMs, endsAt: at + leaseMs };
    this.#lease = lease;
    if (this.#users > 0) this.#schedule(lease);
    return lease;
  }

  /** Whether an incarnation is one of the last of this engine. */
  isOurs(incarnation: number | undefined): boolean {
    return incarnation !== undefined && this.incarnations.has(incarnation);
  }

  /** Ends the lease: the jobs that were not released are free at once. Who asks again waits for the same answer. */
  async leave(): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    this.#stopTimers();
    if (lease !== undefined) this.#leaving = this.#store.leave(lease);
    await this.#leaving;
  }

  #schedule(lease: Lease): void {
    this.#stopTimers();
    const left = lease.endsElapsed - this.#timers.elapsed();
    this.#stopRenewal = this.#timers.after(
      Math.max(0, left - this.#settings.leaseMs * 2 / 3),
      () => this.#renew(lease, 1),
    );
    this.#stopEnd = this.#timers.after(Math.max(0, left), () => void this.lease());
  }

  #renew(lease: Lease, attempt: number): void {
    const [at, elapsed] = [this.#timers.now(), this.#timers.elapsed()];
    const renew = async () => {
      const { isHeld } = await this.#ask(() => this.#store.renew(lease, this.#settings.leaseMs, at));
      // The lease may have ended meanwhile.
      if (this.#lease !== lease) return;
      if (!isHeld) return this.#over();
      this.#begin(lease.incarnation, at, elapsed);
      this.#callbacks.onRenewed();
    };
    callGuarded(renew, (error) => {
      this.#callbacks.onError(error);
      if (this.#lease !== lease || this.#users === 0) return;
      this.#stopRenewal = this.#timers.after(
        delayAfter(attempt, this.#settings),
        () => this.#renew(lease, attempt + 1),
      );
    });
  }

  #over(): void {
    this.#lease = undefined;
    this.#stopTimers();
    this.#callbacks.onOver();
  }

  #stopTimers(): void {
    this.#stopRenewal?.();
    this.#stopEnd?.();
  }
}
