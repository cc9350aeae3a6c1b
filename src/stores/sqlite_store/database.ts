/** What SQLite keeps in a column. */
export type SqliteValue = string | number | bigint | null | Uint8Array;

/** What the store uses of a prepared statement. */
export interface SqliteStatement {
  /** Runs it, and says how many rows it has changed. */
  run(...values: SqliteValue[]): { readonly changes: number | bigint };
  /** The first row; `undefined` or `null` for none. */
  get(...values: SqliteValue[]): unknown;
  /** All rows. */
  all(...values: SqliteValue[]): unknown[];
}

/** What the store uses of a database: `DatabaseSync` of `node:sqlite` and `Database` of `bun:sqlite` have it. */
export interface SqliteDatabase {
  /** Runs statements that give no rows. */
  exec(sql: string): unknown;
  /** Prepares a statement. */
  prepare(sql: string): SqliteStatement;
}

/** The columns of a row by name. */
export type Row = Readonly<Record<string, unknown>>;

/** Statements by their text, each prepared once. */
export type Statements = (sql: string) => SqliteStatement;

/** Prepares each statement when it is needed first. */
export function statementsOf(database: SqliteDatabase): Statements {
  const prepared = new Map<string, SqliteStatement>();
  return (sql) => {
    let statement = prepared.get(sql);
    if (statement === undefined) prepared.set(sql, statement = database.prepare(sql));
    return statement;
  };
}

/** The row that a statement gave, if any. */
export function rowOf(value: unknown): Row | undefined {
  return isRow(value) ? value : undefined;
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null;
}

/** Runs something on the database; that another process has locked it is said so. */
export function guarded<T>(busyTimeoutMs: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Error) || !/\bis (locked|busy)\b/.test(error.message)) throw error;
    throw new Error(`The database was locked by another process for more than ${busyTimeoutMs} ms`, { cause: error });
  }
}
