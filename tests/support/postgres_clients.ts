// @ts-types="./pg_types.ts"
import { Pool } from "pg";
import postgres from "postgres";
import {
  type BunSql,
  bunSqlClient,
  pgClient,
  type PostgresClient,
  postgresJsClient,
} from "../../src/stores/postgres_store.ts";

/** A client, and how to end it. */
export interface OpenClient {
  readonly client: PostgresClient;
  close(): Promise<void>;
}

/** Opens a client for the address of a server. */
export type OpenPostgres = (url: string) => OpenClient | Promise<OpenClient>;

/** Opens a client of the package `pg`. */
export function openPg(url: string, max = 5): OpenClient {
  const pool = new Pool({ connectionString: url, max });
  return { client: pgClient(pool), close: () => pool.end() };
}

/** Opens a client of the package `postgres`. */
export function openPostgresJs(url: string, max = 5): OpenClient {
  const sql = postgres(url, { max, onnotice: () => {} });
  return { client: postgresJsClient(sql), close: () => sql.end() };
}

interface BunClasses {
  readonly SQL: new (url: string) => BunSql & { end(): Promise<void> };
}

/** Opens a client of Bun; only Bun has it. */
export async function openBunSql(url: string): Promise<OpenClient> {
  const module = "bun";
  const { SQL }: BunClasses = await import(module);
  const sql = new SQL(url);
  return { client: bunSqlClient(sql), close: () => sql.end() };
}

/** Clients that are used while servers, connections and processes are killed: `pg`, and that of the runtime if it has one. */
export const CRASHED_CLIENTS: Readonly<Record<string, OpenPostgres>> = {
  pg: openPg,
  ...("Bun" in globalThis ? { "Bun.SQL": openBunSql } : {}),
};
