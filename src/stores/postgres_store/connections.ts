import type { PostgresQuery, PostgresTransaction } from "./client.ts";

/** A connection that was taken out of a pool. */
interface Taken {
  readonly query: PostgresQuery;
  /** What handlers get. */
  readonly client: unknown;
  /** Gives it back; one that may be broken is closed. */
  release(isBroken: boolean): void;
}

/** Begins a transaction on a connection, by statements. Whatever becomes of it, the connection is given back once. */
export async function beginOn({ query, client, release }: Taken): Promise<PostgresTransaction> {
  const run = async (text: string): Promise<void> => {
    let isBroken = true;
    try {
      await query(text, []);
      isBroken = false;
    } finally {
      if (text !== "BEGIN" || isBroken) release(isBroken);
    }
  };
  await run("BEGIN");
  return { query, client, commit: () => run("COMMIT"), rollback: () => run("ROLLBACK") };
}
