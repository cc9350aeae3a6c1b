import process from "node:process";
import { test } from "node:test";
import { storeContract } from "../../../src/testing/store_contract.ts";
import { type ClosableDatabase, createSqlitePlace } from "../../support/sqlite_store_place.ts";

interface BunSqlite {
  readonly Database: new (path: string) => ClosableDatabase;
}

const MODULE = "bun:sqlite";

if ("bun" in process.versions) {
  const sqlite: unknown = await import(MODULE);
  if (!isBunSqlite(sqlite)) throw new TypeError("bun:sqlite has no class Database");
  const { Database } = sqlite;
  storeContract({
    test: (name, run) => test(name, { timeout: 60_000 }, run),
    prefix: "sqliteStore() on bun:sqlite: ",
    createPlace: () => createSqlitePlace((path) => new Database(path), { synchronous: "normal" }),
    tear: (place, share) => place.tear(share),
  });
} else {
  test("sqliteStore() on bun:sqlite passes the contract", { skip: "only Bun has bun:sqlite" }, () => {});
}

function isBunSqlite(value: unknown): value is BunSqlite {
  return typeof value === "object" && value !== null && "Database" in value && typeof value.Database === "function";
}
