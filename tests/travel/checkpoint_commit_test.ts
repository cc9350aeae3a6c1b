import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Context, Registry, Routine } from "../../mod.ts";
import { pack, unpack } from "../support/move_job.ts";
import { createTestFlow, type TestFlow } from "../support/test_flow.ts";

interface Order {
  readonly delayMs: number;
}

/** A host with a handler that commits at 5 ms and works until 105 ms; `now` is the clock of the host. */
function createHost(timers: () => TestFlow["timers"]) {
  const sleep = (ms: number) => new Promise<void>((resolve) => void timers().setTimer(timers().now() + ms, resolve));
  class Worker extends Routine {
    readonly input = this.addSlot("input", this.work);
    readonly answer = this.addSlot("answer", this.receive);
    readonly output = this.addEvent("output");
    async work({ delayMs }: Order, ctx: Context<string>): Promise<void> {
      if (ctx.progress === undefined) {
        await sleep(5);
        ctx.emit(this.output, {}, { delayMs });
        ctx.expect(this.answer, { timeoutMs: 20 });
        await ctx.checkpoint("asked");
      }
      await sleep(100);
    }
    receive(_data: unknown, ctx: Context): void {
      ctx.output("received", ctx.now());
    }
  }
  class Receiver extends Routine {
    readonly input = this.addSlot("input", this.receive);
    receive(_data: unknown, ctx: Context): void {
      ctx.output("received", ctx.now());
    }
  }
  return { Worker, Receiver, registry: new Registry({ Worker, Receiver }) };
}

function start(executionStrategy: "sequential" | "concurrent", delayMs: number) {
  const { Worker, Receiver, registry } = createHost(() => timers);
  const { timers, flow }: TestFlow = createTestFlow({ id: "checkpoints", registry, executionStrategy });
  const worker = flow.addRoutine(new Worker(), "worker");
  worker.setAsOptional();
  const receiver = flow.addRoutine(new Receiver(), "receiver");
  flow.connect(worker.output, receiver.input);
  return { timers, flow, job: flow.execute(worker.input, { delayMs }) };
}

for (const delayMs of [0, 20]) {
  test(`what a checkpoint has emitted, ${delayMs} ms later, runs beside the handler that goes on, where it may`, async () => {
    const { timers, job } = start("concurrent", delayMs);
    await timers.advance(1_000);
    assertEquals([job.status, job.outputLog.map(({ data }) => data)], ["completed", [5 + delayMs]]);
  });
}

for (const strategy of ["sequential", "concurrent"] as const) {
  test(`a delivery that a checkpoint expects has its deadline while the handler goes on: ${strategy}`, async () => {
    const { timers, job } = start(strategy, 0);
    await timers.advance(1_000);
    const error = job.executionHistory.find(({ type }) => type === "error");
    assertEquals([job.status, error?.at], ["completed", "1970-01-01T00:00:00.025Z"]);
  });

  test(`a snapshot in the middle of such a handler goes on elsewhere as it did here: ${strategy}`, async () => {
    const { timers, flow, job } = start(strategy, 20);
    await timers.advance(10);
    const text = pack(flow, job);
    const b = unpack(text, createHost(() => b.timers).registry, 10);
    b.flow.resume(b.job);
    await b.timers.advance(1_000);
    assertEquals(b.job.status, "completed");
    const error = b.job.executionHistory.find(({ type }) => type === "error");
    assertEquals(error?.at, "1970-01-01T00:00:00.025Z");
    const received = strategy === "concurrent" ? 25 : 110;
    assertEquals(b.job.outputLog.map(({ data }) => data), [received]);
  });
}
