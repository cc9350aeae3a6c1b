import { assert, assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { type Context, FencedError, StateError, StoreError } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { sendNew } from "../../src/testing/store_contract/sample_jobs.ts";
import { createLatch } from "../support/latch.ts";
import { heldStore } from "../support/held_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// What an engine does with its claims when its lease ends, and when the store answers late, wrongly or not at all.

const waiting = (n: number, ctx: Context) => n === 1 ? void ctx.expect("input") : ctx.shared.set("n", n);
const fails = () => {
  throw new Error("down");
};

test("an engine that cannot enter again gives up its jobs after as many attempts as it has", async () => {
  const store = memoryStore();
  const owner = new StoredFlowProcess({ store, work: waiting, durability: { attempts: 3 } });
  const job = owner.start([1]);
  await owner.settle();
  const wait = assertRejects(() => owner.flow.waitForCompletion(job), StoreError, "the store failed 3 times");
  store.renew = fails;
  await owner.timers.advance(60_000);
  await wait;
  assertEquals([job.status, owner.told("lost").length], ["running", 1]);
});

test("a job that is taken up while its engine fails to enter again is given up with the others", async () => {
  const store = memoryStore();
  const { renew, take } = store;
  const owner = new StoredFlowProcess({ store, work: waiting, durability: { attempts: 1, answerTimeoutMs: Infinity } });
  const first = owner.start([1], "first");
  await owner.settle();
  const other = new StoredFlowProcess({ store, timers: owner.timers, work: waiting });
  await other.flow.start("source", { items: [1] }, { jobId: "second" });
  const gate = createLatch();
  store.take = async (query) => {
    const answer = await take(query);
    await gate.passed;
    return answer;
  };
  const recovered = owner.engine.recover().catch(() => {});
  await owner.settle();
  const wait = assertRejects(() => owner.flow.waitForCompletion(first), StoreError, "the store failed 1 times");
  const failure = createLatch();
  store.renew = async () => {
    await failure.passed;
    return fails();
  };
  await owner.timers.advance(30_000);
  gate.open();
  await owner.settle();
  failure.open();
  await recovered;
  await owner.settle();
  await wait;
  assertEquals(owner.told("lost").map((it) => "jobId" in it && it.jobId), ["first", "second"]);
  store.renew = renew;
  store.take = take;
  await other.engine.recover();
  await other.settle();
  assertEquals(other.begun, [1]);
});

test("an engine that cannot claim its jobs back gives up those, and keeps what it has taken since", async () => {
  const store = memoryStore();
  const { claim, renew } = store;
  const owner = new StoredFlowProcess({ store, work: waiting, durability: { attempts: 2, retryDelayMs: 1_000 } });
  const first = owner.start([1], "first");
  await owner.settle();
  await owner.flow.start("source", { items: [1] }, { jobId: "second" });
  const wait = assertRejects(() => owner.flow.waitForCompletion(first), StoreError, "the store failed 2 times");
  store.renew = fails;
  await owner.timers.advance(29_900);
  store.renew = renew;
  let claims = 0;
  store.claim = () => {
    claims++;
    return fails();
  };
  await owner.timers.advance(500);
  assertEquals(claims, 1, "the engine has entered again");
  assertEquals((await owner.engine.recover()).jobs.length, 1);
  await owner.timers.advance(1_000);
  await wait;
  assertEquals([claims, owner.told("lost").map(({ jobId }) => jobId)], [2, ["first"]]);
  store.claim = claim;
  assertEquals((await owner.engine.recover()).jobs.length, 1);
  assertEquals((await store.find("first"))?.epoch, 2);
});

test("a job that somebody has written while its lease had ended is lost", async () => {
  const store = memoryStore();
  const { renew } = store;
  const owner = new StoredFlowProcess({ store, work: waiting });
  const job = owner.start([1]);
  await owner.settle();
  const wait = assertRejects(() => owner.flow.waitForCompletion(job), FencedError);
  store.renew = fails;
  await owner.timers.advance(29_000);
  store.renew = renew;
  const record = await store.find("job");
  if (record !== undefined) await store.append(record, record.revision, ["an entry of somebody else"]);
  await owner.timers.advance(2_000);
  await wait;
  assertEquals(owner.told("lost").length, 1);
});

test("a job that pauses while it is claimed again is let go of by the new claim", async () => {
  const store = memoryStore();
  const { renew, claim } = store;
  const owner = new StoredFlowProcess({ store, work: waiting });
  const job = owner.start([1]);
  await owner.settle();
  store.renew = fails;
  await owner.timers.advance(29_900);
  const gate = createLatch();
  store.renew = renew;
  store.claim = async (query) => {
    await gate.passed;
    return await claim(query);
  };
  await owner.timers.advance(1_000);
  const paused = owner.flow.pause(job);
  await owner.settle();
  assertEquals((await store.find("job"))?.status, "running");
  gate.open();
  await paused;
  const record = await store.find("job");
  assertEquals([record?.status, record?.owner, record?.epoch], ["paused", undefined, 2]);
});

test("a cancel that is carried out while its job is claimed again, and must not end it yet, is not lost", async () => {
  const data = memoryStore();
  const store = { ...data };
  const owner = new StoredFlowProcess({ store, work: waiting });
  const job = owner.start([1]);
  await owner.settle();
  store.renew = fails;
  await owner.timers.advance(29_900);
  const gate = createLatch();
  store.renew = data.renew;
  store.claim = async (query) => {
    await gate.passed;
    return await data.claim(query);
  };
  await owner.timers.advance(1_000);
  owner.flow.deliver(job, "source", "trigger", {});
  await owner.engine.handle("job").cancel();
  await owner.settle();
  assertEquals([job.status, (await data.find("job"))?.consumed], ["cancelled", 0]);
  let isLate = false;
  store.append = async (claim, revision, entries, head) => {
    if (head?.endedAt !== undefined && !isLate) {
      isLate = true;
      await owner.engine.handle("job").deliver({ routine: "source", slot: "trigger" }, {}, { key: "late" });
    }
    return await data.append(claim, revision, entries, head);
  };
  gate.open();
  await owner.settle();
  const record = await data.find("job");
  assertEquals([record?.status, isLate, record?.consumed], ["cancelled", true, 2]);
  assertEquals(owner.told("command_error").map(({ key }) => key), ["late"]);
});

/** A job at rest, to which a command comes while its pause is being stored. */
async function pauseWithCommand(data: Store, store: Store) {
  const owner = new StoredFlowProcess({ store, work: waiting });
  const job = owner.start([1]);
  await owner.settle();
  let isPausing = false;
  store.append = async (claim, revision, entries, head) => {
    if (head?.status === "paused" && !isPausing) {
      isPausing = true;
      await owner.engine.handle("job").cancel();
    }
    return await data.append(claim, revision, entries, head);
  };
  return { owner, job };
}

test("a resume beside commands that a recovery of this engine carries out says so", async () => {
  const data = memoryStore();
  const store: Store = { ...data };
  const { owner, job } = await pauseWithCommand(data, store);
  // The command is left to whoever looks for jobs that are due.
  store.claim = ({ now }) => ({ now, jobs: [], survived: [] });
  await owner.flow.pause(job);
  await owner.settle();
  const [isTaken, isServed] = [createLatch(), createLatch()];
  store.take = async (query) => {
    const answer = await data.take(query);
    isTaken.open();
    await isServed.passed;
    return answer;
  };
  const recovery = owner.engine.recover();
  await isTaken.passed;
  owner.flow.resume(job);
  const wait = () => owner.flow.waitForCompletion(job);
  await assertRejects(wait, StateError, "carries out commands to it just now; ask for it by engine.handle");
  isServed.open();
  await recovery;
  assertEquals((await data.find("job"))?.status, "cancelled");
});

test("a resume goes on though the engine could not let go of the job that it had claimed for a command", async () => {
  const data = memoryStore();
  const store: Store = { ...data };
  const { owner, job } = await pauseWithCommand(data, store);
  const isAsked = createLatch();
  let claims = 0;
  store.claim = async (query) => {
    const answer = await data.claim(query);
    if (++claims === 1) await isAsked.passed;
    return answer;
  };
  await owner.flow.pause(job);
  owner.flow.resume(job);
  const { append } = store;
  store.append = (...args) => {
    store.append = append;
    return args[2].length === 0 ? fails() : append(...args);
  };
  isAsked.open();
  await owner.flow.waitForCompletion(job);
  assertEquals([job.status, claims], ["cancelled", 2]);
  assertEquals(owner.told("store_error").map(({ error }) => String(error)), ["Error: down"]);
});

test("a redrive waits for a cancel that is being stored, and is refused when that has not ended the job", async () => {
  const data = memoryStore();
  const store: Store = { ...data };
  const { owner, job } = await pauseWithCommand(data, store);
  const { append } = store;
  let waited: Promise<unknown> | undefined;
  store.append = async (claim, revision, entries, head) => {
    if (head?.endedAt !== undefined && waited === undefined) {
      owner.flow.resume(job, { redrive: true });
      const end = owner.flow.waitForCompletion(job);
      waited = assertRejects(() => end, StateError, 'its end was not stored: it is "paused"');
      await sendNew(data, "job", "{}", "late");
    }
    return await append(claim, revision, entries, head);
  };
  await owner.flow.pause(job);
  await owner.settle();
  assert(waited !== undefined);
  await waited;
  await owner.engine.recover();
  assertEquals((await data.find("job"))?.status, "cancelled");
});

/** A job whose first item is done when `work` opens, in a store whose calls a test replaces: they may wait for `gate`, however long. */
async function startUntilWork() {
  const data = memoryStore();
  const store = { ...data };
  const [work, gate] = [createLatch(), createLatch()];
  const owner = new StoredFlowProcess({
    store,
    durability: { answerTimeoutMs: Infinity },
    work: (n, ctx) => n === 1 ? work.passed : ctx.shared.set("n", n),
  });
  const job = owner.start([1]);
  await owner.settle();
  return { data, store, work, gate, owner, job };
}

test("a job whose lease ends while it is read again, as it must not end yet, goes on", async () => {
  const { data, store, work, gate, owner, job } = await startUntilWork();
  let isLate = false;
  store.append = async (claim, revision, entries, head) => {
    if (head?.endedAt !== undefined && !isLate) {
      isLate = true;
      await owner.engine.handle("job").deliver({ routine: "worker", slot: "input" }, { n: 2 });
    }
    return await data.append(claim, revision, entries, head);
  };
  store.load = async (jobId) => {
    if (isLate) await gate.passed;
    return await data.load(jobId);
  };
  work.open();
  await owner.settle();
  store.renew = fails;
  await owner.timers.advance(30_500);
  store.renew = data.renew;
  gate.open();
  await owner.timers.advance(1_000);
  assertEquals([job.status, job.sharedData, owner.told("lost")], ["completed", { n: 2 }, []]);
});

test("a job that another engine takes before it is read again, as it must not end yet, is told to be lost", async () => {
  const { data, store, work, gate, owner, job } = await startUntilWork();
  const { timers } = owner;
  const next = new StoredFlowProcess({ store: data, timers });
  let isRefused = false;
  store.append = async (claim, revision, entries, head) => {
    if (head?.endedAt !== undefined && !isRefused) {
      isRefused = true;
      await next.engine.handle("job").deliver({ routine: "worker", slot: "input" }, { n: 2 });
    }
    return await data.append(claim, revision, entries, head);
  };
  store.load = async (jobId) => {
    await gate.passed;
    return await data.load(jobId);
  };
  store.renew = fails;
  const waiting = assertRejects(() => owner.flow.waitForCompletion(job), FencedError);
  work.open();
  await owner.settle();
  await timers.advance(30_500);
  await next.engine.recover();
  await next.settle();
  gate.open();
  await owner.settle();
  await waiting;
  assertEquals([owner.told("lost").map(({ jobId }) => jobId), (await data.find("job"))?.status], [
    ["job"],
    "completed",
  ]);
});

test("a job that another engine claims between two tries to claim it is left to that one", async () => {
  const store = memoryStore();
  const owner = new StoredFlowProcess({ store, work: waiting });
  const { timers } = owner;
  owner.start([1]);
  await owner.settle();
  await owner.engine.shutdown();
  const [early, late] = [
    new StoredFlowProcess({ store, timers, work: waiting }),
    new StoredFlowProcess({
      store: { ...store, claim: (query) => timers.now() < 50 ? fails() : store.claim(query) },
      timers,
      work: waiting,
    }),
  ];
  const { flow, job } = await late.engine.open("job");
  flow.resume(job);
  const wait = assertRejects(() => flow.waitForCompletion(job), StateError, "another engine has claimed it");
  await late.settle();
  const first = await early.engine.open("job");
  first.flow.resume(first.job);
  await early.settle();
  await timers.advance(1_000);
  await wait;
  assertEquals([(await store.find("job"))?.epoch, late.told("store_error").length], [2, 1]);
});

test("a claim that is answered when the lease has ended meanwhile is taken up by nobody", async () => {
  const store = heldStore();
  const { claim, renew } = store;
  const owner = new StoredFlowProcess({ store, work: waiting, durability: { attempts: 1 } });
  const other = owner.start([1], "other");
  await owner.settle();
  const job = owner.start([2]);
  store.fail(1);
  await assertRejects(() => owner.flow.waitForCompletion(job), StoreError);
  const gate = createLatch();
  store.claim = async (query) => {
    const answer = await claim(query);
    await gate.passed;
    return answer;
  };
  await owner.timers.advance(10_000);
  const record = await store.find("job");
  assertEquals(record?.epoch, 2);
  store.claim = claim;
  store.renew = fails;
  await owner.timers.advance(29_900);
  store.renew = renew;
  await owner.timers.advance(1_000);
  const before = owner.begun.length;
  gate.open();
  await owner.settle();
  assertEquals([owner.begun.length, other.status], [before, "running"]);
  assertEquals((await store.find("job"))?.epoch, 2);
  await owner.engine.recover();
  await owner.settle();
  assertEquals((await store.find("job"))?.status, "completed");
});

for (const gated of [1, 2]) {
  test(`look ${gated} at what an engine holds says nothing when its lease has ended meanwhile`, async () => {
    const store = heldStore();
    const { claim, held, renew } = store;
    const owner = new StoredFlowProcess({ store, work: waiting, durability: { attempts: 1 } });
    owner.start([1], "other");
    await owner.settle();
    const job = owner.start([2]);
    store.fail(1);
    await assertRejects(() => owner.flow.waitForCompletion(job), StoreError);
    const gate = createLatch();
    const asked: number[] = [];
    store.held = async (incarnation) => {
      asked.push(incarnation.incarnation);
      const answer = await held(incarnation);
      if (asked.length === gated) await gate.passed;
      return answer;
    };
    const claimed: number[] = [];
    store.claim = (query) => {
      claimed.push(query.incarnation);
      return claim(query);
    };
    await owner.timers.advance(10_000);
    store.renew = fails;
    await owner.timers.advance(29_900);
    store.renew = renew;
    await owner.timers.advance(1_000);
    gate.open();
    await owner.settle();
    const [before] = asked;
    assertEquals(asked.filter((it) => it === before).length, gated, "nobody asks for the incarnation that is over");
    assertEquals([claimed.includes(before ?? 0), owner.told("lost").length], [false, 1]);
  });
}

/** An owner of a live job whose store gives it that job again when it asks for others: `times` in one answer. */
async function givenAgain(times: number) {
  const store = memoryStore();
  const owner = new StoredFlowProcess({ store, work: waiting });
  const job = owner.start([1]);
  await owner.settle();
  const { take } = store;
  store.take = async ({ owner, incarnation, now }) => {
    const record = await store.find("job");
    store.take = take;
    const answer = await store.claim({ owner, incarnation, now, jobs: record === undefined ? [] : [record] });
    return { ...answer, jobs: Array.from({ length: times }, () => answer.jobs).flat() };
  };
  return { owner, job, store };
}

const TIMES = {
  "a live job that its engine claims once more goes on by the new claim": 1,
  "a claim that is no newer than the one by which a job is live changes nothing": 2,
};
for (const [name, times] of Object.entries(TIMES)) {
  test(name, async () => {
    const { owner, job, store } = await givenAgain(times);
    assertEquals(await owner.engine.recover(), { jobs: [], errors: [] });
    owner.flow.deliver(job, "worker", "input", { n: 2 });
    assertEquals(await owner.flow.waitForCompletion(job), true);
    assertEquals([(await store.find("job"))?.epoch, owner.begun, owner.told("lost")], [2, [1, 2], []]);
  });
}

test("a live job that its engine has by a later claim than the next one goes on by that from what is stored", async () => {
  const store = memoryStore();
  const owner = new StoredFlowProcess({ store: { ...store }, work: waiting });
  owner.start([1]);
  await owner.settle();
  owner.store.take = async ({ owner: name, incarnation, now }) => {
    owner.store.take = store.take;
    // The answer to the first one is lost.
    const claim = async () => {
      const record = await store.find("job");
      return await store.claim({ owner: name, incarnation, now, jobs: record === undefined ? [] : [record] });
    };
    await claim();
    return await claim();
  };
  await owner.engine.recover();
  await owner.settle();
  assertEquals([(await store.find("job"))?.epoch, owner.told("lost").length], [3, 1]);
  await owner.engine.handle("job").deliver({ routine: "worker", slot: "input" }, { n: 2 });
  await owner.settle();
  assertEquals([(await store.find("job"))?.status, owner.begun], ["completed", [1, 2]]);
});

test("a job that is taken twice while it is being started is taken up once", async () => {
  const store = memoryStore();
  const first = new StoredFlowProcess({ store, work: waiting });
  const { timers } = first;
  await first.flow.startMany("source", [{ jobId: "job", params: { items: [1] } }]);
  const { take, load } = store;
  const [taken, read] = [createLatch(), createLatch()];
  const owner = new StoredFlowProcess({
    store: {
      ...store,
      take: async (query) => {
        const answer = await take(query);
        await taken.passed;
        return { ...answer, jobs: [...answer.jobs, ...answer.jobs] };
      },
      load: async (jobId) => {
        await read.passed;
        return await load(jobId);
      },
      claim: () => ({ now: timers.now(), jobs: [], survived: [] }),
    },
    timers,
    work: waiting,
  });
  const recovery = owner.engine.recover();
  await owner.settle();
  const job = owner.start([1]);
  await owner.settle();
  taken.open();
  await recovery;
  read.open();
  await owner.settle();
  assertEquals([job.status, owner.told("taken").length, owner.begun], ["pending", 1, [1]]);
  await owner.engine.handle("job").cancel();
  await owner.settle();
  assertEquals((await store.find("job"))?.status, "cancelled");
});

test("a claim whose answer is lost, though the store has carried it out, is made again", async () => {
  const store = memoryStore();
  const first = new StoredFlowProcess({ store, work: waiting });
  const { timers } = first;
  first.start([1]);
  await first.settle();
  await first.engine.shutdown();
  let isLost = false;
  const owner = new StoredFlowProcess({
    store: {
      ...store,
      claim: async (query) => {
        const answer = await store.claim(query);
        if (!isLost) {
          isLost = true;
          throw new Error("the connection was lost");
        }
        return answer;
      },
    },
    timers,
    work: waiting,
  });
  const { flow, job } = await owner.engine.open("job");
  flow.resume(job);
  await timers.advance(1_000);
  flow.deliver(job, "worker", "input", { n: 2 });
  assertEquals(await flow.waitForCompletion(job), true);
  assertEquals([job.sharedData.n, (await store.find("job"))?.epoch], [2, 3]);
});

test("an engine that enters again because the answer was lost does not take its name from itself when the first call comes late", async () => {
  const store = memoryStore();
  const { enter } = store;
  const late: (() => unknown)[] = [];
  store.enter = (query) => {
    if (late.length > 0) return enter(query);
    late.push(() => enter(query));
    throw new Error("no answer");
  };
  const durability = { takeOver: "at once", retryDelayMs: 10 } as const;
  const owner = new StoredFlowProcess({ store, work: waiting, durability });
  const job = owner.start([1]);
  await owner.timers.advance(100);
  for (const call of late) call();
  const other = new StoredFlowProcess({ store, timers: owner.timers });
  assertEquals((await other.engine.recover()).jobs, []);
  await owner.timers.advance(60_000);
  assertEquals([job.status, owner.told("replaced"), owner.told("lost")], ["running", [], []]);
});

test("a write that was under way while its job was claimed again is made by the new claim, once", async () => {
  const data = memoryStore();
  const store = heldStore(data);
  const owner = new StoredFlowProcess({ store });
  const job = owner.start([1]);
  store.hold();
  await owner.settle();
  const { renew } = store;
  store.renew = fails;
  await owner.timers.advance(29_900);
  store.renew = renew;
  await owner.timers.advance(1_000);
  assertEquals([job.status, (await data.find("job"))?.epoch], ["running", 2]);
  store.release();
  await owner.settle();
  const stored = await data.load("job");
  assertEquals([job.status, stored?.record.status, stored?.record.owner], ["completed", "completed", undefined]);
  const steps = (stored?.entries ?? []).map((it) => JSON.parse(it)).filter(({ kind }) => kind === "step");
  assertEquals([steps.map(({ task }) => task), owner.begun, owner.told("lost")], [[1, 2], [1], []]);
});

test("a job that was deleted while the handler of its cancelled task went on is not written again", async () => {
  const data = memoryStore();
  const store = heldStore(data);
  const gate = createLatch();
  const owner = new StoredFlowProcess({ store, work: () => gate.passed });
  const job = owner.start([1]);
  await owner.settle();
  owner.flow.cancel(job);
  await owner.settle();
  const record = await data.find("job");
  assert(record?.owner !== undefined, "its handler has not come to its end");
  assertEquals(record.status, "cancelled");
  await data.delete(record);
  await owner.timers.advance(30_000);
  const { length } = store.appends;
  gate.open();
  await owner.timers.advance(30_000);
  assertEquals([store.appends.length, job.status, owner.told("store_error")], [length, "cancelled", []]);
});
