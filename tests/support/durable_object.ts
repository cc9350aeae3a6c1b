import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { Store } from "../../src/ports/mod.ts";
import type { DurableObjectStorage, SqlStorageValue } from "../../src/stores/durable_object_store.ts";
import type { StorePlace } from "../../src/testing/store_contract.ts";

/** What a Durable Object has, over a database: what is not written out of the same turn is one transaction there, too. */
export class FakeObjectStorage implements DurableObjectStorage {
  /** When the object is woken. */
  alarmAt: number | undefined;
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  readonly sql: DurableObjectStorage["sql"] = {
    exec: (query, ...bindings) => {
      // Without values there may be several statements; they return nothing.
      if (/^\s*CREATE/.test(query)) {
        this.#database.exec(query);
        return { toArray: () => [] };
      }
      const rows = this.#database.prepare(query).all(...bindings.map(toInput)).map((row) =>
        Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toStorageValue(value)]))
      );
      return { toArray: () => rows };
    },
  };

  transactionSync<T>(run: () => T): T {
    this.#database.exec("BEGIN");
    try {
      const answer = run();
      this.#database.exec("COMMIT");
      return answer;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  setAlarm(at: number): Promise<void> {
    this.alarmAt = at;
    return Promise.resolve();
  }

  deleteAlarm(): Promise<void> {
    this.alarmAt = undefined;
    return Promise.resolve();
  }
}

function toInput(value: SqlStorageValue): SQLInputValue {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : value;
}

function toStorageValue(value: unknown): unknown {
  return value instanceof Uint8Array ? new Uint8Array(value).buffer : value;
}

/** A place for one store at a time, as an object runs at one place. */
export function exclusivePlace(openStore: () => Store, dispose?: () => void): StorePlace {
  let isOpen = false;
  return {
    open() {
      if (isOpen) throw new Error("An object runs at one place only");
      isOpen = true;
      const store = openStore();
      const close = () => {
        isOpen = false;
        return store.close();
      };
      return { ...store, close };
    },
    ...(dispose && { dispose }),
  };
}
