import { type Queries, rowOf, type SqliteValue } from "../sqlite_kit/queries.ts";

/** The part of a prepared statement that the store uses. */
export interface SqliteStatement {
  /** Runs the statement, and returns the number of changed rows. */
  run(...values: SqliteValue[]): { readonly changes: number | bigint };
  /** Returns the first row; `undefined` or `null` when there is none. */
  get(...values: SqliteValue[]): unknown;
  /** Returns all rows. */
  all(...values: SqliteValue[]): unknown[];
}

/**
 * The part of a database that the store uses; `DatabaseSync` of `node:sqlite` and `Database` of `bun:sqlite` have it.
 */
export interface SqliteDatabase {
  /** Runs statements that return no rows. */
  exec(sql: string): unknown;
  /** Prepares a statement. */
  prepare(sql: string): SqliteStatement;
}

/** Makes the queries of a database: each statement is prepared once. */
export function queriesOf(database: SqliteDatabase): Queries {
  const prepared = new Map<string, SqliteStatement>();
  const statement = (sql: string): SqliteStatement => {
    let known = prepared.get(sql);
    if (known === undefined) prepared.set(sql, known = database.prepare(sql));
    return known;
  };
  return {
    longestText: undefined,
    run: (sql, ...values) => Number(statement(sql).run(...values).changes),
    get: (sql, ...values) => rowOf(statement(sql).get(...values)),
    number: (sql, ...values) => Number(Object.values(rowOf(statement(sql).get(...values)) ?? {})[0]),
    all: (sql, ...values) => statement(sql).all(...values).map(rowOf).filter((row) => row !== undefined),
  };
}

/** Whether a statement has failed because another process has locked the database. */
export function isLocked(error: unknown): boolean {
  return error instanceof Error && /\bis (locked|busy)\b/.test(error.message);
}

/** Runs work on the database; if another process has locked it, the error says so. */
export function guarded<T>(busyTimeoutMs: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!isLocked(error)) throw error;
    throw new Error(`The database was locked by another process for more than ${busyTimeoutMs} ms`, { cause: error });
  }
}
