import process from "node:process";
import { after, test } from "node:test";
import { checkCounting } from "../../support/check_counting.ts";
import { storeContract } from "../../../src/testing/store_contract.ts";
import {
  openBunSql,
  type OpenClient,
  openPg,
  type OpenPostgres,
  openPostgresJs,
} from "../../support/postgres_clients.ts";
import { emptySchema, type PostgresPlace, postgresPlace } from "../../support/postgres_store_place.ts";
import { addressOf, missing } from "../../support/services.ts";

/** The cases say nothing of a runtime: Deno alone runs all of them, except by a client that Deno does not have. */
const IN_DENO = "Deno" in globalThis;
const SOME = /survives|concurrent|every text|numbers|take goes|megabyte|watch|wins|after close/;

const url = addressOf("postgres");

/** Runs the contract by one client, in a schema of its own. */
function contractOf(name: string, open: OpenPostgres, isWhole = IN_DENO): void {
  if (url === undefined) {
    return void test(`postgresStore() on ${name} passes the contract`, { skip: missing("postgres") }, () => {});
  }
  let opened: OpenClient | undefined;
  after(async () => await opened?.close());
  // The runtimes share a server.
  const schema = `contract of ${name} ${process.pid}`;
  const createPlace = async (clock?: "server"): Promise<PostgresPlace> => {
    opened ??= await open(url);
    await emptySchema(opened.client, schema);
    return postgresPlace(opened.client, schema, clock);
  };
  storeContract({
    test: (name, run) => (isWhole || SOME.test(name)) && test(name, { timeout: 240_000 }, run),
    prefix: `postgresStore() on ${name}: `,
    createPlace: () => createPlace(),
    createClockedPlace: () => createPlace("server"),
  });
  test(`handlers transact by ${name}`, { timeout: 240_000 }, async () => {
    opened ??= await open(url);
    await checkCounting(opened.client, `transacting by ${name} ${process.pid}`);
  });
}

contractOf("pg", openPg);
contractOf("postgres", openPostgresJs);
if ("Bun" in globalThis) contractOf("Bun.SQL", openBunSql, true);
