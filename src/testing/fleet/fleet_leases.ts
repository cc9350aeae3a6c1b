import type { EnterQuery, Incarnation } from "../../ports/store.ts";
import { FleetViolation } from "./fleet_violation.ts";

interface Lease {
  readonly owner: string;
  readonly process: number;
  /** When it ends, by the store; 0 when it was given up. */
  until: number;
}

/** The leases that a store has granted, by their incarnations. */
export class FleetLeases {
  readonly #leases: Map<number, Lease> = new Map();
  /** The last incarnation under each name. */
  readonly #last: Map<string, number> = new Map();
  /**
   * The incarnations of processes that had entered under the same name before, and did not say so: a call that enters, whose caller has
   * given it up, is a start to the store when it arrives after the lease has ended.
   */
  readonly #again: Set<number> = new Set();

  /**
   * Notes that a process has entered, by the time of the store, which may be that of a caller who has given the call up long ago: the name
   * of one whose lease has ended meanwhile is free.
   *
   * @throws {FleetViolation} when its incarnation is another's
   */
  entered(
    process: number,
    { owner, leaseMs, takesOver, again, now }: EnterQuery,
    incarnation: number,
    trueNow: number,
  ): void {
    const last = this.#last.get(owner);
    const isTaken = again !== undefined && last !== undefined && again !== last && incarnation !== last;
    if (isTaken && this.runs(last, trueNow)) {
      const why = `process ${process} has taken the name ${owner} from incarnation ${last}, which has started since`;
      throw new FleetViolation("two at a time", why);
    }
    const isKnown = [...this.#leases.values()].some((it) => it.owner === owner && it.process === process);
    if (again === undefined && isKnown && incarnation !== last) this.#again.add(incarnation);
    this.#last.set(owner, incarnation);
    const known = this.#leases.get(incarnation);
    if (known !== undefined && (known.owner !== owner || known.process !== process)) {
      const why = `incarnation ${incarnation} was given to ${known.owner}, and to ${owner} of process ${process}`;
      throw new FleetViolation("two at a time", why);
    }
    // A call that is repeated, or is late, ends nothing: its incarnation has entered before.
    if (takesOver && known === undefined) {
      for (const lease of this.#leases.values()) if (lease.owner === owner) lease.until = 0;
    }
    this.#leases.set(incarnation, { owner, process, until: Math.max(known?.until ?? 0, now + leaseMs) });
  }

  /**
   * Notes that a process was told that another one has started under its name.
   *
   * @throws {FleetViolation} when none has
   */
  replaced(process: number, owner: string): void {
    const entered = [...this.#leases].filter(([, it]) => it.owner === owner);
    const others = entered.filter(([incarnation, it]) => it.process !== process || this.#again.has(incarnation));
    if (others.length > 0) return;
    const why = `process ${process} has lost the name ${owner}, and nobody else has entered under it`;
    throw new FleetViolation("lost or doubled", why);
  }

  /** Notes that a lease was renewed. */
  renewed({ incarnation }: Incarnation, until: number): void {
    const lease = this.#leases.get(incarnation);
    if (lease !== undefined) lease.until = Math.max(lease.until, until);
  }

  /** Notes that an incarnation has left. */
  left({ incarnation }: Incarnation): void {
    const lease = this.#leases.get(incarnation);
    if (lease !== undefined) lease.until = 0;
  }

  /** When the lease of an incarnation ends; 0 when it has none. */
  untilOf(incarnation: number): number {
    return this.#leases.get(incarnation)?.until ?? 0;
  }

  /** Whether the lease of an incarnation runs. */
  runs(incarnation: number, now: number): boolean {
    return this.untilOf(incarnation) > now;
  }

  /** Whether nobody has entered since under the name of an incarnation. */
  isLast(incarnation: number): boolean {
    return this.#last.get(this.#leases.get(incarnation)?.owner ?? "") === incarnation;
  }

  /** The process that has entered as an incarnation. */
  processOf(incarnation: number): number | undefined {
    return this.#leases.get(incarnation)?.process;
  }
}
