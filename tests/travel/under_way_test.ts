import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Collected, type Context, Registry, Routine } from "../../mod.ts";
import { pack, unpack } from "../support/move_job.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import type { Latch } from "../support/latch.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { pauseWhen } from "../support/pause_when.ts";

interface Item {
  readonly item: number;
}

/** Three routines that all call their slot `input` and their event `output`; each host has classes of its own. */
function createHost() {
  const runs: string[] = [];
  const handlers = new WaitingHandlers();
  class Source extends Routine {
    readonly input = this.addSlot("input", this.send);
    readonly output = this.addEvent<Item>("output");
    send({ count }: { readonly count: number }, ctx: Context): void {
      runs.push("source");
      for (let item = 1; item <= count; item++) ctx.emit(this.output, { item });
    }
  }
  class Double extends Routine {
    readonly input = this.addSlot("input", this.double);
    readonly output = this.addEvent<Item>("output");
    double({ item }: Item, ctx: Context): void {
      runs.push(`double ${item}`);
      ctx.emit(this.output, { item: item * 2 });
    }
  }
  class Sum extends Routine {
    readonly input = this.addSlot("input", this.add, { merge: "append" });
    readonly output = this.addEvent<{ total: number }>("output");
    add({ item }: { readonly item: Collected<number> }, ctx: Context): void {
      runs.push(`add ${item.at(-1)}`);
      ctx.shared.set("total", item.toArray().reduce((sum, next) => sum + next));
      ctx.output("added", item);
    }
  }
  class Worker extends Routine {
    readonly input = this.addSlot("input", this.work);
    async work({ item }: Item, ctx: Context): Promise<void> {
      await handlers.wait(item);
      ctx.shared.update<number[]>("done", (done = []) => [...done, item]);
    }
  }
  return { runs, handlers, Source, Double, Sum, Worker, registry: new Registry({ Source, Double, Sum, Worker }) };
}

function startChain(count: number) {
  const { runs, Source, Double, Sum, registry } = createHost();
  const { timers, flow } = createTestFlow({ id: "chain", registry });
  const source = flow.addRoutine(new Source(), "source");
  const double = flow.addRoutine(new Double(), "double");
  const sum = flow.addRoutine(new Sum(), "sum");
  flow.connect(source.output, double.input);
  flow.connect(double.output, sum.input);
  return { runs, timers, flow, registry, job: flow.execute(source.input, { count }, { jobId: "job" }) };
}

test("C237 C374 Seen to hold: three routines with equal names, paused after every activation and moved, end the same", async () => {
  const undisturbed = startChain(5);
  await undisturbed.timers.flush();
  assertEquals(undisturbed.job.status, "completed");

  const first = startChain(5);
  const runs: string[] = [];
  let [flow, job, timers] = [first.flow, first.job, first.timers];
  let host: { readonly runs: string[]; readonly registry: Registry } = first;
  let moves = 0;
  for (;;) {
    const here = job;
    const paused = pauseWhen(flow, here, () => host.runs.length > 0);
    await timers.flush();
    await paused;
    runs.push(...host.runs);
    if (here.status === "completed") break;
    assertEquals([here.status, host.runs.length], ["paused", 1]);
    moves++;
    host = createHost();
    ({ flow, job, timers } = unpack(pack(flow, here), host.registry));
    flow.resume(job);
  }
  assertEquals(moves, 11);
  assertEquals(runs, undisturbed.runs);
  const { pausePoints, ...end } = job.toJSON();
  assertEquals(pausePoints?.length, moves);
  assertEquals(JSON.stringify(end), JSON.stringify(undisturbed.job));
  assertEquals(job.sharedData, { total: 30 });
  assertEquals(job.outputLog.at(-1)?.data, [2, 4, 6, 8, 10]);
});

test("C378 C379 Seen to hold: five items under way and one done, unpaused; the other host runs exactly the four", async () => {
  const { Source, Worker, handlers, registry } = createHost();
  const { timers, flow } = createTestFlow({ id: "five", registry, executionStrategy: "concurrent", maxWorkers: 5 });
  const source = flow.addRoutine(new Source(), "source");
  const worker = flow.addRoutine(new Worker(), "worker");
  flow.connect(source.output, worker.input);
  const job = flow.execute(source.input, { count: 5 });
  await timers.flush();
  handlers.release(3);
  await timers.flush();
  assertEquals([handlers.started, handlers.finished, job.status], [[1, 2, 3, 4, 5], [3], "running"]);
  const text = pack(flow, job);

  const host = createHost();
  const b = unpack(text, host.registry);
  assertEquals(b.job.pendingTasks.map(({ id, active, data }) => ({ id, active, data })), [
    { id: 2, active: true, data: { item: 1 } },
    { id: 3, active: true, data: { item: 2 } },
    { id: 5, active: true, data: { item: 4 } },
    { id: 6, active: true, data: { item: 5 } },
  ]);
  b.flow.resume(b.job);
  await b.timers.flush();
  assertEquals([host.runs, host.handlers.started], [[], [1, 2, 4, 5]]);
  for (const item of [5, 4, 2, 1]) host.handlers.release(item);
  await b.timers.flush();
  assertEquals([b.job.status, b.job.sharedData["done"]], ["completed", [3, 5, 4, 2, 1]]);

  // The first host was not stopped by it.
  for (const item of [1, 2, 4, 5]) handlers.release(item);
  await timers.flush();
  assertEquals([job.status, job.sharedData["done"]], ["completed", [3, 1, 2, 4, 5]]);
});

test("C376 C377 a pause among n queued tasks: processed and pending are n, none is started afterwards", async () => {
  const { Source, Worker, handlers, registry } = createHost();
  const { timers, flow } = createTestFlow({ id: "queued", registry });
  const source = flow.addRoutine(new Source(), "my source");
  const worker = flow.addRoutine(new Worker(), "my worker");
  flow.connect(source.output, worker.input);
  const job = flow.execute(source.input, { count: 4 });
  await timers.flush();
  handlers.release(1);
  await timers.flush();
  const pause = flow.pause(job, { graceMs: 100 });
  assertEquals([handlers.waiting, job.status], [[2], "running"]);
  handlers.release(2);
  await timers.flush();
  await pause;
  assertEquals([job.status, handlers.started], ["paused", [1, 2]]);
  assertEquals(job.pendingTasks.map(({ routine, data, active }) => [routine, data, active]), [
    ["my worker", { item: 3 }, undefined],
    ["my worker", { item: 4 }, undefined],
  ]);
  await timers.advance(1_000);
  assertEquals(handlers.started, [1, 2]);

  const host = createHost();
  const b = unpack(pack(flow, job), host.registry);
  b.flow.resume(b.job);
  await b.timers.flush();
  host.handlers.release(3);
  await b.timers.flush();
  host.handlers.release(4);
  await b.timers.flush();
  assertEquals([b.job.status, host.handlers.finished, b.job.sharedData["done"]], ["completed", [3, 4], [1, 2, 3, 4]]);
});

test("C376 a handler that a pause aborts runs again elsewhere, before all others, under the same idempotency key", async () => {
  const keys: string[] = [];
  const classes = (gates: Latch[]) => {
    class Caller extends Routine {
      readonly input = this.addSlot("input", this.call);
      async call({ item }: Item, ctx: Context): Promise<void> {
        keys.push(`${item} ${ctx.idempotencyKey} attempt ${ctx.attempt}`);
        if (item === 1) await gates[0]?.passed;
        ctx.shared.update<number[]>("done", (done = []) => [...done, item]);
      }
    }
    return { Caller, registry: new Registry({ Caller }) };
  };
  const { Caller, registry } = classes([{ passed: new Promise(() => {}), open: () => {} }]);
  const { timers, flow } = createTestFlow({ id: "keys", registry });
  const caller = flow.addRoutine(new Caller(), "caller");
  const job = flow.execute(caller.input, { item: 1 }, { jobId: "job" });
  flow.deliver(job, caller.input, { item: 2 });
  await timers.flush();
  await flow.pause(job, { graceMs: 0 });
  assertEquals(job.pendingTasks.map(({ id, active, attempt }) => [id, active, attempt]), [
    [1, true, undefined],
    [2, undefined, undefined],
  ]);
  const b = unpack(pack(flow, job), classes([]).registry);
  b.flow.resume(b.job);
  await b.timers.flush();
  assertEquals([b.job.status, b.job.sharedData["done"]], ["completed", [1, 2]]);
  assertEquals(keys, ["1 job/1/0 attempt 0", "1 job/1/0 attempt 0", "2 job/2/0 attempt 0"]);
});
