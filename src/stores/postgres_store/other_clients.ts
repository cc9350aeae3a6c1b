import type { PostgresClient, PostgresTransaction, PostgresValue } from "./client.ts";
import { beginOn } from "./connections.ts";
import { rowsOf } from "./pg_client.ts";

/** A connection of Postgres.js or of Bun that was taken out of its pool. */
export interface ReservedSql {
  /** Runs a statement. */
  unsafe(text: string, values: PostgresValue[]): PromiseLike<readonly unknown[]>;
  /** Gives the connection back. */
  release(): unknown;
}

/**
 * Listens on a channel by Postgres.js or Bun, on a connection of its own that is opened again when it is lost: `onListen` is called each
 * time.
 */
export type ListenSql = (
  channel: string,
  onMessage: (payload: string) => void,
  onListen: () => void,
) => PromiseLike<{ unlisten(): Promise<void> }>;

/** The part of `postgres` (Postgres.js) that is used. */
export interface PostgresJs {
  /** Runs a statement. */
  unsafe(text: string, values: PostgresValue[], options: { prepare: boolean }): PromiseLike<readonly unknown[]>;
  /** Takes a connection out of the pool. */
  reserve(): PromiseLike<ReservedSql>;
  /** Listens on a channel. */
  readonly listen: ListenSql;
}

/** Options of `postgresJsClient`. */
export interface PostgresJsClientOptions {
  /** Whether the store listens for what other processes do; see `PgClientOptions`. @default {true} */
  readonly listens?: boolean;
  /** Whether each connection plans a statement once; see `PgClientOptions`. @default {true} */
  readonly prepares?: boolean;
}

/**
 * Makes the client of a PostgreSQL store of what the package `postgres` (Postgres.js) returns.
 *
 * @param sql what `postgres(…)` has returned
 *
 * @example
 * ```ts ignore
 * import postgres from "postgres";
 * import { postgresJsClient, postgresStore } from "@routilux/routilux/stores/postgres";
 *
 * const sql = postgres("postgres://localhost/app", { max: 5 });
 * const store = postgresStore(postgresJsClient(sql));
 * ```
 */
export function postgresJsClient(sql: PostgresJs, options: PostgresJsClientOptions = {}): PostgresClient {
  const { listens = true, prepares = true } = options;
  return {
    query: async (text, values) => {
      // Without values, several statements may be sent at once; but not as a prepared one.
      const rows = await sql.unsafe(text, [...values], { prepare: prepares && values.length > 0 });
      return rowsOf({ rows });
    },
    begin: async () => await beginReserved(await sql.reserve()),
    listen: listens ? listenBy((...args) => sql.listen(...args)) : undefined,
  };
}

function listenBy(listen: ListenSql): NonNullable<PostgresClient["listen"]> {
  return async (channel, onMessage, onGap) => {
    let isFirst = true;
    const subscription = await listen(channel, onMessage, () => {
      if (!isFirst) onGap();
      isFirst = false;
    });
    return () => subscription.unlisten();
  };
}

function beginReserved(sql: ReservedSql): Promise<PostgresTransaction> {
  return beginOn({
    query: async (text, values) => rowsOf({ rows: await sql.unsafe(text, [...values]) }),
    client: sql,
    // These pools open another connection by themselves when one is lost.
    release: () => void sql.release(),
  });
}

/** The part of `Bun.SQL` that is used. */
export interface BunSql {
  /** Runs a statement. */
  unsafe(text: string, values: PostgresValue[]): PromiseLike<readonly unknown[]>;
  /** Takes a connection out of the pool. */
  reserve(): PromiseLike<ReservedSql>;
  /** Listens on a channel; older versions of Bun cannot. */
  readonly listen?: ListenSql;
}

/** Options of `bunSqlClient`. */
export interface BunSqlClientOptions {
  /** Whether the store listens for what other processes do; see `PgClientOptions`. @default {true} */
  readonly listens?: boolean;
}

/**
 * Makes the client of a PostgreSQL store of a `SQL` of Bun. Where Bun's `SQL` has no method `listen`, engines ask for what other processes
 * do at intervals.
 *
 * @param sql a `SQL` of Bun
 *
 * @example
 * ```ts ignore
 * import { SQL } from "bun";
 * import { bunSqlClient, postgresStore } from "@routilux/routilux/stores/postgres";
 *
 * const sql = new SQL("postgres://localhost/app");
 * const store = postgresStore(bunSqlClient(sql));
 * ```
 */
export function bunSqlClient(sql: BunSql, options: BunSqlClientOptions = {}): PostgresClient {
  const { listens = true } = options;
  const { listen } = sql;
  return {
    query: async (text, values) => rowsOf({ rows: await sql.unsafe(text, [...values]) }),
    begin: async () => await beginReserved(await sql.reserve()),
    listen: listens && listen ? listenBy((...args) => listen.apply(sql, args)) : undefined,
  };
}

/** The part of a transaction of `PGlite` that is used. */
export interface PGliteTransaction {
  /** Runs a statement. */
  query(text: string, values: PostgresValue[]): Promise<{ readonly rows: readonly unknown[] }>;
  /** Undoes everything. */
  rollback(): Promise<void>;
}

/** The part of a `PGlite` that is used. */
export interface PGliteDatabase {
  /** Runs a statement. */
  query(text: string, values: PostgresValue[]): Promise<{ readonly rows: readonly unknown[] }>;
  /** Runs statements in a transaction; all others wait. */
  transaction<T>(run: (transaction: PGliteTransaction) => Promise<T>): Promise<T>;
  /** Listens on a channel. */
  listen(channel: string, onMessage: (payload: string) => void): Promise<() => Promise<void>>;
}

/**
 * Makes the client of a PostgreSQL store of a `PGlite`: PostgreSQL in this process, for tests and for applications on one machine. It
 * has one connection: while a handler transacts, everything else waits.
 *
 * @param database a `PGlite` of the package `@electric-sql/pglite`
 *
 * @example
 * ```ts ignore
 * import { PGlite } from "@electric-sql/pglite";
 * import { pgliteClient, postgresStore } from "@routilux/routilux/stores/postgres";
 *
 * const database = new PGlite(); // in memory; in production: a path
 * const store = postgresStore(pgliteClient(database));
 * ```
 */
export function pgliteClient(database: PGliteDatabase): PostgresClient {
  return {
    query: async (text, values) => rowsOf(await database.query(text, [...values])),
    begin: () => beginPGlite(database),
    listen: async (channel, onMessage) => {
      const stop = await database.listen(`"${channel}"`, onMessage);
      return () => stop();
    },
  };
}

/** Keeps the callback of a transaction waiting until the transaction is to end. */
function beginPGlite(database: PGliteDatabase): Promise<PostgresTransaction> {
  return new Promise((resolve, reject) => {
    const done = database.transaction((transaction) =>
      new Promise<void>((commit) => {
        const end = async (last: () => unknown): Promise<void> => {
          await last();
          commit();
          await done;
        };
        resolve({
          query: async (text, values) => rowsOf(await transaction.query(text, [...values])),
          client: transaction,
          commit: () => end(() => {}),
          rollback: () => end(() => transaction.rollback()),
        });
      })
    );
    done.catch(reject);
  });
}
