import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type ChildEnd, type Context, Flow, Routine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { FamilyProcess } from "../support/family_process.ts";
import { createLatch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";

// What a job and its children owe each other is done in the end, whatever comes between: a redrive, a full inbox, a store that fails.

/** Waits for a person before it is done, but for 0, which fails as long as nothing is mended. */
const mended = { isSo: false };
const asking = (n: number, ctx: Context) => {
  if (n !== 0) ctx.expect("answer");
  else if (!mended.isSo) throw new RangeError("nothing to square");
};

const statusesOf = async ({ engine }: FamilyProcess) => {
  const { jobs } = await engine.list();
  return jobs.map(({ status, dueAt }) => [status, dueAt === undefined ? "at rest" : "due"]);
};

test("C452 a redriven parent waits for a child that has not carried out its cancel yet", async () => {
  const process = new FamilyProcess(manualTimers(), { work: asking });
  const both = process.engine.work();
  const job = await process.flow.start("sum", { items: [1] }, { jobId: "job" });
  await process.timers.advance(5_000);
  await both.stop();
  const elder = process.engine.work({ flows: ["sum"] });
  await job.cancel();
  await process.timers.advance(5_000);
  assertEquals((await job.read()).children.map(({ status }) => status), ["left"]);
  await job.redrive();
  await process.timers.advance(5_000);
  const waiting = await job.read();
  assertEquals([waiting.status, waiting.children.map(({ status }) => status)], ["running", ["open"]]);
  const younger = process.engine.work();
  await process.timers.advance(60_000);
  assertEquals([await job.result(), process.ends.map(({ status }) => status)], [0, ["cancelled"]]);
  await Promise.all([elder.stop(), younger.stop()]);
});

test("C451 a child that is redriven after its parent has heard of its failure tells it again, to no effect", async () => {
  mended.isSo = false;
  // The store forgets the key of the first end, so that it takes the second one for new.
  const process = new FamilyProcess(manualTimers(), { work: asking, durability: { keyRetentionMs: 1 } });
  const worker = process.engine.work();
  const job = await process.flow.start("sum", { items: [0, 1] }, { jobId: "job" });
  await process.timers.advance(5_000);
  const [failed] = (await process.engine.list({ parentId: "job", status: "failed" })).jobs;
  assertEquals([failed?.jobId, process.ends.map(({ status }) => status)], ["job/1/0/0", ["failed"]]);
  await job.pause();
  await process.timers.advance(5_000);
  await job.resume();
  await process.timers.advance(5_000);
  mended.isSo = true;
  await process.engine.handle("job/1/0/0").redrive();
  await process.timers.advance(60_000);
  assertEquals((await process.engine.handle("job/1/0/0").read()).status, "completed");
  const [open] = (await job.read()).children;
  assertEquals([(await job.read()).status, open?.jobId, process.ends.length], ["running", "job/1/0/1", 1]);
  await process.engine.handle("job/1/0/1").deliver({ routine: "square", slot: "answer" }, { n: 7 });
  await process.timers.advance(60_000);
  assertEquals([await job.result(), process.ends.map(({ status }) => status)], [7, ["failed", "completed"]]);
  assertEquals(await statusesOf(process), Array(3).fill(["completed", "at rest"]));
  await worker.stop();
});

test("C456 a child whose parent's inbox is full tells it when there is room", async () => {
  const process = new FamilyProcess(manualTimers(), { durability: { inboxLimit: 1, attempts: 3 } });
  const elder = process.engine.work({ flows: ["sum"] });
  const job = await process.flow.start("sum", { items: [3] }, { jobId: "job" });
  await process.timers.advance(60_000);
  await elder.stop();
  await job.pause();
  const younger = process.engine.work({ flows: ["square"] });
  await process.timers.advance(60_000);
  const [child] = (await process.engine.list({ parentId: "job" })).jobs;
  assertEquals([child?.status, child?.dueAt === undefined], ["completed", false]);
  const told = process.events.flatMap((it) => it.type === "engine_error" ? [String(it.error)] : []);
  assertEquals(told[0]?.includes("Error"), true, told.join());
  const again = process.engine.work();
  await process.timers.advance(60_000);
  assertEquals((await job.read()).status, "paused");
  await job.resume();
  await process.timers.advance(60_000);
  assertEquals(await job.result(), 9);
  assertEquals(await statusesOf(process), Array(2).fill(["completed", "at rest"]));
  await Promise.all([younger.stop(), again.stop()]);
});

test("C454 a detached child starts, though its parent ends while the store is making it", async () => {
  const inner = memoryStore();
  const gate = createLatch();
  const isAsked = createLatch();
  const store: Store = {
    ...inner,
    async create(jobs) {
      if (jobs[0]?.parentId === "job" && jobs[0].flowId === "square") {
        isAsked.open();
        await gate.passed;
      }
      return await inner.create(jobs);
    },
  };
  const process = new FamilyProcess(manualTimers(), { store });
  const worker = process.engine.work();
  const job = await process.flow.start("sum", { items: [3], detached: true }, { jobId: "job" });
  await isAsked.passed;
  await job.cancel();
  await process.timers.advance(5_000);
  gate.open();
  await process.timers.advance(60_000);
  assertEquals([(await job.read()).status, (await job.read()).children], ["cancelled", []]);
  assertEquals((await process.engine.handle("job/1/0/0").read()).result, 9);
  assertEquals((await statusesOf(process)).map(([, rest]) => rest), ["at rest", "at rest"]);
  await worker.stop();
});

test("C450 children that the store fails to make are made by whoever has the job next", async () => {
  const inner = memoryStore();
  let failures = 0;
  const store: Store = {
    ...inner,
    create(jobs) {
      if (jobs[0]?.flowId !== "square" || failures === 6) return inner.create(jobs);
      failures++;
      throw new Error("the disk is full");
    },
  };
  const process = new FamilyProcess(manualTimers(), { store });
  const worker = process.engine.work();
  const job = await process.flow.start("sum", { items: [3] }, { jobId: "job" });
  await process.timers.advance(300_000);
  assertEquals([failures, await job.result()], [6, 9]);
  const lost = process.events.flatMap((it) => it.type === "lost" ? [it.jobId] : []);
  assertEquals(lost, ["job"]);
  await worker.stop();
});

test("C451 the result of a child arrives as it was, in both modes", async () => {
  for (const mode of ["strict", "relaxed"] as const) {
    const process = new FamilyProcess(manualTimers(), {
      durability: { mode },
      work: (n, ctx) => ctx.result(n === 0 ? new Date(5) : { n }),
    });
    const results: unknown[] = [];
    class Listener extends Routine {
      readonly trigger = this.addSlot("trigger", this.ask);
      readonly ended = this.addSlot("ended", this.hear);
      ask(_params: unknown, ctx: Context): void {
        for (const n of [0, 1]) ctx.child(process.child as Flow<unknown>, "square", { n }, { to: this.ended });
      }
      hear(end: ChildEnd): void {
        results.push(end.status === "completed" ? end.result : end.error);
      }
    }
    process.registry.register({ Listener });
    const flow = new Flow({ id: "listening", registry: process.registry, engine: process.engine });
    flow.addRoutine(new Listener(), "listener");
    const worker = process.engine.work();
    const job = await flow.start("listener", {}, { jobId: "job" });
    await process.timers.advance(60_000);
    assertEquals([(await job.read()).status, results], ["completed", [new Date(5), { n: 1 }]]);
    await worker.stop();
  }
});

test("C452 a job that is resumed while its children are told of its end goes on, and ends again", async () => {
  const inner = memoryStore();
  const gate = createLatch();
  const isTelling = createLatch();
  const store: Store = {
    ...inner,
    async send(job, command) {
      if (command.key.startsWith("cancel/")) {
        isTelling.open();
        await gate.passed;
      }
      return await inner.send(job, command);
    },
  };
  const process = new FamilyProcess(manualTimers(), { store, work: asking });
  const worker = process.engine.work({ flows: ["square"] });
  const job = process.flow.execute("sum", { items: [2] }, { jobId: "job" });
  await process.timers.advance(5_000);
  await process.flow.cancel(job);
  await isTelling.passed;
  process.flow.resume(job, { redrive: true });
  await process.timers.flush();
  gate.open();
  await process.timers.advance(60_000);
  assertEquals([job.status, process.ends.map(({ status }) => status)], ["completed", ["cancelled"]]);
  assertEquals((await statusesOf(process)).map(([, rest]) => rest), ["at rest", "at rest"]);
  await worker.stop();
});

test("C452 a job that ends again while its children are told of its first end is let go of when they know of the second", async () => {
  const inner = memoryStore();
  const [first, second] = [createLatch(), createLatch()];
  let isFirst = true;
  const store: Store = {
    ...inner,
    async send(job, command) {
      if (command.key.startsWith("cancel/") && job.jobId.endsWith("/0/0")) {
        const gate = isFirst ? first : second;
        isFirst = false;
        await gate.passed;
      }
      return await inner.send(job, command);
    },
  };
  const process = new FamilyProcess(manualTimers(), { store, work: asking });
  const worker = process.engine.work({ flows: ["square"] });
  const job = process.flow.execute("sum", { items: [2, 3] }, { jobId: "job" });
  await process.timers.advance(5_000);
  await process.flow.cancel(job);
  await process.timers.flush();
  await process.engine.handle("job").redrive();
  await process.timers.advance(1_000);
  await process.flow.cancel(job);
  await process.timers.flush();
  first.open();
  await process.timers.flush();
  assertEquals((await inner.find("job"))?.owner !== undefined, true);
  second.open();
  await process.timers.advance(60_000);
  assertEquals((await inner.find("job"))?.owner, undefined);
  await worker.stop();
});

test("C410 a job is idle when it waits for an answer, and not while it waits for a child", async () => {
  const process = new FamilyProcess(manualTimers(), { work: (n, ctx) => n === 1 ? ctx.expect("answer") : undefined });
  class Asker extends Routine {
    readonly trigger = this.addSlot("trigger", this.ask);
    readonly ended = this.addSlot("ended", this.hear);
    readonly answer = this.addSlot("answer", this.hear);
    ask(_params: unknown, ctx: Context): void {
      ctx.child(process.child, "square", { n: 1 }, { to: this.ended });
      ctx.expect(this.answer);
    }
    hear(): void {}
  }
  process.registry.register({ Asker });
  const flow = new Flow({ id: "asking", registry: process.registry, engine: process.engine });
  flow.addRoutine(new Asker(), "asker");
  const worker = process.engine.work({ flows: ["square"] });
  const job = flow.execute("asker", {}, { jobId: "job" });
  let isIdle = false;
  const idle = flow.waitForCompletion(job, { until: "idle" }).finally(() => isIdle = true);
  await process.timers.advance(5_000);
  assertEquals([isIdle, job.awaiting.length, job.children.length], [false, 1, 1]);
  await process.engine.handle("job/1/0/0").deliver({ routine: "square", slot: "answer" }, { n: 1 });
  await process.timers.advance(5_000);
  assertEquals([isIdle, await idle, job.status, job.children], [true, false, "running", []]);
  await worker.stop();
  await process.engine.close();
});

for (const [name, createStore] of Object.entries({ "at once": memoryStore, "later": lateStore })) {
  test(`C452 a parent that is redriven as it pays what it owes hears of a child that nobody knew to have started: a store that answers ${name}`, async () => {
    const inner = createStore();
    // A process dies before it has noted that it has started the child.
    const dead = new FamilyProcess(manualTimers(), {
      store: {
        ...inner,
        append: (claim, revision, entries, head) =>
          entries.some((it) => it.includes('"children"') && it.includes('"opened"'))
            ? new Promise(() => {})
            : inner.append(claim, revision, entries, head),
      },
    });
    const parent = await dead.flow.start("sum", { items: [3] }, { jobId: "job" });
    const lost = dead.engine.work({ flows: ["sum"] });
    await dead.timers.advance(10);
    void lost;
    await parent.cancel();
    let isRedriven = false;
    const process = new FamilyProcess(manualTimers(), {
      store: {
        ...inner,
        create: async (jobs) => {
          if (!isRedriven) await dead.engine.handle("job").redrive();
          isRedriven = true;
          return await inner.create(jobs);
        },
      },
    });
    process.engine.work({ flows: ["square"] });
    await process.timers.advance(1_000);
    assertEquals([process.begun, (await inner.find("job"))?.sent], [[3], 2]);
    process.engine.work();
    await process.timers.advance(60_000);
    const { status, result } = await parent.read();
    assertEquals([isRedriven, status, result], [true, "completed", 9]);
  });
}
