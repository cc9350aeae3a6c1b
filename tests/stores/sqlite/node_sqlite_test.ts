import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { storeContract } from "../../../src/testing/store_contract.ts";
import { createSqlitePlace } from "../../support/sqlite_store_place.ts";

storeContract({
  test: (name, run) => test(name, { timeout: 60_000 }, run),
  prefix: "sqliteStore() on node:sqlite: ",
  createPlace: () => createSqlitePlace((path) => new DatabaseSync(path), { synchronous: "normal" }),
  tear: (place, share) => place.tear(share),
});
