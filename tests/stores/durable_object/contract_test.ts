import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { durableObjectStore } from "../../../src/stores/durable_object_store.ts";
import { storeContract } from "../../../src/testing/store_contract.ts";
import { inFolder } from "../../examples/run_example.ts";
import { exclusivePlace, FakeObjectStorage } from "../../support/durable_object.ts";
import { WORKERD_MISSING, WorkerdServer } from "../../support/workerd_server.ts";

let cases = 0;

storeContract({
  test(name, run) {
    cases++;
    return test(name, { timeout: 60_000 }, run);
  },
  prefix: "durableObjectStore() ",
  isExclusive: true,
  createPlace() {
    const database = new DatabaseSync(":memory:");
    const storage = new FakeObjectStorage(database);
    return exclusivePlace(() => durableObjectStore(storage), () => database.close());
  },
});

test(
  "durableObjectStore() fulfils the contract in an object of workerd",
  { timeout: 240_000, skip: WORKERD_MISSING },
  () =>
    inFolder(async (folder) => {
      const server = new WorkerdServer(folder);
      await server.prepare("tests/support/contract_object.ts", "ContractObject", "CONTRACT");
      try {
        await server.start();
        const [, result] = await server.call("GET", "/");
        assertEquals(result, { count: cases, failed: [] });
      } finally {
        await server.kill();
      }
    }),
);
