/**
 * A store in a SQLite database: one file, for several processes of one machine.
 *
 * @module
 */
import { checkInteger, checkOptions, checkWord } from "../base/options.ts";
import type { Store } from "../ports/store.ts";
import { storeOver } from "./sqlite_kit/store.ts";
import { guarded, queriesOf, type SqliteDatabase } from "./sqlite_store/database.ts";
import { type GroupWriter, groupWriter } from "./sqlite_store/group_writer.ts";
import { openDatabase, type SqliteSync } from "./sqlite_store/opening.ts";
import { type ProcessLocks, processLocks } from "./sqlite_store/process_locks.ts";

export type { SqliteValue } from "./sqlite_kit/queries.ts";
export type { SqliteDatabase, SqliteStatement } from "./sqlite_store/database.ts";
export type { SqliteSync } from "./sqlite_store/opening.ts";

/** Options of a SQLite store. */
export interface SqliteStoreOptions {
  /**
   * What a write waits for. `"full"`: the disk. A stored write survives a loss of power, if the disk flushes reliably.
   * `"normal"`: the operating system. A stored write survives the end of the process, `kill -9` included; after a loss
   * of power or a crash of the system the last writes may be missing, so jobs are intact but continue from an earlier
   * state. @default {"full"}
   */
  readonly synchronous?: SqliteSync;
  /**
   * How long a call waits while another process has locked the database, in milliseconds. The wait blocks this process.
   * @default {5000}
   */
  readonly busyTimeoutMs?: number;
}

/**
 * A store in a SQLite database: one file, and beside it a write-ahead log while the database is open. The database is
 * passed in: a `DatabaseSync` of `node:sqlite` (Deno, Node, Bun) or a `Database` of `bun:sqlite`. The store creates its
 * tables, called `routilux_…`, if they do not exist. It does not close the database: close the store first, then the
 * database.
 *
 * Give the store a connection of its own: writes made while you have a transaction open on that connection are not
 * stored before you commit it. Other connections and processes may use the same file at the same time, for other jobs
 * or for the same ones; `watch` tells only what happens by this store, because SQLite does not tell one connection what another has
 * written. A file on a network drive may be opened by one machine only.
 *
 * A process with an engine keeps a small file beside the database locked, `jobs.db-process-0` for the first: from its lock others learn at
 * once when the process is gone, and take its jobs, though its lease still runs.
 *
 * Guarantees: a write is atomic, whenever the process ends. A write that was answered survives the end of the process,
 * and with `synchronous: "full"` a loss of power too. Writes requested in the same turn of the event loop share a
 * transaction, so many jobs at once cost one flush. A database that stays locked by another process, a full disk, or a
 * folder that is not writable is an error of the call, and nothing has changed then.
 *
 * @throws {Error} when the database cannot be prepared, or has tables of a newer version
 * @throws {RangeError} when `busyTimeoutMs` is not a whole number of milliseconds
 * @throws {TypeError} for an option of an unknown name, and an unknown word
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { sqliteStore } from "@routilux/routilux/stores/sqlite";
 *
 * const database = new DatabaseSync(":memory:"); // in production: a path
 * const store = sqliteStore(database);
 * await store.list({ status: "running" }); // { jobs: [] }
 * await store.close();
 * database.close();
 * ```
 */
export function sqliteStore(database: SqliteDatabase, options: SqliteStoreOptions = {}): Store {
  const action = "Cannot open the SQLite store";
  checkOptions(action, options, { synchronous: true, busyTimeoutMs: true });
  const { synchronous = "full", busyTimeoutMs = 5_000 } = options;
  checkWord(action, "synchronous", synchronous, ["normal", "full"]);
  checkInteger(action, "busyTimeoutMs", busyTimeoutMs, 0);
  const queries = queriesOf(database);
  openDatabase(database, queries, synchronous, busyTimeoutMs);
  const writer = groupWriter(database, busyTimeoutMs);
  /** Runs a read, after the pending writes: so a read sees all writes requested before it. */
  const read = <T>(run: () => T): T => {
    writer.flush();
    return guarded(busyTimeoutMs, run);
  };
  const store = storeOver({
    name: "The SQLite store",
    queries,
    write: writer.write,
    read,
    readAtOnce: (run) =>
      read(() => {
        queries.run("BEGIN");
        try {
          return run();
        } finally {
          queries.run("COMMIT");
        }
      }),
    close: writer.flush,
  });
  const locks = processLocks(database, queries, busyTimeoutMs);
  return locks === undefined ? store : lockedStore(store, locks, writer);
}

/** A store whose process has a lock: the jobs of processes that are gone are free at once. */
function lockedStore(store: Store, locks: ProcessLocks, writer: GroupWriter): Store {
  const endDead = (): void => {
    // A transaction of the writer has come to its end then.
    writer.flush();
    locks.endDead();
  };
  return {
    ...store,
    async enter(query) {
      endDead();
      const answer = await store.enter(query);
      if (answer.incarnation !== undefined) locks.entered(answer.incarnation);
      return answer;
    },
    take(query) {
      endDead();
      return store.take(query);
    },
    claim(query) {
      endDead();
      return store.claim(query);
    },
    // A worker without work asks only this: it would hear of the jobs of a dead process when their leases end.
    nextDueAt(query) {
      endDead();
      return store.nextDueAt(query);
    },
    close() {
      const closed = store.close();
      locks.release();
      return closed;
    },
  };
}
