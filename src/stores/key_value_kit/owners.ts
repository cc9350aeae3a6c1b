import {
  addSurvivor,
  endLease,
  enterOwner,
  leaveOwner,
  mayForget,
  type OwnerState,
  renewOwner,
} from "../../ports/lease_kit.ts";
import { isPermitted, type Permitted, type QueueState } from "../../ports/permit_kit.ts";
import type { EnterAnswer, EnterQuery, Incarnation, MaybePromise, PermitQuery, TakeQuery } from "../../ports/store.ts";
import type { IdSource } from "../../ports/ids.ts";
import type { Cell, Cells } from "./cells.ts";
import type { KeyValueClient } from "./client.ts";
import { Leases } from "./leases.ts";
import { LAST, nameOf } from "./names.ts";
import { permitBy } from "./permits.ts";
import { quietly } from "./values.ts";

const OWNERS = "owner/";
const QUEUES = "queue/";
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
    let isRenewed = false;
    await this.#change(await keyOf(owner), (value) => {
      const { state, isHeld } = renewOwner(toOwner(value), incarnation, leaseMs, now);
      isRenewed = isHeld;
      return state;
    });
    return isRenewed;
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
    return new Leases(
      async (owner) => toOwner(await this.#read(await keyOf(owner))),
      async ({ owner, incarnation }, now) =>
        void await this.#change(await keyOf(owner), (value) => endLease(toOwner(value), incarnation, now)),
    );
  }

  async #read(key: string): Promise<unknown> {
    return valueIn(await this.#cells.read(key));
  }

  /** Whether an incarnation may take jobs by the permits that it names, if it names some. */
  async isPermitted(query: TakeQuery): Promise<boolean> {
    const { permit } = query;
    const value = permit && await this.#read(QUEUES + await nameOf(permit.queue));
    return isPermitted(isQueue(value) ? value : undefined, query);
  }

  /** Gives permits for jobs of a queue; `undefined` for an incarnation without a lease. */
  async permit(query: PermitQuery): Promise<Permitted | undefined> {
    let permitted: Permitted | undefined;
    const next = async (value: unknown) => {
      const before = isQueue(value) ? value : undefined;
      permitted = await permitBy(before, query, this.leases());
      return permitted?.state === before ? undefined : permitted?.state;
    };
    await this.#change(QUEUES + await nameOf(query.queue), next, () => permitted?.isFreed === true);
    return permitted;
  }

  /** Changes a value by compare-and-set. Returns the new one, or `undefined` if there is to be no change. */
  async #change<T>(
    key: string,
    next: (value: unknown) => MaybePromise<T | undefined>,
    isNews: () => boolean = () => false,
  ): Promise<T | undefined> {
    for (;;) {
      const cell = await this.#cells.read(key);
      const value = await next(valueIn(cell));
      if (value === undefined) return undefined;
      const write = this.#ids.id();
      const text = JSON.stringify({ write, value });
      if (await this.#cells.set(key, cell, text, `parts/${write}`, { isNews: isNews() }) !== undefined) return value;
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

function isQueue(value: unknown): value is QueueState {
  return typeof value === "object" && value !== null && "holders" in value;
}
