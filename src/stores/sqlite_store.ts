import { checkInteger, checkOptions, checkWord } from "../base/options.ts";
import type { Store } from "../ports/store.ts";
import { StoreWatchers } from "../ports/store_kit.ts";
import { guarded, queriesOf, type SqliteDatabase } from "./sqlite_store/database.ts";
import { groupWriter } from "./sqlite_store/group_writer.ts";
import { addCommand, commandsAfter, commandsOf, outcomeFor } from "./sqlite_store/inbox.ts";
import { countJobs, createJob, deleteLife, findJob, listJobs, loadLife, purgeJobs } from "./sqlite_store/jobs.ts";
import { addEntries, addWithHead, compactJob } from "./sqlite_store/journal.ts";
import { enter, heldBy, leave, renew } from "./sqlite_store/owners.ts";
import { openDatabase, type SqliteSync } from "./sqlite_store/schema.ts";
import * as sql from "./sqlite_store/statements.ts";
import { claimGiven, nextDueIn, takeDue } from "./sqlite_store/taking.ts";

export type { SqliteDatabase, SqliteStatement, SqliteValue } from "./sqlite_store/database.ts";
export type { SqliteSync } from "./sqlite_store/schema.ts";

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
 * Guarantees: a write is atomic, whenever the process ends. A write that was answered survives the end of the process,
 * and with `synchronous: "full"` a loss of power too. Writes requested in the same turn of the event loop share a
 * transaction, so many jobs at once cost one flush. A database that stays locked by another process, a full disk, or a
 * folder that is not writable is an error of the call, and nothing has changed then.
 *
 * @throws {Error} when the database cannot be prepared, or has tables of a newer version
 * @throws {RangeError} when `busyTimeoutMs` is not a whole number of milliseconds
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
  openDatabase(database, synchronous, busyTimeoutMs);
  const queries = queriesOf(database);
  const writer = groupWriter(database, busyTimeoutMs);
  const watchers = new StoreWatchers();
  let isClosed = false;

  const checkOpen = (): void => {
    if (isClosed) throw new Error("The SQLite store is closed");
  };
  const write = <T>(make: () => T, isSingle?: boolean): Promise<T> => {
    checkOpen();
    return writer.write(make, isSingle);
  };
  /** Runs a read, after the pending writes: so a read sees all writes requested before it. */
  const read = <T>(run: () => T): T => {
    checkOpen();
    writer.flush();
    return guarded(busyTimeoutMs, run);
  };
  /** Runs statements that read, all as of one moment. */
  const readAtOnce = <T>(run: () => T): T =>
    read(() => {
      queries.run("BEGIN");
      try {
        return run();
      } finally {
        queries.run("COMMIT");
      }
    });
  const addHead = async (...given: Parameters<Store["append"]>): Promise<"stored" | "unread"> => {
    const records = await write(() => addWithHead(queries, ...given));
    if (records === undefined) return "unread";
    watchers.tellOfAppend(records.before, records.after);
    return "stored";
  };

  return {
    async create(jobs) {
      const answers = await write(() => jobs.map((job) => createJob(queries, job)));
      for (const { isNew, record: { owner, dueAt } } of answers) {
        if (isNew && owner === undefined && dueAt !== undefined) watchers.tell({ type: "due", at: dueAt });
      }
      return answers;
    },
    find: (jobId) => read(() => findJob(queries, jobId)),
    load: (jobId) =>
      readAtOnce(() => {
        const record = findJob(queries, jobId);
        return record && loadLife(queries, record.life);
      }),
    append(claim, expectedRevision, entries, head) {
      if (expectedRevision + entries.length >= sql.NO_REVISION) {
        throw new RangeError(
          `Cannot append to job "${claim.jobId}": its journal has reached the highest revision that a SQLite store can hold`,
        );
      }
      const [first, ...others] = entries;
      if (head === undefined && first !== undefined) {
        const isSingle = others.length === 0;
        return write(() => addEntries(queries, claim, expectedRevision, [first, ...others]), isSingle);
      }
      return addHead(claim, expectedRevision, entries, head);
    },
    compact: (life, revision, snapshot) => write(() => compactJob(queries, life, revision, snapshot)),
    async send(job, command) {
      const answer = await write(() => addCommand(queries, job, command));
      if (answer === "stored") watchers.tell({ type: "command", jobId: job.jobId });
      return answer;
    },
    outcome: (job, key) => readAtOnce(() => outcomeFor(queries, job, key)),
    inbox: ({ life }, after, now) => read(() => ({ now, commands: commandsAfter(queries, life, after) })),
    commands: (owner, now) => readAtOnce(() => ({ now, jobs: commandsOf(queries, owner) })),
    async enter(query) {
      return { now: query.now, incarnation: await write(() => enter(queries, query)) };
    },
    async renew(owner, leaseMs, now) {
      return { now, isHeld: await write(() => renew(queries, owner, leaseMs, now)) };
    },
    leave: (owner) => write(() => leave(queries, owner)),
    held: (owner) => read(() => heldBy(queries, owner)),
    take: (query) => write(() => takeDue(queries, query)),
    claim: (query) => write(() => claimGiven(queries, query)),
    nextDueAt: (query) => readAtOnce(() => nextDueIn(queries, query)),
    watch: (onEvent) => watchers.watch(onEvent),
    list: (query = {}) => read(() => listJobs(queries, query)),
    count: (filter = {}) => read(() => countJobs(queries, filter)),
    delete: (life) => write(() => deleteLife(queries, life)),
    purge: (query) => write(() => purgeJobs(queries, query)),
    close(): void {
      writer.flush();
      isClosed = true;
    },
  };
}
