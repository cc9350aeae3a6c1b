/** A value of a column. */
export type SqliteValue = string | number | bigint | null | Uint8Array;

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

/** The columns of a row by name. */
export type Row = Readonly<Record<string, unknown>>;

/** Returns a statement by its text; each is prepared once. */
export type Statements = (sql: string) => SqliteStatement;

/** Makes a cache of prepared statements. */
export function statementsOf(database: SqliteDatabase): Statements {
  const prepared = new Map<string, SqliteStatement>();
  return (sql) => {
    let statement = prepared.get(sql);
    if (statement === undefined) prepared.set(sql, statement = database.prepare(sql));
    return statement;
  };
}

/** The row that a statement returned, if any. */
export function rowOf(value: unknown): Row | undefined {
  return isRow(value) ? value : undefined;
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null;
}

/** Runs work on the database; if another process has locked it, the error says so. */
export function guarded<T>(busyTimeoutMs: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Error) || !/\bis (locked|busy)\b/.test(error.message)) throw error;
    throw new Error(`The database was locked by another process for more than ${busyTimeoutMs} ms`, { cause: error });
  }
}
