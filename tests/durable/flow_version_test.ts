import { test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Context, Engine, Flow, PreflightError, Registry, Routine, StateError } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";
import { lateStore } from "../support/late_store.ts";

// A job runs the flow with which it was started, also where another version of that flow asks for it.

const LEASE_MS = 30_000;
const WAIT_MS = 1_000;

/** Puts out its own id, and passes on a second later what it gets. */
class Step extends Routine {
  readonly trigger = this.addSlot("trigger", this.pass);
  readonly answer = this.addSlot("answer", this.pass);
  readonly output = this.addEvent("output");
  pass(_: unknown, ctx: Context): void {
    ctx.output("step", ctx.routineId);
    ctx.emit(this.output, {}, { delayMs: WAIT_MS });
  }
}

let hosts = 0;

/** A process whose version of the flow `steps` has these steps, one after the other. */
function createHost(store: Store, timers: ManualTimers, steps: readonly string[], registry = new Registry({ Step })) {
  const engine = new Engine({ store, timers, ids: manualIds(`host-${++hosts}`), registry });
  const flow = new Flow({ id: "steps", registry: new Registry({ Step }), engine });
  steps.forEach((id, i) => {
    flow.addRoutine(new Step(), id);
    if (i > 0) flow.connect(steps[i - 1] ?? "", "output", id, "trigger");
  });
  return { engine, flow };
}

/** A store with a job that has run the first of the steps a, b and c; nobody has it. */
async function startFirst(createStore: () => Store) {
  const store = createStore();
  const timers = manualTimers();
  const { engine, flow } = createHost(store, timers, ["a", "b", "c"]);
  flow.execute("a", {}, { jobId: "job" });
  await timers.flush();
  await engine.shutdown();
  return { store, timers };
}

const texts = (outputs: readonly { readonly data?: unknown }[]) => outputs.map(({ data }) => data).join(" ");

for (const [name, createStore] of Object.entries({ "at once": memoryStore, "later": lateStore })) {
  test(
    "C440 execute of another version goes on with the flow of the job, with a store that answers " + name,
    async () => {
      const { store, timers } = await startFirst(createStore);
      const before = await store.load("job");
      const heard: unknown[] = [];
      const { flow, engine } = createHost(store, timers, ["a", "other"]);
      const job = flow.execute("a", {}, { jobId: "job", onOutput: ({ data }) => void heard.push(data) });
      const ended = flow.waitForCompletion(job);
      await timers.advance(2 * WAIT_MS);
      assertEquals([await ended, job.status, texts(job.outputLog), heard.join(" ")], [
        true,
        "completed",
        "a b c",
        "b c",
      ]);
      assertEquals((await store.load("job"))?.flow, before?.flow);
      await engine.close();
    },
  );

  test(
    "C440 a job that another version has asked for is recovered when that process dies, with a store that answers " +
      name,
    async () => {
      const { store, timers } = await startFirst(createStore);
      const { flow } = createHost({ ...store, renew: () => new Promise(() => {}) }, timers, ["x", "a"]);
      flow.execute("x", {}, { jobId: "job" });
      await timers.advance(WAIT_MS);
      const last = createHost(store, timers, ["y"]);
      await timers.advance(2 * LEASE_MS);
      await last.engine.recover();
      await timers.advance(2 * WAIT_MS);
      const { job } = await last.engine.open("job");
      assertEquals([job.status, texts(job.outputLog)], ["completed", "a b c"]);
    },
  );

  test(
    "C440 pauses, deliveries and cancels by another version reach the job, with a store that answers " + name,
    async () => {
      const { store, timers } = await startFirst(createStore);
      const { flow } = createHost(store, timers, ["a", "b", "other"]);
      const job = flow.execute("a", {}, { jobId: "job" });
      flow.deliver(job, "b", "answer", {});
      await timers.flush();
      assertEquals(texts(job.outputLog), "a b");
      assertThrows(() => flow.deliver(job, "other", "answer", {}), TypeError, 'no slot "answer" of routine "other"');
      const paused = flow.pause(job);
      await timers.flush();
      await paused;
      assertEquals((await store.find("job"))?.status, "paused");
      const { flow: own, job: opened } = await createHost(store, timers, ["x"]).engine.open("job");
      own.resume(opened);
      await timers.flush();
      own.cancel(opened);
      await timers.flush();
      assertEquals((await store.find("job"))?.status, "cancelled");
    },
  );
}

test("C441 a version that cannot be built here is told to those who wait, and the job stays as it was", async () => {
  const { store, timers } = await startFirst(lateStore);
  const before = await store.load("job");
  const { flow } = createHost(store, timers, ["other"], new Registry());
  const job = flow.execute("other", {}, { jobId: "job" });
  const ended = assertRejects(() => flow.waitForCompletion(job), PreflightError, "Class 'Step' not found in registry");
  await timers.flush();
  await ended;
  const after = await store.load("job");
  assertEquals([after?.snapshot, after?.entries, after?.record.owner], [before?.snapshot, before?.entries, undefined]);
});

test("C441 an engine without a registry refuses to go on with a job of another version", async () => {
  const { store, timers } = await startFirst(lateStore);
  const engine = new Engine({ store, timers, ids: manualIds("bare") });
  const flow = new Flow({ id: "steps", registry: new Registry({ Step }), engine });
  flow.addRoutine(new Step(), "a");
  const job = flow.execute("a", {}, { jobId: "job" });
  const ended = assertRejects(
    () => flow.waitForCompletion(job),
    StateError,
    "only an engine with a registry can build",
  );
  await timers.flush();
  await ended;
  assertEquals((await store.find("job"))?.owner, undefined);
});

test("C441 a job whose flow is built from the store in newer classes goes on with that flow", async () => {
  const { store, timers } = await startFirst(lateStore);
  class Newer extends Step {
    static override version = 2;
    static override migrate(json: object): object {
      return json;
    }
    static override migrateState(state: object): object {
      return state;
    }
  }
  const { engine } = createHost(store, timers, ["other"], new Registry({ Step: Newer }));
  const { flow, job } = await engine.open("job");
  assertEquals(Object.keys(flow.toJSON().routines), ["a", "b", "c"]);
  flow.resume(job);
  await timers.advance(3 * WAIT_MS);
  assertEquals([job.status, texts(job.outputLog)], ["completed", "a b c"]);
});

for (const [name, createStore] of Object.entries({ "at once": memoryStore, "later": lateStore })) {
  test(`C441 whoever resumes a job by another version, which has ended since, is told so, with a store that answers ${name}`, async () => {
    const { store, timers } = await startFirst(createStore);
    const { flow, engine } = createHost(store, timers, ["a", "b", "other"]);
    const job = flow.execute("a", {}, { jobId: "job" });
    await timers.flush();
    void flow.pause(job, { graceMs: 0 });
    await timers.flush();
    const other = createHost(store, timers, []);
    await other.engine.handle("job").resume();
    await other.engine.recover();
    const told = async (why: string) => {
      flow.resume(job);
      let error: unknown;
      flow.waitForCompletion(job).catch((it) => error = it);
      await timers.flush();
      assertEquals(error instanceof StateError && error.message.includes(why), true, `${error}`);
    };
    await told("another engine has claimed it since it was read");
    await timers.advance(3 * WAIT_MS);
    assertEquals((await store.find("job"))?.status, "completed");
    await timers.advance(2 * LEASE_MS);
    await told("it has ended");
    // Nothing of it is live here.
    assertEquals(await engine.delete("job"), true);
  });
}
