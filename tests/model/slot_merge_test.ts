import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Collected } from "../../src/values/collected.ts";
import { type Context, Flow, Routine } from "../../mod.ts";
import { newManualEngine } from "../support/send_once.ts";
import { plainError } from "../support/plain_error.ts";

type Merge = "override" | "append" | ((old: unknown, next: unknown) => unknown);

/** Collected lists as arrays, so that they compare. */
function plain(value: unknown): unknown {
  if (value instanceof Collected) return value.toArray();
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** Delivers data to a slot, one after the other, and tells what the slot then holds and what its handler got each time. */
async function merge(
  how: Merge,
  deliveries: readonly unknown[],
): Promise<{ held: unknown; handled: readonly unknown[] }> {
  const handled: unknown[] = [];
  let held: unknown;
  class Store extends Routine {
    readonly handledInput = this.addSlot("handled", this.take, { merge: how as "override" });
    readonly quietInput = this.addSlot("quiet", null, { merge: how as "override" });
    readonly trigger = this.addSlot("trigger", this.look);
    take(data: unknown): void {
      handled.push(plain(data));
    }
    look(_params: unknown, ctx: Context): void {
      held = plain(ctx.slotData("quiet"));
    }
  }
  class Feeder extends Routine {
    readonly trigger = this.addSlot("trigger", this.feed);
    readonly output = this.addEvent("output");
    readonly done = this.addEvent("done");
    feed(_params: unknown, ctx: Context): void {
      for (const data of deliveries) ctx.emit(this.output, data);
      ctx.emit(this.done, {}, { priority: "low" });
    }
  }
  const flow = new Flow({ id: "flow", engine: newManualEngine() });
  const feeder = flow.addRoutine(new Feeder(), "feeder");
  const store = flow.addRoutine(new Store(), "store");
  flow.connect(feeder.output, store.handledInput);
  flow.connect(feeder.output, store.quietInput);
  flow.connect(feeder.done, store.trigger);
  const job = await flow.run(feeder.trigger);
  if (job.status !== "completed") throw new Error(job.error?.message);
  return { held, handled };
}

test("C024 override holds the last delivery", async () => {
  const { held, handled } = await merge("override", [{ value: 1 }, { value: 2 }]);
  assertEquals([held, handled], [{ value: 2 }, [{ value: 1 }, { value: 2 }]]);
});

test("override forgets keys that the last delivery does not have", async () => {
  assertEquals((await merge("override", [{ a: 1 }, { b: 2 }])).held, { b: 2 });
});

test("C025 append holds a list per key", async () => {
  const { held, handled } = await merge("append", [{ value: 1 }, { value: 2 }]);
  assertEquals([held, handled], [{ value: [1, 2] }, [{ value: [1] }, { value: [1, 2] }]]);
});

test("C027 append puts a third item after two", async () => {
  assertEquals((await merge("append", [{ v: 1 }, { v: 2 }, { v: 3 }])).held, { v: [1, 2, 3] });
});

test("C028 append collects items of any kind, lists as single items", async () => {
  assertEquals((await merge("append", [{ v: "string" }, { v: "new" }])).held, { v: ["string", "new"] });
  assertEquals((await merge("append", [{ v: [1, 2] }, { v: 3 }])).held, { v: [[1, 2], 3] });
});

test("append gives the handler the keys of its delivery, and holds all", async () => {
  const { held, handled } = await merge("append", [{ a: 1 }, { b: 2 }, { a: 3, b: 4 }]);
  assertEquals(held, { a: [1, 3], b: [2, 4] });
  assertEquals(handled, [{ a: [1] }, { b: [2] }, { a: [1, 3], b: [2, 4] }]);
});

test("C026 a merge function's result is what is held and handled", async () => {
  const join = (old: unknown, next: unknown) => ({ ...(old as object), ...(next as object), merged: true });
  const { held, handled } = await merge(join, [{ a: 1 }, { b: 2 }]);
  assertEquals(held, { a: 1, b: 2, merged: true });
  assertEquals(handled, [{ a: 1, merged: true }, { a: 1, b: 2, merged: true }]);
});

test("C030 a merge function works on plain values, and gets undefined at first", async () => {
  const olds: unknown[] = [];
  const add = (old: unknown, next: unknown) => {
    olds.push(old);
    return Number(old ?? 0) + Number(next);
  };
  const { held, handled } = await merge(add, [1, 2, 4]);
  assertEquals([held, handled, olds.filter((old) => old === undefined).length], [7, [1, 3, 7], 2]);
});

test("a merge function may be a method, and runs on its routine", async () => {
  class Sum extends Routine<{ start: number }> {
    readonly trigger = this.addSlot("trigger", this.take, { merge: this.join });
    join(old: number | undefined, next: number): number {
      return (old ?? this.getConfig("start", 0)) + next;
    }
    take(sum: number, ctx: Context): void {
      ctx.output("sum", sum);
    }
  }
  const flow = new Flow({ id: "flow", engine: newManualEngine() });
  const sum = flow.addRoutine(new Sum(), "sum").setConfig({ start: 100 });
  const job = await flow.run(sum.trigger, 5);
  assertEquals(job.outputLog.map(({ data }) => data), [105]);
});

test("what a merge function throws is the receiver's error", async () => {
  class Broken extends Routine {
    readonly trigger = this.addSlot("trigger", null, { merge: this.join });
    join(_old: unknown, _next: unknown): unknown {
      throw new RangeError("does not fit");
    }
  }
  const flow = new Flow({ id: "flow", engine: newManualEngine() });
  const job = await flow.run(flow.addRoutine(new Broken(), "broken").trigger, {});
  assertEquals([job.status, plainError(job), job.routineStates["broken"]?.status], [
    "failed",
    { name: "RangeError", message: "does not fit" },
    "failed",
  ]);
});

test("append of data that has no keys is the receiver's error", async () => {
  class Gather extends Routine {
    readonly trigger = this.addSlot("trigger", null, { merge: "append" });
  }
  for (const data of [5, [1], null, "text", new Date(0), new Map()]) {
    const flow = new Flow({ id: "flow", engine: newManualEngine() });
    flow.addRoutine(new Gather(), "gather");
    const job = await flow.run("gather", data);
    assertEquals([job.status, plainError(job)], ["failed", {
      name: "TypeError",
      message: 'Cannot merge into slot "trigger" of routine "gather": ' +
        "append needs an object, whose values it collects key by key",
    }]);
  }
});
