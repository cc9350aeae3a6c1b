import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { ErrorHandler } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// Deadlines of awaited deliveries are decided once, by the time that has passed, after a look into the inbox.

test("a look into the inbox that fails after the end of the job leaves no timer behind", async () => {
  const { watch: _, ...store } = memoryStore();
  let fail: ((error: Error) => void) | undefined;
  const { inbox } = store;
  let isHeld = false;
  store.inbox = (...args) => isHeld ? new Promise((_, reject) => fail = reject) : inbox(...args);
  const owner = new StoredFlowProcess({
    store,
    work: (n, ctx) => n === 1 ? void ctx.expect("input", { timeoutMs: 2_000 }) : undefined,
  });
  const job = owner.start([1]);
  await owner.settle();
  isHeld = true;
  await owner.timers.advance(2_500);
  owner.flow.cancel(job);
  await owner.settle();
  fail?.(new Error("down"));
  await owner.settle();
  assertEquals([job.status, owner.timers.size], ["cancelled", 0]);
});

test("each deadline that has passed is decided once, though timers were late", async () => {
  const { watch: _, ...store } = memoryStore();
  const timers = manualTimers();
  const late = { ...timers, setTimer: (at: number, run: () => void) => timers.setTimer(at + 1_000, run) };
  const owner = new StoredFlowProcess({
    store,
    timers: late,
    durability: { leaseMs: 6_600 },
    work: (n, ctx) => void ctx.expect("input", { timeoutMs: n }),
  });
  owner.flow.setErrorHandler(new ErrorHandler({ strategy: "continue" }));
  const job = owner.start([2_000, 2_600]);
  await timers.advance(5_000);
  assertEquals([job.status, owner.told("task").filter(({ outcome }) => outcome === "continue").length], [
    "completed",
    2,
  ]);
});

test("a deadline comes no later when the clock is set back", async () => {
  const owner = new StoredFlowProcess({ work: (_, ctx) => void ctx.expect("input", { timeoutMs: 2_000 }) });
  const { timers } = owner;
  await timers.setClock(100_000_000);
  const job = owner.start([1]);
  await timers.advance(1_000);
  await timers.setClock(10_000_000);
  await timers.advance(1_500);
  assertEquals(job.status, "failed");
});
