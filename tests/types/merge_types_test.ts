import { test } from "node:test";
import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { type Collected, Flow, Routine, type Slot } from "../../mod.ts";
import { newManualEngine } from "../support/send_once.ts";
import { assertType } from "../support/assert_type.ts";

interface Total {
  readonly total: number;
}
const toNumber = v.object({ n: v.pipe(v.string(), v.transform(Number)) });

/** Routines whose merges don't fit are made all the same: the checker alone refuses them. */
function countSlots(routine: Routine, ...names: readonly string[]): void {
  assertEquals(names.filter((name) => routine.getSlot(name) !== undefined).length, names.length);
}

test("a merge function takes what it has made, and undefined at first", () => {
  class Worker extends Routine {
    readonly good = this.addSlot("good", null, { merge: this.add });
    readonly defaulted = this.addSlot("defaulted", null, { merge: this.addDefaulted });
    // @ts-expect-error: Types of parameters 'old' and 'old' are incompatible: 'undefined' is not assignable to 'Total'.
    readonly never = this.addSlot("never", null, { merge: this.addToSome });
    // @ts-expect-error: Types of parameters 'old' and 'old' are incompatible: 'total' is missing in '{ sum: number }'.
    readonly other = this.addSlot("other", null, { merge: this.makeOther });
    add(old: Total | undefined, { n }: { n: number }): Total {
      return { total: (old?.total ?? 0) + n };
    }
    addDefaulted(old: Total = { total: 0 }, { n }: { n: number }): Total {
      return { total: old.total + n };
    }
    addToSome(old: Total, { n }: { n: number }): Total {
      return { total: old.total + n };
    }
    makeOther(old: Total | undefined, { n }: { n: number }): { sum: number } {
      return { sum: (old?.total ?? 0) + n };
    }
  }
  const worker = new Worker();
  assertType<Slot<{ n: number }>>()(worker.good);
  assertType<Slot<{ n: number }>>()(worker.defaulted);
  countSlots(worker, "good", "defaulted", "never", "other");
});

test("with a schema a slot accepts its input, and the merge function takes its output", () => {
  class Worker extends Routine {
    readonly good = this.addSlot("good", this.take, { schema: toNumber, merge: this.add });
    // @ts-expect-error: Types of parameters 'next' and 'next' are incompatible: 'number' is not assignable to 'string'.
    readonly raw = this.addSlot("raw", this.take, { schema: toNumber, merge: this.addTexts });
    add(old: Total | undefined, { n }: { n: number }): Total {
      return { total: (old?.total ?? 0) + n };
    }
    addTexts(old: Total | undefined, { n }: { n: string }): Total {
      return { total: (old?.total ?? 0) + n.length };
    }
    take(_data: Total): void {}
  }
  const worker = new Worker();
  assertType<Slot<{ n: string }>>()(worker.good);
  countSlots(worker, "good", "raw");
});

test("override says nothing of its own, with a schema or without", () => {
  class Worker extends Routine {
    readonly plain = this.addSlot("plain", this.take, { merge: "override", timeoutMs: 5 });
    readonly checked = this.addSlot("checked", this.take, { merge: "override", schema: toNumber });
    take(_data: { n: number }): void {}
  }
  assertType<Slot<{ n: number }>>()(new Worker().plain);
  assertType<Slot<{ n: string }>>()(new Worker().checked);
});

test("a slot without a handler accepts what its schema takes, and anything without one", () => {
  class Worker extends Routine {
    readonly checked = this.addSlot("checked", null, { schema: toNumber });
    readonly lists = this.addSlot("lists", null, { schema: toNumber, merge: "append" });
    readonly open = this.addSlot("open", null, { timeoutMs: 5 });
  }
  const { checked, lists, open } = new Worker();
  assertType<Slot<{ n: string }>>()(checked);
  assertType<Slot<{ n: string }>>()(lists);
  assertType<Slot<unknown>>()(open);
});

test("keys of an append slot may be missing, and lists may hold objects", () => {
  class Gather extends Routine {
    readonly input = this.addSlot("input", this.take, { merge: "append" });
    take({ item, tag }: { item: Collected<{ id: number }>; tag?: Collected<string> }): void {
      assertType<{ id: number } | undefined>()(item.at(-1));
      assertType<string[] | undefined>()(tag?.toArray());
      for (const each of item) assertType<{ id: number }>()(each);
    }
  }
  const flow = new Flow({ id: "flow", engine: newManualEngine() });
  const gather = flow.addRoutine(new Gather(), "gather");
  assertType<Slot<{ item: { id: number }; tag?: string }>>()(gather.input);
  flow.create(gather.input, { item: { id: 1 }, tag: "a" });
  flow.create(gather.input, { item: { id: 1 } });
  // @ts-expect-error: Type 'string' is not assignable to type '{ id: number; }'.
  assertEquals(flow.create(gather.input, { item: "1" }).status, "pending");
});

test("a timer's event carries what its handler takes, merges included", () => {
  class Clock extends Routine {
    readonly plain = this.addTimer("plain", this.tick);
    readonly summed = this.addTimer("summed", this.tell, { merge: this.add });
    // @ts-expect-error: Types of parameters 'old' and 'old' are incompatible: 'undefined' is not assignable to 'Total'.
    readonly wrong = this.addTimer("wrong", this.tell, { merge: this.addToSome });
    tick(_data: { token: number }): void {}
    tell(_data: Total): void {}
    add(old: Total | undefined, { n }: { n: number }): Total {
      return { total: (old?.total ?? 0) + n };
    }
    addToSome(old: Total, { n }: { n: number }): Total {
      return { total: old.total + n };
    }
  }
  const { plain, summed } = new Clock();
  assertType<{ token: number }>()({} as typeof plain.emits);
  assertType<{ n: number }>()({} as typeof summed.emits);
});
