import type { Store, StoreTransaction } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";

/** What handlers write by. */
export interface LedgerClient {
  /** Adds a line, which is kept when the transaction is committed. */
  write(line: string): void;
}

/** What becomes of a commit: it fails before it is done, or its answer is lost. */
export type CommitFault = "fails" | "answer lost";

/** A store in memory whose handlers write lines in transactions. */
export interface TransactingStore extends Store {
  begin: NonNullable<Store["begin"]>;
  /** The lines that were committed. */
  readonly ledger: string[];
  /** What becomes of the next commits. */
  readonly faults: CommitFault[];
  /** How many transactions are neither committed nor rolled back. */
  readonly open: number;
}

class Transaction implements StoreTransaction {
  readonly client: LedgerClient = { write: (line) => void this.lines.push(line) };
  readonly lines: string[] = [];
  readonly #onEnd: () => void;
  isOver = false;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  async attempt<T>(run: () => T | Promise<T>): Promise<T> {
    const { length } = this.lines;
    try {
      return await run();
    } catch (error) {
      this.lines.length = length;
      throw error;
    }
  }

  end(): void {
    if (!this.isOver) this.#onEnd();
    this.isOver = true;
  }

  rollback(): void {
    this.end();
  }
}

/** Makes such a store. */
export function transactingStore(store: Store = memoryStore()): TransactingStore {
  const ledger: string[] = [];
  const faults: CommitFault[] = [];
  let open = 0;
  return {
    ...store,
    ledger,
    faults,
    get open() {
      return open;
    },
    begin() {
      open++;
      return Promise.resolve(new Transaction(() => void open--));
    },
    async append(claim, revision, entries, head, within) {
      if (within === undefined) return await store.append(claim, revision, entries, head);
      if (!(within instanceof Transaction) || within.isOver) throw new Error("The transaction is over");
      const fault = faults.shift();
      if (fault === "fails") {
        within.end();
        throw new Error("the connection was lost before the commit");
      }
      const answer = await store.append(claim, revision, entries, head);
      if (answer === "unread") return answer;
      within.end();
      ledger.push(...within.lines);
      if (fault === "answer lost") throw new Error("the connection was lost after the commit");
      return answer;
    },
  };
}
