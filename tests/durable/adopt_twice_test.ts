import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { StateError } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { outputsOf, startAsking, VersionProcess, within } from "../support/flow_versions.ts";
import { lateStore } from "../support/late_store.ts";

for (const [name, createStore] of [["at once", memoryStore], ["later", lateStore]] as const) {
  test(`C552 of two calls of one engine that move a job at once, one renames: a store that answers ${name}`, async () => {
    const options = { store: createStore(), timers: manualTimers() };
    const { store, timers } = options;
    await within(timers, startAsking(options));
    // The second call repeats its claim, while the first one does not know yet that it has moved the job.
    let [claims, moves] = [0, 0];
    const { promise: isClaimedAgain, resolve } = Promise.withResolvers<void>();
    const claim: Store["claim"] = async (query) => {
      if (++claims === 2) throw new Error("the connection is gone");
      const answer = await store.claim(query);
      if (answer.jobs.length > 0 && claims > 2) resolve();
      return answer;
    };
    const replaceFlow: Store["replaceFlow"] = async (...args) => {
      if (++moves === 2) await isClaimedAgain;
      await store.replaceFlow?.(...args);
      if (moves === 1) throw new Error("the answer is lost");
    };
    const next = new VersionProcess(2, { store: { ...store, claim, replaceFlow }, timers }, "sum", ["ask"]);
    const adopt = () => next.flow.handle("job").adopt({ rename: { ask: "sum", sum: "ask" } });
    const calls = await within(timers, Promise.allSettled([adopt(), adopt()]));
    assertEquals(calls.map(({ status }) => status), ["rejected", "fulfilled"]);
    assertEquals(Object.keys((await next.engine.handle("job").read()).routineStates), ["sum"]);
    await next.flow.handle("job").deliver({ routine: "sum", slot: "answer" }, { n: 3 });
    assertEquals(await outputsOf(next, timers), "completed, ask 3");
  });
}

test("C552 a job that another call of this engine has moved to a third version meanwhile is refused, and let go", async () => {
  const options = { store: memoryStore(), timers: manualTimers() };
  const { store, timers } = options;
  await within(timers, startAsking(options));
  const claim: Store["claim"] = async (query) => {
    const answer = await store.claim(query);
    return { ...answer, jobs: answer.jobs.map((it) => ({ ...it, record: { ...it.record, flowHash: "third" } })) };
  };
  const next = new VersionProcess(2, { store: { ...store, claim }, timers }, "question");
  const adopt = () => next.flow.handle("job").adopt({ rename: { ask: "question" } });
  await assertRejects(() => within(timers, adopt()), StateError, "somebody else has just taken it");
  assertEquals((await store.find("job"))?.owner, undefined);
});
