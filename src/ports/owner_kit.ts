import { addSurvivor, endLease, enterOwner, leaveOwner, type OwnerState, renewOwner } from "./lease_kit.ts";
import type { EnterAnswer, EnterQuery, Incarnation, RenewAnswer } from "./store.ts";

/** The state of an owner as it was read. */
export interface OwnerReading<V> {
  /** The state; `undefined` for an owner that is not known. */
  readonly state: OwnerState | undefined;
  /** The time by the store, in milliseconds since 1970. */
  readonly now: number;
  /** What tells whether somebody has changed the state since. */
  readonly version: V;
}

/** The owners of a store that several processes reach by statements of their own, each of which is atomic. */
export interface OwnerTable<V> {
  /** Reads an owner; `at` is the time by the clock of the caller. */
  read(owner: string, at: number): Promise<OwnerReading<V>>;
  /** Sets the state of an owner, unless somebody has changed it since it was read: then it returns false. */
  set(owner: string, state: OwnerState, reading: OwnerReading<V>, at: number): Promise<boolean>;
  /** Returns a number that no incarnation has had. One that is not used leaves a gap. */
  nextIncarnation(at: number): Promise<number>;
  /** Reads the incarnations that have survived the loss of their lease, in order. */
  survived(): Promise<readonly number[]>;
  /** Adds one of them; `all` are those to be remembered then, the oldest being forgotten where there are too many. */
  survive(incarnation: number, all: readonly number[], areTooMany: boolean): Promise<void>;
}

/** Changes the state of an owner; of two changes at the same time, one is made anew. `undefined` changes nothing. */
async function changeOwner<V>(
  table: OwnerTable<V>,
  owner: string,
  at: number,
  make: (state: OwnerState | undefined, now: number) => OwnerState | undefined,
): Promise<{ readonly state: OwnerState | undefined; readonly now: number }> {
  for (;;) {
    const reading = await table.read(owner, at);
    const { state, now } = reading;
    const next = make(state, now);
    if (next === undefined || next === state || await table.set(owner, next, reading, at)) return { state: next, now };
  }
}

/** Lets an owner enter, and returns its incarnation; `undefined` when it is refused. */
export async function enterIn<V>(table: OwnerTable<V>, query: EnterQuery): Promise<EnterAnswer> {
  const { owner, again } = query;
  if (again !== undefined) {
    const survived = await table.survived();
    const all = addSurvivor(survived, again);
    if (all !== survived) await table.survive(again, all, all.length <= survived.length);
  }
  const next = await table.nextIncarnation(query.now);
  const enter = (state: OwnerState | undefined, now: number) => enterOwner(state, { ...query, now }, () => next);
  const { state, now } = await changeOwner(table, owner, query.now, enter);
  return { now, incarnation: state?.incarnation };
}

/** Renews the lease of an incarnation. */
export async function renewIn<V>(
  table: OwnerTable<V>,
  { owner, incarnation }: Incarnation,
  leaseMs: number,
  at: number,
): Promise<RenewAnswer> {
  let isHeld = false;
  const { now } = await changeOwner(table, owner, at, (before, now) => {
    const { state, ...renewed } = renewOwner(before, incarnation, leaseMs, now);
    ({ isHeld } = renewed);
    return state;
  });
  return { now, isHeld };
}

/** Ends for good the lease of an incarnation that was found to have ended, unless it has been renewed since. */
export async function endLeaseIn<V>(
  table: OwnerTable<V>,
  { owner, incarnation }: Incarnation,
  at: number,
): Promise<void> {
  await changeOwner(table, owner, at, (state, now) => endLease(state, incarnation, now));
}

/** Ends the lease of an incarnation. */
export async function leaveIn<V>(table: OwnerTable<V>, { owner, incarnation }: Incarnation): Promise<void> {
  await changeOwner(table, owner, 0, (state) => state && leaveOwner(state, incarnation));
}
