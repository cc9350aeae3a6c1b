import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { type ChildEnd, type Context, Flow, Registry, Routine } from "../../mod.ts";
import { pauseAnywhere } from "../../src/testing/mod.ts";
import { amountOf } from "../support/gate_amount.ts";

// Children of a job that is in no store are parts of it: they rest with it, are in its document, and go on with it elsewhere.

/** Squares a number in steps, and has its children do so for smaller ones. */
class Square extends Routine {
  readonly trigger = this.addSlot("trigger", this.square);
  readonly step = this.addEvent<{ n: number; left: number }>("step");
  readonly steps = this.addSlot("steps", this.take);
  square({ n }: { n: number }, ctx: Context): void {
    ctx.emit(this.step, { n, left: 2 });
  }
  *take({ n, left }: { n: number; left: number }, ctx: Context<number>): Generator<number, void, void> {
    for (let at = ctx.progress ?? 0; at < n; at++) {
      ctx.state.update<number>("sum", (sum = 0) => sum + n);
      yield at + 1;
    }
    if (left === 0) ctx.result((ctx.state.get<number>("sum") ?? 0) / 3);
    else ctx.emit(this.step, { n, left: left - 1 });
  }
}

/** Starts a child for each of its items, and adds up their results; a part of them is left to children of the same flow. */
class Sum extends Routine {
  readonly trigger = this.addSlot("trigger", this.map);
  readonly summed = this.addSlot("summed", this.add);
  async map({ items, depth = 0 }: { items: readonly number[]; depth?: number }, ctx: Context<true>): Promise<void> {
    ctx.result(0);
    if (ctx.progress === undefined) await ctx.checkpoint(true);
    for (const n of items) ctx.child(squares, "square", { n }, { to: this.summed });
    if (depth > 0) {
      ctx.child(sums, "sum", { items, depth: depth - 1 }, { to: this.summed, key: "deeper" });
    }
  }
  add(end: ChildEnd<number>, ctx: Context): void {
    if (end.status !== "completed") throw new Error(end.error.message);
    ctx.state.update<number>("sum", (sum = 0) => sum + end.result);
    ctx.result(ctx.state.get("sum"));
  }
}

const registry = new Registry({ Square, Sum });
const squares = new Flow<number>({ id: "squares", registry });
squares.addRoutine(new Square(), "square");
squares.connect("square", "step", "square", "steps");
const sums = new Flow<number>({ id: "sums", registry });
const sum = sums.addRoutine(new Sum(), "sum");

test("C461 a job in no store waits for its children and adds up their results", async () => {
  const job = await sums.run(sum.trigger, { items: [1, 2, 3] });
  const none = await sums.run(sum.trigger, { items: [] });
  const deep = await sums.run(sum.trigger, { items: [1, 2], depth: 2 });
  assertEquals([job.status, job.result, none.result, deep.result], ["completed", 14, 0, 15]);
  assertEquals([job.children, JSON.stringify(job).includes("children")], [[], false]);
});

test("C462 stopped anywhere and moved, a job and its children end the same", { timeout: 120_000 }, async () => {
  const { job, places, compared } = await pauseAnywhere(sums, {
    entry: sum.trigger,
    params: { items: [1, 2, 3], depth: 1 },
    compare: "outcome",
    runs: amountOf(100, 300),
  });
  assertEquals([job.result, compared], [28, "outcome"]);
  assert(places > 60, `${places} places`);
});
