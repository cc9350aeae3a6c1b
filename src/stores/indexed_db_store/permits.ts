import { leaseEndOf } from "../../ports/lease_kit.ts";
import { permit, type Permitted } from "../../ports/permit_kit.ts";
import type { Incarnation, PermitQuery } from "../../ports/store.ts";
import type { Tables } from "./database.ts";
import { endLeaseOf, mayClaim } from "./owners.ts";

/** Gives permits for jobs of a queue; `undefined` for an incarnation without a lease. */
export async function permitIn(tables: Tables, query: PermitQuery): Promise<Permitted | undefined> {
  const { queue, now } = query;
  if (!await mayClaim(tables, query, now)) return undefined;
  const { state: before } = await tables.queues.get(queue) ?? {};
  const ends = new Map<number, number | undefined>();
  for (const { owner, incarnation } of before?.holders ?? []) {
    ends.set(incarnation, leaseEndOf(await tables.owners.get(owner), incarnation));
  }
  const leaseEnd = ({ incarnation }: Incarnation) => ends.get(incarnation);
  const permitted = permit(before, query, now, leaseEnd);
  for (const holder of permitted.lapsed) await endLeaseOf(tables, holder, now);
  if (permitted.state !== before) tables.queues.put({ queue, state: permitted.state });
  return permitted;
}
