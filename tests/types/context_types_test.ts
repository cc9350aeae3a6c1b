import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Context, type ExpectTimeout, Routine, type Services, type Slot } from "../../mod.ts";
import { runRoutine } from "../../src/testing/mod.ts";
import { assertType } from "../support/assert_type.ts";

/** Lets a handler be type-checked, and run where it may. */
async function run(handler: (data: unknown, ctx: Context) => void): Promise<string> {
  class Worker extends Routine {
    readonly trigger: Slot<unknown> = this.addSlot("trigger", handler);
    readonly other: Slot<{ n: number }> = this.addSlot<{ n: number }>("other", null);
  }
  const worker = new Worker();
  return (await runRoutine(worker, worker.trigger, {})).job.status;
}

test("shared data and state are read with the type that the reader says, or undefined", async () => {
  const status = await run((_data, { shared, state }) => {
    assertType<unknown>()(shared.get("n"));
    assertType<number | undefined>()(shared.get<number>("n"));
    state.set("n", 1);
    state.update<number>("n", (old = 0) => old + 1);
    state.update<string[]>("list", (old) => old === undefined ? undefined : [...old, "x"]);
    // @ts-expect-error: Type 'number | undefined' is not assignable to type 'number'.
    const n: number = shared.get("n");
    // @ts-expect-error: Type 'string' is not assignable to type 'number'.
    const change = () => shared.update<number>("n", (old) => `${old}`);
    // @ts-expect-error: Argument of type 'number' is not assignable to parameter of type 'string'.
    const set = () => shared.set(5, 1);
    assertEquals([n, change.length, set.length], [undefined, 0, 0]);
  });
  assertEquals(status, "completed");
});

test("what a context tells has its types, and is for reading only", async () => {
  const status = await run((_data, ctx) => {
    assertType<string>()(ctx.jobId);
    assertType<string>()(ctx.idempotencyKey);
    assertType<number>()(ctx.attempt);
    assertType<number>()(ctx.now());
    assertType<AbortSignal>()(ctx.signal);
    assertType<Services>()(ctx.services);
    assertType<unknown>()(ctx.progress);
    assertType<unknown>()(ctx.slotData("trigger"));
    // @ts-expect-error: Cannot assign to 'attempt' because it is a read-only property.
    const assign = () => ctx.attempt = 5;
    // @ts-expect-error: Property 'emitt' does not exist on type 'Context<unknown>'. Did you mean 'emit'?
    const misspell = () => ctx.emitt("output", {});
    assertEquals([assign.length, misspell.length], [0, 0]);
  });
  assertEquals(status, "completed");
});

test("calls of a context are checked", async () => {
  const status = await run((_data, ctx) => {
    const wrong = [
      // @ts-expect-error: Argument of type 'string' is not assignable to parameter of type 'object'.
      () => ctx.log("text"),
      // @ts-expect-error: Argument of type 'number' is not assignable to parameter of type 'string'.
      () => ctx.output(5),
      // @ts-expect-error: Argument of type 'number' is not assignable to parameter of type 'string | Slot<never>'.
      () => ctx.expect(5),
      // @ts-expect-error: 'timeout' does not exist in type 'ExpectOptions'. Did you mean to write 'timeoutMs'?
      () => ctx.expect("other", { timeout: 5 }),
      // @ts-expect-error: Argument of type 'number' is not assignable to parameter of type 'string'.
      () => ctx.pause(5),
      // @ts-expect-error: Argument of type 'number' is not assignable to parameter of type 'string'.
      () => ctx.clear("other", 5),
    ];
    ctx.log({ level: "info" });
    ctx.output("kind");
    ctx.output("kind", { any: "thing" });
    ctx.clear("other", "n");
    ctx.report(5);
    assertType<Promise<void>>()(ctx.checkpoint(5));
    assertEquals(wrong.length, 6);
  });
  assertEquals(status, "completed");
});

test("a method that is taken off its context does not compile, and fails where nobody has checked", async () => {
  const status = await run((_data, { output, shared: { set } }) => {
    // @ts-expect-error: The 'this' context of type 'void' is not assignable to method's 'this' of type 'object'.
    const loose = () => set("n", 1);
    assertEquals(loose.length, 0);
    // @ts-expect-error: The 'this' context of type 'void' is not assignable to method's 'this' of type 'object'.
    output("kind");
  });
  assertEquals(status, "failed");
  const apart = (_data: unknown, ctx: Pick<Context, "output">) => ctx.output("kind");
  assertEquals(await run(apart), "completed");
});

test("what a generator yields is the progress that its context says", () => {
  class Worker extends Routine {
    readonly good = this.addSlot("good", this.walk);
    readonly silent = this.addSlot("silent", this.walkSilently);
    // @ts-expect-error: Type '{ at: string; }' is not assignable to type '{ at: number; }'.
    readonly bad = this.addSlot("bad", this.walkOtherwise);
    // @ts-expect-error: Type '{ at: string; }' is not assignable to type '{ at: number; }'.
    readonly late = this.addSlot("late", this.walkSlowly);
    *walk(_data: unknown, ctx: Context<{ at: number }>): Generator<{ at: number }, void, void> {
      yield { at: (ctx.progress?.at ?? 0) + 1 };
    }
    *walkSilently(_data: { n: number }): Generator<undefined, void, void> {
      yield;
    }
    *walkOtherwise(_data: unknown, ctx: Context<{ at: number }>): Generator<{ at: string }, void, void> {
      yield { at: String(ctx.progress?.at) };
    }
    async *walkSlowly(_data: unknown, _ctx: Context<{ at: number }>): AsyncGenerator<{ at: string }, void, void> {
      yield { at: "1" };
    }
  }
  const { good, silent } = new Worker();
  assertType<Slot<unknown>>()(good);
  assertType<Slot<{ n: number }>>()(silent);
});

test("expect takes a slot for the timeout that accepts what it is told, with a time", () => {
  class Asker extends Routine {
    readonly answer = this.addSlot("answer", (_data: string) => {});
    readonly late = this.addSlot("late", (_data: ExpectTimeout) => {});
    readonly other = this.addSlot("other", (_data: { n: number }) => {});
    ask(_data: unknown, ctx: Context): void {
      ctx.expect(this.answer, { timeoutMs: 1, onTimeout: this.late });
      // @ts-expect-error the slot takes something else
      ctx.expect(this.answer, { timeoutMs: 1, onTimeout: this.other });
      // @ts-expect-error there is no time
      ctx.expect(this.answer, { onTimeout: this.late });
      // @ts-expect-error a key is a text
      ctx.cancelEmit("output", 5);
    }
  }
  void Asker;
});
