import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
// @ts-types="../../support/pg_types.ts"
import { Pool } from "pg";
import { after, test } from "node:test";
import { Engine, Flow, Registry, Routine, StoreError } from "../../../mod.ts";
import type { Store } from "../../../src/ports/mod.ts";
import { pgClient, type PostgresClient, postgresStore } from "../../../src/stores/postgres_store.ts";
import { errorOf, existing } from "../../../src/testing/store_contract/checks.ts";
import { createJob, enter, sampleJob, take } from "../../../src/testing/store_contract/sample_jobs.ts";
import { openBunSql, openPg, type OpenPostgres, openPostgresJs } from "../../support/postgres_clients.ts";
import { PostgresServer } from "../../support/postgres_server.ts";
import { missing } from "../../support/services.ts";

const server = await PostgresServer.start({ synchronous_commit: "off" });
const admin = server && openPg(server.url);
after(async () => {
  await admin?.close();
  server?.stop();
});
const options = { timeout: 240_000, skip: server === undefined && missing("postgres") };
const url = server?.url ?? "";

const CLIENTS: Readonly<Record<string, OpenPostgres>> = {
  pg: (url) => openPg(url),
  postgres: (url) => openPostgresJs(url),
  ...("Bun" in globalThis ? { "Bun.SQL": openBunSql } : {}),
};

/** The same address for another role. */
const as = (role: string): string => url.replace("postgres@", `${role}@`);

async function run(...statements: readonly string[]): Promise<void> {
  for (const text of statements) await existing(admin, "the server").client.query(text, []);
}

/** Makes the tables of a schema. */
async function makeTables(schema: string): Promise<void> {
  const store = postgresStore(existing(admin, "the server").client, { schema });
  await store.count();
  await store.close();
}

/** Checks that a call of a store by each client is refused with what the server says, and with a remedy. */
async function checkRefused(
  url: string,
  schema: string,
  message: RegExp,
  ask: (store: Store) => unknown = (store) => store.count(),
): Promise<void> {
  for (const [name, open] of Object.entries(CLIENTS)) {
    const { client, close } = await open(url);
    const store = postgresStore(client, { schema });
    const error = await errorOf(() => ask(store));
    assertMatch(String(error), message, name);
    assertEquals(error instanceof Error && error.cause instanceof Error, true, `${name}: the cause is there`);
    assertEquals(String(error).startsWith(`Error: Cannot use the PostgreSQL store in the schema "${schema}": `), true);
    await store.close();
    await close();
  }
}

test("a server that cannot be reached, and an address that is wrong, are said to be so", options, async () => {
  const unreachable = /; look at the address that the client was given, and whether the server runs there/;
  await checkRefused("postgres://postgres@127.0.0.1:1/postgres", "away", unreachable);
  await checkRefused("postgres://postgres@no-such-host.invalid/postgres", "away", unreachable);
  await checkRefused(
    url.replace(/postgres$/, "nothing"),
    "away",
    /"nothing" does not exist; create the database, or mend its name/,
  );
  await checkRefused(as("nobody"), "away", /"nobody" does not exist; look at the user and the password/);
});

test("a start whose store cannot be reached says what to do", options, async () => {
  const { client, close } = openPg("postgres://postgres@127.0.0.1:1/postgres");
  const engine = new Engine({ store: postgresStore(client), registry: new Registry({ Idle }) });
  const flow = new Flow({ id: "idle", engine });
  const { trigger } = flow.addRoutine(new Idle(), "idle");
  const error = await assertRejects(() => flow.start(trigger), StoreError);
  assertMatch(String(error.cause), /ECONNREFUSED.*; look at the address/);
  await engine.close();
  await close();
});

class Idle extends Routine {
  readonly trigger = this.addSlot("trigger", this.rest);
  rest(): void {}
}

test("a role that lacks rights is told which, and nothing is half made", options, async () => {
  const remedy = /permission denied.*; grant the role USAGE on the schema.*`postgresMigrations`/;
  await run("CREATE ROLE weak LOGIN", "REVOKE CREATE ON DATABASE postgres FROM PUBLIC");
  await checkRefused(as("weak"), "unmade", remedy);
  await makeTables("made");
  await checkRefused(as("weak"), "made", remedy);
  await run("GRANT USAGE ON SCHEMA made TO weak");
  await checkRefused(as("weak"), "made", remedy);
  await run("GRANT SELECT ON ALL TABLES IN SCHEMA made TO weak");
  await checkRefused(as("weak"), "made", remedy, (store) => store.create([sampleJob("job")]));
  await run("GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA made TO weak");
  await checkRefused(as("weak"), "made", remedy, (store) => enter(store, "engine"));
  await run("GRANT USAGE ON ALL SEQUENCES IN SCHEMA made TO weak");
  const { client, close } = openPg(as("weak"));
  const store = postgresStore(client, { schema: "made" });
  assertEquals(await store.count(), 0, "no refused call has left a job");
  await createJob(store, "job", 2);
  await store.close();
  await close();

  await makeTables("older");
  await run("DROP TABLE older.queues", "DELETE FROM older.migrations WHERE number = 2");
  await run("GRANT USAGE ON SCHEMA older TO weak", "GRANT SELECT ON ALL TABLES IN SCHEMA older TO weak");
  await checkRefused(as("weak"), "older", remedy);
  const versions = await admin?.client.query("SELECT number::text FROM older.migrations", []);
  assertEquals(versions, [{ number: "1" }], "no migration is half made");
  await makeTables("older");

  await run("CREATE ROLE reader LOGIN", "ALTER ROLE reader SET default_transaction_read_only = on");
  await run("GRANT CREATE ON DATABASE postgres TO reader");
  await checkRefused(as("reader"), "read", /read-only transaction; connect to the primary server/);
});

test(
  "a schema that has other tables, or whose tables were altered, is refused and left as it is",
  options,
  async () => {
    const remedy =
      /; its tables are not as its migrations have made them: restore them from a backup, or choose another/;
    const tablesOf = async (schema: string) =>
      (await admin?.client.query("SELECT tablename::text AS name FROM pg_tables WHERE schemaname = $1", [schema]))
        ?.map((row) => row["name"]);
    await run("CREATE SCHEMA other", "CREATE TABLE other.jobs (id integer)");
    await checkRefused(url, "other", remedy);
    assertEquals(await tablesOf("other"), ["jobs"], "nothing is half made");
    await run("CREATE SCHEMA numbered", "CREATE TABLE numbered.migrations (id integer, name text)");
    await checkRefused(url, "numbered", remedy);
    assertEquals(await tablesOf("numbered"), ["migrations"]);

    const edits: Readonly<Record<string, (store: Store) => unknown>> = {
      "DROP TABLE edited.entries": (store) => store.load("job"),
      "DROP TABLE edited.migrations": (store) => store.count(),
      "DELETE FROM edited.migrations": (store) => store.count(),
      "ALTER TABLE edited.jobs DROP COLUMN epoch CASCADE": async (store) =>
        await take(store, await enter(store, "engine")),
      "DROP FUNCTION edited.remove_jobs": async (store) =>
        await store.delete(existing(await store.find("job"), "the job")),
      "ALTER TABLE edited.jobs ADD mine text NOT NULL DEFAULT ''; ALTER TABLE edited.jobs ALTER mine DROP DEFAULT": (
        store,
      ) => store.create([sampleJob("other")]),
      "ALTER TABLE edited.jobs RENAME COLUMN ended_at TO over_at": (store) => store.find("job"),
    };
    for (const [edit, ask] of Object.entries(edits)) {
      await run("DROP SCHEMA IF EXISTS edited CASCADE");
      const store = postgresStore(existing(admin, "the server").client, { schema: "edited" });
      await createJob(store, "job", 3, { dueAt: 1 });
      await run(...edit.split(";"));
      await checkRefused(url, "edited", remedy, ask);
    }
    await run("DROP SCHEMA edited CASCADE");
  },
);

test("a password that is wrong or missing, and a client that may not come in, are told apart from a lost server", {
  ...options,
}, async () => {
  const remedy = /; look at the user and the password in the address that the client was given, and at pg_hba.conf/;
  await run("CREATE ROLE secret LOGIN PASSWORD 'right'");
  for (const rule of ["scram-sha-256", "reject"]) {
    await server?.admit(`host all secret 127.0.0.1/32 ${rule}`);
    await checkRefused(as("secret:wrong"), "closed", remedy);
    await checkRefused(as("secret"), "closed", remedy);
  }
  await server?.admit("host all secret 127.0.0.1/32 scram-sha-256");
  const { client, close } = openPg(as("secret:right"));
  assertEquals(await client.query("SELECT 1::text AS one", []), [{ one: "1" }]);
  await close();
});

test("connections that there are not enough of are said to be so", options, async () => {
  const remedy = /; let the pools of all processes together have fewer connections than the server/;
  await run("CREATE ROLE crowd LOGIN CONNECTION LIMIT 0");
  await checkRefused(as("crowd"), "full", remedy);
  const pool = new Pool({ connectionString: url, max: 1 });
  const lent = await pool.connect();
  // Only from now on: to connect may take longer.
  pool.options.connectionTimeoutMillis = 50;
  const store = postgresStore(pgClient(pool), { schema: "full" });
  assertMatch(String(await errorOf(() => store.count())), remedy);
  lent.release();
  assertEquals(await store.count(), 0, "it is tried again");
  await store.close();
  await pool.end();
  const late = postgresStore(pgClient(pool), { schema: "full" });
  assertMatch(String(await errorOf(() => late.count())), /; close the engine and its store before the pool/);
});

test(
  "a database of another encoding, and a server that is too old, are refused before anything is made",
  options,
  async () => {
    await run("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    const { client, close } = openPg(url.replace(/postgres$/, "latin"));
    const error = await errorOf(() => postgresStore(client).count());
    assertMatch(String(error), /the database must have the encoding UTF8, current value is LATIN1; create another/);
    assertEquals(await client.query("SELECT FROM pg_namespace WHERE nspname = 'routilux'", []), []);
    await close();
    const asked: string[] = [];
    const old: PostgresClient = {
      query(text) {
        asked.push(text);
        return Promise.resolve([{ name: null, encoding: "UTF8", server: "14.9" }]);
      },
    };
    const refusal = await errorOf(() => postgresStore(old).count());
    assertMatch(String(refusal), /it needs PostgreSQL 15 or newer, the server is 14\.9/);
    assertEquals(asked.length, 1);
  },
);

test("what is no client is refused, with how to make one", options, async () => {
  const remedy =
    /client must be made by pgClient, postgresJsClient, bunSqlClient or pgliteClient, or have a method query/;
  for (const client of [undefined, null, {}, "postgres://localhost", { query: 1 }, () => {}]) {
    assertThrows(
      () => postgresStore(client as PostgresClient),
      TypeError,
      "Cannot open the PostgreSQL store: the client must be made by pgClient",
    );
  }
  const pool = new Pool({ connectionString: url, max: 1 });
  const store = postgresStore(pool as unknown as PostgresClient);
  assertMatch(String(await errorOf(() => store.count())), remedy);
  await pool.end();
  assertThrows(
    () =>
      postgresStore(existing(admin, "the server").client, { schema: "mine", clocks: "server" } as { schema: string }),
    TypeError,
    'unknown option "clocks"; did you mean "clock"?',
  );
});

test("a job whose document or entries somebody has deleted is refused alone, and not hidden", options, async () => {
  const client = existing(admin, "the server").client;
  for (const table of ["documents", "entries"]) {
    const schema = `without ${table}`;
    const store = postgresStore(client, { schema });
    const refused: string[] = [];
    const engine = new Engine({
      registry: new Registry({ Idle }),
      store,
      observer: (event) => void (event.type === "refused" && refused.push(`${event.jobId}: ${event.error}`)),
    });
    const flow = new Flow({ id: "idle", engine });
    const { trigger } = flow.addRoutine(new Idle(), "idle");
    const [torn, whole] = await flow.startMany(trigger, ["torn", "whole"].map((jobId) => ({ jobId })));
    const edit = table === "documents"
      ? `DELETE FROM "${schema}".documents d USING "${schema}".jobs j WHERE j.life = d.life AND job_id = 'torn'`
      : `UPDATE "${schema}".jobs SET revision = revision + 1 WHERE job_id = 'torn'`;
    await client.query(edit, []);
    engine.work();
    assertEquals((await whole?.ended())?.status, "completed");
    const error = await errorOf(() => torn?.read());
    const told = error instanceof StoreError ? error.cause : error;
    assertMatch(
      String(told),
      table === "documents" ? /routilux\/job: the text is no JSON/ : /it has given 0 entries from revision 0 to 1/,
    );
    assertEquals(refused, [`torn: ${error}`]);
    await engine.close();
  }
});

test("stores of several schemas use one pool, and leave no listeners behind", options, async () => {
  const pool = new Pool({ connectionString: url, max: 1 });
  for (let index = 0; index < 12; index++) {
    const store = postgresStore(pgClient(pool, { listens: false }), { schema: `of one pool ${index}` });
    await createJob(store, "job", 1);
    await store.close();
  }
  assertEquals([pool.listenerCount("error"), pool.listenerCount("acquire")], [1, 1]);
  const connection = await pool.connect();
  assertEquals(connection.listenerCount("error") <= 2, true, "the store's and the pool's");
  connection.release();
  await pool.end();
});
