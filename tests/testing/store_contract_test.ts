import { test } from "node:test";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { storeContract } from "../../src/testing/store_contract.ts";
import { turns } from "../support/broken_store.ts";
import { memoryHandle } from "../support/memory_store_place.ts";

/** Runs the contract tests whose names contain a text, with stores that are changed in some way. */
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

test("storeContract() accepts a store without watch", async () => {
  const withoutWatch = () => ({ watch: undefined as never });
  assertEquals(await run("watch, if the store has it, ", withoutWatch), 5);
  assertEquals(await run("permit, if the store has it, tells those who watch", withoutWatch), 1);
});

test("storeContract() accepts either of two concurrent writers as the first", async () => {
  const late = (store: Store, handle: number): Partial<Store> => ({
    create: async (jobs) => (await turns(handle === 0 ? 5 : 0), await store.create(jobs)),
  });
  assertEquals(await run("of two concurrent creations of the same job exactly one succeeds", late), 1);
});

test("storeContract() reports errors of concurrent writes, even `undefined`", async () => {
  const failing = (): Partial<Store> => ({ send: () => Promise.reject(new Error("no send")) });
  await assertRejects(
    () => run("commands that are sent concurrently are all stored, once per key, numbered without a gap", failing),
    Error,
    "no send",
  );
  await assertRejects(
    () => run("a command that is sent while the owner releases the job is not lost: the job is due", failing),
    Error,
    "no send",
  );
  const throwsNothing = (): Partial<Store> => ({ send: () => Promise.reject(undefined) });
  await assertRejects(
    () =>
      run("commands that are sent concurrently are all stored, once per key, numbered without a gap", throwsNothing),
    Error,
    "Failed with undefined",
  );
});

test("storeContract() tests whether an exclusive place can be opened twice", async () => {
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
  assertEquals(await run("a place that is open cannot be opened again until it is closed", guarded, true), 1);
  const error = await assertRejects(
    () => run("a place that is open cannot be opened again until it is closed", () => ({}), true),
    Error,
  );
  assertMatch(error.message, /opening a second handle/);
});
