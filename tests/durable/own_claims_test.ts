import { assertEquals } from "@std/assert";
import { test } from "node:test";
import type { Context } from "../../mod.ts";
import type { AppendHead, Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { createLatch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess, type Work } from "../support/stored_flow_process.ts";

// What an engine makes of claims of its own whose answers are lost, or come late.

const STORES: Readonly<Record<string, () => Store>> = { "at once": memoryStore, "later": lateStore };
const INPUT = { routine: "worker", slot: "input" };

const asking = (n: number, ctx: Context) => n === 1 ? void ctx.expect("input") : undefined;

/** A process, the store behind its own, and the call by which its engine claims the job anew, as it was last or as `known`. */
function claiming(createStore: () => Store, work: Work = asking) {
  const data = createStore();
  const process = new StoredFlowProcess({ store: { ...data }, work, durability: { answerTimeoutMs: Infinity } });
  const claim = async (known = data.find("job")) => {
    const record = await known;
    if (record?.owner === undefined || record.incarnation === undefined) throw new TypeError("nobody has the job");
    const { owner, incarnation } = record;
    return await data.claim({ owner, incarnation, now: process.timers.now(), jobs: [record] });
  };
  return { data, process, claim };
}

for (const [name, createStore] of Object.entries(STORES)) {
  test(`C554 a job goes on that its own engine has claimed anew, by a call whose answer is lost: a store that answers ${name}`, async () => {
    const { data, process, claim } = claiming(createStore);
    const job = process.start([1]);
    await process.settle();
    await claim();
    process.flow.deliver(job, "worker", "input", { n: 2 });
    await process.settle();
    const { epoch, status } = await data.find("job") ?? {};
    assertEquals([job.status, epoch, status, process.begun], ["completed", 2, "completed", [1, 2]]);
    assertEquals(process.told("lost"), []);
  });

  test(`C554 a job goes on whose engine claims it back, and has done so already by a call whose answer is lost: a store that answers ${name}`, async () => {
    const { data, process } = claiming(createStore);
    const { store, timers } = process;
    const job = process.start([1]);
    await process.settle();
    store.renew = () => Promise.reject(new Error("the network is gone"));
    store.claim = async (query) => {
      store.claim = data.claim;
      await data.claim(query);
      throw new Error("the connection was lost");
    };
    await timers.advance(29_900);
    store.renew = data.renew;
    await timers.advance(2_000);
    process.flow.deliver(job, "worker", "input", { n: 2 });
    await process.settle();
    assertEquals([job.status, (await data.find("job"))?.epoch, process.begun], ["completed", 2, [1, 2]]);
    assertEquals(process.told("lost"), []);
  });

  for (const [what, isAtRest] of [["ends", false], ["is cancelled at rest", true]] as const) {
    test(`C554 a job that ${what} while its inbox is not read, and its engine claims it anew, is read again: a store that answers ${name}`, async () => {
      const { data, process, claim } = claiming(createStore, (n, ctx) => isAtRest ? ctx.pause("wait") : asking(n, ctx));
      const { store, flow, engine } = process;
      const job = process.start([1]);
      await process.settle();
      let refused = 0;
      store.append = async (known, revision, texts, head?: AppendHead) => {
        if (head?.endedAt === undefined || refused > 0) return await data.append(known, revision, texts, head);
        refused++;
        await engine.handle("job").deliver(INPUT, { n: 3 });
        const answer = await data.append(known, revision, texts, head);
        await claim();
        return answer;
      };
      const worker = engine.work({ queues: [isAtRest ? "default" : "other"] });
      if (isAtRest) await engine.handle("job").cancel();
      else flow.deliver(job, "worker", "input", { n: 2 });
      await process.timers.advance(1_000);
      assertEquals([refused, process.told("lost")], [1, []]);
      assertEquals((await data.find("job"))?.status, isAtRest ? "cancelled" : "completed");
      await worker.stop();
    });
  }

  test(`C554 a job that its engine lets go of, and has claimed anew by a call that is under way, is let go of or taken up: a store that answers ${name}`, async () => {
    for (const isReleasedFirst of [false, true]) {
      const { data, process, claim } = claiming(createStore);
      const { store, flow } = process;
      const gate = createLatch();
      const job = process.start([1]);
      await process.settle();
      store.append = async (...query) => {
        if (!isReleasedFirst) await gate.passed;
        const answer = await data.append(...query);
        await gate.passed;
        return answer;
      };
      const known = await data.find("job");
      const paused = flow.pause(job);
      await process.settle();
      store.take = () => claim(Promise.resolve(known));
      await process.engine.recover();
      gate.open();
      await paused;
      await process.timers.advance(60_000);
      const { owner, status } = await data.find("job") ?? {};
      assertEquals([job.status, status, owner, process.told("lost")], ["paused", "paused", undefined, []]);
    }
  });

  test(`C555 an answer about a former life of a job leaves the present one alone, however late it comes: a store that answers ${name}`, async () => {
    const { data, process } = claiming(createStore);
    const { store, flow, engine } = process;
    const gate = createLatch();
    await flow.start("source", { items: [9] }, { jobId: "job" });
    store.take = async (query) => {
      store.take = data.take;
      const answer = await data.take(query);
      await gate.passed;
      return answer;
    };
    const recovered = engine.recover();
    await process.settle();
    const former = await data.find("job");
    assertEquals([former?.epoch, former && await data.delete(former)], [1, true]);
    const job = process.start([1]);
    await process.settle();
    assertEquals([job.status, process.begun], ["running", [1]]);
    gate.open();
    await recovered;
    await process.settle();
    flow.deliver(job, "worker", "input", { n: 2 });
    await process.settle();
    assertEquals([job.status, process.begun, process.told("lost")], ["completed", [1, 2], []]);
  });

  test(`C554 a job that was paused goes on by a claim that came before the engine knew that the pause is stored: a store that answers ${name}`, async () => {
    const { data, process, claim } = claiming(createStore);
    const { store, flow, engine } = process;
    const gate = createLatch();
    const job = process.start([1]);
    await process.settle();
    store.append = async (...query) => {
      store.append = data.append;
      await data.append(...query);
      await gate.passed;
      throw new Error("the connection was lost");
    };
    const known = await data.find("job");
    const paused = flow.pause(job);
    await process.settle();
    await engine.handle("job").resume();
    store.take = () => claim(Promise.resolve(known));
    await engine.recover();
    store.take = data.take;
    gate.open();
    await process.timers.advance(1_000);
    await paused;
    const { status, epoch } = await data.find("job") ?? {};
    assertEquals([status, epoch, process.told("lost")], ["running", 2, []]);
  });

  test(`C558 a journal that is lost writes nothing by a later claim of its engine, however late it hears of that: a store that answers ${name}`, async () => {
    const [gate, loaded] = [createLatch(), createLatch()];
    const { data, process, claim } = claiming(createStore, async (n, ctx) => {
      if (process.begun.length === 1) await gate.passed;
      asking(n, ctx);
    });
    const { store, timers, engine } = process;
    const tried: number[] = [];
    store.append = async (known, revision, texts, ...more) => {
      if (texts.some((text) => JSON.parse(text).kind === "step")) tried.push(known.epoch);
      return await data.append(known, revision, texts, ...more);
    };
    process.start([1]);
    await process.settle();
    await claim();
    tried.length = 0;
    store.load = async (jobId) => {
      store.load = data.load;
      const stored = await data.load(jobId);
      await loaded.passed;
      return stored;
    };
    gate.open();
    await process.settle();
    store.renew = () => Promise.reject(new Error("the network is gone"));
    await timers.advance(30_100);
    store.renew = data.renew;
    await timers.advance(2_000);
    assertEquals([tried.length, process.told("lost").length], [1, 1]);
    await engine.recover();
    loaded.open();
    await process.settle();
    assertEquals([tried, process.begun], [[1, 3], [1, 1]]);
    assertEquals([(await data.find("job"))?.status, process.told("lost").length], ["running", 1]);
  });

  test(`C564 a job that is lost while its engine looks what it has is taken up by the claim whose answer comes then: a store that answers ${name}`, async () => {
    const [gate, failing, taking, answering] = [createLatch(), createLatch(), createLatch(), createLatch()];
    const data = createStore();
    const process = new StoredFlowProcess({
      store: { ...data },
      work: async () => {
        if (process.begun.length === 1) await gate.passed;
      },
      durability: { answerTimeoutMs: Infinity, attempts: 1 },
    });
    const { store, timers, engine } = process;
    const job = process.start([1]);
    await process.settle();
    const known = await data.find("job");
    store.append = async () => {
      await failing.passed;
      throw new Error("the connection was lost");
    };
    process.flow.deliver(job, "worker", "input", { n: 2 });
    store.renew = (...query) => {
      if (timers.now() < 30_000) throw new Error("the network is gone");
      return data.renew(...query);
    };
    store.take = async ({ owner, incarnation, now }) => {
      const answer = await data.claim({ owner, incarnation, now, jobs: known === undefined ? [] : [known] });
      taking.open();
      await answering.passed;
      return answer;
    };
    store.claim = async (query) => {
      store.claim = data.claim;
      recovered = engine.recover();
      await taking.passed;
      return await data.claim(query);
    };
    store.held = async (owner) => {
      store.held = data.held;
      failing.open();
      while (process.told("lost").length === 0) await Promise.resolve();
      return await data.held(owner);
    };
    let recovered: Promise<unknown> | undefined;
    await timers.advance(30_100);
    [store.append, store.take] = [data.append, data.take];
    answering.open();
    await recovered;
    gate.open();
    await process.settle();
    const { status, epoch } = await data.find("job") ?? {};
    assertEquals([process.begun, status, epoch, process.told("lost").length], [[1, 1], "completed", 2, 1]);
  });
}
