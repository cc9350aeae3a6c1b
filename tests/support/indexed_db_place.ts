import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import type { Store } from "../../src/ports/mod.ts";
import { indexedDbStore } from "../../src/stores/indexed_db_store.ts";
import type { StorePlace } from "../../src/testing/store_contract.ts";

/** Databases in memory, and stores on one of them. */
export interface IndexedDbPlace extends StorePlace {
  /** The databases. */
  readonly indexedDB: InstanceType<typeof IDBFactory>;
  open(): Store;
}

let places = 0;

/** A database of its own in memory: its name is unique, as all pages of a process share channels. */
export function indexedDbPlace(): IndexedDbPlace {
  const indexedDB = new IDBFactory();
  const name = `jobs ${++places}`;
  return { indexedDB, open: () => indexedDbStore({ name, indexedDB, IDBKeyRange }) };
}
