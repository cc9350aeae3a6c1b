import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Context, Engine, ErrorHandler, Flow, JobState, Routine } from "../../mod.ts";
import { Aggregator, Batcher, Throttle } from "../../src/routines/mod.ts";
import { denoKvStore } from "../../src/stores/deno_kv_store.ts";
import { keyValueStore } from "../../src/stores/key_value_store.ts";
import { sqliteStore } from "../../src/stores/sqlite_store.ts";
import { pauseAnywhere, runRoutine, simulate, simulateFleet } from "../../src/testing/mod.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

/** Options as JavaScript may pass them. */
const wrong = (options: object) => options as never;

test("every call with options refuses a name that it does not know, and names the nearest", async () => {
  const { engine, flow, store } = new StoredFlowProcess();
  const job = flow.create("source");
  const refused: readonly (readonly [call: () => unknown, name: string, nearest: string])[] = [
    [() => new Engine(wrong({ stores: store })), "stores", "store"],
    [() => new Engine({ store, durability: wrong({ leaseMS: 5 }) }), "durability.leaseMS", "durability.leaseMs"],
    [() => new Flow(wrong({ maxWorker: 2 })), "maxWorker", "maxWorkers"],
    [() => flow.create("source", {}, wrong({ jobid: "a" })), "jobid", "jobId"],
    [() => flow.execute("source", {}, wrong({ onOutputs: () => {} })), "onOutputs", "onOutput"],
    [() => flow.start("source", {}, wrong({ tag: {} })), "tag", "tags"],
    [() => flow.startMany("source", [wrong({ param: {} })]), "param", "params"],
    [() => flow.resume(job, wrong({ redrives: true })), "redrives", "redrive"],
    [() => flow.pause(job, wrong({ graceMS: 5 })), "graceMS", "graceMs"],
    [() => flow.waitForCompletion(job, wrong({ timeout: 5 })), "timeout", "timeoutMs"],
    [() => flow.shutdown(wrong({ drains: true })), "drains", "drain"],
    [() => engine.work(wrong({ concurency: 5 })), "concurency", "concurrency"],
    [() => engine.list(wrong({ limits: 5 })), "limits", "limit"],
    [() => engine.count(wrong({ flow: "workshop" })), "flow", "flowId"],
    [() => engine.purge(wrong({ endedBefor: 5 })), "endedBefor", "endedBefore"],
    [() => engine.recover(wrong({ limits: 5 })), "limits", "limit"],
    [() => engine.fork("job", 0, wrong({ jobid: "a" })), "jobid", "jobId"],
    [() => engine.shutdown(wrong({ timeoutMS: 5 })), "timeoutMS", "timeoutMs"],
  ];
  for (const [call, name, nearest] of refused) {
    await assertRejects(
      async () => await call(),
      TypeError,
      `: unknown option "${name}"; did you mean "${nearest}"?`,
    );
  }
  assertEquals([job.status, await engine.count()], ["pending", 0]);
});

test("what a flow is made of refuses options that it does not know", () => {
  class Worker extends Routine {}
  const worker = new Worker();
  const { flow } = new StoredFlowProcess();
  const [event, slot] = [flow.event("source", "item"), flow.slot("worker", "input")];
  const refused: readonly (readonly [call: () => unknown, name: string, nearest: string])[] = [
    [() => worker.addSlot("a", null, wrong({ timeout: 5 })), "timeout", "timeoutMs"],
    [() => worker.addEvent("a", wrong({ param: ["n"] })), "param", "params"],
    [() => worker.addTimer("a", () => {}, wrong({ schemas: {} })), "schemas", "schema"],
    [() => worker.setAsCritical(wrong({ retries: 5 })), "retries", "maxRetries"],
    [() => new ErrorHandler(wrong({ retryDelay: 5 })), "retryDelay", "retryDelayMs"],
    [() => flow.connect(event, slot, wrong({ mappings: {} })), "mappings", "mapping"],
    [() => flow.connect("source", "item", "worker", "input", wrong({ map: {} })), "map", "mapping"],
    [() => Flow.fromJSON(flow.toJSON(), flow.registry, wrong({ engines: 1 })), "engines", "engine"],
    [() => JobState.fromJSON({}, flow.registry, wrong({ limit: {} })), "limit", "limits"],
    [() => new Batcher().setBatches(wrong({ size: 2, timeoutMS: 5 })), "timeoutMS", "timeoutMs"],
    [() => new Aggregator().setGroups(wrong({ counts: 2 })), "counts", "count"],
    [() => new Throttle().setRate(wrong({ count: 2, interval: 5 })), "interval", "intervalMs"],
  ];
  for (const [call, name, nearest] of refused) {
    assertThrows(call, TypeError, `: unknown option "${name}"; did you mean "${nearest}"?`);
  }
});

test("a handler's calls refuse options that they do not know", async () => {
  const refused: unknown[] = [];
  class Worker extends Routine {
    readonly trigger = this.addSlot("trigger", this.work);
    readonly output = this.addEvent("output");
    work(_params: unknown, ctx: Context): void {
      const calls = [
        () => ctx.emit(this.output, {}, wrong({ delay: 5 })),
        () => ctx.expect("trigger", wrong({ timeout: 5 })),
      ];
      for (const call of calls) refused.push(assertThrows(call, TypeError).message);
    }
  }
  const worker = new Worker();
  assertEquals((await runRoutine(worker, worker.trigger, {})).job.status, "completed");
  assertEquals(refused, [
    'Cannot emit "output" of routine "routine": unknown option "delay"; did you mean "delayMs"?',
    'Cannot expect a delivery: unknown option "timeout"; did you mean "timeoutMs"?',
  ]);
});

test("stores and the tools for tests refuse options that they do not know", async () => {
  const { flow, registry } = new StoredFlowProcess();
  const refused: readonly (readonly [call: () => unknown, name: string, nearest: string])[] = [
    [() => sqliteStore(wrong({}), wrong({ synchronus: "full" })), "synchronus", "synchronous"],
    [() => keyValueStore(wrong({}), wrong({ prefixes: "" })), "prefixes", "prefix"],
    [() => denoKvStore(wrong({}), wrong({ watchOthers: true })), "watchOthers", "watchesOthers"],
    [() => runRoutine(new Routine(), wrong({}), {}, wrong({ timer: 5 })), "timer", "timers"],
    [() => simulate(flow, wrong({ entry: "source", seed: 1, param: {} })), "param", "params"],
    [() => simulate(flow, { entry: "source", seed: 1, faults: wrong({ deaths: 1 }) }), "faults.deaths", "faults.death"],
    [() => pauseAnywhere(flow, wrong({ entry: "source", run: 5 })), "run", "runs"],
    [() => simulateFleet(wrong({ jobs: [{}], registry, seed: 1, engine: 5 })), "engine", "engines"],
    [
      () => simulateFleet({ jobs: [wrong({})], registry, seed: 1, faults: wrong({ call: 0 }) }),
      "faults.call",
      "faults.calls",
    ],
  ];
  for (const [call, name, nearest] of refused) {
    await assertRejects(async () => await call(), TypeError, `unknown option "${name}"; did you mean "${nearest}"?`);
  }
});

test("a handle refuses an option that it does not know, and nothing is stored", async () => {
  const process = new StoredFlowProcess({ work: (_n, ctx) => void ctx.expect("input") });
  process.start([1]);
  await process.settle();
  const handle = process.engine.handle("job");
  const calls = [
    () => handle.cancel(wrong({ keys: "a" })),
    () => handle.deliver({ routine: "worker", slot: "input" }, { n: 2 }, wrong({ keys: "a" })),
    () => handle.pause(wrong({ keys: "a" })),
  ];
  for (const call of calls) await assertRejects(call, TypeError, 'unknown option "keys"; did you mean "key"?');
  assertThrows(() => handle.outputs(wrong({ since: 5 })), TypeError, 'unknown option "since"; did you mean "signal"?');
  assertEquals((await process.store.find("job"))?.sent, 0);
});

test("options that are no object are refused", () => {
  const { engine, flow } = new StoredFlowProcess();
  assertThrows(() => flow.execute("source", {}, "job" as never), TypeError, "options must be an object, got ");
  assertThrows(() => engine.work(5 as never), TypeError, "Cannot work: options must be an object, got ");
});
