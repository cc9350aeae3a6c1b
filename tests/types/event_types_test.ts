import { test } from "node:test";
import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { type Context, type Event, Routine } from "../../mod.ts";
import { runRoutine } from "../../src/testing/mod.ts";
import { assertType } from "../support/assert_type.ts";

test("an event has the type that it was declared with, or unknown", () => {
  class Source extends Routine {
    readonly typed = this.addEvent<{ data: string }>("typed");
    readonly open = this.addEvent("open");
  }
  const { typed, open } = new Source();
  assertType<Event<{ data: string }>>()(typed);
  assertType<Event<unknown>>()(open);
});

test("a payload that the event does not carry is refused", async () => {
  class Source extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly output = this.addEvent<{ data: string; more?: number }>("output");
    readonly open = this.addEvent("open");
    send(_params: unknown, ctx: Context): void {
      ctx.emit(this.output, { data: "x" });
      ctx.emit(this.output, { data: "x", more: 1 }, { priority: "high", delayMs: 0 });
      ctx.emit(this.open, 5);
      ctx.emit("output", 5);
      // @ts-expect-error: Type 'number' is not assignable to type 'string'.
      ctx.emit(this.output, { data: 5 });
      // @ts-expect-error: 'dat' does not exist in type '{ data: string; more?: number }'. Did you mean to write 'data'?
      ctx.emit(this.output, { dat: "x" });
      // @ts-expect-error: Property 'data' is missing in type '{}' but required in type '{ data: string; }'.
      ctx.emit(this.output, {});
      // @ts-expect-error: Expected 2-3 arguments, but got 1.
      ctx.emit(this.output);
    }
  }
  const source = new Source();
  const { emitted } = await runRoutine(source, source.trigger, {});
  assertEquals(emitted.length, 8);
});

test("a deferred payload is checked as an emitted one", async () => {
  class Source extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly output = this.addEvent<{ data: string }>("output");
    send(_params: unknown, ctx: Context): void {
      ctx.defer(this.output, { data: "x" });
      // @ts-expect-error: Type 'number' is not assignable to type 'string'.
      ctx.defer(this.output, { data: 5 });
    }
  }
  const source = new Source();
  assertEquals((await runRoutine(source, source.trigger, {})).emitted.length, 2);
});

test("a slot is no event, and options of emit are checked", async () => {
  class Source extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly output = this.addEvent("output");
    send(_params: unknown, ctx: Context): void {
      // @ts-expect-error: Argument of type 'Slot<unknown>' is not assignable to parameter of type 'string | Event<unknown>'.
      const emitSlot = () => ctx.emit(this.trigger, {});
      // @ts-expect-error: Type '"urgent"' is not assignable to type 'Priority'.
      const emitUrgent = () => ctx.emit(this.output, {}, { priority: "urgent" });
      // @ts-expect-error: 'delay' does not exist in type 'EmitOptions'. Did you mean to write 'delayMs'?
      const emitLate = () => ctx.emit(this.output, {}, { delay: 5 });
      for (const wrong of [emitSlot, emitUrgent, emitLate]) {
        try {
          wrong();
        } catch (error) {
          ctx.output("refused", String(error).split(":")[0]);
        }
      }
    }
  }
  const source = new Source();
  const { job } = await runRoutine(source, source.trigger, {});
  assertEquals(job.outputLog.map(({ data }) => data), ["TypeError", "TypeError", "TypeError"]);
});

test("params of an event are keys of its payload", () => {
  class Source extends Routine {
    readonly good = this.addEvent<{ a: number; b: number }>("good", { params: ["a", "b"] });
    // @ts-expect-error: Type '"c"' is not assignable to type '"a" | "b"'.
    readonly bad = this.addEvent<{ a: number; b: number }>("bad", { params: ["c"] });
  }
  assertEquals(new Source().good.params, ["a", "b"]);
});

test("the schema of an event takes its payload, and gives the event its type where none is written", () => {
  class Source extends Routine {
    readonly good = this.addEvent<{ n: number }>("good", { schema: v.object({ n: v.number() }) });
    readonly inferred = this.addEvent("inferred", { schema: v.object({ n: v.number() }) });
    // @ts-expect-error: Type 'string' is not assignable to type 'number'.
    readonly bad = this.addEvent<{ n: number }>("bad", { schema: v.object({ n: v.string() }) });
  }
  assertType<Event<{ n: number }>>()(new Source().good);
  assertType<Event<{ n: number }>>()(new Source().inferred);
});
