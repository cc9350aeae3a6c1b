import { describeValue } from "../../base/path.ts";

/** A value of a parameter: all are sent as text, and cast in the statement. */
export type PostgresValue = string | null;

/** A row, by the names of its columns. */
export type PostgresRow = Readonly<Record<string, unknown>>;

/** Runs one statement with values for `$1`, `$2` and so on, and returns its rows. */
export type PostgresQuery = (text: string, values: readonly PostgresValue[]) => Promise<readonly PostgresRow[]>;

/** A transaction on a connection of its own. */
export interface PostgresTransaction {
  /** Runs one of its statements. */
  readonly query: PostgresQuery;
  /** What handlers get, to run theirs. */
  readonly client: unknown;
  /** Commits it, and gives the connection back. */
  commit(): Promise<void>;
  /** Rolls it back, and gives the connection back. */
  rollback(): Promise<void>;
}

/** What the store needs of a database client. Ready-made: `pgClient`, `postgresJsClient`, `bunSqlClient`, `pgliteClient`. */
export interface PostgresClient {
  /** Runs one statement in a transaction of its own, on any connection. */
  readonly query: PostgresQuery;
  /** Begins a transaction. Without it, handlers cannot transact. */
  readonly begin?: (() => Promise<PostgresTransaction>) | undefined;
  /**
   * Listens on a channel until the returned function is called: `onMessage` gets each payload. `onGap` is called when the client listens
   * again after its connection was lost: something may have been missed. Without it, engines ask the store at intervals.
   */
  readonly listen?:
    | ((channel: string, onMessage: (payload: string) => void, onGap: () => void) => Promise<() => Promise<void>>)
    | undefined;
}

/** Refuses what is no client: a pool of a package, for instance. */
export function notAClient(client: unknown): TypeError {
  return new TypeError(
    `Cannot open the PostgreSQL store: the client must be made by pgClient, postgresJsClient, bunSqlClient or pgliteClient, or have a ` +
      `method query that returns rows, got ${describeValue(client)}`,
  );
}
