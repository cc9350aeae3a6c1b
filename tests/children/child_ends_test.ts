import { assert, assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { type ChildEnd, type Context, Flow, JobFailedError, Routine, StateError } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { CrashingStore } from "../support/crashing_store.ts";
import { FamilyProcess } from "../support/family_process.ts";
import { STRIDE } from "../support/gate_amount.ts";
import { lateStore } from "../support/late_store.ts";

// What becomes of children when their parent ends first, is paused, or is let go of; and of a parent when its children do not complete.

const STORES = { "a store that answers at once": memoryStore, "a store that answers later": lateStore };

/** Waits for a person before it is done, but for 0, which fails. */
const asking = (n: number, ctx: Context) => {
  if (n === 0) throw new RangeError("nothing to square");
  ctx.expect("answer");
};

for (const [name, createStore] of Object.entries(STORES)) {
  test("C451 a child that fails is an end like others, with its error, with " + name, async () => {
    const process = new FamilyProcess(manualTimers(), { store: createStore(), work: asking });
    const worker = process.engine.work();
    const job = await process.flow.start("sum", { items: [0] }, { jobId: "job" });
    await process.timers.advance(10_000);
    assertEquals(await job.result(), 0);
    const [end] = process.ends;
    assert(end?.status === "failed");
    assertEquals([end.error.name, end.error.message], ["RangeError", "nothing to square"]);
    await worker.stop();
  });

  test("C452 the cancel of a parent cancels its children, wherever they are, with " + name, async () => {
    const process = new FamilyProcess(manualTimers(), { store: createStore(), work: asking });
    const worker = process.engine.work({ idleMs: 1_000 });
    const job = await process.flow.start("sum", { items: [1, 2] }, { jobId: "job" });
    await process.timers.advance(10_000);
    assertEquals([worker.size, (await job.read()).status], [0, "running"]);
    assertEquals((await job.read()).children.map(({ status, slot }) => [status, slot]), [
      ["open", "squared"],
      ["open", "squared"],
    ]);
    await job.cancel();
    await process.timers.advance(10_000);
    const { jobs } = await process.engine.list();
    assertEquals(jobs.map(({ status, dueAt }) => [status, dueAt]), Array(3).fill(["cancelled", undefined]));
    assertEquals(process.ends, []);
    assertEquals((await job.read()).children.map(({ status }) => status), ["left", "left"]);
    await worker.stop();
  });

  test("C452 a redrive of a cancelled parent finds out how its children have ended, with " + name, async () => {
    const process = new FamilyProcess(manualTimers(), { store: createStore(), work: asking });
    const worker = process.engine.work({ idleMs: 1_000 });
    const job = await process.flow.start("sum", { items: [1, 2, 3] }, { jobId: "job" });
    await process.timers.advance(10_000);
    const [first, , third] = (await job.read()).children;
    await process.engine.handle(first?.jobId ?? "").deliver({ routine: "square", slot: "answer" }, { n: 5 });
    await process.timers.advance(10_000);
    await job.cancel();
    await process.timers.advance(10_000);
    await process.engine.delete(third?.jobId ?? "");
    await job.redrive();
    await process.timers.advance(10_000);
    assertEquals(await job.result(), 5);
    assertEquals(process.ends.map(({ status }) => status), ["completed", "cancelled", "cancelled"]);
    await worker.stop();
  });

  test(
    "C453 a parent that is paused is told when its children end, and goes on when it is resumed, with " + name,
    async () => {
      const process = new FamilyProcess(manualTimers(), { store: createStore(), work: asking });
      const worker = process.engine.work();
      const job = await process.flow.start("sum", { items: [1] }, { jobId: "job" });
      await process.timers.advance(5_000);
      const [child] = (await job.read()).children;
      await job.pause();
      await process.timers.advance(5_000);
      assertEquals([(await job.read()).status, await process.engine.count({ status: "running" })], ["paused", 1]);
      await process.engine.handle(child?.jobId ?? "").deliver({ routine: "square", slot: "answer" }, { n: 4 });
      await process.timers.advance(5_000);
      const paused = await job.read();
      assertEquals([paused.status, paused.pendingTasks.length, process.ends], ["paused", 1, []]);
      await job.resume();
      await process.timers.advance(5_000);
      assertEquals([(await job.read()).status, (await job.read()).result], ["completed", 4]);
      await worker.stop();
    },
  );

  test("C454 a detached child is nobody's: its parent completes, and it goes on, with " + name, async () => {
    const process = new FamilyProcess(manualTimers(), { store: createStore(), work: asking });
    const worker = process.engine.work();
    const job = await process.flow.start("sum", { items: [1, 2], detached: true }, { jobId: "job" });
    await process.timers.advance(5_000);
    assertEquals([(await job.read()).status, (await job.read()).children], ["completed", []]);
    assertEquals(await process.engine.count({ parentId: "job", status: "running" }), 2);
    await worker.stop();
  });

  test("C451 a child whose id is taken has failed, with " + name, async () => {
    const process = new FamilyProcess(manualTimers(), { store: createStore() });
    await process.child.start("square", { n: 1 }, { jobId: "job/1/0/0", at: Date.UTC(2999, 0) });
    const worker = process.engine.work();
    const job = await process.flow.start("sum", { items: [3] }, { jobId: "job" });
    await process.timers.advance(5_000);
    assertEquals(await job.result(), 0);
    const [end] = process.ends;
    assert(end?.status === "failed");
    assertEquals(end.error.message, 'Cannot start child "job/1/0/0": there is a job of this id already');
    await worker.stop();
  });
}

for (const isPaused of [false, true]) {
  const what = isPaused ? "paused" : "live";
  test(`C451 a parent is not told of an end that could not be stored, of a child that was ${what}`, async () => {
    const data = memoryStore();
    let fails = true;
    const store: Store = {
      ...data,
      append: (claim, revision, entries, head) => {
        if (fails && head?.status === "cancelled") throw new Error("the disk is full");
        return data.append(claim, revision, entries, head);
      },
    };
    const durability = { attempts: 1 };
    const process = new FamilyProcess(manualTimers(), { store, work: asking, durability });
    const job = await process.flow.start("sum", { items: [1] }, { jobId: "job" });
    await process.engine.recover();
    await process.timers.advance(100);
    await process.engine.recover();
    await process.timers.advance(100);
    const [{ jobId = "" } = {}] = (await job.read()).children;
    const child = process.engine.handle(jobId);
    assertEquals((await child.read()).status, "running");
    if (isPaused) await child.pause();
    await process.timers.advance(2_000);
    await child.cancel();
    if (isPaused) await process.engine.recover();
    await process.timers.advance(2_000);
    assertEquals([(await data.find("job"))?.sent, (await child.read()).status], [0, isPaused ? "paused" : "running"]);
    fails = false;
    await process.timers.advance(60_000);
    await process.engine.recover();
    await process.timers.advance(5_000);
    assertEquals(process.ends.map(({ status }) => status), ["cancelled"]);
    assertEquals((await job.read()).status, "completed");
  });
}

for (const isWritten of [false, true]) {
  test(
    "C452 no child is left running when a process dies at any write of a cancel, " +
      (isWritten ? "after it" : "before it"),
    async () => {
      let write = 0;
      for (let isOver = false; !isOver;) {
        write += STRIDE;
        const store = memoryStore();
        const crashing = new CrashingStore(store, { write, isWritten }, true);
        const first = new FamilyProcess(manualTimers(), { store: crashing, work: asking });
        first.engine.work({ idleMs: 500 });
        const starter = new FamilyProcess(first.timers, { store });
        const job = await starter.flow.start("sum", { items: [1, 2] }, { jobId: "job" });
        await first.timers.advance(5_000);
        await job.cancel();
        await first.timers.advance(10_000);
        isOver = !crashing.isDead;
        const second = new FamilyProcess(first.timers, { store, work: asking });
        const worker = second.engine.work({ idleMs: 500 });
        await first.timers.advance(120_000);
        const { jobs } = await second.engine.list();
        const wrong = jobs.filter(({ status, dueAt }) => status !== "cancelled" || dueAt !== undefined);
        assertEquals(
          [wrong, (await job.read()).children.every(({ status }) => status === "left")],
          [[], true],
          `${write}`,
        );
        await worker.stop();
      }
      assert(write > 15, `${write} writes`);
    },
  );
}

test("C455 children are refused where the handler asks for them, with the reason", async () => {
  const process = new FamilyProcess(manualTimers());
  const { engine, registry } = process;
  class Unknown extends Routine {
    readonly trigger = this.addSlot("trigger", this.run);
    run(): void {}
  }
  const unknown = new Flow({ id: "unknown", engine, registry });
  unknown.addRoutine(new Unknown(), "unknown");
  const again = new Flow({ id: "again", engine, registry, limits: { childDepth: 2, children: 1 } });
  const calls: Record<string, (asker: Asker, ctx: Context) => unknown> = {
    unregistered: (asker, ctx) => ctx.child(unknown, "unknown", {}, { to: asker.ended }),
    entry: (asker, ctx) => ctx.child(process.child, "circle", { n: 1 }, { to: asker.ended }),
    slot: (asker, ctx) => ctx.child(process.child, asker.trigger, { what: "" }, { to: asker.ended }),
    to: (_, ctx) => ctx.child(process.child, "square", { n: 1 }, {} as never),
    both: (asker, ctx) => ctx.child(process.child, "square", { n: 1 }, { detached: true, to: asker.ended } as never),
    foreign: (_, ctx) => ctx.child(process.child, "square", { n: 1 }, { to: other.ended }),
    params: (asker, ctx) => ctx.child(process.child, "square", { n: () => 1 }, { to: asker.ended }),
    flow: (asker, ctx) => ctx.child("square" as never, "square", {}, { to: asker.ended }),
    many: (asker, ctx) => {
      for (const key of ["a", "b"]) ctx.child(process.child, "square", { n: 1 }, { to: asker.ended, key });
    },
    deep: (asker, ctx) => ctx.child(again, "asker", { what: "deep" }, { to: asker.ended }),
    twice: (asker, ctx) => {
      ctx.child(process.child, "square", { n: 1 }, { detached: true, key: "a" });
      ctx.child(process.child, "square", { n: 1 }, { detached: true, key: "a" });
      asker.ended;
    },
  };
  class Asker extends Routine {
    readonly trigger = this.addSlot("trigger", this.ask);
    readonly ended = this.addSlot("ended", this.end);
    ask({ what }: { what: string }, ctx: Context): void {
      calls[what]?.(this, ctx);
    }
    end(end: ChildEnd, _ctx: Context): void {
      if (end.status !== "completed") throw new Error(end.error.message);
    }
  }
  registry.register({ Asker });
  again.addRoutine(new Asker(), "asker");
  const other = new Asker();
  const worker = engine.work();
  const why = async (what: string, flow = again): Promise<string> => {
    const job = await flow.start("asker", { what });
    await process.timers.advance(10_000);
    const error = await assertRejects(() => job.result(), JobFailedError);
    return error.cause instanceof Error ? error.cause.message : "";
  };
  const roomy = new Flow({ id: "roomy", engine, registry });
  roomy.addRoutine(new Asker(), "asker");
  const action = 'Cannot start a child of routine "asker"';
  assertEquals({
    unregistered: (await why("unregistered")).slice(0, 60),
    entry: await why("entry"),
    slot: await why("slot"),
    to: await why("to"),
    both: await why("both"),
    foreign: await why("foreign"),
    params: await why("params"),
    flow: await why("flow"),
    many: await why("many"),
    twice: (await why("twice", roomy)).replace(/child ".*" al/, "child al"),
    deep: await why("deep"),
  }, {
    unregistered: "Routine 'unknown' (Unknown) cannot be serialized: its class ",
    entry: 'Cannot find slot: routine "circle" not found in flow "square"; it has "square"',
    slot:
      `${action}: slot "trigger" belongs to an Asker instance, which is not in flow "square"; add it with addRoutine`,
    to: `${action}: say to which slot its end goes, or detached: true`,
    both: `${action}: a detached child tells nobody; leave out to`,
    foreign:
      'Cannot start a child in routine "asker": slot "ended" belongs to another routine; name one of its own: "trigger", "ended"',
    params: `${action}: a job of flow "square": params.n is a function; send what it stands for instead`,
    flow: `${action}: expected a Flow, or the document of one, got "square"`,
    many: `${action}: its job has 1 children already, as many as limits.children allows`,
    twice: `${action}: it has a child already; give each a key of its own`,
    deep:
      `${action}: 2 jobs stand above its job, as many as limits.childDepth allows; does a flow start itself without an end?`,
  });
  await worker.stop();
});

test("C455 a job that waits for children cannot be forked: they would tell the other one alone", async () => {
  const process = new FamilyProcess(manualTimers(), { work: asking });
  const worker = process.engine.work();
  await process.flow.start("sum", { items: [1] }, { jobId: "job" });
  await process.timers.advance(5_000);
  const { revision = 0 } = await process.store.find("job") ?? {};
  const error = await assertRejects(() => process.engine.fork("job", revision), StateError);
  assertEquals(
    error.message,
    `Cannot fork job "job": at revision ${revision} it waits for children, which tell it alone`,
  );
  await worker.stop();
});

test("C452 a parent that is redriven while its children are being cancelled learns how each has ended", async () => {
  const inner = memoryStore();
  let isOpen = true;
  const cancels: (() => void)[] = [];
  const store: Store = {
    ...inner,
    // The cancel of a child is under way while everything else happens.
    send: async (job, command) => {
      if (!isOpen && command.key.startsWith("cancel/")) await new Promise<void>((resolve) => cancels.push(resolve));
      return await inner.send(job, command);
    },
  };
  const process = new FamilyProcess(manualTimers(), { store, work: asking });
  const worker = process.engine.work();
  const job = await process.flow.start("sum", { items: [1] }, { jobId: "job" });
  await process.timers.advance(5_000);
  const [{ jobId = "" } = {}] = (await job.read()).children;
  isOpen = false;
  await job.cancel();
  await process.timers.advance(1_000);
  assertEquals((await job.read()).status, "cancelled");
  await process.engine.handle(jobId).deliver({ routine: "square", slot: "answer" }, { n: 5 });
  await process.timers.advance(1_000);
  assertEquals((await process.engine.handle(jobId).read()).status, "completed");
  await job.redrive();
  await process.timers.advance(1_000);
  isOpen = true;
  for (const open of cancels) open();
  await process.timers.advance(60_000);
  assertEquals([(await job.read()).status, (await job.read()).result], ["completed", 5]);
  await worker.stop();
});

test("C452 a parent is told of the second end of a child that was redriven, though the first has come too late for it", async () => {
  const process = new FamilyProcess(manualTimers(), { work: asking });
  const work = async (flows: readonly string[], act: () => Promise<void>) => {
    const worker = process.engine.work({ flows, idleMs: 500 });
    await act();
    await process.timers.advance(5_000);
    await Promise.all([worker.stop(), process.timers.advance(20_000)]);
  };
  const job = await process.flow.start("sum", { items: [1] }, { jobId: "job" });
  await work(["sum", "square"], () => Promise.resolve());
  const [{ jobId = "" } = {}] = (await job.read()).children;
  const child = process.engine.handle(jobId);
  await job.cancel();
  await work(["square"], () => child.cancel());
  assertEquals([(await child.read()).status, (await process.store.find("job"))?.sent], ["cancelled", 2]);
  await work(["sum"], () => Promise.resolve());
  assertEquals((await job.read()).status, "cancelled");
  await work(["square"], () => child.redrive());
  await work(["sum"], () => job.redrive());
  assertEquals([(await child.read()).status, (await job.read()).status], ["running", "running"]);
  await work(["sum", "square"], () => child.deliver({ routine: "square", slot: "answer" }, { n: 5 }));
  assertEquals([(await child.read()).status, (await job.read()).status], ["completed", "completed"]);
});

test("C456 a child whose parent has a full inbox is looked at again after a while, not at once", async () => {
  let claims = 0;
  const inner = memoryStore();
  const store: Store = {
    ...inner,
    send: (job, command) => command.key.startsWith("child/") ? "full" : inner.send(job, command),
    take: async (query) => {
      const answer = await inner.take(query);
      claims += answer.jobs.filter(({ record }) => record.parentId !== undefined).length;
      // Only so does a test end that would go on without end.
      return claims < 1_000 ? answer : new Promise(() => {});
    },
  };
  const process = new FamilyProcess(manualTimers(), { store, durability: { attempts: 1 } });
  process.engine.work();
  await process.flow.start("sum", { items: [3] }, { jobId: "job" });
  await process.timers.advance(10_000);
  assert(claims > 5 && claims < 15, `it was claimed ${claims} times in 10 s`);
});

test("C456 a child whose parent could not be told is due, and is purged only when it has told it", async () => {
  let isDown = true;
  const inner = memoryStore();
  const store: Store = {
    ...inner,
    send(job, command) {
      if (isDown && command.key.startsWith("child/")) throw new Error("the network is down");
      return inner.send(job, command);
    },
  };
  const process = new FamilyProcess(manualTimers(), { store });
  const worker = process.engine.work();
  const job = await process.flow.start("sum", { items: [3] }, { jobId: "job" });
  await process.timers.advance(60_000);
  const [child] = (await process.engine.list({ parentId: "job" })).jobs;
  assertEquals(child?.status, "completed");
  const purge = () => process.engine.purge({ endedBefore: process.timers.now() + 1 });
  assertEquals([await purge(), (await job.read()).status], [0, "running"]);
  isDown = false;
  await process.timers.advance(60_000);
  assertEquals([await job.result(), await purge()], [9, 2]);
  await worker.stop();
});
