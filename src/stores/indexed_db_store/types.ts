/** A key. */
export type DbKey = number | string | readonly DbKey[];

/** What makes ranges of keys: the `IDBKeyRange` of a page or a worker. */
export interface IndexedDbRanges {
  /** All keys between two, which belong to it unless said otherwise. */
  bound(lower: unknown, upper: unknown, lowerOpen?: boolean, upperOpen?: boolean): object;
}

/** Something that has events. */
interface DbTarget {
  /** Calls back at an event. */
  addEventListener(type: string, listener: () => void): void;
}

/** A request. */
export interface DbRequest extends DbTarget {
  /** Its result. */
  readonly result: unknown;
  /** Why it has failed. */
  readonly error: unknown;
}

/** An object store, or an index, as it is read. */
export interface DbSource {
  /** The value of a key, or the first one of a range. */
  get(key: unknown): DbRequest;
  /** The values of a range, in order. */
  getAll(range?: object, count?: number): DbRequest;
  /** Goes through a range, from its end on: its result has the first value. */
  openCursor(range: object, direction: "prev"): DbRequest;
  /** How many values there are. */
  count(): DbRequest;
}

/** An object store. */
export interface DbObjectStore extends DbSource {
  /** One of its indexes. */
  index(name: string): DbSource;
  /** Makes an index. */
  createIndex(name: string, keyPath: string | string[], options?: { unique?: boolean }): unknown;
  /** Stores a value. */
  put(value: unknown, key?: never): DbRequest;
  /** Deletes the value of a key, or those of a range. */
  delete(key: never): DbRequest;
}

/** A transaction. */
export interface DbTransaction extends DbTarget {
  /** Why it was aborted. */
  readonly error: unknown;
  /** One of its object stores. */
  objectStore(name: string): DbObjectStore;
  /** Undoes it. */
  abort(): void;
}

/** A database. */
export interface DbDatabase extends DbTarget {
  /** Makes an object store. */
  createObjectStore(name: string, options?: { keyPath?: string | string[] }): DbObjectStore;
  /** Begins a transaction. */
  transaction(
    names: string[],
    mode: "readonly" | "readwrite",
    options?: { durability?: "strict" },
  ): DbTransaction;
  /** Closes it after its transactions. */
  close(): void;
}

/** What opens databases: the `indexedDB` of a page or a worker. */
export interface IndexedDbFactory {
  /** Opens a database; returns a request. */
  open(name: string, version: number): object;
}
