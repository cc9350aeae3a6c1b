import type { Queries } from "../sqlite_kit/queries.ts";
import { leave } from "../sqlite_kit/owners.ts";
import { fromColumn } from "../sqlite_kit/text.ts";
import { isLocked, type SqliteDatabase } from "./database.ts";

/** How many processes have locks at the most; others are found dead when their leases end. */
const MOST_PROCESSES = 64;

/** How long to wait before it is looked again whether processes have ended, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/** The names under which files of locks are attached: the own one, and that of a process that may have ended. */
const OWN = "routilux_process";
const OTHER = "routilux_other";

const TABLE = "CREATE TABLE IF NOT EXISTS routilux_processes (incarnation INTEGER PRIMARY KEY, file INTEGER NOT NULL)";
const EXISTS = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'routilux_processes'";
const ADD = "INSERT OR REPLACE INTO routilux_processes (incarnation, file) VALUES (?1, ?2)";
const FORGET =
  "DELETE FROM routilux_processes WHERE incarnation NOT IN (SELECT incarnation FROM routilux_leases WHERE until > 0)";
const DROP = "DELETE FROM routilux_processes WHERE file = ?1";
const FILES = "SELECT DISTINCT file FROM routilux_processes WHERE file <> ?1";
const INCARNATIONS = `SELECT l.owner, l.incarnation FROM routilux_processes p
  JOIN routilux_leases l ON l.incarnation = p.incarnation WHERE p.file = ?1`;

/**
 * Tells by locks of the operating system, which end with a process however it ends, whose engines are gone: their leases are ended at
 * once. Each process with engines has locked one of some files beside the database, and the table `routilux_processes` says which
 * incarnations it has. SQLite itself takes the locks, so that it is the same in every runtime: a file is a database, attached in
 * exclusive mode.
 */
export class ProcessLocks {
  readonly #database: SqliteDatabase;
  readonly #queries: Queries;
  readonly #busyTimeoutMs: number;
  readonly #path: string;
  /** The number of the locked file. */
  #file: number | undefined;
  #lookedAt = -Infinity;
  #isReleased = false;

  /** Makes the locks beside a database, which is in a file. */
  constructor(database: SqliteDatabase, queries: Queries, busyTimeoutMs: number, path: string) {
    this.#database = database;
    this.#queries = queries;
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#path = path;
  }

  /** An engine of this process has entered. Without a lock, others learn of its death by its lease. */
  entered(incarnation: number): void {
    this.#quietly(() => {
      this.#file ??= this.#lockOne();
      if (this.#file === undefined) return;
      this.#queries.run(FORGET);
      this.#queries.run(ADD, incarnation, this.#file);
    });
  }

  /** Ends the leases of processes that are gone; at most once a second. */
  endDead(): void {
    const now = performance.now();
    if (now - this.#lookedAt < LOOK_AGAIN_MS) return;
    this.#lookedAt = now;
    this.#quietly(() => {
      if (this.#queries.get(EXISTS) === undefined) return;
      for (const row of this.#queries.all(FILES, this.#file ?? -1)) this.#endDeadOf(Number(row["file"]));
    });
  }

  /** Gives up the lock: the store is closed, which says nothing of its engines. Their leases go on. */
  release(): void {
    this.#quietly(() => {
      if (this.#file === undefined) return;
      this.#queries.run(DROP, this.#file);
      this.#database.exec(`DETACH DATABASE ${OWN}`);
    });
    this.#isReleased = true;
  }

  /** Locks a file that no process has locked, and ends the leases of those who had it locked before. */
  #lockOne(): number | undefined {
    for (let file = 0; file < MOST_PROCESSES; file++) {
      if (!this.#attach(OWN, file)) continue;
      try {
        // The lock is taken by the first write, and kept.
        this.#queries.get(`PRAGMA ${OWN}.locking_mode = EXCLUSIVE`);
        this.#queries.get(`PRAGMA ${OWN}.journal_mode = MEMORY`);
        this.#database.exec(`PRAGMA ${OWN}.synchronous = OFF`);
        this.#transact(() => {
          this.#database.exec(`PRAGMA ${OWN}.user_version = 1`);
          this.#database.exec(TABLE);
          this.#end(file);
        });
        return file;
      } catch (error) {
        this.#database.exec(`DETACH DATABASE ${OWN}`);
        if (!isLocked(error)) throw error;
      }
    }
    return undefined;
  }

  /** Ends the leases of a process if nobody has locked its file. While they are ended, nobody can. */
  #endDeadOf(file: number): void {
    if (!this.#attach(OTHER, file)) return;
    try {
      // The transaction reserves all attached files; that of a process that has locked it since is refused.
      this.#transact(() => this.#end(file));
    } catch (error) {
      if (!isLocked(error)) throw error;
    } finally {
      this.#database.exec(`DETACH DATABASE ${OTHER}`);
    }
  }

  #end(file: number): void {
    for (const row of this.#queries.all(INCARNATIONS, file)) {
      leave(this.#queries, { owner: fromColumn(row["owner"]), incarnation: Number(row["incarnation"]) });
    }
    this.#queries.run(DROP, file);
  }

  /** Attaches a file, unless a process has locked it. */
  #attach(name: string, file: number): boolean {
    const path = `${this.#path}-process-${file}`.replaceAll("'", "''");
    try {
      this.#atOnce(() => this.#database.exec(`ATTACH DATABASE '${path}' AS ${name}`));
    } catch (error) {
      if (isLocked(error)) return false;
      throw error;
    }
    return true;
  }

  #transact(make: () => void): void {
    this.#atOnce(() => this.#database.exec("BEGIN IMMEDIATE"));
    try {
      make();
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Runs a statement that does not wait for locks. */
  #atOnce(run: () => void): void {
    this.#database.exec("PRAGMA busy_timeout = 0");
    try {
      run();
    } finally {
      this.#database.exec(`PRAGMA busy_timeout = ${this.#busyTimeoutMs}`);
    }
  }

  /** The lease is what counts: where no file can be locked, or the database is busy, nothing is lost but time. */
  #quietly(run: () => void): void {
    if (this.#isReleased) return;
    try {
      run();
    } catch {
      // Somebody has a transaction open on the connection, the folder is not writable, or the disk is full.
    }
  }
}

/** The locks beside a database; `undefined` for one that is not in a file. */
export function processLocks(
  database: SqliteDatabase,
  queries: Queries,
  busyTimeoutMs: number,
): ProcessLocks | undefined {
  const main = queries.all("PRAGMA database_list").find((row) => row["name"] === "main");
  const path = main?.["file"];
  return typeof path === "string" && path !== "" ? new ProcessLocks(database, queries, busyTimeoutMs, path) : undefined;
}
