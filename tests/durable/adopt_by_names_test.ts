import { test } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { AdoptionChoice, WorkOptions } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { outputsOf, startAsking, VersionProcess, within } from "../support/flow_versions.ts";
import { lateStore } from "../support/late_store.ts";

// A worker that is told how names have changed since a version moves the jobs of that version.

for (const [name, createStore] of [["at once", memoryStore], ["later", lateStore]] as const) {
  test(`C548 a worker moves jobs whose routines have other names now, as a function says for their version, with a store that answers ${name}`, async () => {
    const options = { store: createStore(), timers: manualTimers() };
    const { timers } = options;
    await within(timers, startAsking(options));
    const next = new VersionProcess(2, options, "question");
    const asked: unknown[] = [];
    const onChange: AdoptionChoice = (former) => {
      asked.push(former);
      return { rename: { ask: "question" } };
    };
    await within(timers, next.engine.handle("job").deliver({ routine: "ask", slot: "answer" }, { n: 3 }));
    const worker = next.engine.work({ flows: [next.flow], onChange });
    const { status, outputLog } = await within(timers, next.engine.handle("job").ended());
    const outputs = outputLog.map(({ type, data }) => `${type} ${data}`);
    assertEquals([status, ...outputs], ["completed", "sum 3", "audit 3"]);
    assertEquals(asked, [{ jobId: "job", flowId: "asking", flowVersion: 1 }]);
    await within(timers, worker.stop());
  });
}

test("C548 what such a function must not return leaves the job to others, and the observer hears what to return", async () => {
  const wrong: Readonly<Record<string, () => unknown>> = {
    "onChange has returned undefined; return at once how names have changed": () => undefined,
    "onChange has returned a Promise instance; return at once": () => Promise.resolve({}),
    "return at once how names have changed, as { rename": () => ({ dryRun: true }),
    'rename leads to "nowhere", but flow "asking" has': () => ({ rename: { ask: "nowhere" } }),
    "this version is not known": () => {
      throw new RangeError("this version is not known");
    },
  };
  for (const [message, onChange] of Object.entries(wrong)) {
    const options = { store: memoryStore(), timers: manualTimers() };
    const { store, timers } = options;
    await within(timers, startAsking(options));
    const next = new VersionProcess(2, options, "question");
    const worker = next.engine.work({ flows: [next.flow], onChange: onChange as AdoptionChoice });
    await next.engine.handle("job").deliver({ routine: "ask", slot: "answer" }, { n: 3 });
    await timers.advance(3_000);
    assertStringIncludes(`${next.told("refused")[0]?.error}`, message);
    assertEquals((await store.find("job"))?.owner, undefined);
    await within(timers, worker.stop());
    assertEquals(await outputsOf(new VersionProcess(1, options), timers), "completed, sum 3");
  }
});

test("C548 such a function needs the flows themselves, as adopt does, and another value is refused by name", () => {
  const { engine } = new VersionProcess(2, { store: memoryStore(), timers: manualTimers() });
  assertThrows(() => engine.work({ onChange: () => ({}) }), TypeError, "needs the flows themselves");
  const onChange = "rename" as NonNullable<WorkOptions["onChange"]>;
  assertThrows(() => engine.work({ onChange }), TypeError, "onChange");
});
