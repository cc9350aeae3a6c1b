import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { resolveDurability } from "../../src/engine/durable/durability_settings.ts";
import { Ownership } from "../../src/engine/durable/ownership.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";

// When an engine may work on its jobs, to the millisecond.

const LEASE_MS = 30_000;

/** An engine as an owner of a store, with what it has asked of that and what it was told. */
function createOwnership() {
  const calls: string[] = [];
  const timers = manualTimers(1_000_000);
  const inner = memoryStore();
  let failures = 0;
  const store = {
    ...inner,
    enter: (query: Parameters<typeof inner.enter>[0]) => {
      calls.push(`enter at ${timers.elapsed()}`);
      return inner.enter(query);
    },
    renew: (...args: Parameters<typeof inner.renew>) => {
      calls.push(`renew at ${timers.elapsed()}`);
      if (failures > 0) throw new Error(`down, ${failures--}`);
      return inner.renew(...args);
    },
  };
  let ids = 0;
  const settings = resolveDurability({ leaseMs: LEASE_MS, owner: "engine" }, "engine");
  const ownership = new Ownership(store, settings, timers, () => `id ${++ids}`, {
    onEntered: () => void calls.push("entered"),
    onRenewed: () => void calls.push("renewed"),
    onOver: () => void calls.push("over"),
    onReplaced: (name) => void calls.push(`replaced ${name}`),
    onError: (error) => void calls.push(String(error)),
  });
  return { ownership, timers, calls, fail: (times: number) => void (failures = times) };
}

test("a lease is over when one of the two clocks says so, at its very end", async () => {
  const ends: readonly (readonly [wall: number, elapsed: number, runs: boolean])[] = [
    [LEASE_MS - 1, LEASE_MS - 1, true],
    [LEASE_MS, LEASE_MS - 1, false],
    [LEASE_MS - 1, LEASE_MS, false],
    [LEASE_MS, LEASE_MS, false],
    [-1_000, LEASE_MS + 1, false],
  ];
  for (const [wall, elapsed, runs] of ends) {
    const { calls, ownership, timers } = createOwnership();
    assertEquals(ownership.lease(), undefined);
    const { incarnation } = await ownership.enter();
    const lease = ownership.lease(timers.now() + wall, timers.elapsed() + elapsed);
    assertEquals([lease?.incarnation, calls.at(-1)], runs ? [incarnation, "entered"] : [undefined, "over"]);
    assertEquals(ownership.lease()?.incarnation, lease?.incarnation, "what was found to be over stays so");
  }
});

test("a lease is renewed when a third of it has passed, as long as something needs it", async () => {
  const { calls, ownership, timers } = createOwnership();
  await ownership.enter();
  assertEquals([ownership.isUsed, timers.size], [false, 0]);
  await timers.advance(4_000);
  const [first, second] = [ownership.use(), ownership.use()];
  assertEquals(ownership.isUsed, true);
  await timers.advance(6_000);
  assertEquals(calls, ["enter at 0", "entered", "renew at 10000", "renewed"]);
  first();
  first();
  assertEquals(ownership.isUsed, true, "one is left, however often the other ends");
  await timers.advance(10_000);
  assertEquals(calls.slice(4), ["renew at 20000", "renewed"]);
  second();
  assertEquals([ownership.isUsed, timers.size], [false, 0]);
  await timers.advance(LEASE_MS - 1);
  assertEquals([calls.length, ownership.lease()?.owner], [6, "engine"]);
  await timers.advance(1);
  assertEquals([ownership.lease(), calls.slice(6)], [undefined, ["over"]]);
});

test("a renewal that fails is tried again, after pauses that grow, as long as something needs the lease", async () => {
  const { calls, fail, ownership, timers } = createOwnership();
  const end = ownership.use();
  await ownership.enter();
  fail(2);
  await timers.advance(10_300);
  const failed = ["renew at 10000", "Error: down, 2", "renew at 10100", "Error: down, 1"];
  assertEquals(calls.slice(2), [...failed, "renew at 10300", "renewed"]);
  fail(1);
  await timers.advance(10_000);
  end();
  await timers.advance(1_000);
  assertEquals(calls.slice(8), ["renew at 20300", "Error: down, 1"]);
});

test("an engine that needs a lease and has none does not enter for that alone", async () => {
  const { calls, ownership, timers } = createOwnership();
  const end = ownership.use();
  await timers.advance(LEASE_MS);
  assertEquals([calls, timers.size], [[], 0]);
  await ownership.enter();
  await timers.advance(LEASE_MS / 3);
  assertEquals(calls, ["enter at 30000", "entered", "renew at 40000", "renewed"]);
  end();
  await ownership.leave();
  assertEquals([ownership.lease(), timers.size], [undefined, 0]);
});
