import { StateError } from "../../base/errors.ts";
import { callGuarded } from "../../base/thenable.ts";
import type { MaybePromise, StoreTransaction } from "../../ports/store.ts";

/** What the journal of a job does about the transactions of its handlers. */
export interface TransactionHolds {
  /** Resolves when nothing is being written. From now on, only what is committed with a transaction is written. */
  hold(by: object): Promise<void>;
  /** The transaction is handed in, or undone; `flush` writes then. */
  unhold(by: object): void;
  /** Writes what has been handed in, unless others hold it. */
  flush(): void;
}

/** The transaction of the store in which a handler's statements are run: begun at first use in each step, and committed with it. */
export class StepTransactions {
  readonly #routineId: string;
  readonly #journal: TransactionHolds;
  readonly #begin: (action: string) => Promise<StoreTransaction>;
  #transaction: StoreTransaction | undefined;
  #isRunning = false;
  #isOver = false;

  /** Makes the transactions of a handler; `begin` begins one. */
  constructor(routineId: string, journal: TransactionHolds, begin: (action: string) => Promise<StoreTransaction>) {
    this.#routineId = routineId;
    this.#journal = journal;
    this.#begin = begin;
  }

  /**
   * Runs statements.
   *
   * @throws {StateError} while others are being run
   * @throws what `run` throws, and what the store throws
   */
  async run(run: (client: never) => unknown): Promise<unknown> {
    this.#check("transact");
    this.#isRunning = true;
    try {
      const transaction = this.#transaction ??= await this.#open();
      const call = (): MaybePromise<unknown> => Reflect.apply(run, undefined, [transaction.client]);
      // Else the handler has been aborted while the transaction was being begun, and its result is ignored.
      return this.#isOver ? undefined : await transaction.attempt(call);
    } finally {
      this.#isRunning = false;
      // Only now: statements that run after the end of a transaction would be stored on their own.
      if (this.#isOver) this.#undo();
    }
  }

  /**
   * The entries of other steps come before that of this one, so they must be stored when it is. Writing them might need a connection that is
   * not there before this transaction ends: so they are written before it, or by it.
   */
  async #open(): Promise<StoreTransaction> {
    await this.#journal.hold(this);
    try {
      return await this.#begin(`Cannot transact in routine "${this.#routineId}"`);
    } catch (error) {
      this.#free();
      throw error;
    }
  }

  #free(): void {
    this.#journal.unhold(this);
    this.#journal.flush();
  }

  /**
   * Checks that a commit may be made.
   *
   * @throws {StateError} while statements are being run
   */
  checkCommit(): void {
    this.#check("commit");
  }

  /** Gives the transaction of the step, if there is one, to the commit that is being stored. */
  take(): StoreTransaction | undefined {
    const transaction = this.#transaction;
    this.#transaction = undefined;
    if (transaction !== undefined) this.#journal.unhold(this);
    return transaction;
  }

  /** Undoes what has been done since the last commit, as soon as no statements are being run: the handler has failed. */
  rollback(): void {
    this.#isOver = true;
    this.#free();
    if (!this.#isRunning) this.#undo();
  }

  #undo(): void {
    const transaction = this.take();
    // A lost connection has rolled back by itself.
    if (transaction !== undefined) callGuarded(() => transaction.rollback(), () => {});
  }

  #check(what: string): void {
    if (!this.#isRunning) return;
    const why = "statements of ctx.transact() are being run; await it before";
    throw new StateError(what, "transacting", `Cannot ${what} in routine "${this.#routineId}": ${why}`);
  }
}
