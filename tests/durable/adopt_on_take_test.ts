import { test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { PreflightError, type WorkOptions } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { schedule } from "../../src/schedules/mod.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { CrashingStore } from "../support/crashing_store.ts";
import { outputsOf, startAsking, VersionProcess, within } from "../support/flow_versions.ts";
import { STRIDE } from "../support/gate_amount.ts";
import { createLatch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";

// A worker moves the jobs that it takes to the version of their flow that it was given.

const STORES = { "a store that answers at once": memoryStore, "a store that answers later": lateStore };
const ANSWER = { routine: "ask", slot: "answer" };

for (const [name, createStore] of Object.entries(STORES)) {
  test(`C523 the old worker drains, the new one adopts what it takes, with ${name}`, async () => {
    const options = { store: createStore(), timers: manualTimers() };
    const { timers } = options;
    const [former, next] = [new VersionProcess(1, options), new VersionProcess(2, options)];
    const old = former.engine.work({ idleMs: 0 });
    const ids = Array.from({ length: 20 }, (_, index) => `job-${index}`);
    await former.flow.startMany("ask", ids.map((jobId) => ({ jobId })));
    await timers.advance(2_000);
    const answer = (jobId: string, n: number) => former.flow.handle(jobId).deliver(ANSWER, { n }, { key: "answer" });
    for (const [n, id] of ids.slice(0, 10).entries()) await answer(id, n);
    await timers.advance(2_000);
    const present = next.engine.work({ flows: [next.flow], onChange: "adopt", idleMs: 0 });
    const stopped = old.stop();
    for (const [n, id] of ids.slice(10).entries()) await answer(id, n + 10);
    await within(timers, stopped);
    for (const [n, id] of ids.entries()) {
      const { status, outputLog } = await within(timers, next.engine.handle(id).ended());
      const outputs = outputLog.map(({ type, data }) => `${type} ${data}`).join(", ");
      assertEquals([status, outputs], ["completed", n < 10 ? `sum ${n}` : `sum ${n}, audit ${n}`], id);
    }
    await within(timers, present.stop());
    assertEquals([...former.told("refused"), ...next.told("refused"), ...next.told("engine_error")], []);
  });

  test(`C523 a job of a higher version is not moved back, nor one of the same, with ${name}`, async () => {
    const options = { store: createStore(), timers: manualTimers() };
    const { store, timers } = options;
    const [former, next] = [new VersionProcess(1, options), new VersionProcess(2, options)];
    await next.flow.start("ask", {}, { jobId: "job" });
    const before = await store.find("job");
    const worker = former.engine.work({ flows: [former.flow], onChange: "adopt", idleMs: 0 });
    await timers.advance(2_000);
    await former.engine.handle("job").deliver(ANSWER, { n: 1 });
    const { outputLog } = await within(timers, next.engine.handle("job").ended());
    assertEquals(outputLog.map(({ type }) => type), ["sum", "audit"]);
    assertEquals((await store.find("job"))?.flowHash, before?.flowHash);
    await within(timers, worker.stop());
  });

  test(`C523 a job that does not fit is left to others, unchanged, with ${name}`, async () => {
    const options = { store: createStore(), timers: manualTimers() };
    const { store, timers } = options;
    await within(timers, startAsking(options));
    const next = new VersionProcess(2, options, "question");
    const worker = next.engine.work({ flows: [next.flow], onChange: "adopt" });
    await new VersionProcess(1, options).flow.handle("job").deliver(ANSWER, { n: 3 });
    await timers.advance(3_000);
    const [refused] = next.told("refused");
    const findings = refused?.error instanceof PreflightError ? refused.error.findings.map(({ code }) => code) : [];
    assertEquals(findings, ["unknown_routine", "unknown_routine", "unread_command"]);
    assertEquals((await store.find("job"))?.owner, undefined);
    await within(timers, worker.stop());
    assertEquals(await outputsOf(new VersionProcess(1, options), timers), "completed, sum 3");
  });
}

test("C523 a delivery to a routine that is gone is left to a worker that has it", async () => {
  const options = { store: memoryStore(), timers: manualTimers() };
  const { timers } = options;
  await within(timers, startAsking(options));
  const [former, next] = [new VersionProcess(1, options), new VersionProcess(2, options, "ask", ["audit"])];
  await former.flow.handle("job").deliver({ routine: "sum", slot: "input" }, { n: 8 }, { key: "sum" });
  const worker = next.engine.work({ flows: [next.flow], onChange: "adopt", idleMs: 0 });
  await timers.advance(3_000);
  const [refused] = next.told("refused");
  const findings = refused?.error instanceof PreflightError ? refused.error.findings.map(({ code }) => code) : [];
  assertEquals(findings, ["unread_command"]);
  const old = former.engine.work({ idleMs: 0 });
  await timers.advance(3_000);
  assertEquals((await next.engine.handle("job").command("sum"))?.status, "done");
  const { outputLog } = await next.engine.handle("job").read();
  assertEquals(outputLog.map(({ type, data }) => `${type} ${data}`), ["sum 8"]);
  await within(timers, Promise.all([old.stop(), worker.stop()]));
});

for (const isAsync of [false, true]) {
  test(`C524 a worker that adopts may die at any write, ${isAsync ? "late" : "at once"}`, async () => {
    let isDead = true;
    let write = 1;
    for (; isDead; write += STRIDE) {
      for (const isWritten of [false, true]) {
        const options = { store: memoryStore(), timers: manualTimers() };
        const { store, timers } = options;
        await within(timers, startAsking(options));
        await new VersionProcess(1, options).flow.handle("job").deliver(ANSWER, { n: 6 });
        const crashing = new CrashingStore(store, { write, isWritten }, isAsync);
        const dying = new VersionProcess(2, { store: crashing, timers });
        dying.engine.work({ flows: [dying.flow], onChange: "adopt", idleMs: 0 });
        await timers.advance(5_000);
        isDead = crashing.isDead;
        const next = new VersionProcess(2, options);
        const worker = next.engine.work({ flows: [next.flow], onChange: "adopt" });
        const { status, outputLog } = await within(timers, next.engine.handle("job").ended());
        const outputs = outputLog.map(({ type, data }) => `${type} ${data}`);
        assertEquals([status, ...outputs], ["completed", "sum 6", "audit 6"], `write ${write}, ${isWritten}`);
        await within(timers, worker.stop());
        // A process that never ends would renew its lease for ever.
        crashing.isDead = true;
      }
    }
    assertEquals(write > 6, true);
  });
}

test("C523 what a worker cannot adopt to is refused by name", async () => {
  const options = { store: memoryStore(), timers: manualTimers() };
  const { engine, flow } = new VersionProcess(2, options);
  const wrong: readonly [unknown, string][] = [
    [{ onChange: "adopt" }, 'onChange "adopt" needs the flows themselves'],
    [{ onChange: "adopt", flows: ["asking"] }, "write flows: [flow]"],
    [{ onChange: "move" }, 'onChange must be one of "stored", "adopt"'],
    [{ flows: [5] }, "flows must be a list of names or flows"],
    [{ flows: "asking" }, "flows must be a list of names or flows"],
  ];
  for (const [given, message] of wrong) assertThrows(() => engine.work(given as WorkOptions), TypeError, message);
  const { replaceFlow: _, ...without } = options.store;
  const other = new VersionProcess(2, { ...options, store: without });
  const adopting = () => other.engine.work({ flows: [other.flow], onChange: "adopt" });
  assertThrows(adopting, TypeError, "this one has no replaceFlow");
  await engine.work({ flows: [flow, "others"] }).stop();
  await other.engine.work({ flows: [other.flow] }).stop();
});

test("C523 the jobs of a schedule that was declared anew are adopted with the flow that is scheduled now", async () => {
  const options = { store: memoryStore(), timers: manualTimers(Date.UTC(2026, 2, 1)) };
  const { store, timers } = options;
  const [former, next] = [new VersionProcess(1, options), new VersionProcess(2, options)];
  const times = { cron: "0 * * * *" };
  await schedule(former.engine, "hourly", times, former.flow, "ask", {});
  const old = former.engine.work({ idleMs: 0 });
  await timers.advance(3_700_000);
  await within(timers, old.stop());
  await schedule(next.engine, "hourly", times, next.flow, "ask", {});
  const worker = next.engine.work({ idleMs: 0 });
  const adopting = next.engine.work({ flows: [next.flow], onChange: "adopt", idleMs: 0 });
  await timers.advance(3_700_000);
  const { jobs } = await store.list({ flowId: "asking" });
  for (const { jobId } of jobs) await next.flow.handle(jobId).deliver(ANSWER, { n: 1 });
  for (const { jobId } of jobs) {
    const { outputLog } = await within(timers, next.flow.handle(jobId).ended());
    assertEquals(outputLog.map(({ type }) => type), ["sum", "audit"], jobId);
  }
  assertEquals(jobs.length >= 2, true);
  await next.engine.handle("schedule/hourly").cancel();
  await timers.advance(2_000);
  await within(timers, Promise.all([worker.stop(), adopting.stop()]));
  await assertRejects(() => next.flow.handle("nobody").read(), Error);
});

for (const [when, isLate] of [["before", false], ["after", true]] as const) {
  test(`C523 a job that a worker is just moving, and that is executed there and claimed ${when} it is moved, runs once, in the version that it has`, async () => {
    const timers = manualTimers();
    const store = memoryStore();
    await within(timers, startAsking({ store, timers }));
    await new VersionProcess(1, { store, timers }).flow.handle("job").deliver(ANSWER, { n: 3 });
    const latch = createLatch();
    const replaceFlow: Store["replaceFlow"] = async (...args) => {
      await latch.passed;
      await store.replaceFlow?.(...args);
    };
    const claim: Store["claim"] = async (query) => {
      if (isLate) await latch.passed;
      return await store.claim(query);
    };
    const next = new VersionProcess(2, { store: { ...store, replaceFlow, claim }, timers });
    const { engine, flow } = next;
    const worker = engine.work({ flows: [flow], onChange: "adopt", idleMs: 0 });
    await timers.flush();
    flow.execute("ask", {}, { jobId: "job" });
    await timers.flush();
    latch.open();
    const { status, outputLog } = await within(timers, engine.handle("job").ended());
    const expected = isLate ? ["sum", "audit"] : ["sum"];
    assertEquals([status, outputLog.map(({ type }) => type), next.told("lost")], ["completed", expected, []]);
    // What was executed is not moved any more.
    assertEquals(next.told("refused").length, isLate ? 0 : 1);
    await within(timers, worker.stop());
  });
}

test("C523 a job that was moved while its engine was shut down is let go of, in its new version", async () => {
  const timers = manualTimers();
  const store = memoryStore();
  await within(timers, startAsking({ store, timers }));
  await new VersionProcess(1, { store, timers }).flow.handle("job").deliver({ routine: "ask", slot: "answer" }, {
    n: 3,
  });
  const before = await store.find("job");
  let closing: Promise<void> | undefined;
  const replaceFlow: Store["replaceFlow"] = async (...args) => {
    closing = next.engine.shutdown();
    await store.replaceFlow?.(...args);
  };
  const next: VersionProcess = new VersionProcess(2, { store: { ...store, replaceFlow }, timers });
  next.engine.work({ flows: [next.flow], onChange: "adopt", idleMs: 0 });
  await timers.flush();
  await within(timers, Promise.resolve(closing));
  const { owner, flowHash, sent, consumed } = await store.find("job") ?? {};
  assertEquals([owner, flowHash === before?.flowHash, sent, consumed], [undefined, false, 1, 0]);
  assertEquals(await outputsOf(new VersionProcess(2, { store, timers }), timers), "completed, sum 3, audit 3");
});
