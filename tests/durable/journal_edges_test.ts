import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Context, ErrorHandler } from "../../mod.ts";
import type { Store, StoreEvent } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { createLatch } from "../support/latch.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// What a journal and an inbox do when the store answers late, wrongly or not at all.

const INPUT = { routine: "worker", slot: "input" };
const waiting = (n: number, ctx: Context) => n === 1 ? void ctx.expect("input") : ctx.shared.set("n", n);
const pausing = (n: number, ctx: Context) => n === 1 ? ctx.pause("for a person") : ctx.shared.set("n", n);

/** A store in which a job is paused, and was sent a cancel that nobody has carried out. */
async function pausedWithCancel(
  items: readonly number[] = [1],
): Promise<{ readonly owner: StoredFlowProcess; readonly data: Store }> {
  const data = memoryStore();
  const owner = new StoredFlowProcess({ store: data, work: pausing });
  owner.start(items);
  await owner.settle();
  await owner.engine.handle("job").cancel();
  return { owner, data };
}

/** Does something before the next write that ends a job. */
function beforeEnd(data: Store, act: () => Promise<unknown>): Store {
  let isDone = false;
  return {
    ...data,
    append: async (claim, revision, entries, head) => {
      if (head?.endedAt !== undefined && !isDone) {
        isDone = true;
        await act();
      }
      return await data.append(claim, revision, entries, head);
    },
  };
}

test("no jobs can be started together: nothing is stored", async () => {
  const { flow, store } = new StoredFlowProcess();
  assertEquals([await flow.startMany("source", []), (await store.list()).jobs], [[], []]);
});

test("a command that comes while another one ends a job at rest is read before the job ends", async () => {
  const { owner, data } = await pausedWithCancel();
  const store = beforeEnd(data, () => owner.engine.handle("job").deliver(INPUT, { n: 2 }, { key: "late" }));
  const other = new StoredFlowProcess({ store, timers: owner.timers, work: pausing });
  assertEquals(await other.engine.recover(), { jobs: [], errors: [] });
  await other.settle();
  const record = await data.find("job");
  assertEquals([record?.status, record?.owner, record?.consumed], ["cancelled", undefined, 2]);
  assertEquals(other.told("command_error").map(({ key }) => key), ["late"]);
});

test("a job that was redriven, and has come to its end when a command comes, is not redriven a second time", async () => {
  let isRedriven = false;
  const late = () => isRedriven ? process.engine.handle("job").deliver(INPUT, { n: 2 }) : Promise.resolve();
  const data = memoryStore();
  const store: Store = {
    ...data,
    append: async (claim, revision, entries, head) => {
      if (head?.endedAt !== undefined) await late();
      return await data.append(claim, revision, entries, head);
    },
  };
  const process = new StoredFlowProcess({
    store,
    work: (n) => {
      if (n === 1) throw new Error("it fails always");
    },
  });
  process.flow.routine("worker").setErrorHandler(new ErrorHandler({ strategy: "continue" }));
  process.start([1]);
  await process.settle();
  assertEquals([process.begun, (await data.find("job"))?.status], [[1], "completed"]);
  isRedriven = true;
  await process.engine.handle("job").redrive();
  await process.engine.recover();
  isRedriven = false;
  await process.settle();
  assertEquals([process.begun, (await data.find("job"))?.status], [[1, 1, 2], "completed"]);
});

test("a job that was resumed and paused again is not let go of before its first handler has returned", async () => {
  const gate = createLatch();
  const data = memoryStore();
  // Commands are seen when they are next asked for: two at once.
  const { watch: _, ...store } = data;
  const process = new StoredFlowProcess({ store, work: () => gate.passed });
  const job = process.engine.handle("job");
  process.start([1]);
  await process.settle();
  await job.pause({ graceMs: 0 });
  await process.timers.advance(2_000);
  assertEquals([(await data.find("job"))?.status, process.begun], ["paused", [1]]);
  await job.resume();
  await job.pause({ graceMs: 0 });
  await process.timers.advance(2_000);
  const record = await data.find("job");
  assertEquals([record?.status, record?.consumed, record?.owner !== undefined], ["paused", 3, true]);
  gate.open();
  await process.timers.advance(2_000);
  assertEquals((await data.find("job"))?.owner, undefined);
});

test("who waits for a job at rest is not told of an end that is just being stored", async () => {
  const gate = createLatch();
  const data = memoryStore();
  const { watch: _, ...store } = data;
  let isCancelled = false;
  store.append = async (claim, revision, entries, head) => {
    if (head?.status !== "cancelled") return await data.append(claim, revision, entries, head);
    isCancelled = true;
    await gate.passed;
    throw new Error("the disk is full");
  };
  const process = new StoredFlowProcess({ store, work: waiting, durability: { attempts: 1 } });
  const job = process.start([1]);
  await process.settle();
  // Both are read at once: the second one finds the job at rest.
  await process.engine.handle("job").pause();
  await process.engine.handle("job").cancel();
  await process.timers.advance(2_000);
  assertEquals([isCancelled, job.status], [true, "cancelled"]);
  const answers = Promise.allSettled([
    process.flow.waitForCompletion(job),
    process.flow.waitUntil(job, () => true),
    process.flow.settle(job),
  ]);
  gate.open();
  await process.timers.advance(2_000);
  assertEquals((await answers).map(({ status }) => status), ["rejected", "rejected", "rejected"]);
});

test("who waits for a job at rest whose end was refused is told nothing before it was read again", async () => {
  for (const isRead of [true, false]) {
    const gate = createLatch();
    const data = memoryStore();
    const { watch: _, ...store } = beforeEnd(data, async () => {
      await process.engine.handle("job").deliver(INPUT, { n: 2 });
      store.load = async (jobId) => {
        await gate.passed;
        if (!isRead) throw new Error("the disk is full");
        return await data.load(jobId);
      };
    });
    const process: StoredFlowProcess = new StoredFlowProcess({ store, work: waiting, durability: { attempts: 1 } });
    const job = process.start([1]);
    await process.settle();
    // Both are read at once: the second one finds the job at rest.
    await process.engine.handle("job").pause();
    await process.engine.handle("job").cancel();
    await process.timers.advance(2_000);
    assertEquals([(await data.find("job"))?.status, job.status], ["paused", "cancelled"]);
    const told = process.flow.waitForCompletion(job).catch((error: Error) => error.name);
    await process.settle();
    gate.open();
    await process.timers.advance(2_000);
    assertEquals(await told, isRead ? false : "StoreError");
    assertEquals(process.told("lost").length, isRead ? 0 : 1);
  }
});

test("a job that is redriven here while its end by a command is being stored goes on when that is stored", async () => {
  const { owner, data } = await pausedWithCancel([1, 2]);
  const gate = createLatch();
  const store = beforeEnd(data, () => gate.passed);
  const other = new StoredFlowProcess({ store, timers: owner.timers, work: pausing });
  const recovery = other.engine.recover();
  await other.settle();
  // The flow is another object than the one by which the engine has read the job.
  const job = other.start([]);
  assertEquals(job.status, "cancelled");
  other.flow.resume(job, { redrive: true });
  await other.settle();
  gate.open();
  await other.settle();
  assertEquals([(await recovery).errors, (await data.find("job"))?.consumed, other.begun], [[], 1, [2]]);
  assertEquals([other.told("lost"), other.told("command_error")], [[], []]);
});

test("a cancel that is called here counts, though a pause was sent before the job could end by it", async () => {
  const data = memoryStore();
  const store = beforeEnd(data, () => process.engine.handle("job").pause());
  const process: StoredFlowProcess = new StoredFlowProcess({ store, work: waiting });
  const job = process.start([1]);
  await process.settle();
  process.flow.cancel(job);
  await process.settle();
  assertEquals([(await data.find("job"))?.status, job.status], ["cancelled", "cancelled"]);
});

test("a paused job whose cancel from here was refused twice stays paused, and the observer is told", async () => {
  const data = memoryStore();
  const commands = [
    () => process.engine.handle("job").pause(),
    () => process.engine.handle("job").deliver(INPUT, { n: 2 }),
  ];
  const store: Store = {
    ...data,
    append: async (claim, revision, entries, head) => {
      if (head?.endedAt !== undefined) await commands.shift()?.();
      return await data.append(claim, revision, entries, head);
    },
  };
  const process: StoredFlowProcess = new StoredFlowProcess({ store, work: waiting });
  const job = process.start([1]);
  await process.settle();
  process.flow.cancel(job);
  await process.settle();
  assertEquals((await data.find("job"))?.status, "paused");
  assertEquals(process.told("command_error").map(({ key }) => key), ["cancel"]);
  await process.engine.recover();
  await process.settle();
  const record = await data.find("job");
  assertEquals([record?.status, record?.consumed, record?.owner, process.begun], ["paused", 2, undefined, [1]]);
});

test("who waits for a job is not told of a cancel that is not stored, though it was called for before a pause", async () => {
  const data = memoryStore();
  const store: Store = {
    ...beforeEnd(data, () => process.engine.handle("job").pause()),
    // The job's end was refused, as the pause has come: it is read again.
    load: (jobId) => {
      process.flow.cancel(job);
      return data.load(jobId);
    },
  };
  const { append } = store;
  store.append = (claim, revision, entries, head) => {
    if (head?.status === "cancelled") throw new Error("the disk is full");
    return append(claim, revision, entries, head);
  };
  const process: StoredFlowProcess = new StoredFlowProcess({ store, durability: { attempts: 1 } });
  const job = process.start([1]);
  const hasEnded = process.flow.waitForCompletion(job);
  await process.settle();
  assertEquals([await hasEnded, (await data.find("job"))?.status], [false, "paused"]);
});

test("a job at rest that is gone, or claimed by another engine, when its end was refused is told to be lost", async () => {
  for (const isGone of [true, false]) {
    const { owner, data } = await pausedWithCancel();
    const store: Store = { ...data };
    store.append = async (...args) => {
      store.load = async (jobId) => {
        const found = await data.load(jobId);
        return isGone || found === undefined ? undefined : { ...found, record: { ...found.record, epoch: 9 } };
      };
      await owner.engine.handle("job").deliver(INPUT, { n: 2 });
      return await data.append(...args);
    };
    const other = new StoredFlowProcess({ store, timers: owner.timers, work: pausing });
    assertEquals((await other.engine.recover()).jobs, []);
    await other.settle();
    assertEquals(other.told("lost").map(({ error }) => (error as Error).name), ["FencedError"]);
    assertEquals((await data.find("job"))?.status, "paused");
  }
});

test("a job that is let go of, and claimed by another engine before the answer to that comes, is not lost", async () => {
  const data = memoryStore();
  const owner = new StoredFlowProcess({ store: data, work: pausing });
  const { timers } = owner;
  owner.start([1]);
  await owner.settle();
  await owner.engine.handle("job").pause();
  let isLost = false;
  const append: Store["append"] = async (claim, revision, entries, head) => {
    const answer = await data.append(claim, revision, entries, head);
    if (head?.releases !== true || isLost) return answer;
    isLost = true;
    throw new Error("the connection was lost");
  };
  const server = new StoredFlowProcess({ store: { ...data, append }, timers, work: pausing });
  const recovery = server.engine.recover();
  await server.settle();
  const { flow, job } = await owner.engine.open("job");
  flow.resume(job);
  await owner.settle();
  await timers.advance(1_000);
  assertEquals(await recovery, { jobs: [], errors: [] });
  assertEquals([isLost, server.told("released").length, server.told("lost"), job.status], [true, 1, [], "completed"]);
});

test("a job that was let go while it had commands, and is then read incompletely, is left to others", async () => {
  const store = memoryStore();
  const { claim } = store;
  const owner = new StoredFlowProcess({ store, work: waiting });
  owner.start([1]);
  await owner.settle();
  store.claim = async (query) => {
    const answer = await claim(query);
    return { ...answer, jobs: answer.jobs.map((job) => ({ ...job, entries: job.entries.slice(1) })) };
  };
  const handle = owner.engine.handle("job");
  await Promise.all([handle.pause(), handle.resume()]);
  await owner.settle();
  assertEquals(owner.told("refused").map(({ error }) => (error as Error).name), ["StoreError"]);
  const record = await store.find("job");
  assertEquals([record?.status, record?.owner, record?.consumed], ["paused", undefined, 1]);
  const other = new StoredFlowProcess({ store, timers: owner.timers, work: waiting });
  assertEquals((await other.engine.recover()).jobs.map(({ job }) => job.status), ["running"]);
  await other.engine.handle("job").cancel();
  await other.settle();
});

test("a job that has ended and cannot be redriven here is let go of as one that has ended", async () => {
  const store = memoryStore();
  const { take } = store;
  const owner = new StoredFlowProcess({ store, work: waiting });
  const job = owner.start([1]);
  await owner.settle();
  owner.flow.cancel(job);
  await owner.settle();
  await owner.engine.handle("job").redrive();
  store.take = async (query) => {
    const answer = await take(query);
    return { ...answer, jobs: answer.jobs.map((job) => ({ ...job, entries: [] })) };
  };
  const before = await store.find("job");
  assertEquals((await owner.engine.recover()).errors.length, 1);
  const after = await store.find("job");
  assertEquals([after?.status, after?.endedAt, after?.owner], ["cancelled", before?.endedAt, undefined]);
  store.take = take;
  const other = new StoredFlowProcess({ store, timers: owner.timers, work: waiting });
  await owner.engine.handle("job").deliver(INPUT, { n: 2 });
  assertEquals((await other.engine.recover()).errors, []);
  await other.settle();
  assertEquals((await store.find("job"))?.consumed, 2);
});

test("commands are looked for when a watch says that it has missed something", async () => {
  const store = memoryStore();
  let tell: (event: StoreEvent) => void = () => {};
  store.watch = (onEvent) => {
    tell = onEvent;
    return () => {};
  };
  const owner = new StoredFlowProcess({ store, work: waiting });
  const job = owner.start([1]);
  await owner.settle();
  await new StoredFlowProcess({ store }).engine.handle("job").cancel();
  await owner.settle();
  assertEquals(job.status, "running");
  tell({ type: "gap" });
  await owner.settle();
  assertEquals(job.status, "cancelled");
});
