import {
  addSurvivor,
  enterOwner,
  hasLease,
  leaseEndOf,
  leaveOwner,
  mayForget,
  type OwnerState,
  renewOwner,
} from "../../ports/lease_kit.ts";
import type { EnterAnswer, EnterQuery, Incarnation, JobRecord } from "../../ports/store.ts";
import type { KeptRecord } from "../../ports/store_kit.ts";
import type { IdSource } from "../../ports/ids.ts";
import type { Cell, Cells } from "./cells.ts";
import type { KeyValueClient } from "./client.ts";
import { LAST, nameOf } from "./names.ts";
import { quietly } from "./values.ts";

const OWNERS = "owner/";
const SURVIVED = "survived";

/** The owners of a store, each in the value of one key, and the numbers that the store gives. */
export class Owners {
  readonly #client: KeyValueClient;
  readonly #cells: Cells;
  readonly #ids: IdSource;

  /** Makes the access for a client. */
  constructor(client: KeyValueClient, cells: Cells, ids: IdSource) {
    this.#client = client;
    this.#cells = cells;
    this.#ids = ids;
  }

  /** Takes numbers that nobody else gets; returns the first. */
  async numbers(kind: "life" | "incarnation", count: number): Promise<number> {
    const last = await this.#change(`last/${kind}`, (value) => (isNumber(value) ? value : 0) + count);
    return (last ?? 0) - count + 1;
  }

  /** Gives an engine an incarnation. */
  async enter(query: EnterQuery): Promise<EnterAnswer> {
    const { owner, now, again } = query;
    const key = await keyOf(owner);
    const incarnation = await this.numbers("incarnation", 1);
    await this.#change(SURVIVED, (value) => again === undefined ? undefined : addSurvivor(toNumbers(value), again));
    const state = await this.#change(key, (value) => enterOwner(toOwner(value), query, () => incarnation));
    await quietly(() => this.#forget(key, now));
    return { now, incarnation: state?.incarnation };
  }

  /** Renews the lease of an incarnation. Returns false when it has no right to. */
  async renew({ owner, incarnation }: Incarnation, leaseMs: number, now: number): Promise<boolean> {
    const state = await this.#change(
      await keyOf(owner),
      (value) => renewOwner(toOwner(value), incarnation, leaseMs, now),
    );
    return state !== undefined;
  }

  /** Ends the lease of an incarnation. */
  async leave({ owner, incarnation }: Incarnation): Promise<void> {
    await this.#change(await keyOf(owner), (value) => {
      const state = toOwner(value);
      return state && leaveOwner(state, incarnation);
    });
  }

  /** Returns the incarnations that have survived the loss of their lease. */
  async survived(): Promise<readonly number[]> {
    return toNumbers(await this.#read(SURVIVED));
  }

  /** Gives access to leases as they are read now: each owner is read once. */
  leases(): Leases {
    return new Leases(async (owner) => toOwner(await this.#read(await keyOf(owner))));
  }

  async #read(key: string): Promise<unknown> {
    return valueIn(await this.#cells.read(key));
  }

  /** Changes a value by compare-and-set. Returns the new one, or `undefined` if there is to be no change. */
  async #change<T>(key: string, next: (value: unknown) => T | undefined): Promise<T | undefined> {
    for (;;) {
      const cell = await this.#cells.read(key);
      const value = next(valueIn(cell));
      if (value === undefined) return undefined;
      const write = this.#ids.id();
      const text = JSON.stringify({ write, value });
      if (await this.#cells.set(key, cell, text, `parts/${write}`, {}) !== undefined) return value;
    }
  }

  async #forget(own: string, now: number): Promise<void> {
    const names = await this.#client.names(OWNERS);
    for await (const key of names(OWNERS, OWNERS + LAST)) {
      const cell = key === own ? undefined : await this.#cells.read(key);
      const state = toOwner(valueIn(cell));
      if (cell !== undefined && state !== undefined && mayForget(state, now)) {
        await this.#client.removeAt(key, cell.version);
      }
    }
  }
}

/** The leases of owners as of one call of the store. */
export class Leases {
  readonly #owners: Map<string, Promise<OwnerState | undefined>> = new Map();
  readonly #read: (owner: string) => Promise<OwnerState | undefined>;

  /** Makes leases that are read by a function. */
  constructor(read: (owner: string) => Promise<OwnerState | undefined>) {
    this.#read = read;
  }

  /** Whether an incarnation is the present one of its owner, and its lease runs. */
  async mayClaim({ owner, incarnation }: Incarnation, now: number): Promise<boolean> {
    return hasLease(await this.#stateOf(owner), incarnation, now);
  }

  /** Adds to a record until when it is held. */
  async read(record: KeptRecord): Promise<JobRecord> {
    const { owner, incarnation } = record;
    if (owner === undefined || incarnation === undefined) return { ...record, heldUntil: undefined };
    let state = await this.#stateOf(owner);
    // Somebody has entered and claimed the job since the owner was read.
    if (state === undefined || state.incarnation < incarnation) state = await this.#stateOf(owner, true);
    return { ...record, heldUntil: leaseEndOf(state, incarnation) };
  }

  #stateOf(owner: string, isAnew = false): Promise<OwnerState | undefined> {
    const known = isAnew ? undefined : this.#owners.get(owner);
    if (known !== undefined) return known;
    const state = this.#read(owner);
    this.#owners.set(owner, state);
    return state;
  }
}

async function keyOf(owner: string): Promise<string> {
  return OWNERS + await nameOf(owner);
}

function valueIn(cell: Cell | undefined): unknown {
  const content: { readonly value?: unknown } = cell === undefined ? {} : JSON.parse(cell.text);
  return content.value;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function toNumbers(value: unknown): readonly number[] {
  return Array.isArray(value) ? value.filter(isNumber) : [];
}

function toOwner(value: unknown): OwnerState | undefined {
  return isOwner(value) ? value : undefined;
}

function isOwner(value: unknown): value is OwnerState {
  return typeof value === "object" && value !== null && "incarnation" in value && "former" in value;
}
