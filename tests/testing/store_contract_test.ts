import { test } from "node:test";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { Store } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { storeContract } from "../../src/testing/mod.ts";
import { turns } from "../support/broken_store.ts";
import { memoryHandle } from "../support/memory_store_place.ts";

/** Runs the tests of the contract whose names have a part in them, with stores that are changed in some way. */
async function run(
  part: string,
  change: (store: Store, handle: number) => Partial<Store>,
  isExclusive = false,
): Promise<number> {
  const cases: (() => Promise<void>)[] = [];
  storeContract({
    isExclusive,
    test: (name, run) => void (name.includes(part) && cases.push(run)),
    createPlace() {
      const store = memoryStore();
      let handles = 0;
      const open = () => {
        const handle = memoryHandle(store);
        return { ...handle, ...change(handle, handles++) };
      };
      return { open };
    },
  });
  for (const run of cases) await run();
  return cases.length;
}

test("storeContract() asks nothing of a watch that a store does not have", async () => {
  assertEquals(await run("watch, where there is one", () => ({ watch: undefined as never })), 1);
});

test("storeContract() does not mind which of two writers is the first", async () => {
  const late = (store: Store, handle: number): Partial<Store> => ({
    create: async (job) => (await turns(handle === 0 ? 5 : 0), await store.create(job)),
  });
  assertEquals(await run("create the same job at once", late), 1);
});

test("storeContract() passes on what a store throws beside other writes, even nothing", async () => {
  const failing = (): Partial<Store> => ({ send: () => Promise.reject(new Error("no send")) });
  await assertRejects(() => run("commands that are sent at once", failing), Error, "no send");
  await assertRejects(() => run("while the owner lets go", failing), Error, "no send");
  const throwsNothing = (): Partial<Store> => ({ send: () => Promise.reject(undefined) });
  await assertRejects(() => run("commands that are sent at once", throwsNothing), Error, "Failed with undefined");
});

test("storeContract() looks whether a place that is said to be for one is opened by two", async () => {
  let isOpen = false;
  const guarded = ({ close }: Store): Partial<Store> => {
    if (isOpen) throw new Error("it is open");
    isOpen = true;
    return {
      close() {
        isOpen = false;
        return close();
      },
    };
  };
  assertEquals(await run("can't be opened by another", guarded, true), 1);
  const error = await assertRejects(() => run("can't be opened by another", () => ({}), true), Error);
  assertMatch(error.message, /opening a second handle/);
});
