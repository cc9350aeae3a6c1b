import type { Store } from "../../src/ports/mod.ts";
import { type PostgresClient, postgresStore } from "../../src/stores/postgres_store.ts";
import type { StorePlace } from "../../src/testing/store_contract.ts";

/** Tables in a schema of a database. */
export interface PostgresPlace extends StorePlace {
  /** The name of the schema. */
  readonly schema: string;
  /** The client of all handles. */
  readonly client: PostgresClient;
  open(): Store;
}

/** All tables; a new test finds them empty. */
const TABLES = ["jobs", "flows", "documents", "entries", "commands", "owners", "leases", "survivors", "queues"];

/** Empties the tables of a schema, if they are there: making them anew for each test would take longer than most tests. */
export async function emptySchema(client: PostgresClient, schema: string): Promise<void> {
  const [known] = await client.query("SELECT to_regclass($1::text)::text AS name", [`"${schema}".jobs`]);
  if (known?.["name"] === null) return;
  // Deleting few rows takes less time than TRUNCATE, which makes new files.
  const deletions = TABLES.map((it) => `DELETE FROM "${schema}".${it};`).join(" ");
  await client.query(`DO $$ BEGIN ${deletions} END $$`, []);
}

/** A place whose handles share a client, and go by the time of their callers, or by the server's. */
export function postgresPlace(
  client: PostgresClient,
  schema: string,
  clock: "callers" | "server" = "callers",
): PostgresPlace {
  return { schema, client, open: () => postgresStore(client, { schema, clock }) };
}
