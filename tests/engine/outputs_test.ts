import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { JobState, Registry } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("outputs() gives what is kept, then what comes, and ends when the job has ended", async () => {
  const { flow, timers } = createTestFlow();
  addFunction(flow, "act", (n: unknown, ctx) => {
    const count = Number(n);
    ctx.output("count", count);
    if (count < 3) ctx.emit("output", count + 1, { delayMs: 10 });
  });
  link(flow, "act", "act");
  const job = flow.execute("act", 1);
  const seen: unknown[] = [];
  const read = async (name: string) => {
    for await (const { data } of flow.outputs(job)) seen.push(`${name} ${data} at ${timers.now()}`);
    seen.push(`${name} ended at ${timers.now()}`);
  };
  await timers.flush();
  void read("early");
  await timers.advance(10);
  void read("late");
  await timers.flush();
  assertEquals(seen.splice(0), ["early 1 at 0", "early 2 at 10", "late 1 at 10", "late 2 at 10"]);
  await timers.advance(10);
  assertEquals(seen.splice(0).toSorted(), ["early 3 at 20", "early ended at 20", "late 3 at 20", "late ended at 20"]);
  await read("afterwards");
  assertEquals(seen.map((text) => String(text).slice(0, 14)), [
    "afterwards 1 a",
    "afterwards 2 a",
    "afterwards 3 a",
    "afterwards end",
  ]);
});

test("outputs() keeps what its reader has not asked for yet, and ends when the job rests paused or is cancelled", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  addFunction(flow, "act", async (_data, ctx) => {
    for (const n of [1, 2, 3]) {
      ctx.output("n", n);
      await ctx.checkpoint(n);
    }
    await handlers.wait("act");
  });
  for (const end of ["pause", "cancel"]) {
    const job = flow.execute("act");
    const outputs = flow.outputs(job);
    await timers.flush();
    if (end === "pause") await flow.pause(job, { graceMs: 0 });
    else flow.cancel(job);
    const rest: unknown[] = [];
    for await (const { data } of outputs) rest.push(data);
    assertEquals(rest, [1, 2, 3], end);
    assertEquals(await outputs.next(), { value: undefined, done: true });
  }
});

test("several next() calls at once are answered in order", async () => {
  const { flow, timers } = createTestFlow();
  addFunction(flow, "act", (_data, ctx) => [1, 2].forEach((n) => ctx.output("n", n)));
  const job = flow.execute("act");
  const outputs = flow.outputs(job);
  const results = Promise.all([outputs.next(), outputs.next(), outputs.next()]);
  await timers.flush();
  assertEquals((await results).map(({ done, value }) => [done, value?.data]), [[false, 1], [false, 2], [
    true,
    undefined,
  ]]);
});

test("leaving outputs() early ends it, and the job goes on", async () => {
  const { flow, timers } = createTestFlow();
  addSource(flow, "source", [1, 2, 3]);
  addFunction(flow, "sink", (n: number, ctx) => ctx.output("n", n));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  const outputs = flow.outputs(job);
  const seen: unknown[] = [];
  for await (const { data } of outputs) {
    seen.push(data);
    break;
  }
  await timers.flush();
  assertEquals([seen, job.status, job.outputLog.length], [[1], "completed", 3]);
  assertEquals(await outputs.next(), { value: undefined, done: true });
});

test("return() ends a next() that still waits", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  addFunction(flow, "act", async (_data, ctx) => {
    await handlers.wait("act");
    ctx.output("late", 1);
  });
  const job = flow.execute("act");
  const outputs = flow.outputs(job);
  const waiting = outputs.next();
  await timers.flush();
  assertEquals(await outputs.return?.(), { value: undefined, done: true });
  assertEquals(await waiting, { value: undefined, done: true });
  handlers.release("act");
  await timers.flush();
  assertEquals([job.status, await outputs.next()], ["completed", { value: undefined, done: true }]);
});

test("outputs() of a job at rest gives what is kept and ends", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "act", (_data, ctx) => ctx.output("kind", new Date(5)));
  const job = await flow.run("act");
  const copy = JobState.fromJSON(JSON.parse(JSON.stringify(job)), new Registry());
  for (const state of [job, copy]) {
    const seen: unknown[] = [];
    for await (const { type, data } of flow.outputs(state)) seen.push([type, data]);
    assertEquals(seen, [["kind", new Date(5)]]);
  }
});

test("an output that its reader cannot be given does not break the job", async () => {
  class Odd {
    toJSON(): string {
      return "odd";
    }
    static fromJSON(): Odd {
      throw new RangeError("no way back");
    }
  }
  const { flow, timers } = createTestFlow({ registry: new Registry({ Odd }) });
  addSource(flow, "source", [1]);
  addFunction(flow, "sink", (_n: number, ctx) => ctx.output("odd", new Odd()));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  const outputs = flow.outputs(job);
  void outputs.next().catch(() => {});
  await timers.flush();
  assertEquals([job.status, job.error, job.failures], ["completed", undefined, []]);
});

test("outputs() gives nothing more to a reader that stops while others are told", async () => {
  const { flow, timers } = createTestFlow();
  addFunction(flow, "act", (_data, ctx) => ctx.output("line", 1));
  const job = flow.create("act");
  const stops: Promise<unknown>[] = [];
  const resumed = flow.resume(job, { onOutput: () => void stops.push(Promise.resolve(stream.return?.())) });
  const stream = flow.outputs(resumed);
  await timers.flush();
  await Promise.all(stops);
  assertEquals([stops.length, await stream.next()], [1, { value: undefined, done: true }]);
});
