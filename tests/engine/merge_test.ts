import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Collected, type Context, ErrorHandler, Registry, Routine } from "../../mod.ts";
import { addSource } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";

const retries = new ErrorHandler({ strategy: "retry", retryDelayMs: 10, maxRetries: 2 });
const continues = new ErrorHandler({ strategy: "continue" });

interface Item {
  readonly value: number;
}

test("C024 override: each delivery stands alone, and the slot stores nothing", async () => {
  class Sink extends Routine {
    readonly input = this.addSlot("input", this.take);
    readonly seen: unknown[] = [];
    take(data: Item, ctx: Context): void {
      this.seen.push(data, ctx.slotData("input"));
    }
  }
  const { flow } = createTestFlow();
  addSource(flow, "source", [{ value: 1 }, { other: 2 }]);
  const sink = flow.addRoutine(new Sink(), "sink");
  flow.connect("source", "output", "sink", "input");
  const job = await flow.run("source");
  assertEquals(sink.seen, [{ value: 1 }, undefined, { other: 2 }, undefined]);
  assertEquals(job.toJSON().slots, undefined);
});

class Lists extends Routine {
  readonly input = this.addSlot("input", this.take, { merge: "append" });
  readonly seen: unknown[] = [];
  take(lists: { readonly [key: string]: Collected<unknown> }): void {
    this.seen.push(Object.entries(lists).map(([key, list]) => [key, ...list]));
  }
}

test("C025 C027 append: a handler gets the keys of its delivery, each with the list so far", async () => {
  const { flow } = createTestFlow();
  addSource(flow, "source", [{ value: 1 }, { value: 2, other: "a" }, { other: "b" }, { value: 3 }]);
  const lists = flow.addRoutine(new Lists(), "lists");
  flow.connect("source", "output", "lists", "input");
  const job = await flow.run("source");
  assertEquals(lists.seen, [
    [["value", 1]],
    [["value", 1, 2], ["other", "a"]],
    [["other", "a", "b"]],
    [["value", 1, 2, 3]],
  ]);
  assertEquals(job.toJSON().slots, {
    lists: { input: { lists: [{ items: [1, 2, 3], key: "value" }, { items: ["a", "b"], key: "other" }] } },
  });
});

test("append lists are of fixed length and read-only, with at(), iteration and toArray()", async () => {
  class Reader extends Routine {
    readonly input = this.addSlot("input", this.take, { merge: "append" });
    readonly kept: Collected<number>[] = [];
    take({ value }: { readonly value: Collected<number> }): void {
      this.kept.push(value);
    }
  }
  const { flow } = createTestFlow();
  addSource(flow, "source", [{ value: 10 }, { value: 20 }, { value: 30 }]);
  const reader = flow.addRoutine(new Reader(), "reader");
  flow.connect("source", "output", "reader", "input");
  await flow.run("source");
  assertEquals(reader.kept.map(({ length }) => length), [1, 2, 3]);
  const second = reader.kept[1];
  assertEquals([0, 1, 2, -1, -2, -3].map((index) => second?.at(index)), [10, 20, undefined, 20, 10, undefined]);
  assertEquals([second?.toArray(), [...second ?? []], JSON.stringify(second)], [[10, 20], [10, 20], "[10,20]"]);
});

test("C087 C288 C289 an aggregator emits when it has what it expects, and not before", async () => {
  class Aggregator extends Routine {
    readonly input = this.addSlot("input", this.take, { merge: "append" });
    readonly output = this.addEvent<{ values: number[]; count: number }>("output");
    take({ value }: { readonly value: Collected<number> }, ctx: Context): void {
      ctx.state.update<number>("messages", (old = 0) => old + 1);
      if (value.length === 3) ctx.emit(this.output, { values: value.toArray(), count: value.length });
    }
  }
  for (const count of [2, 3]) {
    const { flow } = createTestFlow();
    addSource(flow, "source", [1, 2, 3].slice(0, count).map((value) => ({ value })));
    flow.addRoutine(new Aggregator(), "aggregator");
    flow.connect("source", "output", "aggregator", "input");
    const job = await flow.run("source");
    assertEquals(job.routineStates.aggregator?.state, { messages: count });
    const results = job.history("aggregator").filter(({ type }) => type === "emit").map(({ data }) => data);
    assertEquals(results, count === 3 ? [{ values: [1, 2, 3], count: 3 }] : []);
  }
});

test("C026 a merge function joins what is stored with what comes; the handler gets the result", async () => {
  class Joiner extends Routine {
    readonly input = this.addSlot("input", this.take, { merge: this.join });
    readonly seen: unknown[] = [];
    join(old: Record<string, unknown> | undefined, next: Record<string, unknown>): Record<string, unknown> {
      return {
        ...old,
        ...next,
        merged: (Number(old?.merged ?? 0)) + 1,
        by: this.seen === undefined ? "nobody" : "own",
      };
    }
    take(data: unknown, ctx: Context): void {
      this.seen.push(data);
      assertEquals(ctx.slotData("input"), data);
    }
  }
  const { flow } = createTestFlow();
  addSource(flow, "source", [{ a: 1 }, { b: 2 }]);
  const joiner = flow.addRoutine(new Joiner(), "joiner");
  flow.connect("source", "output", "joiner", "input");
  const job = await flow.run("source");
  assertEquals(job.error, undefined);
  assertEquals(joiner.seen, [{ a: 1, merged: 1, by: "own" }, { a: 1, merged: 2, by: "own", b: 2 }]);
  assertEquals(job.toJSON().slots?.joiner?.input, { value: { a: 1, merged: 2, by: "own", b: 2 } });
});

function sum(old: number | undefined, next: number): number {
  return (old ?? 0) + next;
}

class Summer extends Routine {
  readonly input = this.addSlot("input", this.take, { merge: sum });
  readonly seen: unknown[] = [];
  take(total: number): void {
    this.seen.push(total);
  }
}

test("a registered merge function works the same", async () => {
  const { flow } = createTestFlow({ registry: new Registry({ sum }) });
  addSource(flow, "source", [1, 2, 4]);
  const summer = flow.addRoutine(new Summer(), "summer");
  flow.connect("source", "output", "summer", "input");
  const job = await flow.run("source");
  assertEquals([summer.seen, job.toJSON().slots?.summer?.input], [[1, 3, 7], { value: 7 }]);
});

test("a handler that passes on whole what it got passes on what was merged", async () => {
  class Through extends Routine {
    readonly input = this.addSlot("input", this.take, { merge: sum });
    readonly output = this.addEvent<number>("output");
    take(total: number, ctx: Context): void {
      ctx.emit(this.output, total);
    }
  }
  const { flow } = createTestFlow();
  addSource(flow, "source", [1, 2, 4]);
  flow.addRoutine(new Through(), "through");
  flow.connect("source", "output", "through", "input");
  const job = await flow.run("source");
  const emitted = job.history("through").filter(({ type }) => type === "emit").map(({ data }) => data);
  assertEquals(emitted, [1, 3, 7]);
});

test("a merge that throws is the task's error; nothing has been merged, and a retry merges anew", async () => {
  class Moody extends Routine {
    readonly input = this.addSlot("input", this.take, { merge: this.join });
    readonly seen: unknown[] = [];
    readonly calls: number[] = [];
    join(old: number | undefined, next: number): number {
      this.calls.push(next);
      if (next === 2 && this.calls.length < 4) throw new RangeError("not now");
      return (old ?? 0) + next;
    }
    take(total: number): void {
      this.seen.push(total);
    }
  }
  const { flow, timers } = createTestFlow({ errorHandler: retries });
  addSource(flow, "source", [1, 2]);
  const moody = flow.addRoutine(new Moody(), "moody");
  flow.connect("source", "output", "moody", "input");
  const job = flow.execute("source");
  await timers.flush();
  assertEquals([job.toJSON().slots?.moody?.input, job.pendingTasks[0]?.attempt], [{ value: 1 }, 1]);
  assertEquals(job.history("moody").map(({ type }) => type), ["start", "start", "error", "retry"]);
  await timers.advance(30);
  assertEquals([job.status, moody.calls, moody.seen], ["completed", [1, 2, 2, 2], [1, 3]]);
});

test("what a merge function returns must travel: else it is the task's error", async () => {
  class Bad extends Routine {
    readonly input = this.addSlot("input", this.take, { merge: this.join });
    join(_old: unknown, _next: unknown): unknown {
      return { f: () => {} };
    }
    take(_data: unknown): void {}
  }
  const { flow } = createTestFlow();
  const bad = flow.addRoutine(new Bad(), "bad");
  const job = await flow.run(bad.input, {});
  assertEquals([job.status, job.error?.name], ["failed", "SerializationError"]);
});

test("append on data that is no object is the receiver's error, and the rest goes on", async () => {
  const { flow } = createTestFlow({ errorHandler: continues });
  addSource(flow, "source", [{ value: 1 }, 2, "three", null, [4], new Date(5), { value: 6 }]);
  const lists = flow.addRoutine(new Lists(), "lists");
  flow.connect("source", "output", "lists", "input");
  const job = await flow.run("source");
  assertEquals(lists.seen, [[["value", 1]], [["value", 1, 6]]]);
  assertEquals(
    job.failures.map(({ error }) => `${error.name}: ${error.message}`),
    Array(5).fill(
      'TypeError: Cannot merge into slot "input" of routine "lists": append needs an object, whose values it collects key by key',
    ),
  );
  assertEquals([job.routineStates.source?.status, job.routineStates.lists?.status], ["completed", "error_continued"]);
});

test("C075 C398 slot data is the job's: a second execute starts empty, side by side or later", async () => {
  const { flow, timers } = createTestFlow();
  addSource(flow, "source", [{ value: 1 }, { value: 2 }]);
  const lists = flow.addRoutine(new Lists(), "lists");
  flow.connect("source", "output", "lists", "input");
  const first = flow.execute("source");
  const second = flow.execute("source");
  await timers.flush();
  await flow.run("source");
  const [one, two] = [[["value", 1]], [["value", 1, 2]]];
  assertEquals(lists.seen, [one, two, one, two, one, two]);
  assertEquals([first.status, second.status], ["completed", "completed"]);
});

test("an asynchronous merge function fails the task, and its rejection is not left unhandled", async () => {
  class Late extends Routine {
    readonly input = this.addSlot("input", this.take, { merge: async () => await Promise.reject(new Error("later")) });
    take(): void {}
  }
  const { flow } = createTestFlow();
  addSource(flow, "source", [1]);
  flow.addRoutine(new Late(), "late");
  flow.connect("source", "output", "late", "input");
  const { error } = await flow.run("source");
  assertEquals(
    error?.message,
    'Cannot merge into slot "input" of routine "late": data is a Promise instance; await it first',
  );
});
