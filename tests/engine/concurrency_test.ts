import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Collected, Routine } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { plainError } from "../support/plain_error.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

test("a sequential job waits for each async handler before it takes the next task", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  addSource(flow, "source", numbers(3));
  addFunction(flow, "sink", (n: number) => handlers.wait(n));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  for (const n of numbers(3)) {
    await timers.flush();
    assertEquals([handlers.waiting, job.pendingTasks.map(({ active }) => active)], [
      [n],
      [true, ...Array(2 - n).fill(undefined)],
    ]);
    handlers.release(n);
  }
  await timers.flush();
  assertEquals([handlers.finished, job.status], [[0, 1, 2], "completed"]);
});

test("a concurrent job runs at most maxWorkers async handlers at a time, and starts them in order", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 3 });
  const handlers = new WaitingHandlers();
  addSource(flow, "source", numbers(6));
  addFunction(flow, "sink", (n: number) => handlers.wait(n));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  assertEquals(handlers.started, [0, 1, 2]);
  handlers.release(1);
  await timers.flush();
  assertEquals([handlers.waiting, handlers.started], [[0, 2, 3], [0, 1, 2, 3]]);
  for (const n of [0, 2, 3]) handlers.release(n);
  await timers.flush();
  assertEquals([handlers.waiting, handlers.most], [[4, 5], 3]);
  for (const n of [5, 4]) handlers.release(n);
  await timers.flush();
  assertEquals([job.status, handlers.finished], ["completed", [1, 0, 2, 3, 5, 4]]);
});

test("C104 C105 no number of workers is ever passed, whatever the order in which handlers end", async () => {
  const seed = 20240607;
  const random = seededRandom(seed);
  for (const maxWorkers of [1, 2, 5, 10]) {
    const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers });
    const handlers = new WaitingHandlers();
    addSource(flow, "source", numbers(20));
    addFunction(flow, "sink", (n: number) => handlers.wait(n));
    link(flow, "source", "sink");
    const job = flow.execute("source");
    await timers.flush();
    while (handlers.waiting.length > 0) {
      handlers.release(handlers.waiting[random.integer(handlers.waiting.length)]);
      await timers.flush();
    }
    assertEquals([job.status, handlers.most], ["completed", maxWorkers], `seed ${seed}`);
    assertEquals(handlers.started, numbers(20), `seed ${seed}`);
    assertEquals(handlers.finished.toSorted((a, b) => Number(a) - Number(b)), numbers(20), `seed ${seed}`);
  }
});

test("C106 concurrent with one worker behaves as sequential", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 1 });
  const handlers = new WaitingHandlers();
  addSource(flow, "source", numbers(3));
  addFunction(flow, "sink", (n: number) => handlers.wait(n));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  for (const n of numbers(3)) {
    assertEquals(handlers.waiting, [n]);
    handlers.release(n);
    await timers.flush();
  }
  assertEquals(job.status, "completed");
});

test("C107 execute({ strategy }) makes this one job concurrent, and the flow stays sequential", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  addSource(flow, "source", numbers(3));
  addFunction(flow, "sink", (n: number) => handlers.wait(n));
  link(flow, "source", "sink");
  flow.execute("source", {}, { strategy: "concurrent", maxWorkers: 2 });
  await timers.flush();
  assertEquals([handlers.waiting, flow.executionStrategy, flow.maxWorkers], [[0, 1], "sequential", 1]);
  const other = new WaitingHandlers();
  handlers.wait = (name) => other.wait(name);
  flow.execute("source");
  await timers.flush();
  assertEquals(other.waiting, [0]);
});

test("C098 C108 parallel workers run side by side, and what they emit meets in one append slot", async () => {
  class Gather extends Routine {
    readonly trigger = this.addSlot("trigger", this.take, { merge: "append" });
    readonly seen: (readonly string[])[] = [];
    take({ id }: { readonly id: Collected<string> }): void {
      this.seen.push(id.toArray());
    }
  }
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent" });
  const handlers = new WaitingHandlers();
  addSource(flow, "parse", [{}]);
  for (const id of ["a", "b", "c"]) {
    addFunction(flow, id, async (_data, ctx) => {
      await handlers.wait(id);
      ctx.emit("output", { id });
    });
  }
  const gather = flow.addRoutine(new Gather(), "gather");
  link(flow, "parse", "a", "b", "c");
  for (const id of ["a", "b", "c"]) link(flow, id, "gather");
  const job = flow.execute("parse");
  await timers.flush();
  assertEquals(handlers.waiting, ["a", "b", "c"]);
  for (const id of ["c", "a", "b"]) handlers.release(id);
  await timers.flush();
  assertEquals([gather.seen, job.status], [[["c"], ["c", "a"], ["c", "a", "b"]], "completed"]);
});

test("C094 emit never waits: it returns before any receiver has started", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 4 });
  const handlers = new WaitingHandlers();
  const seen: string[] = [];
  addFunction(flow, "source", (_data, ctx) => {
    seen.push(String(ctx.emit("output", 1)));
    seen.push(`started ${handlers.started.length}`);
  });
  addFunction(flow, "sink", (n: number) => handlers.wait(n));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  assertEquals([seen, handlers.waiting], [["undefined", "started 0"], [1]]);
  handlers.release(1);
  await timers.flush();
  assertEquals(job.status, "completed");
});

test("synchronous handlers run while a worker is free, and wait when none is", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 2 });
  const handlers = new WaitingHandlers();
  const seen: unknown[] = [];
  addSource(flow, "source", ["slow 1", "quick 1", "slow 2", "quick 2"]);
  addFunction(flow, "sink", (text: string) => text.startsWith("slow") ? handlers.wait(text) : void seen.push(text));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  assertEquals([handlers.waiting, seen], [["slow 1", "slow 2"], ["quick 1"]]);
  handlers.release("slow 1");
  await timers.flush();
  assertEquals(seen, ["quick 1", "quick 2"]);
  handlers.release("slow 2");
  await timers.flush();
  assertEquals(job.status, "completed");
});

test("C404 what an open handler emits after an await, out of a callback too, belongs to the job", async () => {
  const { flow, timers } = createTestFlow();
  const seen: string[] = [];
  addFunction(flow, "source", (_data, ctx) =>
    new Promise<void>((resolve) => {
      timers.setTimer(50, () => {
        ctx.emit("output", ctx.jobId);
        resolve();
      });
    }));
  addFunction(flow, "sink", (text: string, ctx) => void seen.push(`${text} ${ctx.jobId}`));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.advance(49);
  assertEquals([seen, job.status], [[], "running"]);
  await timers.advance(1);
  assertEquals([seen, job.status], [["id-1 id-1"], "completed"]);
});

test("any thenable is waited for, as await does it", async () => {
  const { flow, timers } = createTestFlow();
  let resolve: (() => void) | undefined;
  addFunction(flow, "act", (_data, ctx) => {
    ctx.shared.set("ran", true);
    return { then: (onDone: () => void) => void (resolve = onDone) } as unknown as PromiseLike<void>;
  });
  const job = flow.execute("act");
  await timers.flush();
  assertEquals([job.status, job.sharedData], ["running", {}]);
  resolve?.();
  await timers.flush();
  assertEquals([job.status, job.sharedData], ["completed", { ran: true }]);
});

test("a thenable that throws is the task's error, as with await", async () => {
  const { flow, timers } = createTestFlow();
  addFunction(flow, "then", () => {
    const then = () => {
      throw new RangeError("then threw");
    };
    return { then } as unknown as PromiseLike<void>;
  });
  addFunction(flow, "getter", () => {
    return {
      get then(): never {
        throw new RangeError("getter threw");
      },
    } as unknown as PromiseLike<void>;
  });
  for (const [id, message] of [["then", "then threw"], ["getter", "getter threw"]] as const) {
    const job = flow.execute(id);
    await timers.flush();
    assertEquals([job.status, plainError(job)], ["failed", { name: "RangeError", message }]);
  }
});

test("execute() may set the number of workers alone: the strategy is the flow's", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 1 });
  const handlers = new WaitingHandlers();
  addSource(flow, "source", [1, 2, 3]);
  addFunction(flow, "sink", (n: number) => handlers.wait(n));
  link(flow, "source", "sink");
  flow.execute("source", {}, { maxWorkers: 2 });
  await timers.flush();
  assertEquals(handlers.waiting, [1, 2]);
});
