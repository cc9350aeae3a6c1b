import type { PostgresJs } from "../stores/postgres_store.ts";
import { CommandError, EXIT } from "./failure.ts";
import { loadFor } from "./load_for.ts";
import type { OpenStore } from "./stores.ts";

/** What is used of the package `postgres`. */
interface PostgresModule {
  readonly default: (
    address: string,
    options: object,
  ) => PostgresJs & { end(options: { readonly timeout: number }): Promise<void> };
}

/** Opens the store in a PostgreSQL database; `place` is its address after the first colon. */
export async function openPostgres(place: string, creates: boolean): Promise<OpenStore> {
  const name = "Deno" in globalThis ? "npm:postgres@3" : "postgres";
  const [{ default: postgres }, { postgresJsClient, postgresStore }] = await Promise.all([
    loadFor<PostgresModule>(name, "install the package: npm install postgres@3"),
    import("../stores/postgres_store.ts"),
  ]);
  const sql = postgres(`postgres:${place}`, { max: 5, connect_timeout: 10, onnotice: () => {} });
  const close = () => sql.end({ timeout: 5 });
  try {
    const client = postgresJsClient(sql);
    // A command that only reads must not make tables in somebody's database.
    const found = await client.query("SELECT 1 FROM information_schema.schemata WHERE schema_name = 'routilux'", []);
    if (!creates && found.length === 0) {
      throw new CommandError(EXIT.store, "the database has no jobs of routilux; is it another one?");
    }
    return { store: postgresStore(client), close };
  } catch (error) {
    await close();
    throw error;
  }
}
