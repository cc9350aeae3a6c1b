import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Context, Flow, type ReadonlyValue, Routine } from "../../mod.ts";
import { assertType } from "../support/assert_type.ts";

interface Order {
  lines: { item: string; count: number }[];
  due?: Date | undefined;
  note: string | null;
}

/** A class with a private field: it is seen as it is. */
class Money {
  readonly #cents: number = 5;
  get cents(): number {
    return this.#cents;
  }
}

test("C475 what is read has no way to be changed in place, and may be passed on as what it is", async () => {
  class Shop extends Routine {
    readonly trigger = this.addSlot("trigger", this.order);
    readonly ordered = this.addEvent<Order>("ordered");
    order(_: unknown, ctx: Context): void {
      ctx.state.set("order", { lines: [{ item: "tea", count: 1 }], note: null } satisfies Order);
      const order = ctx.state.get<Order>("order");
      if (order === undefined) return;
      const refused: (() => void)[] = [
        // @ts-expect-error: a list that was read is not added to.
        () => order.lines.push({ item: "milk", count: 1 }),
        // @ts-expect-error: nor are its items replaced,
        () => order.lines[0] = { item: "milk", count: 1 },
        // @ts-expect-error: or changed,
        () => order.lines.forEach((line) => line.count = 2),
        // @ts-expect-error: or fields set.
        () => order.note = "none",
        // @ts-expect-error: a date of it stays, too.
        () => order.due?.setTime(0),
      ];
      assertEquals(refused.length, 5);
      ctx.emit(this.ordered, order);
      ctx.state.set("order", order);
      ctx.state.update<Order>("order", (old = order) => ({ ...old, lines: [...old.lines, ...order.lines] }));
      ctx.output("count", ctx.state.get<Order>("order")?.lines.length);
    }
  }
  const flow = new Flow();
  const job = await flow.run(flow.addRoutine(new Shop(), "shop").trigger, {});
  assertEquals([job.status, job.outputLog[0]?.data], ["completed", 2]);
});

test("C475 values of any kind, texts, tuples, and instances with private fields are seen as they are", () => {
  // They are compiled, and not called.
  const seen: readonly ((value: never) => void)[] = [
    (value: ReadonlyValue<unknown>) => assertType<unknown>()(value),
    (value: ReadonlyValue<string | 5 | undefined>) => assertType<string | 5 | undefined>()(value),
    (value: ReadonlyValue<Money>) => assertType<Money>()(value),
    (value: ReadonlyValue<[number, string]>) => assertType<[number, string]>()(value),
    (value: ReadonlyValue<{ a: 1 } | null>) => assertType<{ readonly a: 1 } | null>()(value),
  ];
  assertEquals(seen.length, 5);
  const money: ReadonlyValue<Money> = new Money();
  assertEquals(money.cents, 5);
});
