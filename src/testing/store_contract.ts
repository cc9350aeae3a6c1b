import type { MaybePromise } from "../ports/store.ts";
import { type Case, createScope, type StorePlace } from "./store_contract/case.ts";
import { errorOf } from "./store_contract/checks.ts";
import { claimCases } from "./store_contract/claim_cases.ts";
import { claimRaceCases } from "./store_contract/claim_race_cases.ts";
import { clockCases } from "./store_contract/clock_cases.ts";
import { compactionCases } from "./store_contract/compaction_cases.ts";
import { concurrencyCases } from "./store_contract/concurrency_cases.ts";
import { createCases } from "./store_contract/create_cases.ts";
import { deleteCases } from "./store_contract/delete_cases.ts";
import { flowCases } from "./store_contract/flow_cases.ts";
import { fenceCases } from "./store_contract/fence_cases.ts";
import { inboxCases } from "./store_contract/inbox_cases.ts";
import { inboxRaceCases } from "./store_contract/inbox_race_cases.ts";
import { incarnationCases } from "./store_contract/incarnation_cases.ts";
import { journalCases } from "./store_contract/journal_cases.ts";
import { leaseCases } from "./store_contract/lease_cases.ts";
import { lifeCases } from "./store_contract/life_cases.ts";
import { exclusiveCases, lifecycleCases } from "./store_contract/lifecycle_cases.ts";
import { listCases } from "./store_contract/list_cases.ts";
import { nameCases } from "./store_contract/name_cases.ts";
import { nextDueCases } from "./store_contract/next_due_cases.ts";
import { outcomeCases } from "./store_contract/outcome_cases.ts";
import { ownerCases } from "./store_contract/owner_cases.ts";
import { pageCases } from "./store_contract/page_cases.ts";
import { permitCases } from "./store_contract/permit_cases.ts";
import { purgeCases } from "./store_contract/purge_cases.ts";
import { sizeCases } from "./store_contract/size_cases.ts";
import { takeCases } from "./store_contract/take_cases.ts";
import { takeOrderCases } from "./store_contract/take_order_cases.ts";
import { tearCases } from "./store_contract/tear_cases.ts";
import { textCases } from "./store_contract/text_cases.ts";
import { unreadCases } from "./store_contract/unread_cases.ts";
import { watchCases } from "./store_contract/watch_cases.ts";

export type { StorePlace } from "./store_contract/case.ts";

/** Options of `storeContract`. */
export interface StoreContractOptions<Place extends StorePlace = StorePlace> {
  /**
   * Declares a test: the function `test` of `node:test`, `Deno.test`, or that of Bun. Large jobs take seconds: allow a
   * minute per test.
   */
  readonly test: (name: string, run: () => Promise<void>) => unknown;
  /**
   * Makes an empty place for one test. A store with a clock of its own must be opened in a way in which it goes by the `now` of its
   * callers instead.
   */
  readonly createPlace: () => MaybePromise<Place>;
  /**
   * Makes an empty place whose store goes by its own clock, for a store that has one: as users open it. Without this function, it is not
   * tested what that makes of callers whose clocks differ.
   */
  readonly createClockedPlace?: (() => MaybePromise<Place>) | undefined;
  /** The prefix of the tests' names, such as `"sqlite store: "`. @default {""} */
  readonly prefix?: string | undefined;
  /**
   * Whether a place can be open only once, for instance because a lock excludes other processes. Such a store may end all leases
   * when it is opened: it knows that the engines that had them are gone. @default {false}
   */
  readonly isExclusive?: boolean | undefined;
  /**
   * Simulates a crash in the middle of the last write: releases the open handles (and their locks) without closing
   * them, and keeps only a share of the bytes that the last `append` has written, from 0 for none to 1 for all. Without
   * this function, torn writes are not tested.
   */
  readonly tear?: ((place: Place, share: number) => MaybePromise<void>) | undefined;
}

/**
 * The contract of the port `Store`, as tests: everything that an engine relies on.
 *
 * Each test is declared by the given `test`. It gets an empty place, opens it once or several times, as several
 * processes would, and closes all handles. The tests use no clock, and wait for nothing but the store. What a store makes of a clock of its own, those
 * of `createClockedPlace` test.
 *
 * They cover creation by id and token, journals and revisions, atomic appends, heads, fences against former owners and lives,
 * compaction, inboxes and keys, owners and their leases, due jobs and their order, claims, lists and cursors, deletion, closing and
 * reopening, concurrent writers and takers, large jobs, unusual texts and ids; and torn writes, if `tear` is given. They cannot test whether data survives a loss of power: state that in
 * the documentation of your store.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@routilux/routilux/stores/memory";
 * import { storeContract } from "@routilux/routilux/testing";
 *
 * const tests = new Map<string, () => Promise<void>>(); // in a test file: import { test } from "node:test"
 * storeContract({
 *   test: (name, run) => tests.set(name, run),
 *   prefix: "memory store: ",
 *   createPlace() {
 *     const store = memoryStore(); // in production: a new folder, database or namespace
 *     return { open: () => ({ ...store, close: () => {} }), dispose: () => store.close() };
 *   },
 * });
 * await tests.get("memory store: compact does not change the inbox")?.();
 * ```
 */
export function storeContract<Place extends StorePlace>(options: StoreContractOptions<Place>): void {
  const { test, createPlace, createClockedPlace, prefix = "", isExclusive = false, tear } = options;
  const declare = (create: () => MaybePromise<Place>, { name, run }: Case): void => {
    test(prefix + name, async () => {
      const place = await create();
      const scope = createScope(place, { isExclusive, tear: (share) => tear?.(place, share) });
      const clear = async (): Promise<void> => {
        await scope.closeAll();
        await place.dispose?.();
      };
      try {
        await run(scope);
      } catch (error) {
        await errorOf(clear); // what the case has found comes first
        throw error;
      }
      await clear();
    });
  };
  const cases = [...CASES, ...isExclusive ? exclusiveCases : [], ...tear === undefined ? [] : tearCases];
  for (const it of cases) declare(createPlace, it);
  if (createClockedPlace !== undefined) { for (const it of clockCases) declare(createClockedPlace, it); }
}

const CASES: readonly Case[] = [
  ...createCases,
  ...journalCases,
  ...deleteCases,
  ...fenceCases,
  ...lifeCases,
  ...compactionCases,
  ...flowCases,
  ...inboxCases,
  ...outcomeCases,
  ...unreadCases,
  ...ownerCases,
  ...leaseCases,
  ...incarnationCases,
  ...takeCases,
  ...takeOrderCases,
  ...nextDueCases,
  ...claimCases,
  ...permitCases,
  ...watchCases,
  ...listCases,
  ...pageCases,
  ...purgeCases,
  ...concurrencyCases,
  ...inboxRaceCases,
  ...claimRaceCases,
  ...lifecycleCases,
  ...textCases,
  ...nameCases,
  ...sizeCases,
];
