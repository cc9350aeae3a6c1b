/** A value of a column. */
export type SqliteValue = string | number | bigint | null | Uint8Array;

/** The columns of a row by name. */
export type Row = Readonly<Record<string, unknown>>;

/** Runs statements by their texts. */
export interface Queries {
  /** Longer texts are kept in parts, if there is a limit: in UTF-16 code units. */
  readonly longestText: number | undefined;
  /** Runs a statement, and returns the number of changed rows. */
  run(sql: string, ...values: SqliteValue[]): number;
  /** Returns the first row, if any. */
  get(sql: string, ...values: SqliteValue[]): Row | undefined;
  /** Returns the only number of the only row. */
  number(sql: string, ...values: SqliteValue[]): number;
  /** Returns all rows. */
  all(sql: string, ...values: SqliteValue[]): Row[];
}

/** The row that a statement returned, if any. */
export function rowOf(value: unknown): Row | undefined {
  return isRow(value) ? value : undefined;
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null;
}
