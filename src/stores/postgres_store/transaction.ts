import type { StoreTransaction } from "../../ports/store.ts";
import type { PostgresTransaction } from "./client.ts";
import { type Append, appendAll, type AppendAnswer } from "./journal.ts";
import type { Queries, Statements } from "./queries.ts";

/** A transaction in which a handler's statements are run. */
export class HandlerTransaction implements StoreTransaction {
  readonly client: unknown;
  readonly #transaction: PostgresTransaction;
  readonly #statements: Statements;
  #isOver = false;

  /** Goes on with a transaction that has been begun. */
  constructor(queries: Queries, transaction: PostgresTransaction) {
    this.client = transaction.client;
    this.#transaction = transaction;
    this.#statements = queries.within(transaction.query);
  }

  async attempt<T>(run: () => T | Promise<T>): Promise<T> {
    const { query } = this.#transaction;
    await query("SAVEPOINT routilux", []);
    try {
      const value = await run();
      // What is checked at the commit at the latest is checked now, while the handler can be told. Both are refused after a statement that
      // failed: `run` cannot hide that.
      await query("SET CONSTRAINTS ALL IMMEDIATE", []);
      await query("RELEASE SAVEPOINT routilux", []);
      return value;
    } catch (error) {
      // Where this fails, too, the connection is lost: then nothing of the transaction will be committed.
      await query("ROLLBACK TO SAVEPOINT routilux", []).catch(() => {});
      throw error;
    }
  }

  /** Appends, and commits; not when the answer is that the append was refused. */
  async append(append: Append): Promise<AppendAnswer> {
    if (this.#isOver) throw new Error("The transaction is over");
    const [answer] = await appendAll(this.#statements, [append]);
    // Unreachable default: there is one answer for each.
    if (answer !== "stored") return answer ?? "unread";
    this.#isOver = true;
    await this.#transaction.commit();
    return answer;
  }

  async rollback(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#transaction.rollback();
  }
}
