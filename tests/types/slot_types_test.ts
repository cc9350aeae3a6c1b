import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { type Collected, type Context, Routine, type SchemaResult, type Slot, type StandardSchema } from "../../mod.ts";
import { assertType } from "../support/assert_type.ts";

test("a slot accepts what its handler takes", () => {
  class Worker extends Routine {
    readonly input = this.addSlot("input", this.process);
    readonly late = this.addSlot("late", this.wait);
    readonly any = this.addSlot("any", this.ignore);
    process({ data }: { data: string }, ctx: Context): void {
      ctx.output("data", data);
    }
    async wait(_data: { n: number }): Promise<void> {}
    ignore(): void {}
  }
  const { input, late, any } = new Worker();
  assertType<Slot<{ data: string }>>()(input);
  assertType<Slot<{ n: number }>>()(late);
  assertType<Slot<unknown>>()(any);
});

test("a handler may be a function field that stands before its slot", () => {
  class Worker extends Routine {
    readonly take = ({ n }: { n: number }, ctx: Context): void => ctx.output("n", n);
    readonly input = this.addSlot("input", this.take);
  }
  assertType<Slot<{ n: number }>>()(new Worker().input);
});

test("a handler may return nothing, a promise or a generator, and nothing else", () => {
  class Worker extends Routine {
    readonly a = this.addSlot("a", this.generate);
    readonly b = this.addSlot("b", this.generateSlowly);
    // @ts-expect-error: Type 'number' is not assignable to type 'HandlerReturn<unknown>'.
    readonly c = this.addSlot("c", this.count);
    *generate(_data: { n: number }): Generator<{ done: number }, void, void> {}
    async *generateSlowly(_data: { n: number }): AsyncGenerator<{ done: number }, void, void> {}
    count(): number {
      return 1;
    }
  }
  assertType<Slot<{ n: number }>>()(new Worker().a);
  assertType<Slot<{ n: number }>>()(new Worker().b);
});

test("progress has the type that the handler's context says", () => {
  class Worker extends Routine {
    readonly input = this.addSlot("input", this.go);
    async go(_data: unknown, ctx: Context<{ at: number }>): Promise<void> {
      assertType<{ at: number } | undefined>()(ctx.progress);
      await ctx.checkpoint({ at: 1 });
      // @ts-expect-error: Type 'string' is not assignable to type 'number'.
      await ctx.checkpoint({ at: "1" });
    }
  }
  assertType<Slot<unknown>>()(new Worker().input);
});

test("a handler that takes something else than its merge function gives is refused", () => {
  class Worker extends Routine {
    readonly sum = this.addSlot("sum", this.takeSum, { merge: this.join });
    // @ts-expect-error: Property 'total' is missing in type '{ sum: number; }' but required in type '{ total: number; }'.
    readonly total = this.addSlot("total", this.takeTotal, { merge: this.join });
    join(old: { sum: number } | undefined, next: { n: number }): { sum: number } {
      return { sum: (old?.sum ?? 0) + next.n };
    }
    takeSum(_data: { sum: number }): void {}
    takeTotal(_data: { total: number }): void {}
  }
  assertType<Slot<{ n: number }>>()(new Worker().sum);
});

test("a merge function of a slot without handler gives the slot its type", () => {
  class Worker extends Routine {
    readonly quiet = this.addSlot("quiet", null, { merge: this.join });
    readonly open = this.addSlot("open", null);
    join(old: number | undefined, next: number): number {
      return (old ?? 0) + next;
    }
  }
  assertType<Slot<number>>()(new Worker().quiet);
  assertType<Slot<unknown>>()(new Worker().open);
});

test("a handler of an append slot takes lists, and its slot accepts the items", () => {
  class Gather extends Routine {
    readonly good = this.addSlot("good", this.takeLists, { merge: "append" });
    // @ts-expect-error: Type 'Collected<number>' is not assignable to type 'number'.
    readonly bad = this.addSlot("bad", this.takeItems, { merge: "append" });
    takeLists({ n, tag }: { n: Collected<number>; tag: Collected<string> }): void {
      assertType<number | undefined>()(n.at(0));
      assertType<string[]>()(tag.toArray());
    }
    takeItems(_data: { n: number }): void {}
  }
  assertType<Slot<{ n: number; tag: string }>>()(new Gather().good);
});

test("a schema of valibot decides what the slot accepts and what its handler takes", () => {
  const schema = v.object({ n: v.pipe(v.string(), v.transform(Number)) });
  class Worker extends Routine {
    readonly good = this.addSlot("good", this.take, { schema });
    readonly lists = this.addSlot("lists", this.takeLists, { schema, merge: "append" });
    // @ts-expect-error: Type '{ n: number; }' is not assignable to type '{ n: string; }'.
    readonly bad = this.addSlot("bad", this.takeText, { schema });
    take(_data: { n: number }): void {}
    takeLists(_data: { n: Collected<number> }): void {}
    takeText(_data: { n: string }): void {}
  }
  const { good, lists } = new Worker();
  assertType<Slot<{ n: string }>>()(good);
  assertType<Slot<{ n: string }>>()(lists);
});

test("a hand-written schema decides likewise", () => {
  const schema: StandardSchema<{ n: string }, { n: number }> = {
    "~standard": {
      version: 1,
      vendor: "by hand",
      validate: (value): SchemaResult<{ n: number }> => ({ value: value as { n: number } }),
    },
  };
  class Worker extends Routine {
    readonly good = this.addSlot("good", this.take, { schema });
    // @ts-expect-error: Type '{ n: number; }' is not assignable to type '{ n: string; }'.
    readonly bad = this.addSlot("bad", this.takeText, { schema });
    take(_data: { n: number }): void {}
    takeText(_data: { n: string }): void {}
  }
  assertType<Slot<{ n: string }>>()(new Worker().good);
});

test("options of a slot that are misspelt are refused", () => {
  class Bare extends Routine {
    take(_data: unknown): void {}
  }
  const bare = new Bare();
  // @ts-expect-error: Object literal may only specify known properties, but 'timeout' does not exist. Did you mean 'timeoutMs'?
  const misspelt = () => bare.addSlot("a", bare.take, { timeout: 5 });
  assertThrows(misspelt, TypeError, `unknown option "timeout"; did you mean "timeoutMs"?`);
  // @ts-expect-error: Type 'string' is not assignable to type 'number'.
  const wrongTimeout = () => bare.addSlot("b", bare.take, { timeoutMs: "5" });
  // @ts-expect-error: Type '"appendd"' is not assignable to type 'MergeStrategy'. Did you mean '"append"'?
  const wrongMerge = () => bare.addSlot("c", bare.take, { merge: "appendd" });
  // @ts-expect-error: Argument of type 'string' is not assignable to parameter of type 'Handler'.
  const wrongHandler = () => bare.addSlot("d", "take");
  assertEquals([wrongTimeout, wrongMerge, wrongHandler].map((wrong) => wrong.length), [0, 0, 0]);
  assertEquals(bare.getSlot("a"), undefined);
});
