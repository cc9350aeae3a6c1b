import { PGlite } from "@electric-sql/pglite";
import { after, test } from "node:test";
import { pgliteClient } from "../../../src/stores/postgres_store.ts";
import { storeContract } from "../../../src/testing/store_contract.ts";
import { IS_LONG } from "../../support/gate_amount.ts";
import { checkCounting } from "../../support/check_counting.ts";
import { addressOf } from "../../support/services.ts";
import { emptySchema, type PostgresPlace, postgresPlace } from "../../support/postgres_store_place.ts";

const SCHEMA = "routilux";
/** Large jobs and long lists, which take PGlite their time: where there is a server, that one has them. */
const LARGE = /0,000|a megabyte|every text|any text|page by page|however many/;
const HAS_LARGE = IS_LONG || addressOf("postgres") === undefined;

let database: PGlite | undefined;
after(() => database?.close());

test("handlers transact by PGlite", { timeout: 240_000 }, async () => {
  database ??= await PGlite.create();
  await checkCounting(pgliteClient(database), "transacting");
});

storeContract({
  test(name, run) {
    if (HAS_LARGE || !LARGE.test(name)) test(name, { timeout: 240_000 }, run);
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
