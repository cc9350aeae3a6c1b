import { guarded, rowOf, type SqliteDatabase } from "./database.ts";

/** The version of the tables. */
const VERSION = 1;

// An entry's key combines the number of its job (upper half) and its revision (lower half). SQLite keeps rowid tables
// in key order, so appending is the cheapest insert. Numbers are never reused. Documents have their own table, apart
// from the heads, which are small and change often.
const TABLES = `
CREATE TABLE routilux_meta (version INTEGER NOT NULL);
INSERT INTO routilux_meta (version) VALUES (${VERSION});
CREATE TABLE routilux_jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT UNIQUE NOT NULL, created_at INTEGER NOT NULL,
  flow_id TEXT NOT NULL, status TEXT NOT NULL, wake_at INTEGER, owner TEXT, epoch INTEGER NOT NULL,
  consumed INTEGER NOT NULL, sent INTEGER NOT NULL DEFAULT 0, snapshot_revision INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE routilux_documents (job_id TEXT PRIMARY KEY NOT NULL, flow TEXT NOT NULL, snapshot TEXT NOT NULL);
CREATE TABLE routilux_entries (position INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE routilux_commands (
  job_id TEXT NOT NULL, sequence INTEGER NOT NULL, key TEXT NOT NULL, text TEXT NOT NULL,
  PRIMARY KEY (job_id, sequence), UNIQUE (job_id, key)
) WITHOUT ROWID;
CREATE INDEX routilux_jobs_by_creation ON routilux_jobs (created_at, job_id);
CREATE INDEX routilux_jobs_by_flow ON routilux_jobs (flow_id, created_at, job_id);
CREATE INDEX routilux_jobs_by_status ON routilux_jobs (status, created_at, job_id);
CREATE INDEX routilux_jobs_by_wake_at ON routilux_jobs (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX routilux_jobs_by_owner ON routilux_jobs (owner) WHERE owner IS NOT NULL;
CREATE INDEX routilux_jobs_addressed ON routilux_jobs (job_id) WHERE sent > consumed;
`;

/** What a commit waits for: `"normal"` for the operating system, `"full"` for the disk. */
export type SqliteSync = "normal" | "full";

/** Configures a connection, and creates the tables if they do not exist. */
export function openDatabase(database: SqliteDatabase, synchronous: SqliteSync, busyTimeoutMs: number): void {
  guarded(busyTimeoutMs, () => {
    database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    const mode = rowOf(database.prepare("PRAGMA journal_mode = WAL").get())?.["journal_mode"];
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
      prepareTables(database);
      database.exec("COMMIT");
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  });
}

/** The size to which the write-ahead log is truncated after a checkpoint, in bytes. */
const LONGEST_LOG = 16_000_000;

function prepareTables(database: SqliteDatabase): void {
  const known = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'routilux_meta'").get();
  if (rowOf(known) === undefined) return void database.exec(TABLES);
  const version = rowOf(database.prepare("SELECT version FROM routilux_meta").get())?.["version"];
  if (Number(version) !== VERSION) {
    throw new Error(
      `Cannot open the SQLite store: its tables have version ${version}, this version of routilux supports ${VERSION}; ` +
        "use the newer version that created them",
    );
  }
}
