import { PendingCalls } from "../../ports/store_kit.ts";
import type { CommandRow, DocumentRow, EntryRow, JobRow, NumbersRow, OwnerRow, QueueRow } from "./rows.ts";
import type {
  DbDatabase,
  DbKey,
  DbObjectStore,
  DbRequest,
  DbTransaction,
  IndexedDbFactory,
  IndexedDbRanges,
} from "./types.ts";

/** The version of the object stores and indexes. */
const VERSION = 1;

/**
 * - `jobs`: the records, by id; with the indexes `age`, `due` and `ended`
 * - `documents`: flow and snapshot, by life
 * - `entries`: by life and revision
 * - `commands`: those that are not consumed, and what is remembered of others, by life and sequence; with the index `key`
 * - `owners`: by name
 * - `queues`: those with limits, by name
 * - `numbers`: the last life and incarnation, and which ones have survived
 */
const KEYS = {
  jobs: "jobId",
  documents: "life",
  entries: ["life", "revision"],
  commands: ["life", "sequence"],
  owners: "owner",
  queues: "queue",
  numbers: "name",
} as const;

type StoreName = keyof typeof KEYS;

const NAMES: StoreName[] = ["jobs", "documents", "entries", "commands", "owners", "queues", "numbers"];

/** What comes after all keys that begin in the same way: a list follows numbers and texts. */
export const LAST: DbKey = [];

/** One object store of a transaction, or an index: its values are what was put there. */
export class Table<Value> {
  readonly #store: DbObjectStore;
  readonly #ranges: IndexedDbRanges;

  /** Makes the table of an object store. */
  constructor(store: DbObjectStore, ranges: IndexedDbRanges) {
    this.#store = store;
    this.#ranges = ranges;
  }

  /** The value of a key. */
  get(key: DbKey): Promise<Value | undefined> {
    return resultOf<Value | undefined>(this.#store.get(key));
  }

  /** The value of a key in an index. */
  getBy(index: string, key: DbKey): Promise<Value | undefined> {
    return resultOf<Value | undefined>(this.#store.index(index).get(key));
  }

  /** The values after one key, and up to another, in order. */
  between(lower: DbKey, upper: DbKey, count?: number): Promise<readonly Value[]> {
    return resultOf<readonly Value[]>(this.#store.getAll(this.#range(lower, upper), count));
  }

  /** The values between two keys of an index, in its order. */
  betweenBy(index: string, lower: DbKey, upper: DbKey, count?: number): Promise<readonly Value[]> {
    return resultOf<readonly Value[]>(this.#store.index(index).getAll(this.#range(lower, upper), count));
  }

  /** The last value of an index before a key. */
  async lastBefore(index: string, key: DbKey): Promise<Value | undefined> {
    const range = this.#ranges.bound([], key, true, true);
    const cursor = await resultOf<{ readonly value: Value } | null>(this.#store.index(index).openCursor(range, "prev"));
    return cursor?.value;
  }

  /** How many values there are. */
  count(): Promise<number> {
    return resultOf<number>(this.#store.count());
  }

  /** Stores a value. */
  put(value: Value): void {
    this.#store.put(value);
  }

  /** Deletes the value of a key. */
  delete(key: DbKey): void {
    this.#store.delete(key as never);
  }

  /** Deletes the values after one key, and up to another. */
  deleteBetween(lower: DbKey, upper: DbKey): void {
    this.#store.delete(this.#range(lower, upper) as never);
  }

  #range(lower: DbKey, upper: DbKey): object {
    return this.#ranges.bound(lower, upper, true, false);
  }
}

/** What one transaction reads and writes. */
export interface Tables {
  readonly jobs: Table<JobRow>;
  readonly documents: Table<DocumentRow>;
  readonly entries: Table<EntryRow>;
  readonly commands: Table<CommandRow>;
  readonly owners: Table<OwnerRow>;
  readonly queues: Table<QueueRow>;
  readonly numbers: Table<NumbersRow>;
}

/** The database of a store. */
export class Database {
  readonly #name: string;
  readonly #factory: IndexedDbFactory;
  readonly #ranges: IndexedDbRanges;
  readonly #pending: PendingCalls = new PendingCalls();
  #database: Promise<DbDatabase> | undefined;
  #isClosed = false;

  /** Makes the database of a name, which is opened by the first call. */
  constructor(name: string, factory: IndexedDbFactory, ranges: IndexedDbRanges) {
    this.#name = name;
    this.#factory = factory;
    this.#ranges = ranges;
  }

  /** Runs a call that reads, all as of one moment. */
  read<T>(run: (tables: Tables) => Promise<T>): Promise<T> {
    return this.#call("readonly", run);
  }

  /** Runs a call that writes, all or nothing: answers when it is stored. One at a time runs, in all pages together. */
  write<T>(run: (tables: Tables) => Promise<T>): Promise<T> {
    return this.#call("readwrite", run);
  }

  /** Closes it when the pending calls are done. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (!this.#pending.isEmpty) await this.#pending.finished();
    const database = await this.#database?.catch(() => undefined);
    database?.close();
  }

  #call<T>(mode: "readonly" | "readwrite", run: (tables: Tables) => Promise<T>): Promise<T> {
    if (this.#isClosed) {
      return Promise.reject(new Error("The IndexedDB store is closed; close it last, by engine.close()"));
    }
    return this.#pending.add(this.#transact(mode, run));
  }

  async #transact<T>(mode: "readonly" | "readwrite", run: (tables: Tables) => Promise<T>): Promise<T> {
    const database = await (this.#database ??= this.#open());
    const transaction = database.transaction(NAMES, mode, { durability: "strict" });
    const done = doneOf(transaction);
    try {
      const answer = await run(this.#tablesOf(transaction));
      await done;
      return answer;
    } catch (error) {
      done.catch(() => {});
      abort(transaction);
      // When a request has failed, the reason of the whole says more, for instance that there is no room left.
      throw transaction.error ?? error;
    }
  }

  #tablesOf(transaction: DbTransaction): Tables {
    const table = <Value>(name: StoreName) => new Table<Value>(transaction.objectStore(name), this.#ranges);
    return {
      jobs: table("jobs"),
      documents: table("documents"),
      entries: table("entries"),
      commands: table("commands"),
      owners: table("owners"),
      queues: table("queues"),
      numbers: table("numbers"),
    };
  }

  async #open(): Promise<DbDatabase> {
    const request = this.#factory.open(this.#name, VERSION) as DbRequest;
    request.addEventListener("upgradeneeded", () => prepare(request.result as DbDatabase));
    try {
      const database = await resultOf<DbDatabase>(request);
      const leave = (): void => {
        database.close();
        this.#database = undefined;
      };
      // Another page wants to delete the database, or to change it; or the browser has deleted it. The next call opens it again.
      database.addEventListener("versionchange", leave);
      database.addEventListener("close", leave);
      return database;
    } catch (error) {
      this.#database = undefined;
      const isNewer = error instanceof Error && error.name === "VersionError";
      const reason = isNewer ? "it has tables of a newer version; load the page anew" : String(error);
      throw new Error(`Cannot open the IndexedDB store: the database "${this.#name}" cannot be opened: ${reason}`, {
        cause: error,
      });
    }
  }
}

function prepare(database: DbDatabase): void {
  const stores = NAMES.map((name) => {
    const path = KEYS[name];
    return [name, database.createObjectStore(name, { keyPath: typeof path === "string" ? path : [...path] })] as const;
  });
  for (const [name, store] of stores) {
    if (name === "jobs") {
      store.createIndex("age", ["createdAt", "jobId"]);
      store.createIndex("due", "due");
      store.createIndex("ended", "ended");
    }
    if (name === "commands") store.createIndex("key", ["life", "key"], { unique: true });
  }
}

function resultOf<T>(request: DbRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result as T));
    request.addEventListener("error", () => reject(request.error));
  });
}

function doneOf(transaction: DbTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener("complete", () => resolve());
    transaction.addEventListener("abort", () => reject(transaction.error ?? new Error("The transaction was aborted")));
  });
}

function abort(transaction: DbTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It is over.
  }
}
