import { hasLease, leaseEndOf } from "../../ports/lease_kit.ts";
import { permit, type Permitted, type QueueState } from "../../ports/permit_kit.ts";
import type { Incarnation, PermitQuery } from "../../ports/store.ts";
import { endLeaseOf, ownerOf } from "./owners.ts";
import type { Queries } from "./queries.ts";
import * as sql from "./statements.ts";
import { fromColumn, toColumn } from "./text.ts";

/** The state of a queue with limits. */
export function queueOf(queries: Queries, queue: string): QueueState | undefined {
  const row = queries.get(sql.QUEUE, toColumn(queue));
  return row && JSON.parse(fromColumn(row["state"]));
}

/** Gives permits for jobs of a queue; `undefined` for an incarnation without a lease. */
export function permitIn(queries: Queries, query: PermitQuery): Permitted | undefined {
  const { owner, incarnation, queue, now } = query;
  if (!hasLease(ownerOf(queries, owner), incarnation, now)) return undefined;
  const before = queueOf(queries, queue);
  const leaseEnd = (it: Incarnation) => leaseEndOf(ownerOf(queries, it.owner), it.incarnation);
  const permitted = permit(before, query, now, leaseEnd);
  for (const holder of permitted.lapsed) endLeaseOf(queries, holder, now);
  if (permitted.state !== before) {
    queries.run(sql.SET_QUEUE, toColumn(queue), toColumn(JSON.stringify(permitted.state)));
  }
  return permitted;
}
