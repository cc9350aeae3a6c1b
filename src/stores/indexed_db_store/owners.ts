import {
  addSurvivor,
  endLease,
  enterOwner,
  hasLease,
  leaseEndOf,
  leaveOwner,
  mayForget,
  type OwnerState,
  renewOwner,
} from "../../ports/lease_kit.ts";
import type { EnterQuery, Incarnation, JobRecord } from "../../ports/store.ts";
import type { KeptRecord } from "../../ports/store_kit.ts";
import { LAST, type Tables } from "./database.ts";
import type { NumbersRow } from "./rows.ts";

/** The numbers of a name. */
export async function numbersOf({ numbers }: Tables, name: NumbersRow["name"]): Promise<readonly number[]> {
  const row = await numbers.get(name);
  return row?.numbers ?? [];
}

/** The next one of a series of numbers. */
export async function nextNumber(tables: Tables, name: "lives" | "incarnations"): Promise<number> {
  const [last = 0] = await numbersOf(tables, name);
  tables.numbers.put({ name, numbers: [last + 1] });
  return last + 1;
}

/** Lets an owner enter, and returns its incarnation; `undefined` when it is refused. */
export async function enter(tables: Tables, query: EnterQuery): Promise<number | undefined> {
  const { owner, now, again } = query;
  const survived = await numbersOf(tables, "survived");
  const more = addSurvivor(survived, again);
  if (more !== survived) tables.numbers.put({ name: "survived", numbers: more });
  const [last = 0] = await numbersOf(tables, "incarnations");
  const state = enterOwner(await tables.owners.get(owner), query, () => last + 1);
  if (state?.incarnation === last + 1) tables.numbers.put({ name: "incarnations", numbers: [last + 1] });
  if (state !== undefined) setOwner(tables, owner, state);
  // No text comes before all others in a range that does not include its beginning.
  for (const other of await tables.owners.between(0, LAST)) {
    if (other.owner !== owner && mayForget(other, now)) tables.owners.delete(other.owner);
  }
  return state?.incarnation;
}

/** Renews the lease of an incarnation; says whether it is held. */
export async function renew(
  tables: Tables,
  { owner, incarnation }: Incarnation,
  leaseMs: number,
  now: number,
): Promise<boolean> {
  const { state, isHeld } = renewOwner(await tables.owners.get(owner), incarnation, leaseMs, now);
  if (state !== undefined) setOwner(tables, owner, state);
  return isHeld;
}

/** Ends the lease of an incarnation. */
export async function leave(tables: Tables, { owner, incarnation }: Incarnation): Promise<void> {
  const state = await tables.owners.get(owner);
  if (state !== undefined) setOwner(tables, owner, leaveOwner(state, incarnation));
}

/** Ends for good the lease of an incarnation, if it was found to have ended. */
export async function endLeaseOf(tables: Tables, { owner, incarnation }: Incarnation, now: number): Promise<void> {
  const state = endLease(await tables.owners.get(owner), incarnation, now);
  if (state !== undefined) setOwner(tables, owner, state);
}

/** Whether an incarnation may claim. */
export async function mayClaim(tables: Tables, { owner, incarnation }: Incarnation, now: number): Promise<boolean> {
  return hasLease(await tables.owners.get(owner), incarnation, now);
}

/** A record with the end of its owner's lease. */
export async function readRecord({ owners }: Tables, record: KeptRecord): Promise<JobRecord> {
  const { owner, incarnation } = record;
  const state = owner === undefined ? undefined : await owners.get(owner);
  return { ...record, heldUntil: incarnation === undefined ? undefined : leaseEndOf(state, incarnation) };
}

function setOwner({ owners }: Tables, owner: string, state: OwnerState): void {
  const { incarnation, until, token, former } = state;
  owners.put({ owner, incarnation, until, token, former });
}
