import { test } from "node:test";
import { assert, assertEquals, assertGreater } from "@std/assert";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { storeContract, type StoreContractOptions, type StorePlace } from "../../src/testing/mod.ts";
import { BROKEN_JOURNALS } from "../support/broken_journal_stores.ts";
import { BROKEN_INBOXES, BROKEN_LISTS } from "../support/broken_list_stores.ts";
import { BROKEN_TEXTS } from "../support/broken_text_stores.ts";
import { memoryHandle } from "../support/memory_store_place.ts";

// Stores that break one guarantee each, which the contract must notice.

type Cases = ReadonlyMap<string, () => Promise<void>>;

function casesOf<P extends StorePlace>(options: Omit<StoreContractOptions<P>, "test">): Cases {
  const cases = new Map<string, () => Promise<void>>();
  storeContract({ ...options, test: (name, run) => cases.set(name, run) });
  return cases;
}

async function failuresOf(cases: Cases): Promise<string[]> {
  const failed: string[] = [];
  for (const [name, run] of cases) {
    if (name.includes("100,000")) continue; // slow, and no broken store is about size
    try {
      await run();
    } catch (error) {
      assert(error instanceof Error && error.message !== "", `${name} must say what is wrong`);
      failed.push(name);
    }
  }
  return failed;
}

for (const { what, noticedBy, methods } of [...BROKEN_JOURNALS, ...BROKEN_INBOXES, ...BROKEN_LISTS, ...BROKEN_TEXTS]) {
  test(`storeContract() notices ${what}`, async () => {
    const cases = casesOf({
      createPlace() {
        const store = memoryStore();
        const open = () => {
          const handle = memoryHandle(store);
          return { ...handle, ...methods(handle) };
        };
        return { open };
      },
    });
    const failed = await failuresOf(cases);
    assert(failed.some((name) => name.includes(noticedBy)), `only these have failed: ${failed.join("; ")}`);
    assertGreater(cases.size, failed.length, "a store that is broken in one place passes something");
  });
}

/** A place in memory that records writes, so that a crash can be simulated. */
interface TornPlace extends StorePlace {
  readonly writes: ((store: Store) => unknown)[];
  store: Store;
}

function createTornPlace(): TornPlace {
  const place: TornPlace = {
    writes: [],
    store: memoryStore(),
    open() {
      const { store } = place;
      const noted = (write: (store: Store) => unknown) => void place.writes.push(write);
      return {
        ...memoryHandle(store),
        create: (job) => (noted((it) => it.create(job)), store.create(job)),
        compact: (...call) => (noted((it) => it.compact(...call)), store.compact(...call)),
        append: (...call) => (noted((it) => it.append(...call)), store.append(...call)),
      };
    },
  };
  return place;
}

/** Rebuilds the place from its writes; `last` performs the last write as it likes. */
function tearBy(last: (place: TornPlace, share: number, write: (store: Store) => unknown) => void) {
  return (place: TornPlace, share: number): void => {
    place.store = memoryStore();
    for (const write of place.writes.slice(0, -1)) write(place.store);
    last(place, share, place.writes.at(-1) ?? (() => {}));
  };
}

test("storeContract() tests torn writes if the place has `tear`, and passes a correct store", async () => {
  const tear = tearBy(({ store }, share, write) => share < 1 || write(store));
  const cases = casesOf({ createPlace: createTornPlace, tear });
  const torn = new Map([...cases].filter(([name]) => name.includes("a last write cut to")));
  assertGreater(torn.size, 5);
  assertEquals(await failuresOf(torn), []);
  assertEquals(casesOf({ createPlace: createTornPlace }).size, cases.size - torn.size);
});

for (
  const [what, last] of [
    ["half a write", ({ store }, share) => store.append("job", 4, share < 0.5 ? [] : ["half"])],
    ["a whole write that is lost", () => {}],
    ["a crash that takes the write before too", (place, share) => {
      place.store = memoryStore();
      for (const write of place.writes.slice(0, share < 1 ? -2 : undefined)) write(place.store);
    }],
  ] as const satisfies readonly (readonly [string, Parameters<typeof tearBy>[0]])[]
) {
  test(`storeContract() notices ${what}`, async () => {
    const failed = await failuresOf(casesOf({ createPlace: createTornPlace, tear: tearBy(last) }));
    assert(failed.some((name) => name.includes("a last write cut to")), `only these have failed: ${failed}`);
  });
}

test("storeContract() notices an exclusive place that can be opened twice", async () => {
  const createPlace = () => {
    const store = memoryStore();
    return { open: () => memoryHandle(store) };
  };
  const failed = await failuresOf(casesOf({ createPlace, isExclusive: true }));
  assertEquals(failed, ["a place that is open cannot be opened again until it is closed"]);
});

test("storeContract() closes and disposes everything that a failing test has opened", async () => {
  const ends: string[] = [];
  const createPlace = () => ({
    open: () => ({ ...memoryStore(), create: () => false, close: () => void ends.push("close") }),
    dispose: () => void ends.push("dispose"),
  });
  const failed = await failuresOf(new Map([...casesOf({ createPlace })].slice(0, 1)));
  assertEquals([failed.length, ends], [1, ["close", "dispose"]]);
});
