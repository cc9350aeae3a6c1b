import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Collected, type Context, ErrorHandler, Routine } from "../../mod.ts";
import { addSource } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";

const retries = new ErrorHandler({ strategy: "retry", retryDelayMs: 10, maxRetries: 2 });

function sum(old: number | undefined, next: number): number {
  return (old ?? 0) + next;
}

test("the merge survives a failed attempt: every attempt gets exactly the same lists", async () => {
  class Flaky extends Routine {
    readonly input = this.addSlot("input", this.take, { merge: "append" });
    readonly seen: unknown[] = [];
    take({ value }: { readonly value: Collected<number> }, ctx: Context): void {
      this.seen.push(`${value.at(-1)}: ${value.toArray().join()}`);
      if (value.at(-1) === 2 && ctx.attempt < 2) throw new Error("flaky");
      if (value.at(-1) === 3) ctx.clear("input");
    }
  }
  const { flow, timers } = createTestFlow({ errorHandler: retries });
  addSource(flow, "source", [{ value: 1 }, { value: 2 }, { value: 3 }, { value: 4 }]);
  const flaky = flow.addRoutine(new Flaky(), "flaky");
  flow.connect("source", "output", "flaky", "input");
  const job = flow.execute("source");
  await timers.advance(100);
  assertEquals(job.status, "completed");
  assertEquals(flaky.seen, ["1: 1", "2: 1,2", "3: 1,2,3", "4: 4", "2: 1,2", "2: 1,2"]);
  assertEquals(job.toJSON().slots?.flaky?.input, { lists: [{ items: [4], key: "value", start: 3 }] });
});

test("the merge of a function survives a failed attempt too: the value is that of the first", async () => {
  class Flaky extends Routine {
    readonly input = this.addSlot("input", this.take, { merge: sum });
    readonly seen: unknown[] = [];
    take(total: number, ctx: Context): void {
      this.seen.push(total);
      if (total === 3 && ctx.attempt < 2) throw new Error("flaky");
    }
  }
  const { flow, timers } = createTestFlow({ errorHandler: retries });
  addSource(flow, "source", [1, 2, 4]);
  const flaky = flow.addRoutine(new Flaky(), "flaky");
  flow.connect("source", "output", "flaky", "input");
  const job = flow.execute("source");
  await timers.advance(100);
  assertEquals([job.status, flaky.seen], ["completed", [1, 3, 7, 3, 3]]);
  assertEquals(job.toJSON().slots?.flaky?.input, { value: 7 });
});
