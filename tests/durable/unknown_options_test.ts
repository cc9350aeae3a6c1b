import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import { Engine, Flow } from "../../mod.ts";
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
  assertEquals((await process.store.find("job"))?.sent, 0);
});

test("options that are no object are refused", () => {
  const { engine, flow } = new StoredFlowProcess();
  assertThrows(() => flow.execute("source", {}, "job" as never), TypeError, "options must be an object, got ");
  assertThrows(() => engine.work(5 as never), TypeError, "Cannot work: options must be an object, got ");
});
