import type { Queries } from "./queries.ts";
import { DUE_ORDER } from "./statements.ts";

/** The version of the tables. */
const VERSION = 1;

// A job's number is its life, which is never reused. An entry's key combines the life of its job (upper half) and its revision
// (lower half): SQLite keeps rowid tables in key order, so appending is the cheapest insert. Documents have their own table, apart
// from the records, which are small and change often. Texts that are too long for a row are in parts.
//
// Nothing is written to a job when a lease is renewed or ends: whether a job is held follows from its incarnation and the leases.
// The three generated columns say why and since when a job may be taken:
// - `holder`: the incarnation that has claimed it; 0 for none.
// - `reason`: 2 when it has commands that are not consumed, else 1 when it is claimed, else 0 when it has a `due_at`; NULL when
//   only a command makes it due.
// - `since`: by this, jobs of one holder and reason are in the order in which they are taken.
const TABLES = `
CREATE TABLE routilux_meta (version INTEGER NOT NULL, incarnations INTEGER NOT NULL, survived TEXT NOT NULL);
INSERT INTO routilux_meta (version, incarnations, survived) VALUES (${VERSION}, 0, '[]');
CREATE TABLE routilux_leases (
  incarnation INTEGER PRIMARY KEY, owner TEXT NOT NULL, until INTEGER NOT NULL, token TEXT NOT NULL
);
CREATE TABLE routilux_flows (
  flow INTEGER PRIMARY KEY, flow_id TEXT NOT NULL, flow_hash TEXT NOT NULL, text TEXT NOT NULL
);
CREATE TABLE routilux_jobs (
  life INTEGER PRIMARY KEY AUTOINCREMENT, epoch INTEGER NOT NULL, snapshot_revision INTEGER NOT NULL DEFAULT 0,
  job_id TEXT UNIQUE NOT NULL, created_at INTEGER NOT NULL, flow INTEGER NOT NULL, flow_id TEXT NOT NULL,
  queue TEXT NOT NULL, priority INTEGER NOT NULL, tags TEXT NOT NULL, parent_id TEXT,
  status TEXT NOT NULL, due_at INTEGER, ended_at INTEGER, owner TEXT, incarnation INTEGER,
  consumed INTEGER NOT NULL DEFAULT 0, sent INTEGER NOT NULL DEFAULT 0,
  holder INTEGER AS (coalesce(incarnation, 0)),
  reason INTEGER AS (CASE WHEN sent > consumed THEN 2 WHEN incarnation IS NOT NULL THEN 1
    WHEN due_at IS NOT NULL THEN 0 END),
  since INTEGER AS (CASE WHEN sent > consumed OR incarnation IS NOT NULL THEN created_at ELSE due_at END)
);
CREATE TABLE routilux_documents (life INTEGER PRIMARY KEY, token TEXT NOT NULL, snapshot TEXT NOT NULL);
CREATE TABLE routilux_entries (position INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE routilux_parts (
  life INTEGER NOT NULL, kind TEXT NOT NULL, revision INTEGER NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL,
  PRIMARY KEY (life, kind, revision, number)
) WITHOUT ROWID;
CREATE TABLE routilux_commands (
  life INTEGER NOT NULL, sequence INTEGER NOT NULL, key TEXT NOT NULL, hash TEXT NOT NULL, text TEXT NOT NULL,
  reopens INTEGER NOT NULL, used_at INTEGER, refusal TEXT, PRIMARY KEY (life, sequence), UNIQUE (life, key)
) WITHOUT ROWID;
CREATE TABLE routilux_queues (queue TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX routilux_leases_by_owner ON routilux_leases (owner);
CREATE INDEX routilux_flows_by_hash ON routilux_flows (flow_hash);
CREATE INDEX routilux_jobs_by_reason ON routilux_jobs (${DUE_ORDER}) WHERE reason IS NOT NULL;
CREATE INDEX routilux_jobs_by_creation ON routilux_jobs (created_at, job_id);
CREATE INDEX routilux_jobs_by_flow ON routilux_jobs (flow_id, created_at, job_id);
CREATE INDEX routilux_jobs_by_status ON routilux_jobs (status, created_at, job_id);
CREATE INDEX routilux_jobs_by_queue ON routilux_jobs (queue, created_at, job_id);
CREATE INDEX routilux_jobs_by_parent ON routilux_jobs (parent_id, created_at, job_id) WHERE parent_id IS NOT NULL;
CREATE INDEX routilux_jobs_by_document ON routilux_jobs (flow);
CREATE INDEX routilux_jobs_by_end ON routilux_jobs (ended_at, status) WHERE ended_at IS NOT NULL AND reason IS NULL;
`;

/**
 * Creates the tables if they do not exist.
 *
 * @throws {Error} when they are of another version
 */
export function prepareTables(queries: Queries, exec: (sql: string) => unknown): void {
  if (queries.get("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'routilux_meta'") === undefined) {
    return void exec(TABLES);
  }
  const version = queries.number("SELECT version FROM routilux_meta");
  if (version !== VERSION) {
    throw new Error(
      `Cannot open the SQLite store: its tables have version ${version}, this version of routilux supports ${VERSION}; ` +
        "use the newer version that created them",
    );
  }
}
