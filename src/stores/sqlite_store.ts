import { FencedError } from "../base/errors.ts";
import { checkInteger, checkWord } from "../base/options.ts";
import type { JobHead, JobRecord, NewJob, Store, StoredJob } from "../ports/store.ts";
import { checkEntries } from "../ports/store_checks.ts";
import { Watchers } from "../ports/watchers.ts";
import {
  guarded,
  type Row,
  rowOf,
  type SqliteDatabase,
  type SqliteValue,
  statementsOf,
} from "./sqlite_store/database.ts";
import { groupWriter } from "./sqlite_store/group_writer.ts";
import { JobNumbers } from "./sqlite_store/job_numbers.ts";
import { listPage, toCommand, toHeadRow, toLimit, toRecord } from "./sqlite_store/rows.ts";
import { openDatabase, type SqliteSync } from "./sqlite_store/schema.ts";
import * as sql from "./sqlite_store/statements.ts";
import { fromColumn, toColumn } from "./sqlite_store/text.ts";

export type { SqliteDatabase, SqliteStatement, SqliteValue } from "./sqlite_store/database.ts";
export type { SqliteSync } from "./sqlite_store/schema.ts";

/** How a store keeps jobs in SQLite. */
export interface SqliteStoreOptions {
  /**
   * How far a write must have come before it counts as stored. `"full"`: it is on the disk, and survives the loss of power
   * as far as the disk tells the truth. `"normal"`: the operating system has it; it survives the end of the process,
   * `kill -9` too, but the last ones may be gone after a loss of power or a crash of the system: jobs are whole then, and
   * go on from a little earlier. @default {"full"}
   */
  readonly synchronous?: SqliteSync;
  /**
   * The longest that a call waits while another process has locked the database, in milliseconds. It blocks this process
   * meanwhile. @default {5000}
   */
  readonly busyTimeoutMs?: number;
}

/**
 * A store in a SQLite database: one file, beside it a write-ahead log while it is open. The database is handed in, a
 * `DatabaseSync` of `node:sqlite` (Deno, Node, Bun) or a `Database` of `bun:sqlite`; the store makes its tables, called
 * `routilux_…`, where there are none. It leaves closing to you: close the store first, then the database.
 *
 * Give it a connection of its own: what is written in a transaction that you have begun on the same connection is stored
 * when you commit, not before. Other connections and processes may use the same file at the same time, for other jobs or
 * for the same ones; one that lives on a network drive may be opened by one machine only.
 *
 * What it guarantees: a write is all there or not at all, whenever the process ends. What has been answered survives the
 * end of the process, and with `synchronous: "full"` the loss of power too. Writes that are asked for in the same turn of
 * the event loop share a transaction, so many jobs at once cost one sync. A database that stays locked by another process,
 * a full disk or a folder that can't be written to is an error of the call; nothing has changed then.
 *
 * @throws {Error} when the database can't be prepared, or has tables of a newer version
 * @throws {RangeError} when `busyTimeoutMs` is not a count of milliseconds
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { sqliteStore } from "@routilux/routilux/stores/sqlite";
 *
 * const database = new DatabaseSync(":memory:"); // in earnest: a path
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
  const numbers = new JobNumbers();
  const writer = groupWriter(database, busyTimeoutMs, () => numbers.forgetAll());
  const watchers = new Watchers();
  let isClosed = false;

  const checkOpen = (): void => {
    if (isClosed) throw new Error("The SQLite store is closed");
  };
  const write = <T>(make: () => T, isSingle?: boolean): Promise<T> => {
    checkOpen();
    return writer.write(make, isSingle);
  };
  /** Reads see what was written before them in the same turn. */
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

  /** Adds an entry after the expected revision, and gives the job's number. */
  const addEntry = (jobId: string, expected: number, entry: string): number => {
    const text = toColumn(entry);
    const known = numbers.get(jobId);
    if (known !== undefined && run(sql.ADD_FENCED_ENTRY, known, expected, text)) return known;
    const row = get(sql.FIND, toColumn(jobId));
    if (row === undefined) throw new FencedError(jobId, expected, undefined);
    const number = Number(row["number"]);
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
        throw new RangeError(`Cannot append to job "${jobId}": it has had as many entries as SQLite can tell apart`);
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
      if (isThere) watchers.tell(jobId);
      return isThere;
    },
    inbox: (jobId, after) => read(() => all(sql.COMMANDS, toColumn(jobId), after).map(toCommand)),
    due: ({ now, owner, limit }) =>
      read(() => records(sql.DUE, now, owner === undefined ? null : toColumn(owner), toLimit(limit))),
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
