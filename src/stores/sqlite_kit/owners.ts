import type { EnterQuery, Incarnation, JobClaim } from "../../ports/store.ts";
import {
  addSurvivor,
  endLease,
  enterOwner,
  forgottenBy,
  leaveOwner,
  type OwnerState,
  renewOwner,
} from "../../ports/lease_kit.ts";
import type { Queries } from "./queries.ts";
import * as sql from "./statements.ts";
import { fromColumn, toColumn } from "./text.ts";

/** The state of an owner. */
export function ownerOf(queries: Queries, owner: string): OwnerState | undefined {
  const leases = queries.all(sql.LEASES, toColumn(owner)).map((row) => ({
    incarnation: Number(row["incarnation"]),
    until: Number(row["until"]),
    token: fromColumn(row["token"]),
  }));
  const present = leases.pop();
  return present && { ...present, former: leases };
}

/** The incarnations that have survived the loss of their lease. */
export function survivedIn(queries: Queries): readonly number[] {
  const parsed: unknown = JSON.parse(fromColumn(queries.get(sql.SURVIVED)?.["survived"]));
  return Array.isArray(parsed) ? parsed.map(Number) : [];
}

/** Lets an owner enter, and returns its incarnation; `undefined` when it is refused. */
export function enter(queries: Queries, query: EnterQuery): number | undefined {
  const { owner, again, now } = query;
  const survived = survivedIn(queries);
  const more = addSurvivor(survived, again);
  if (more !== survived) queries.run(sql.SET_SURVIVED, JSON.stringify(more));
  const state = enterOwner(ownerOf(queries, owner), query, () => queries.number(sql.NEXT_INCARNATION));
  setOwner(queries, owner, state);
  queries.run(sql.FORGET_OWNERS, forgottenBy(now));
  return state?.incarnation;
}

/** Renews the lease of an incarnation. Returns false when it has no right to it. */
export function renew(queries: Queries, { owner, incarnation }: Incarnation, leaseMs: number, now: number): boolean {
  const { state, isHeld } = renewOwner(ownerOf(queries, owner), incarnation, leaseMs, now);
  setOwner(queries, owner, state);
  return isHeld;
}

/** Ends the lease of an incarnation. */
export function leave(queries: Queries, { owner, incarnation }: Incarnation): void {
  const state = ownerOf(queries, owner);
  if (state !== undefined) setOwner(queries, owner, leaveOwner(state, incarnation));
}

/** Ends a lease for good that has ended by an instant. */
export function endLeaseOf(queries: Queries, { owner, incarnation }: Incarnation, now: number): void {
  setOwner(queries, owner, endLease(ownerOf(queries, owner), incarnation, now));
}

/** The jobs that an incarnation has claimed and not released. */
export function heldBy(queries: Queries, { owner, incarnation }: Incarnation): JobClaim[] {
  return queries.all(sql.HELD, incarnation, toColumn(owner))
    .map((row) => ({ jobId: fromColumn(row["job_id"]), life: Number(row["life"]), epoch: Number(row["epoch"]) }));
}

function setOwner(queries: Queries, owner: string, state: OwnerState | undefined): void {
  if (state === undefined) return;
  const name = toColumn(owner);
  queries.run(sql.DROP_LEASES, name);
  for (const { incarnation, until } of [...state.former, state]) {
    queries.run(sql.ADD_LEASE, incarnation, name, until, toColumn(state.token));
  }
}
