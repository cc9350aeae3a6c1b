import { type Queries, rowOf, type SqliteValue } from "../sqlite_kit/queries.ts";

/** A value that a Durable Object's database takes and returns. */
export type SqlStorageValue = string | number | null | ArrayBuffer;

/** The part of `ctx.storage.sql` that the store uses. */
export interface SqlStorage {
  /** Runs a statement. */
  exec(query: string, ...bindings: SqlStorageValue[]): { toArray(): unknown[] };
}

/** The part of a Durable Object's `ctx.storage` that the store uses. */
export interface DurableObjectStorage {
  /** The database of the object. */
  readonly sql: SqlStorage;
  /** Runs statements, all or none. */
  transactionSync<T>(run: () => T): T;
  /** Sets when the object is to be woken, in milliseconds since 1970. */
  setAlarm(at: number): Promise<void>;
  /** Lets the object sleep. */
  deleteAlarm(): Promise<void>;
}

/** A row has at most 2 MB, and a code unit takes up to three bytes. */
const LONGEST_TEXT = 600_000;
const CHANGES = "SELECT changes() AS changes";

/** Makes the queries of an object's database. */
export function queriesOf(sql: SqlStorage): Queries {
  const all: Queries["all"] = (text, ...values) =>
    sql.exec(text, ...values.map(toBinding)).toArray().map(rowOf).filter((row) => row !== undefined).map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, fromColumn(value)]))
    );
  const get: Queries["get"] = (text, ...values) => all(text, ...values)[0];
  const number: Queries["number"] = (text, ...values) => Number(Object.values(get(text, ...values) ?? {})[0]);
  return {
    longestText: LONGEST_TEXT,
    run(text, ...values) {
      all(text, ...values);
      // The cursor counts the rows of indexes, too.
      return number(CHANGES);
    },
    get,
    number,
    all,
  };
}

function toBinding(value: SqliteValue): SqlStorageValue {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint8Array) return new Uint8Array(value).buffer;
  return value;
}

function fromColumn(value: unknown): unknown {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : value;
}
