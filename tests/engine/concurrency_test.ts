import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Collected, Routine } from "../../mod.ts";
import { addAct, addSource, link } from "../support/act.ts";
import { Crew } from "../support/crew.ts";
import { seededRandom } from "../support/random.ts";
import { createWorld } from "../support/world.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

test("a sequential job waits for each async handler before it takes the next task", async () => {
  const { flow, timers } = createWorld();
  const crew = new Crew();
  addSource(flow, "source", numbers(3));
  addAct(flow, "sink", (n: number) => crew.work(n));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  for (const n of numbers(3)) {
    await timers.flush();
    assertEquals([crew.working, job.pendingTasks.map(({ active }) => active)], [
      [n],
      [true, ...Array(2 - n).fill(undefined)],
    ]);
    crew.release(n);
  }
  await timers.flush();
  assertEquals([crew.finished, job.status], [[0, 1, 2], "completed"]);
});

test("a concurrent job runs at most maxWorkers async handlers at a time, and starts them in order", async () => {
  const { flow, timers } = createWorld({ executionStrategy: "concurrent", maxWorkers: 3 });
  const crew = new Crew();
  addSource(flow, "source", numbers(6));
  addAct(flow, "sink", (n: number) => crew.work(n));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  assertEquals(crew.started, [0, 1, 2]);
  crew.release(1);
  await timers.flush();
  assertEquals([crew.working, crew.started], [[0, 2, 3], [0, 1, 2, 3]]);
  for (const n of [0, 2, 3]) crew.release(n);
  await timers.flush();
  assertEquals([crew.working, crew.most], [[4, 5], 3]);
  for (const n of [5, 4]) crew.release(n);
  await timers.flush();
  assertEquals([job.status, crew.finished], ["completed", [1, 0, 2, 3, 5, 4]]);
});

test("C104 C105 no number of workers is ever passed, whatever the order in which handlers end", async () => {
  const seed = 20240607;
  const random = seededRandom(seed);
  for (const maxWorkers of [1, 2, 5, 10]) {
    const { flow, timers } = createWorld({ executionStrategy: "concurrent", maxWorkers });
    const crew = new Crew();
    addSource(flow, "source", numbers(20));
    addAct(flow, "sink", (n: number) => crew.work(n));
    link(flow, "source", "sink");
    const job = flow.execute("source");
    await timers.flush();
    while (crew.working.length > 0) {
      crew.release(crew.working[random.integer(crew.working.length)]);
      await timers.flush();
    }
    assertEquals([job.status, crew.most], ["completed", maxWorkers], `seed ${seed}`);
    assertEquals(crew.started, numbers(20), `seed ${seed}`);
    assertEquals(crew.finished.toSorted((a, b) => Number(a) - Number(b)), numbers(20), `seed ${seed}`);
  }
});

test("C106 concurrent with one worker behaves as sequential", async () => {
  const { flow, timers } = createWorld({ executionStrategy: "concurrent", maxWorkers: 1 });
  const crew = new Crew();
  addSource(flow, "source", numbers(3));
  addAct(flow, "sink", (n: number) => crew.work(n));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  for (const n of numbers(3)) {
    assertEquals(crew.working, [n]);
    crew.release(n);
    await timers.flush();
  }
  assertEquals(job.status, "completed");
});

test("C107 execute({ strategy }) makes this one job concurrent, and the flow stays sequential", async () => {
  const { flow, timers } = createWorld();
  const crew = new Crew();
  addSource(flow, "source", numbers(3));
  addAct(flow, "sink", (n: number) => crew.work(n));
  link(flow, "source", "sink");
  flow.execute("source", {}, { strategy: "concurrent", maxWorkers: 2 });
  await timers.flush();
  assertEquals([crew.working, flow.executionStrategy, flow.maxWorkers], [[0, 1], "sequential", 1]);
  const other = new Crew();
  crew.work = (name) => other.work(name);
  flow.execute("source");
  await timers.flush();
  assertEquals(other.working, [0]);
});

test("C098 C108 parallel workers run side by side, and what they emit meets in one append slot", async () => {
  class Gather extends Routine {
    readonly trigger = this.addSlot("trigger", this.take, { merge: "append" });
    readonly seen: (readonly string[])[] = [];
    take({ id }: { readonly id: Collected<string> }): void {
      this.seen.push(id.toArray());
    }
  }
  const { flow, timers } = createWorld({ executionStrategy: "concurrent" });
  const crew = new Crew();
  addSource(flow, "parse", [{}]);
  for (const id of ["a", "b", "c"]) {
    addAct(flow, id, async (_data, ctx) => {
      await crew.work(id);
      ctx.emit("output", { id });
    });
  }
  const gather = flow.addRoutine(new Gather(), "gather");
  link(flow, "parse", "a", "b", "c");
  for (const id of ["a", "b", "c"]) link(flow, id, "gather");
  const job = flow.execute("parse");
  await timers.flush();
  assertEquals(crew.working, ["a", "b", "c"]);
  for (const id of ["c", "a", "b"]) crew.release(id);
  await timers.flush();
  assertEquals([gather.seen, job.status], [[["c"], ["c", "a"], ["c", "a", "b"]], "completed"]);
});

test("C094 emit never waits: it returns before any receiver has started", async () => {
  const { flow, timers } = createWorld({ executionStrategy: "concurrent", maxWorkers: 4 });
  const crew = new Crew();
  const seen: string[] = [];
  addAct(flow, "source", (_data, ctx) => {
    seen.push(String(ctx.emit("output", 1)));
    seen.push(`started ${crew.started.length}`);
  });
  addAct(flow, "sink", (n: number) => crew.work(n));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  assertEquals([seen, crew.working], [["undefined", "started 0"], [1]]);
  crew.release(1);
  await timers.flush();
  assertEquals(job.status, "completed");
});

test("synchronous handlers run while a worker is free, and wait when none is", async () => {
  const { flow, timers } = createWorld({ executionStrategy: "concurrent", maxWorkers: 2 });
  const crew = new Crew();
  const seen: unknown[] = [];
  addSource(flow, "source", ["slow 1", "quick 1", "slow 2", "quick 2"]);
  addAct(flow, "sink", (text: string) => text.startsWith("slow") ? crew.work(text) : void seen.push(text));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  assertEquals([crew.working, seen], [["slow 1", "slow 2"], ["quick 1"]]);
  crew.release("slow 1");
  await timers.flush();
  assertEquals(seen, ["quick 1", "quick 2"]);
  crew.release("slow 2");
  await timers.flush();
  assertEquals(job.status, "completed");
});

test("C404 what an open handler emits after an await, out of a callback too, belongs to the job", async () => {
  const { flow, timers } = createWorld();
  const seen: string[] = [];
  addAct(flow, "source", (_data, ctx) =>
    new Promise<void>((resolve) => {
      timers.setTimer(50, () => {
        ctx.emit("output", ctx.jobId);
        resolve();
      });
    }));
  addAct(flow, "sink", (text: string, ctx) => void seen.push(`${text} ${ctx.jobId}`));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.advance(49);
  assertEquals([seen, job.status], [[], "running"]);
  await timers.advance(1);
  assertEquals([seen, job.status], [["id-1 id-1"], "completed"]);
});

test("any thenable is waited for, as await does it", async () => {
  const { flow, timers } = createWorld();
  let resolve: (() => void) | undefined;
  addAct(flow, "act", (_data, ctx) => {
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
  const { flow, timers } = createWorld();
  addAct(flow, "then", () => {
    const then = () => {
      throw new RangeError("then threw");
    };
    return { then } as unknown as PromiseLike<void>;
  });
  addAct(flow, "getter", () => {
    return {
      get then(): never {
        throw new RangeError("getter threw");
      },
    } as unknown as PromiseLike<void>;
  });
  for (const [id, message] of [["then", "then threw"], ["getter", "getter threw"]] as const) {
    const job = flow.execute(id);
    await timers.flush();
    assertEquals([job.status, job.error], ["failed", { name: "RangeError", message }]);
  }
});

test("execute() may set the number of workers alone: the strategy is the flow's", async () => {
  const { flow, timers } = createWorld({ executionStrategy: "concurrent", maxWorkers: 1 });
  const crew = new Crew();
  addSource(flow, "source", [1, 2, 3]);
  addAct(flow, "sink", (n: number) => crew.work(n));
  link(flow, "source", "sink");
  flow.execute("source", {}, { maxWorkers: 2 });
  await timers.flush();
  assertEquals(crew.working, [1, 2]);
});
