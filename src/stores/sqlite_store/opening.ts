import { type Queries, rowOf } from "../sqlite_kit/queries.ts";
import { prepareTables } from "../sqlite_kit/schema.ts";
import { guarded, isLocked, type SqliteDatabase } from "./database.ts";

/** The size to which the write-ahead log is truncated after a checkpoint, in bytes. */
const LONGEST_LOG = 16_000_000;

/** How long the connection waits before it asks again for a database that is locked, in milliseconds. */
const RETRY_MS = 5;

/** What a commit waits for: `"normal"` for the operating system, `"full"` for the disk. */
export type SqliteSync = "normal" | "full";

/** Configures a connection, and creates the tables if they do not exist. */
export function openDatabase(
  database: SqliteDatabase,
  queries: Queries,
  synchronous: SqliteSync,
  busyTimeoutMs: number,
): void {
  guarded(busyTimeoutMs, () => {
    database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    const mode = useWriteAheadLog(database, busyTimeoutMs);
    if (mode !== "wal" && mode !== "memory") {
      throw new Error(
        `Cannot open the SQLite store: the database needs a write-ahead log, its journal mode is "${mode}"`,
      );
    }
    database.exec(`PRAGMA synchronous = ${synchronous}`);
    // Some systems, such as macOS, do not flush the disk's own cache on `fsync`; this setting does.
    database.exec(`PRAGMA fullfsync = ${synchronous === "full" ? 1 : 0}`);
    database.exec(`PRAGMA journal_size_limit = ${LONGEST_LOG}`);
    database.exec("BEGIN IMMEDIATE");
    try {
      prepareTables(queries, (sql) => database.exec(sql));
      database.exec("COMMIT");
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  });
}

/**
 * Switches to a write-ahead log, and returns the journal mode. While another process does the same, as when two open a new database,
 * SQLite refuses at once whatever its busy timeout is, because one that waited could wait for itself: so the wait is made here.
 */
function useWriteAheadLog(database: SqliteDatabase, busyTimeoutMs: number): unknown {
  const end = performance.now() + busyTimeoutMs;
  while (true) {
    try {
      return rowOf(database.prepare("PRAGMA journal_mode = WAL").get())?.["journal_mode"];
    } catch (error) {
      if (!isLocked(error) || performance.now() >= end) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
