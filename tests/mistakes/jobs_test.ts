import { test } from "node:test";
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { type Context, Engine, Flow, JobState, Registry, Routine, StateError, StoreError } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { flowOfTwo, runHandler, Source, Target, testMistakes } from "./told_by.ts";

/** A flow whose job ends at once. */
async function ended() {
  const { flow, source } = flowOfTwo();
  return { flow, source, job: await flow.run(source.trigger, { count: 0 }, { jobId: "j" }) };
}

testMistakes({
  "M23 a job that is resumed twice": [
    () => {
      const { flow, source } = flowOfTwo();
      const job = flow.create(source.trigger, { count: 0 }, { jobId: "j" });
      flow.resume(job);
      flow.resume(job);
    },
    'Cannot resume job "j" in status "running": it is live already, and goes on by itself',
  ],
  "M24 an ended job that is resumed": [
    async () => {
      const { flow, job } = await ended();
      flow.resume(job);
    },
    'Cannot resume job "j" in status "completed": it has ended; { redrive: true } puts its failures back, and goes on ' +
    "with what is pending",
  ],
  "M33 a store that the engine does not have": [
    () => new Engine().recover(),
    "Cannot recover: the engine has no store; give new Engine() both, store and registry",
  ],
  "C494 M34 durability without a store": [
    () => new Engine({ durability: { mode: "relaxed" } }),
    "Cannot create engine: durability is about a store; give new Engine() a store, or leave it out",
  ],
  "M58 a cycle without an end": [
    () => {
      class Endless extends Routine {
        readonly trigger = this.addSlot("trigger", this.go);
        readonly output = this.addEvent("output");
        go(_data: unknown, ctx: Context): void {
          ctx.emit(this.output, {});
        }
      }
      const flow = new Flow({ id: "f", limits: { steps: 3 } });
      const endless = flow.addRoutine(new Endless(), "r");
      flow.connect(endless.output, endless.trigger);
      return flow.run(endless.trigger);
    },
    "The job would make more than 3 tasks; look for a cycle without an end, or raise limits.steps",
  ],
  "M59 a job of another flow": [
    async () => {
      const { job } = await ended();
      const flow = new Flow({ id: "g" });
      flow.resume(JobState.fromJSON({ ...job.toJSON(), status: "paused" }, flow.registry));
    },
    'Cannot resume job "j": flowId: flow_id "f" does not match flow "g"; use the flow that made this job, ' +
    "and make it with the same id in each process: new Flow({ id })",
  ],
  "M60 a text where a parsed document is expected": [
    async () => JobState.fromJSON(JSON.stringify((await ended()).job), new Registry()),
    "Cannot read routilux/job: expected an object, got a text; call JSON.parse first",
  ],
  "M68 a delivery to an ended job": [
    async () => {
      const { flow, job } = await ended();
      flow.deliver(job, "b", "input", { n: 1 });
    },
    'Cannot deliver to job "j" in status "completed": only a running or paused job takes deliveries; it has ended, ' +
    "start another",
  ],
  "M79 a flow without an id, on another host": [
    () => {
      const ids = manualIds();
      const [first, second] = [1, 2].map(() => new Flow({ engine: new Engine({ ids }) }));
      const source = first!.addRoutine(new Source(), "a");
      const job = first!.create(source.trigger, { count: 0 }, { jobId: "j" });
      second!.resume(JobState.fromJSON(job.toJSON(), second!.registry));
    },
    'Cannot resume job "j": flowId: flow_id "id-1" does not match flow "id-2"; use the flow that made this job, ' +
    "and make it with the same id in each process: new Flow({ id })",
  ],
});

test("M37 an id that is given to a second job while the first is live: the first is joined, with a store and without", async () => {
  const registry = new Registry({ Source });
  for (const store of [undefined, memoryStore()]) {
    const engine = new Engine({ registry, timers: manualTimers(), ...(store && { store }) });
    const flow = new Flow({ id: "f", engine });
    const source = flow.addRoutine(new Source(), "a");
    const first = flow.execute(source.trigger, { count: 1 }, { jobId: "j" });
    const outputs: unknown[] = [];
    const second = flow.execute(source.trigger, { count: 2 }, { jobId: "j", onOutput: (it) => outputs.push(it) });
    assertEquals([second.jobId, second.pendingTasks.map(({ data }) => data)], ["j", [{ count: 1 }]]);
    const other = new Flow({ id: "g", engine });
    const entry = other.addRoutine(new Source(), "a");
    assertThrows(
      () => other.execute(entry.trigger, { count: 3 }, { jobId: "j" }),
      StateError,
      'Cannot execute job "j" in status "running": its id is taken by a job of flow "f"',
    );
    await flow.waitForCompletion(first);
    assertEquals([second.status, first.history().filter(({ type }) => type === "emit").length], ["completed", 1]);
    if (store === undefined) {
      const again = await flow.run(source.trigger, { count: 2 }, { jobId: "j" });
      assertEquals(again.history().filter(({ type }) => type === "emit").length, 2);
    }
    await engine.close();
  }
});

test("M38 an id that is given again with other params: the handle says that the job is not new", async () => {
  const engine = new Engine({ registry: new Registry({ Source }), store: memoryStore(), timers: manualTimers() });
  const flow = new Flow({ id: "f", engine });
  const source = flow.addRoutine(new Source(), "a");
  assertEquals((await flow.start(source.trigger, { count: 1 }, { jobId: "j" })).isNew, true);
  assertEquals((await flow.start(source.trigger, { count: 2 }, { jobId: "j" })).isNew, false);
  await assertRejects(
    () => flow.start(source.trigger, { count: 2 }, { jobId: "j", ifExists: "throw" }),
    Error,
    'Cannot start job "j"',
  );
  await engine.close();
});

test("M49 params that are left out: the types refuse it, the failure says where they are missed", async () => {
  class Prices extends Routine {
    readonly trigger = this.addSlot("trigger", this.show);
    show({ price }: { price: number }): void {
      price.toFixed();
    }
  }
  const flow = new Flow({ id: "f" });
  const prices = flow.addRoutine(new Prices(), "prices");
  // @ts-expect-error: Expected 2-3 arguments, but got 1.
  const job = await flow.run(prices.trigger);
  const [failure] = job.failures;
  assertEquals([job.error?.name, failure?.task.routine, failure?.task.slot], ["TypeError", "prices", "trigger"]);
  // The first words are those of the engine of JavaScript.
  const remedy = '(the job has begun at slot "trigger" of routine "prices" without params; give those that it needs)';
  assertStringIncludes(job.error?.message ?? "", remedy);
});

test("M50 params of a routine are checked as those of its slot trigger are", async () => {
  const { flow, source, target } = flowOfTwo();
  // @ts-expect-error: Expected 2-3 arguments, but got 1.
  const bare = () => flow.create(source);
  // @ts-expect-error: Type 'string' is not assignable to type 'number'.
  const text = () => flow.create(source, { count: "2" });
  assertEquals([bare(), text()].map(({ status }) => status), ["pending", "pending"]);
  assertEquals((await flow.run(source, { count: 2 })).status, "completed");
  // A routine without such a field, and an id, take anything that the compiler knows.
  const any = [() => flow.create(target, { anything: 1 }), () => flow.create("a", { anything: 1 })];
  assertEquals(any.length, 2);
});

test("an error that has nothing to do with missing params is left alone", async () => {
  const read = (it: { price?: number } | undefined) => (it as { price: number }).price.toFixed();
  const said = async (work: () => unknown, params?: object) => (await runHandler(work, params)).error?.message;
  for (
    const [error, params] of [[new TypeError("got undefined, not an id"), {}], [new Error("undefined"), {}], [
      undefined,
      {
        a: 1,
      },
    ]] as const
  ) {
    const message = await said(() => {
      if (error !== undefined) throw error;
      read(undefined);
    }, params);
    assertEquals(message?.includes("params"), false, message);
  }
});

test("a delivery to a job that has not begun is told what to do first", () => {
  const { flow, source } = flowOfTwo();
  const job = flow.create(source.trigger, { count: 0 }, { jobId: "j" });
  assertThrows(
    () => flow.deliver(job, "b", "input", { n: 1 }),
    StateError,
    'Cannot deliver to job "j" in status "pending": only a running or paused job takes deliveries; resume it first',
  );
});

test("M61 run() does not throw what a handler has thrown: the job has it", async () => {
  const job = await runHandler(() => Promise.reject(new Error("boom")));
  assertEquals([job.status, job.error?.message], ["failed", "boom"]);
});

test("M63 waitForCompletion() without await is a promise: the types refuse it as a condition", async () => {
  const { flow, source } = flowOfTwo();
  const job = flow.execute(source.trigger, { count: 0 });
  const waited = flow.waitForCompletion(job);
  assertEquals([waited instanceof Promise, job.status], [true, "running"]);
  assertEquals(await waited, true);
});

test("M78 a store that is closed too early", async () => {
  const store = memoryStore();
  const timers = manualTimers();
  const registry = new Registry({ Source, Target });
  const engine = new Engine({ registry, store, timers, ids: manualIds() });
  const flow = new Flow({ id: "f", engine });
  const source = flow.addRoutine(new Source(), "a");
  const job = flow.execute(source.trigger, { count: 1 }, { jobId: "j" });
  await store.close();
  const waited = assertRejects(
    () => flow.waitForCompletion(job),
    StoreError,
    'Cannot store job "j": the store failed 6 times',
  );
  await timers.advance(60_000);
  assertEquals(String((await waited).cause), "Error: The memory store is closed; close it last, by engine.close()");
});
