import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { durableObjectStore } from "../../../src/stores/durable_object_store.ts";
import { storeContract } from "../../../src/testing/store_contract.ts";
import { FakeObjectStorage } from "../../support/durable_object.ts";

storeContract({
  test: (name, run) => test(name, { timeout: 60_000 }, run),
  prefix: "durableObjectStore() ",
  isExclusive: true,
  createPlace() {
    const database = new DatabaseSync(":memory:");
    const storage = new FakeObjectStorage(database);
    let isOpen = false;
    return {
      open() {
        if (isOpen) throw new Error("An object runs at one place only");
        isOpen = true;
        const store = durableObjectStore(storage);
        const close = () => {
          isOpen = false;
          return store.close();
        };
        return { ...store, close };
      },
      dispose: () => database.close(),
    };
  },
});
