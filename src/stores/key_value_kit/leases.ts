import { hasLease, leaseEndOf, type OwnerState } from "../../ports/lease_kit.ts";
import type { Incarnation, JobRecord } from "../../ports/store.ts";
import type { KeptRecord } from "../../ports/store_kit.ts";

/** The leases of owners as of one call of the store. */
export class Leases {
  readonly #owners: Map<string, Promise<OwnerState | undefined>> = new Map();
  /** The leases that have been ended, or are being ended, by their incarnations. */
  readonly #ended: Map<number, Promise<void>> = new Map();
  readonly #read: (owner: string) => Promise<OwnerState | undefined>;
  readonly #end: (holder: Incarnation, now: number) => Promise<void>;

  /** Makes leases that are read, and ended for good, by functions. */
  constructor(
    read: (owner: string) => Promise<OwnerState | undefined>,
    end: (holder: Incarnation, now: number) => Promise<void>,
  ) {
    this.#read = read;
    this.#end = end;
  }

  /** Whether an incarnation is the present one of its owner, and its lease runs. */
  async mayClaim({ owner, incarnation }: Incarnation, now: number): Promise<boolean> {
    return hasLease(await this.#stateOf(owner), incarnation, now);
  }

  /** When the lease of an incarnation ends; `undefined` when it has left, was taken over, or ended long ago. */
  async endOf({ owner, incarnation }: Incarnation): Promise<number | undefined> {
    let state = await this.#stateOf(owner);
    // Somebody has entered since the owner was read.
    if (state === undefined || state.incarnation < incarnation) state = await this.#stateOf(owner, true);
    return leaseEndOf(state, incarnation);
  }

  /** Adds to a record until when it is held. */
  async read(record: KeptRecord): Promise<JobRecord> {
    const { owner, incarnation } = record;
    if (owner === undefined || incarnation === undefined) return { ...record, heldUntil: undefined };
    return { ...record, heldUntil: await this.endOf({ owner, incarnation }) };
  }

  /**
   * Reads a job's record. If its owner's lease was found to have ended by an instant, the lease is ended for good before, and read
   * again: it may have been renewed since it was read.
   */
  async readEnded(record: KeptRecord, now: number): Promise<JobRecord> {
    const { owner, incarnation } = record;
    const { heldUntil = Infinity } = await this.read(record);
    if (owner !== undefined && incarnation !== undefined && heldUntil <= now) {
      await this.end({ owner, incarnation }, now);
    }
    return await this.read(record);
  }

  /** Ends a lease for good, if it was found to have ended by an instant, and was not renewed since; reads it again. */
  end(holder: Incarnation, now: number): Promise<void> {
    const ended = this.#ended.get(holder.incarnation) ?? this.#endFor(holder, now);
    this.#ended.set(holder.incarnation, ended);
    return ended;
  }

  async #endFor(holder: Incarnation, now: number): Promise<void> {
    await this.#end(holder, now);
    await this.#stateOf(holder.owner, true);
  }

  #stateOf(owner: string, isAnew = false): Promise<OwnerState | undefined> {
    const known = isAnew ? undefined : this.#owners.get(owner);
    if (known !== undefined) return known;
    const state = this.#read(owner);
    this.#owners.set(owner, state);
    return state;
  }
}
