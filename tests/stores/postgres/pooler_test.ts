import { assertEquals, assertMatch } from "@std/assert";
// @ts-types="../../support/pg_types.ts"
import { Pool } from "pg";
import postgres from "postgres";
import process from "node:process";
import { after, test } from "node:test";
import {
  type BunSql,
  bunSqlClient,
  pgClient,
  postgresJsClient,
  postgresStore,
} from "../../../src/stores/postgres_store.ts";
import { errorOf } from "../../../src/testing/store_contract/checks.ts";
import { storeContract } from "../../../src/testing/store_contract.ts";
import { checkCounting } from "../../support/check_counting.ts";
import { countingFlow } from "../../support/counting_flow.ts";
import { PgBouncer } from "../../support/pgbouncer.ts";
import type { OpenClient } from "../../support/postgres_clients.ts";
import { emptySchema, postgresPlace } from "../../support/postgres_store_place.ts";
import { addressOf, missing } from "../../support/services.ts";

// A pooler in transaction mode gives each statement any of its connections: what a session would keep is lost, or somebody else's.

const address = addressOf("postgres");
const pooler = address === undefined ? undefined : await PgBouncer.start(address);
after(() => pooler?.stop());
const skip = address === undefined ? missing("postgres") : pooler === undefined && "PgBouncer is not installed";
const options = { timeout: 240_000, skip };

interface BunClasses {
  readonly SQL: new (options: { url: string; max: number; prepare: boolean }) => BunSql & { end(): Promise<void> };
}

/** Opens clients as the documentation says; more connections than the pooler has to the server. */
const CLIENTS: Readonly<Record<string, (url: string) => OpenClient | Promise<OpenClient>>> = {
  pg: (url) => {
    const pool = new Pool({ connectionString: url, max: 8 });
    return { client: pgClient(pool, { listens: false, prepares: false }), close: () => pool.end() };
  },
  postgres: (url) => {
    const sql = postgres(url, { max: 8, onnotice: () => {}, ...{ max_pipeline: 1 } });
    return { client: postgresJsClient(sql, { listens: false, prepares: false }), close: () => sql.end() };
  },
  ...("Bun" in globalThis && {
    "Bun.SQL": async (url: string) => {
      const module = "bun";
      const { SQL }: BunClasses = await import(module);
      const sql = new SQL({ url, max: 8, prepare: false });
      return { client: bunSqlClient(sql, { listens: false }), close: () => sql.end() };
    },
  }),
};

for (const [name, open] of Object.entries(CLIENTS)) {
  let opened: OpenClient | undefined;
  after(() => opened?.close());
  const place = async (clock?: "server") => {
    opened ??= await open(pooler?.url ?? "");
    const schema = `pooled ${name} ${process.pid}`;
    await emptySchema(opened.client, schema);
    return postgresPlace(opened.client, schema, clock);
  };
  const SOME = /survives|concurrent appends|tells those who watch/;
  storeContract({
    test: (name, run) => SOME.test(name) && test(name, options, run),
    prefix: `postgresStore() on ${name} by a pooler in transaction mode: `,
    createPlace: () => place(),
    createClockedPlace: () => place("server"),
  });

  test(`handlers transact by ${name} and a pooler in transaction mode`, options, async () => {
    opened ??= await open(pooler?.url ?? "");
    await checkCounting(opened.client, `pooled transactions of ${name} ${process.pid}`);
  });

  test(`engines that share a pooler by ${name} hear of each other's jobs by asking`, options, async () => {
    opened ??= await open(pooler?.url ?? "");
    const { client } = opened;
    const schema = `pooled engines of ${name} ${process.pid}`;
    const [here, there] = [0, 1].map(() => countingFlow({ store: postgresStore(client, { schema }) }));
    there?.engine.work({ pollMs: 50 });
    const handle = await here?.flow.start("counter", { left: 0 }, { jobId: "job" });
    assertEquals((await handle?.ended())?.status, "completed");
    await Promise.all([here?.engine.close(), there?.engine.close()]);
  });
}

test("a pooler that keeps no prepared statements is told of, with what to pass to the client", options, async () => {
  const pool = new Pool({ connectionString: pooler?.url ?? "", max: 8 });
  const store = postgresStore(pgClient(pool, { listens: false }), { schema: `pooled names ${process.pid}` });
  const finds = () => Promise.all(Array.from({ length: 20 }, (_, index) => store.find(`job ${index}`)));
  // Which connection a statement gets is up to the pooler; one that knows prepared statements keeps them.
  let error: unknown;
  for (let tries = 0; tries < 20 && error === undefined; tries++) error = await errorOf(finds);
  if (error !== undefined) assertMatch(String(error), /prepared statement .*; .*pass `prepares: false` to the client/);
  await store.close();
  await pool.end();
});
