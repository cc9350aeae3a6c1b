import { permit, type Permitted, type QueueState } from "../../ports/permit_kit.ts";
import type { PermitQuery } from "../../ports/store.ts";
import type { Leases } from "./leases.ts";

/** Gives permits for jobs of a queue in a state; `undefined` for an incarnation without a lease. */
export async function permitBy(
  before: QueueState | undefined,
  query: PermitQuery,
  leases: Leases,
): Promise<Permitted | undefined> {
  const { now } = query;
  for (;;) {
    if (!await leases.mayClaim(query, now)) return undefined;
    const ends = new Map<number, number | undefined>();
    for (const holder of before?.holders ?? []) ends.set(holder.incarnation, await leases.endOf(holder));
    const permitted = permit(before, query, now, ({ incarnation }) => ends.get(incarnation));
    if (permitted.lapsed.length === 0) return permitted;
    // One of them may be renewed just now.
    for (const holder of permitted.lapsed) await leases.end(holder, now);
  }
}
