// The part of the package `pg` that the tests use, which has no types of its own.
import type { PgConnection, PgPool } from "../../src/stores/postgres_store.ts";

interface Options {
  connectionString: string;
  max?: number;
  connectionTimeoutMillis?: number;
}

export declare class Pool implements PgPool {
  readonly options: { connectionTimeoutMillis?: number };
  constructor(options: Options);
  query: PgPool["query"];
  connect(): Promise<PgConnection & { listenerCount(event: string): number }>;
  on: PgPool["on"];
  end(): Promise<void>;
  listenerCount(event: string): number;
}
