import type { EnterQuery } from "./store.ts";

/**
 * The state of an owner in a store: its present incarnation, which alone may renew the lease, and earlier incarnations whose leases
 * may still run.
 */
export interface OwnerState {
  /** The present incarnation. */
  readonly incarnation: number;
  /** When its lease ends, in milliseconds since 1970; 0 when it has left. */
  readonly until: number;
  /** The token that it entered with. */
  readonly token: string;
  /** The incarnations before, as long as their leases run. */
  readonly former: readonly { readonly incarnation: number; readonly until: number }[];
}

const DAY_MS = 86_400_000;

/** How many incarnations that have survived the loss of their lease are remembered. */
const MOST_SURVIVED = 1_000;

/** How late a renewal may arrive: this many times the lease. */
const MOST_LATE_LEASES = 10;

/**
 * The owner's state after `enter`; `next` gives a new incarnation. `undefined` when it is refused.
 *
 * @example
 * ```ts
 * import { enterOwner } from "@routilux/routilux/store";
 *
 * const engine = { owner: "a", leaseMs: 30_000, takesOver: false };
 * const first = enterOwner(undefined, { ...engine, now: 0, token: "t1" }, () => 1);
 * const second = enterOwner(first, { ...engine, now: 10_000, token: "t2" }, () => 2);
 * second; // { incarnation: 2, until: 40_000, token: "t2", former: [{ incarnation: 1, until: 30_000 }] }
 * ```
 */
export function enterOwner(
  state: OwnerState | undefined,
  { leaseMs, now, token, again, takesOver }: EnterQuery,
  next: () => number,
): OwnerState | undefined {
  const until = now + leaseMs;
  if (state?.token === token) return { ...state, until: extend(state.until, now, leaseMs) };
  if (again !== undefined && state !== undefined && state.incarnation !== again) return undefined;
  const known = state === undefined || takesOver ? [] : [...state.former, state];
  const former = known.filter((it) => it.until > now).map(({ incarnation, until }) => ({ incarnation, until }));
  return { incarnation: next(), until, token, former };
}

/**
 * Whether an incarnation is the present one of its owner, and its lease runs: only then may it renew, take and claim.
 *
 * @example
 * ```ts
 * import { hasLease } from "@routilux/routilux/store";
 *
 * const state = { incarnation: 2, until: 31_000, token: "a", former: [{ incarnation: 1, until: 20_000 }] };
 * [hasLease(state, 2, 30_999), hasLease(state, 2, 31_000), hasLease(state, 1, 0)]; // [true, false, false]
 * ```
 */
export function hasLease(state: OwnerState | undefined, incarnation: number, now: number): state is OwnerState {
  return state?.incarnation === incarnation && state.until > now;
}

/** What becomes of an owner when the lease of an incarnation is renewed. */
export interface RenewedOwner {
  /** The state to keep: renewed, or, if the lease was found to have ended, without it for good; `undefined` when nothing changes. */
  readonly state: OwnerState | undefined;
  /** Whether the incarnation has the lease. */
  readonly isHeld: boolean;
}

/**
 * The owner's state after `renew`, and whether the incarnation has a right to it.
 *
 * @example
 * ```ts
 * import { renewOwner } from "@routilux/routilux/store";
 *
 * const state = { incarnation: 2, until: 31_000, token: "a", former: [{ incarnation: 1, until: 20_000 }] };
 * renewOwner(state, 2, 30_000, 11_000).state?.until; // 41_000
 * renewOwner(state, 2, 30_000, 31_000).isHeld; // false: the lease has ended
 * ```
 */
export function renewOwner(
  state: OwnerState | undefined,
  incarnation: number,
  leaseMs: number,
  now: number,
): RenewedOwner {
  if (!hasLease(state, incarnation, now)) return { state: endLease(state, incarnation, now), isHeld: false };
  return { state: { ...state, until: extend(state.until, now, leaseMs) }, isHeld: true };
}

/**
 * The new end of a lease that is renewed. A renewal that arrives after a later one does not shorten the lease, for its owner relies
 * on the later end. Where the present end lies much further ahead, a clock was wrong when it was computed: then the new end counts.
 */
function extend(until: number, now: number, leaseMs: number): number {
  const next = now + leaseMs;
  return until - next < MOST_LATE_LEASES * leaseMs ? Math.max(until, next) : next;
}

/**
 * The owner's state after an incarnation has left. The number of the present incarnation is kept, but not its token: a repeated
 * `enter` that arrives late must not give it its jobs again.
 *
 * @example
 * ```ts
 * import { leaveOwner } from "@routilux/routilux/store";
 *
 * const state = { incarnation: 2, until: 31_000, token: "a", former: [{ incarnation: 1, until: 20_000 }] };
 * leaveOwner(state, 2).until; // 0
 * ```
 */
export function leaveOwner(state: OwnerState, incarnation: number): OwnerState {
  const former = state.former.filter((it) => it.incarnation !== incarnation);
  return state.incarnation === incarnation ? { incarnation, until: 0, token: "", former } : { ...state, former };
}

/**
 * The owner's state after a job was found free at an instant because the lease of an incarnation has ended; `undefined` when the
 * lease has not ended, or nothing changes. From then on the lease stays ended: the owner's clock may be behind the clock of the
 * engine that takes the job, and the owner could renew the lease otherwise.
 *
 * @example
 * ```ts
 * import { endLease } from "@routilux/routilux/store";
 *
 * const state = { incarnation: 2, until: 31_000, token: "a", former: [{ incarnation: 1, until: 20_000 }] };
 * endLease(state, 2, 30_999); // undefined: the lease runs
 * endLease(state, 2, 31_000)?.until; // 0
 * ```
 */
export function endLease(state: OwnerState | undefined, incarnation: number, now: number): OwnerState | undefined {
  const hasEnded = state?.incarnation === incarnation && state.until > 0 && state.until <= now;
  return hasEnded ? leaveOwner(state, incarnation) : undefined;
}

/**
 * The instant by which all leases of an owner must have ended for a store to forget it; that of one that has left counts as 0.
 *
 * @example
 * ```ts
 * import { forgottenBy } from "@routilux/routilux/store";
 *
 * forgottenBy(86_400_000 + 5); // 5
 * ```
 */
export function forgottenBy(now: number): number {
  return Math.max(0, now - DAY_MS);
}

/**
 * Whether a store may forget an owner: it has left, or its leases ended a day ago.
 *
 * @example
 * ```ts
 * import { mayForget } from "@routilux/routilux/store";
 *
 * const state = { incarnation: 2, until: 31_000, token: "a", former: [{ incarnation: 1, until: 20_000 }] };
 * [mayForget(state, 31_000), mayForget(state, 31_000 + 86_400_000)]; // [false, true]
 * ```
 */
export function mayForget(state: OwnerState, now: number): boolean {
  return [state, ...state.former].every(({ until }) => until <= forgottenBy(now));
}

/**
 * When the lease of an incarnation ends; `undefined` when it has left, was taken over, or ended long ago.
 *
 * @example
 * ```ts
 * import { leaseEndOf } from "@routilux/routilux/store";
 *
 * const state = { incarnation: 2, until: 31_000, token: "a", former: [{ incarnation: 1, until: 20_000 }] };
 * [leaseEndOf(state, 2), leaseEndOf(state, 1), leaseEndOf(state, 3)]; // [31_000, 20_000, undefined]
 * ```
 */
export function leaseEndOf(state: OwnerState | undefined, incarnation: number): number | undefined {
  if (state?.incarnation === incarnation) return state.until === 0 ? undefined : state.until;
  return state?.former.find((it) => it.incarnation === incarnation)?.until;
}

/**
 * The list of the incarnations that have survived, with another one: the oldest are forgotten.
 *
 * @example
 * ```ts
 * import { addSurvivor } from "@routilux/routilux/store";
 *
 * addSurvivor([1, 2], 5); // [1, 2, 5]
 * ```
 */
export function addSurvivor(survived: readonly number[], incarnation: number | undefined): readonly number[] {
  if (incarnation === undefined || survived.includes(incarnation)) return survived;
  return [...survived, incarnation].slice(-MOST_SURVIVED);
}
