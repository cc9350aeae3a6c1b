import { PGlite } from "@electric-sql/pglite";
import { after, test } from "node:test";
import { pgliteClient } from "../../../src/stores/postgres_store.ts";
import { storeContract } from "../../../src/testing/store_contract.ts";
import { SHARE } from "../../support/gate_amount.ts";
import { checkCounting } from "../../support/check_counting.ts";
import { emptySchema, type PostgresPlace, postgresPlace } from "../../support/postgres_store_place.ts";

const SCHEMA = "routilux";
/** Large jobs and long lists: the database is the same in all runtimes, and takes its time. */
const LARGE = /0,000|a megabyte|every text|any text|page by page/;

let database: PGlite | undefined;
after(() => database?.close());

test("handlers transact by PGlite", { timeout: 240_000 }, async () => {
  database ??= await PGlite.create();
  await checkCounting(pgliteClient(database), "transacting");
});

storeContract({
  test(name, run) {
    if (SHARE === 1 || !LARGE.test(name)) test(name, { timeout: 240_000 }, run);
  },
  prefix: "postgresStore() on PGlite: ",
  createPlace: () => createPlace(),
  createClockedPlace: () => createPlace("server"),
});

async function createPlace(clock?: "server"): Promise<PostgresPlace> {
  database ??= await PGlite.create();
  const client = pgliteClient(database);
  await emptySchema(client, SCHEMA);
  return postgresPlace(client, SCHEMA, clock);
}
