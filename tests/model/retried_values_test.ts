import { test } from "node:test";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { type Context, ErrorHandler, Flow, Routine } from "../../mod.ts";
import { newManualEngine } from "../support/send_once.ts";

test("each attempt gets its data decoded anew: what an attempt did to its bytes is gone", async () => {
  const seen: unknown[] = [];
  class Spoiler extends Routine {
    readonly trigger = this.addSlot("trigger", this.take);
    take(data: { when: Date; bytes: Uint8Array }, ctx: Context): void {
      seen.push(structuredClone(data));
      data.bytes.fill(99);
      if (ctx.attempt < 2) throw new Error("again");
    }
  }
  const flow = new Flow({ id: "flow", engine: newManualEngine() });
  const spoiler = flow.addRoutine(new Spoiler(), "spoiler");
  spoiler.setErrorHandler(new ErrorHandler({ strategy: "retry", retryDelayMs: 0 }));
  const job = await flow.run(spoiler.trigger, { when: new Date(5), bytes: new Uint8Array([1]) });
  const fresh = { when: new Date(5), bytes: new Uint8Array([1]) };
  assertEquals([job.status, seen], ["completed", [fresh, fresh, fresh]]);
});

test("plain data cannot be spoiled: it is frozen, and each attempt gets the same", async () => {
  const seen: unknown[] = [];
  class Spoiler extends Routine {
    readonly trigger = this.addSlot("trigger", this.take);
    take(data: { list: number[] }): void {
      seen.push(data);
      data.list.push(1);
    }
  }
  const flow = new Flow({ id: "flow", engine: newManualEngine() });
  const spoiler = flow.addRoutine(new Spoiler(), "spoiler");
  spoiler.setErrorHandler(new ErrorHandler({ strategy: "retry", maxRetries: 1, retryDelayMs: 0 }));
  const job = await flow.run(spoiler.trigger, { list: [] });
  assertEquals([job.status, job.error?.name, seen], ["failed", "TypeError", [{ list: [] }, { list: [] }]]);
  assertStrictEquals(seen[0], seen[1]);
});
