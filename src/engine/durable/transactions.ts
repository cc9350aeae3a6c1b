import { FencedError } from "../../base/errors.ts";
import { callGuarded } from "../../base/thenable.ts";
import type { JobClaim, Store, StoreTransaction } from "../../ports/store.ts";
import type { StoreSession } from "./store_session.ts";

/** The entries that the next write takes, and those that it leaves. */
interface NextEntries {
  readonly entries: readonly string[];
  readonly left: string[];
  /** The transaction that is committed with them. */
  readonly within: StoreTransaction | undefined;
}

/** The transactions of a job's handlers that are committed with entries which are not being written yet, in order. */
export class WaitingTransactions {
  readonly #waiting: { readonly revision: number; readonly transaction: StoreTransaction }[] = [];

  /** Those whose transactions are open, or being begun. */
  readonly #holds: Set<object> = new Set();
  /** Called when no write is under way any more. */
  readonly #whenIdle: (() => void)[] = [];

  /** Whether nothing may be written before a transaction ends, or its entry comes. */
  get isHeld(): boolean {
    return this.#holds.size > 0 && this.#waiting.length === 0;
  }

  /** See `TransactionHolds`; `isWriting` says whether a write is under way. */
  async hold(by: object, isWriting: () => boolean): Promise<void> {
    this.#holds.add(by);
    while (isWriting()) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  /** See `TransactionHolds`. */
  unhold(by: object): void {
    this.#holds.delete(by);
  }

  /** No write is under way any more. */
  idle(): void {
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** Adds the transaction that is committed with the entry of a revision. */
  add(revision: number, transaction: StoreTransaction): void {
    this.#waiting.push({ revision, transaction });
  }

  /** Divides the entries up to a revision: a write ends with the entry of the first transaction, or takes all. */
  divide(entries: string[], revision: number): NextEntries {
    const first = this.#waiting.shift();
    const left = first === undefined ? [] : entries.splice(entries.length - (revision - first.revision));
    return { entries, left, within: first?.transaction };
  }

  /** Undoes all of them: their entries will not be written. */
  rollBack(): void {
    for (const { transaction } of this.#waiting.splice(0)) rollBack(transaction);
    this.idle();
  }
}

/** Undoes a transaction. Where that fails, the connection is lost, and the database does it. */
export function rollBack(transaction: StoreTransaction): void {
  callGuarded(() => transaction.rollback(), () => {});
}

/**
 * Begins a transaction of a store.
 *
 * @throws {TypeError} when the store has no transactions, naming the action
 * @throws what the store throws
 */
export async function beginIn(store: Store, action: string): Promise<StoreTransaction> {
  if (store.begin === undefined) {
    throw new TypeError(`${action}: its store has no transactions; that of PostgreSQL has, for instance`);
  }
  return await store.begin();
}

/**
 * Finds out whether a transaction was committed that is over: lets go of its job as the job was before, which the store refuses if the
 * entries of the transaction are there. If they are not, they will never be, and the step begins anew, here or elsewhere.
 *
 * @returns the refusal; `undefined` when the job was let go of
 * @throws what the store throws
 */
export async function letGoBefore(
  session: StoreSession,
  { jobId, life, epoch }: JobClaim,
  revision: number,
): Promise<FencedError | undefined> {
  const record = await session.store.find(jobId);
  if (record?.life !== life || record.epoch !== epoch || record.revision !== revision) {
    return new FencedError(jobId, revision, record?.revision);
  }
  try {
    const { status, endedAt, consumed } = record;
    const at = session.timers.now();
    await session.store.append(record, revision, [], { status, dueAt: at, endedAt, consumed, at, releases: true });
    return undefined;
  } catch (error) {
    if (error instanceof FencedError) return error;
    throw error;
  }
}
