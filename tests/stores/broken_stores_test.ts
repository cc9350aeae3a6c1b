import { test } from "node:test";
import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import type { Incarnation, Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { storeContract, type StoreContractOptions, type StorePlace } from "../../src/testing/store_contract.ts";
import { HEAD } from "../../src/testing/store_contract/sample_jobs.ts";
import { BROKEN_CLAIMS } from "../support/broken_claim_stores.ts";
import { BROKEN_CLOCKS, STORE_TIME } from "../support/broken_clock_stores.ts";
import { BROKEN_FENCES } from "../support/broken_fence_stores.ts";
import { BROKEN_FLOWS } from "../support/broken_flow_stores.ts";
import { BROKEN_HANDLES } from "../support/broken_handle_stores.ts";
import { BROKEN_INBOXES } from "../support/broken_inbox_stores.ts";
import { BROKEN_JOURNALS } from "../support/broken_journal_stores.ts";
import { BROKEN_LISTS } from "../support/broken_list_stores.ts";
import { BROKEN_OUTCOMES } from "../support/broken_outcome_stores.ts";
import { BROKEN_OWNERS } from "../support/broken_owner_stores.ts";
import { BROKEN_PERMITS } from "../support/broken_permit_stores.ts";
import { BROKEN_TAKES } from "../support/broken_take_stores.ts";
import { BROKEN_TEXTS } from "../support/broken_text_stores.ts";
import { clockedStore } from "../support/clocked_store.ts";
import { compareWithMemory } from "../support/compare_stores.ts";
import { lateStore } from "../support/late_store.ts";
import { memoryHandle } from "../support/memory_store_place.ts";

// Stores that break one guarantee each, which the contract must notice.

const BROKEN = [
  ...[...BROKEN_JOURNALS, ...BROKEN_FENCES, ...BROKEN_INBOXES, ...BROKEN_OWNERS, ...BROKEN_TAKES, ...BROKEN_CLAIMS],
  ...[...BROKEN_OUTCOMES, ...BROKEN_PERMITS, ...BROKEN_CLOCKS, ...BROKEN_FLOWS],
  ...[...BROKEN_LISTS, ...BROKEN_TEXTS, ...BROKEN_HANDLES],
];

type Cases = ReadonlyMap<string, () => Promise<void>>;

function casesOf<P extends StorePlace>(options: Omit<StoreContractOptions<P>, "test">): Cases {
  const cases = new Map<string, () => Promise<void>>();
  storeContract({ ...options, test: (name, run) => cases.set(name, run) });
  return cases;
}

async function failuresOf(cases: Cases): Promise<string[]> {
  const failed: string[] = [];
  for (const [name, run] of cases) {
    try {
      await run();
    } catch (error) {
      assert(error instanceof Error && error.message !== "", `${name} must say what is wrong`);
      failed.push(name);
    }
  }
  return failed;
}

function pick(cases: Cases, isPicked: (name: string) => boolean): Cases {
  return new Map([...cases].filter(([name]) => isPicked(name)));
}

const isTorn = (name: string) => name.startsWith("a last write cut to");

for (const { what, noticedBy, methods } of BROKEN) {
  test(`storeContract() notices ${what}`, { timeout: 60_000 }, async () => {
    const createPlace = (wrap = (store: Store) => store) => {
      const store = memoryStore();
      let handles = 0;
      const open = () => {
        const handle = memoryHandle(store);
        return { ...wrap(handle), ...methods(handle, handles++) };
      };
      return { open };
    };
    const cases = casesOf({
      createPlace: () => createPlace(),
      createClockedPlace: () => createPlace((store) => clockedStore(store, () => STORE_TIME)),
    });
    const picked = pick(cases, (name) => noticedBy.includes(name));
    assertEquals([...picked.keys()].toSorted(), noticedBy.toSorted());
    assertEquals((await failuresOf(picked)).toSorted(), noticedBy.toSorted());
  });
}

test("compareWithMemory() tells stores that differ from those that do not", { timeout: 60_000 }, async () => {
  for (let seed = 1; seed <= 10; seed++) await compareWithMemory(lateStore(), seed, 200);
  for (const { what, methods } of [...BROKEN_LISTS.slice(0, 3), ...BROKEN_JOURNALS.slice(0, 2)]) {
    const compareAll = async () => {
      for (let seed = 1; seed <= 20; seed++) {
        const store = memoryStore();
        await compareWithMemory({ ...store, ...methods(store, 0) }, seed, 200);
      }
    };
    await assertRejects(compareAll, Error, "seed", what);
  }
});

test("each guarantee of storeContract() is broken by one of these stores", () => {
  const noticed = new Set(BROKEN.flatMap(({ noticedBy }) => noticedBy));
  const names = [...casesOf({ createPlace: createTornPlace, createClockedPlace: createTornPlace }).keys()];
  assertEquals(names.filter((name) => !noticed.has(name)), []);
});

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
        create: (jobs) => (noted((it) => it.create(jobs)), store.create(jobs)),
        enter: (query) => (noted((it) => it.enter(query)), store.enter(query)),
        send: (...call) => (noted((it) => it.send(...call)), store.send(...call)),
        compact: (...call) => (noted((it) => it.compact(...call)), store.compact(...call)),
        append: (...call) => (noted((it) => it.append(...call)), store.append(...call)),
      };
    },
  };
  return place;
}

/** Rebuilds the place from its writes; `last` performs the last write as it likes. */
function tearBy(last: (place: TornPlace, share: number, write: (store: Store) => unknown) => unknown) {
  return async (place: TornPlace, share: number): Promise<void> => {
    place.store = memoryStore();
    for (const write of place.writes.slice(0, -1)) write(place.store);
    await last(place, share, place.writes.at(-1) ?? (() => {}));
  };
}

test("storeContract() tests torn writes if the place has `tear`, and passes a correct store", async () => {
  const tear = tearBy(({ store }, share, write) => share < 1 || write(store));
  const cases = casesOf({ createPlace: createTornPlace, tear });
  const torn = pick(cases, isTorn);
  assertGreater(torn.size, 5);
  assertEquals(await failuresOf(torn), []);
  assertEquals(casesOf({ createPlace: createTornPlace }).size, cases.size - torn.size);
});

for (
  const [what, last] of [
    ["half a write", async ({ store }, share) => {
      const record = await store.find("job");
      if (record !== undefined) await store.append(record, 4, share < 0.5 ? [] : ["half"], HEAD);
    }],
    ["a whole write that is lost", () => {}],
    ["a crash that takes the write before too", (place, share) => {
      place.store = memoryStore();
      for (const write of place.writes.slice(0, share < 1 ? -2 : undefined)) write(place.store);
    }],
  ] as const satisfies readonly (readonly [string, Parameters<typeof tearBy>[0]])[]
) {
  test(`storeContract() notices ${what}`, async () => {
    const torn = pick(casesOf({ createPlace: createTornPlace, tear: tearBy(last) }), isTorn);
    assertGreater((await failuresOf(torn)).length, 0);
  });
}

test("storeContract() notices an exclusive place that can be opened twice", async () => {
  const createPlace = () => {
    const store = memoryStore();
    return { open: () => memoryHandle(store) };
  };
  const cases = casesOf({ createPlace, isExclusive: true });
  const failed = await failuresOf(pick(cases, (name) => !casesOf({ createPlace }).has(name)));
  assertEquals(failed, ["a place that is open cannot be opened again until it is closed"]);
});

test("storeContract() lets only an exclusive store end the leases when a place is opened again", async () => {
  const createPlace = () => {
    const store = memoryStore();
    const entered: Incarnation[] = [];
    return {
      open() {
        for (const owner of entered) store.leave(owner);
        const handle = memoryHandle(store);
        const enter: Store["enter"] = async (query) => {
          const answer = await handle.enter(query);
          if (answer.incarnation !== undefined) entered.push({ owner: query.owner, incarnation: answer.incarnation });
          return answer;
        };
        return { ...handle, enter };
      },
    };
  };
  const isRun = (name: string) => !name.includes("cannot be opened again") && !name.includes("100,000");
  const failuresWith = async (isExclusive: boolean): Promise<string[]> =>
    await failuresOf(pick(casesOf({ createPlace, isExclusive }), isRun));
  assertEquals(await failuresWith(true), []);
  assert((await failuresWith(false)).includes("owners survive closing and reopening the store"));
});

test("storeContract() passes a store that refuses ids which are not well-formed Unicode", async () => {
  const createPlace = () => ({
    open() {
      const store = memoryStore();
      const create: Store["create"] = (jobs) => {
        if (!jobs.every(({ jobId }) => jobId.isWellFormed())) throw new TypeError("the id is not well-formed");
        return store.create(jobs);
      };
      return { ...store, create };
    },
  });
  const picked = pick(casesOf({ createPlace }), (name) => name.startsWith("ids that are not well-formed"));
  assertEquals([picked.size, await failuresOf(picked)], [1, []]);
});

test("storeContract() closes and disposes everything that a failing test has opened", async () => {
  const ends: string[] = [];
  const createPlace = () => ({
    open: () => ({ ...memoryStore(), create: () => [], close: () => void ends.push("close") }),
    dispose: () => void ends.push("dispose"),
  });
  const failed = await failuresOf(new Map([...casesOf({ createPlace })].slice(0, 1)));
  assertEquals([failed.length, ends], [1, ["close", "dispose"]]);
});
