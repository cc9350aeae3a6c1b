import { FencedError } from "../base/errors.ts";
import { checkInteger, checkWord } from "../base/options.ts";
import type { JobHead, JobRecord, NewJob, Store, StoredJob } from "../ports/store.ts";
import { checkEntries, CommandWatchers } from "../ports/store_kit.ts";
import {
  guarded,
  type Row,
  rowOf,
  type SqliteDatabase,
  type SqliteValue,
  statementsOf,
} from "./sqlite_store/database.ts";
import { groupWriter } from "./sqlite_store/group_writer.ts";
import { listPage, toCommand, toHeadRow, toLimit, toRecord } from "./sqlite_store/rows.ts";
import { openDatabase, type SqliteSync } from "./sqlite_store/schema.ts";
import * as sql from "./sqlite_store/statements.ts";
import { fromColumn, isText, toColumn } from "./sqlite_store/text.ts";

export type { SqliteDatabase, SqliteStatement, SqliteValue } from "./sqlite_store/database.ts";
export type { SqliteSync } from "./sqlite_store/schema.ts";

/** The maximum number of job numbers kept in memory. */
const MOST_NUMBERS = 10_000;

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
 * or for the same ones. A file on a network drive may be opened by one machine only.
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
  const { synchronous = "full", busyTimeoutMs = 5_000 } = options;
  const action = "Cannot open the SQLite store";
  checkWord(action, "synchronous", synchronous, ["normal", "full"]);
  checkInteger(action, "busyTimeoutMs", busyTimeoutMs, 0);
  openDatabase(database, synchronous, busyTimeoutMs);
  const statement = statementsOf(database);
  // The numbers of jobs that were written to. An outdated number does no harm as long as no other job has it: SQLite gives each
  // number once, unless the transaction that gave it is rolled back.
  const numbers = new Map<string, number>();
  const writer = groupWriter(database, busyTimeoutMs, () => numbers.clear());
  const watchers = new CommandWatchers();
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
  const run = (text: string, ...values: SqliteValue[]): boolean => Number(statement(text).run(...values).changes) > 0;
  const get = (text: string, ...values: SqliteValue[]): Row | undefined => rowOf(statement(text).get(...values));
  const all = (text: string, ...values: SqliteValue[]): Row[] =>
    statement(text).all(...values).map(rowOf).filter((row) => row !== undefined);
  const records = (text: string, ...values: SqliteValue[]): JobRecord[] => all(text, ...values).map(toRecord);

  /** Appends an entry after the expected revision, and returns the job's number. */
  const addEntry = (jobId: string, expected: number, entry: string): number => {
    const text = toColumn(entry);
    const known = numbers.get(jobId);
    if (known !== undefined && run(sql.ADD_FENCED_ENTRY, known, expected, text)) return known;
    const row = get(sql.FIND, toColumn(jobId));
    if (row === undefined) throw new FencedError(jobId, expected, undefined);
    const number = Number(row["number"]);
    if (numbers.size >= MOST_NUMBERS) numbers.clear();
    numbers.set(jobId, number);
    if (number !== known && run(sql.ADD_FENCED_ENTRY, number, expected, text)) return number;
    throw new FencedError(jobId, expected, Number(row["revision"]));
  };

  const setHead = (id: SqliteValue, head: JobHead): void => {
    const before = get(sql.GET_HEAD, id);
    const changes = Object.entries(toHeadRow(head)).filter(([column, value]) => before?.[column] !== value);
    const columns = changes.map(([column]) => column);
    if (columns.length > 0) run(sql.setHead(columns), ...changes.map(([, value]) => value), id);
  };

  return {
    create: ({ jobId, createdAt, flow, snapshot, head }: NewJob) =>
      write(() => {
        const id = toColumn(jobId);
        if (!run(sql.ADD_JOB, id, createdAt, ...Object.values(toHeadRow(head)))) return false;
        run(sql.ADD_DOCUMENTS, id, toColumn(flow), toColumn(snapshot));
        return true;
      }),
    find: (jobId) =>
      read(() => {
        const row = get(sql.FIND, toColumn(jobId));
        return row && toRecord(row);
      }),
    load: (jobId) =>
      read((): StoredJob | undefined => {
        const id = toColumn(jobId);
        statement("BEGIN").run();
        try {
          const row = get(sql.LOAD, id);
          if (row === undefined) return undefined;
          const entries = all(sql.ENTRIES, id).map((it) => fromColumn(it["text"]));
          return {
            record: toRecord(row),
            flow: fromColumn(row["flow"]),
            snapshot: fromColumn(row["snapshot"]),
            snapshotRevision: Number(row["snapshot_revision"]),
            entries,
          };
        } finally {
          statement("COMMIT").run();
        }
      }),
    append(jobId, expectedRevision, entries, head): Promise<void> {
      checkEntries(jobId, entries);
      if (expectedRevision + entries.length >= sql.NO_REVISION) {
        throw new RangeError(
          `Cannot append to job "${jobId}": its journal has reached the highest revision that a SQLite store can hold`,
        );
      }
      const [first, ...others] = entries;
      if (head === undefined && others.length === 0) {
        return write(() => void addEntry(jobId, expectedRevision, first), true);
      }
      return write(() => {
        const number = addEntry(jobId, expectedRevision, first);
        for (const [index, entry] of others.entries()) {
          run(sql.ADD_ENTRY, number, expectedRevision + index + 2, toColumn(entry));
        }
        if (head !== undefined) setHead(toColumn(jobId), head);
      });
    },
    compact: (jobId, revision, snapshot) =>
      write(() => {
        const id = toColumn(jobId);
        if (!run(sql.SET_SNAPSHOT_REVISION, id, revision)) return;
        run(sql.SET_SNAPSHOT, id, toColumn(snapshot));
        run(sql.DROP_ENTRIES, id, revision);
      }),
    async send(jobId, text, key): Promise<boolean> {
      const isThere = await write(() => {
        const id = toColumn(jobId);
        if (run(sql.ADD_COMMAND, id, toColumn(key), toColumn(text))) return run(sql.COUNT_COMMAND, id);
        return get(sql.FIND, id) !== undefined;
      });
      if (isThere) watchers.notify(jobId);
      return isThere;
    },
    inbox: (jobId, after) => read(() => all(sql.COMMANDS, toColumn(jobId), after).map(toCommand)),
    due: ({ now, owner, limit, except = new Set() }) =>
      read(() => {
        // Texts that are no TEXT in the database are none in JSON either: their jobs are found, and left out here.
        const [plain, odd] = [[...except].filter(isText), [...except].filter((jobId) => !isText(jobId))];
        const asking = owner === undefined ? null : toColumn(owner);
        const most = toLimit(limit === undefined ? limit : limit + odd.length);
        const found = records(sql.DUE, now, asking, most, JSON.stringify(plain));
        return found.filter(({ jobId }) => !except.has(jobId)).slice(0, limit);
      }),
    watch: (onCommand) => watchers.watch(onCommand),
    list: (query = {}) => read(() => listPage(records, query)),
    delete: (jobId) =>
      write(() => {
        const id = toColumn(jobId);
        return sql.DELETE.map((text) => run(text, id)).at(-1) ?? false;
      }),
    close(): void {
      writer.flush();
      isClosed = true;
    },
  };
}
