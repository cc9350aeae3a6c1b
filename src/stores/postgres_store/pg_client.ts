import { hashText } from "../../base/text_hash.ts";
import { beginOn } from "./connections.ts";
import type { PostgresClient, PostgresRow, PostgresValue } from "./client.ts";

/** A statement, as `pg` takes it. */
export interface PgStatement {
  /** The text. */
  text: string;
  /** The values of `$1`, `$2` and so on. */
  values: PostgresValue[];
  /** Names a statement that each connection parses and plans once. */
  name?: string;
}

/** The part of a connection of `pg` that is used: a `PoolClient`. */
export interface PgConnection {
  /** Runs a statement. */
  query(statement: PgStatement): Promise<{ readonly rows: readonly unknown[] }>;
  /** Calls back with notifications, and when the connection is lost. */
  on(event: string, listener: (message: never) => void): unknown;
  /** Gives the connection back to its pool, or closes it. */
  release(destroys?: boolean): void;
}

/** The part of a `Pool` of `pg` that is used. */
export interface PgPool {
  /** Runs a statement on any connection. */
  query(statement: PgStatement): Promise<{ readonly rows: readonly unknown[] }>;
  /** Takes a connection out of the pool. */
  connect(): Promise<PgConnection>;
  /** Calls back when a connection that nobody uses is lost. */
  on(event: "error", listener: (error: Error) => void): unknown;
  /** Calls back with a connection that is about to be taken out of the pool. */
  on(event: "acquire", listener: (connection: PgConnection) => void): unknown;
}

/** Options of `pgClient`. */
export interface PgClientOptions {
  /**
   * Whether one connection of the pool is used to listen for what other processes do. A pooler in transaction mode does not support
   * that: then engines ask at intervals. @default {true}
   */
  readonly listens?: boolean;
  /**
   * Whether each connection plans a statement once. A pooler in transaction mode may not support that (PgBouncer before 1.21).
   * @default {true}
   */
  readonly prepares?: boolean;
}

/** The pools and connections whose loss ends no process. */
const guarded: WeakSet<PgPool | PgConnection> = new WeakSet();

/** How long a lost connection is tried for again at first, and at most, in milliseconds. */
const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 10_000;

/**
 * Makes the client of a PostgreSQL store of a `Pool` of the package `pg`. The pool needs a connection for listening and at least one more.
 * A connection of the pool that is lost, in use or not, ends no process: the pool opens another one.
 *
 * @param pool a `Pool` of `pg`
 *
 * @example
 * ```ts ignore
 * import { Pool } from "pg";
 * import { pgClient, postgresStore } from "@routilux/routilux/stores/postgres";
 *
 * const pool = new Pool({ connectionString: "postgres://localhost/app", max: 5 });
 * const store = postgresStore(pgClient(pool));
 * ```
 */
export function pgClient(pool: PgPool, options: PgClientOptions = {}): PostgresClient {
  const { listens = true, prepares = true } = options;
  const names = new Map<string, string>();
  guard(pool);
  /** Lists are built in a few ways only; whoever asks in many would fill the server's memory with plans. */
  const statementOf = (text: string, values: readonly PostgresValue[]): PgStatement => {
    const statement = { text, values: [...values] };
    if (!prepares || values.length === 0) return statement;
    let name = names.get(text);
    // Other clients of the pool may have named other statements on its connections.
    if (name === undefined && names.size < MOST_NAMES) names.set(text, name = `routilux_${hashText(text)}`);
    return name === undefined ? statement : { ...statement, name };
  };
  return {
    query: async (text, values) => rowsOf(await pool.query(statementOf(text, values))),
    begin: async () => {
      const connection = await pool.connect();
      return await beginOn({
        query: async (text, values) => rowsOf(await connection.query({ text, values: [...values] })),
        client: connection,
        release: (isBroken) => connection.release(isBroken),
      });
    },
    listen: listens ? (channel, onMessage, onGap) => listenOn(pool, channel, onMessage, onGap) : undefined,
  };
}

const MOST_NAMES = 100;

/** Sees to it that a connection of a pool that is lost ends no process. */
function guard(pool: PgPool): void {
  if (guarded.has(pool)) return;
  guarded.add(pool);
  const ignore = (): void => {};
  pool.on("error", ignore);
  // Between the pool and whoever waits for it a connection has no listener, and it may be lost right then. One that is lost in use makes
  // the next statement fail.
  pool.on("acquire", (connection) => {
    if (!guarded.has(connection)) connection.on("error", ignore);
    guarded.add(connection);
  });
}

async function listenOn(
  pool: PgPool,
  channel: string,
  onMessage: (payload: string) => void,
  onGap: () => void,
): Promise<() => Promise<void>> {
  let stop = (): void => {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  const open = async (): Promise<void> => {
    const connection = await pool.connect();
    let isOpen = true;
    let isListening = false;
    const close = (): void => {
      if (isOpen) connection.release(true);
      isOpen = false;
    };
    const lose = (): void => {
      if (!isOpen) return;
      close();
      // Before that, whoever opens it is told, and tries again.
      if (isListening && !isStopped) retry(FIRST_DELAY_MS);
    };
    connection.on("error", lose);
    connection.on("end", lose);
    connection.on(
      "notification",
      (message: { readonly payload?: string | undefined }) => onMessage(message.payload ?? ""),
    );
    try {
      await connection.query({ text: `LISTEN "${channel.replaceAll('"', '""')}"`, values: [] });
    } catch (error) {
      close();
      throw error;
    }
    if (!isOpen) throw new Error("The connection for listening was lost");
    isListening = true;
    if (isStopped) return close();
    stop = close;
  };
  const retry = (delayMs: number): void => {
    timer = setTimeout(() => {
      open().then(onGap, () => isStopped || retry(Math.min(delayMs * 2, LONGEST_DELAY_MS)));
    }, delayMs);
  };
  await open();
  return () => {
    isStopped = true;
    clearTimeout(timer);
    stop();
    return Promise.resolve();
  };
}

/** The rows of a result. */
export function rowsOf({ rows }: { readonly rows: readonly unknown[] }): readonly PostgresRow[] {
  return rows.filter(isRow);
}

function isRow(value: unknown): value is PostgresRow {
  return typeof value === "object" && value !== null;
}
