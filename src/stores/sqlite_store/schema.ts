import { guarded, rowOf, type SqliteDatabase } from "./database.ts";

/** The version of the tables. */
const VERSION = 1;

// An entry's key is the number of its job and its revision in one: so entries are added at the end of a table that SQLite keeps
// in this order, which is the quickest way. Numbers are never given twice. Documents are kept apart from heads, which change
// often and are small.
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

/** How far a commit must have come before it counts. */
export type SqliteSync = "normal" | "full";

/** Prepares a connection, and makes the tables where there are none. */
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
    // Where a disk keeps written data back, as on macOS, only this makes it write.
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

/** The size that the write-ahead log is cut down to once it has been carried over, in bytes. */
const LONGEST_LOG = 16_000_000;

function prepareTables(database: SqliteDatabase): void {
  const known = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'routilux_meta'").get();
  if (rowOf(known) === undefined) return void database.exec(TABLES);
  const version = rowOf(database.prepare("SELECT version FROM routilux_meta").get())?.["version"];
  if (Number(version) !== VERSION) {
    throw new Error(
      `Cannot open the SQLite store: its tables are of version ${version}, this version of routilux knows ${VERSION}; ` +
        "use the newer one that made them",
    );
  }
}
