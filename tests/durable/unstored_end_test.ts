import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { StateError } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { createLatch, type Latch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// Ends of jobs that are not stored, or of which nobody hears: the engine has lost the job by then, or the store refuses the end.

for (const isLate of [false, true]) {
  test(`a job that was lost as its end was being stored, and goes on here, hears nothing of that: a store that answers ${isLate ? "later" : "at once"}`, async () => {
    const inner = isLate ? lateStore() : memoryStore();
    let answering: Latch | undefined;
    const append: Store["append"] = async (...args) => {
      const answer = await inner.append(...args);
      await answering?.passed;
      return answer;
    };
    const handlers = [createLatch(), createLatch()];
    const durability = { owner: "twins", answerTimeoutMs: Infinity };
    const work = async () => void await handlers[process.begun.length - 1]?.passed;
    const process: StoredFlowProcess = new StoredFlowProcess({ store: { ...inner, append }, durability, work });
    const { flow, timers, events } = process;
    const job = process.start([1]);
    await process.settle();
    // Its handler runs on, so that the job is not let go of.
    const end = answering = createLatch();
    flow.cancel(job);
    await process.settle();
    assertEquals((await inner.find("job"))?.status, "cancelled");
    answering = undefined;
    await new StoredFlowProcess({ store: inner, timers, durability }).engine.recover();
    await timers.advance(60_000);
    assertEquals(events.filter(({ type }) => type === "lost").length, 1);
    handlers[0]?.open();
    await process.settle();
    flow.resume(job, { redrive: true });
    await process.settle();
    assertEquals([job.status, process.begun], ["running", [1, 1]]);
    end.open();
    await process.settle();
    const ended = flow.waitForCompletion(job);
    handlers[1]?.open();
    await process.settle();
    assertEquals([await ended, job.status, (await inner.find("job"))?.status], [true, "completed", "completed"]);
  });
}

for (const isRefused of [true, false]) {
  for (const isLate of [true, false]) {
    test(`a job that is redriven as a cancel at rest is being stored waits for that: the cancel is ${isRefused ? "refused" : "stored"}, and the store answers ${isLate ? "later" : "at once"}`, async () => {
      const inner = isLate ? lateStore() : memoryStore();
      const answering = createLatch();
      const append: Store["append"] = async (claim, revision, entries, head) => {
        if (head?.status !== "cancelled") return await inner.append(claim, revision, entries, head);
        // Another command comes before it.
        if (isRefused) await handle.resume();
        await answering.passed;
        return await inner.append(claim, revision, entries, head);
      };
      const process = new StoredFlowProcess({ store: { ...inner, append } });
      const { flow, timers, events, engine } = process;
      const handle = await flow.start("source", { items: [1] }, { jobId: "job" });
      await handle.pause();
      // The cancel is carried out when the job rests.
      const job = flow.execute("source", {}, { jobId: "job" });
      flow.cancel(job);
      await timers.advance(1_000);
      assertEquals([job.status, (await inner.find("job"))?.status], ["cancelled", "paused"]);
      flow.resume(job, { redrive: true });
      let error: unknown;
      flow.waitForCompletion(job).catch((it) => error = it);
      await timers.advance(1_000);
      answering.open();
      await timers.advance(1_000);
      const told = events.filter(({ type }) => type === "command_error").length;
      const refusal = 'Cannot resume job "job": its end was not stored: it is "paused"';
      const why = error instanceof StateError ? error.message : error;
      assertEquals([told, why], isRefused ? [1, refusal] : [0, undefined]);
      await engine.recover();
      await timers.advance(1_000);
      assertEquals([(await handle.read()).status, process.begun], ["completed", [1]]);
      assertEquals(await engine.delete("job"), true);
    });
  }
}

test("a job whose cancel at rest was refused, and that cannot be read again, is lost to its engine, and goes on from what is stored", async () => {
  const inner = lateStore();
  let isDown = false;
  const process = new StoredFlowProcess({
    store: {
      ...inner,
      append: async (claim, revision, entries, head) => {
        if (head?.status === "cancelled") {
          await handle.resume();
          isDown = true;
        }
        return await inner.append(claim, revision, entries, head);
      },
      load: async (jobId) => {
        if (isDown) throw new Error("down");
        return await inner.load(jobId);
      },
    },
    durability: { attempts: 1 },
  });
  const { flow, timers, events, engine } = process;
  const handle = await flow.start("source", { items: [1] }, { jobId: "job" });
  await handle.pause();
  flow.cancel(flow.execute("source", {}, { jobId: "job" }));
  await timers.advance(1_000);
  assertEquals(events.flatMap(({ type }) => type === "lost" || type === "command_error" ? [type] : []), ["lost"]);
  isDown = false;
  const worker = engine.work();
  await timers.advance(120_000);
  assertEquals([(await handle.read()).status, process.begun], ["completed", [1]]);
  await worker.stop();
});
