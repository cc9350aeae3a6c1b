import { type Context, ErrorHandler, Registry, Routine } from "../../mod.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { NOW } from "./run_command.ts";

class Intake extends Routine {
  readonly trigger = this.addSlot("trigger", this.take);
  readonly line = this.addEvent<{ item: string }>("line");
  take({ items }: { items: readonly string[] }, ctx: Context): void {
    for (const item of items) ctx.emit(this.line, { item });
  }
}
class Stock extends Routine {
  readonly line = this.addSlot("line", this.reserve);
  readonly reserved = this.addEvent<{ item: string }>("reserved");
  reserve({ item }: { item: string }, ctx: Context): void {
    if (item === "unicorn") throw new RangeError("there is no unicorn");
    if (item === "tea") throw new Error("the shelf is busy");
    ctx.emit(this.reserved, { item });
  }
}
class Payment extends Routine {
  readonly reserved = this.addSlot("reserved", this.ask);
  readonly paid = this.addSlot("paid", this.book);
  ask(_data: { item: string }, ctx: Context): void {
    ctx.expect(this.paid, { timeoutMs: 7 * 86_400_000 });
  }
  book(_data: { amount: number }, ctx: Context): void {
    ctx.output("booked");
  }
}

/** The flow and a job of the documentation's examples: at its beginning, and when it waits for a payment and a retry. */
export async function sampleDocuments(): Promise<
  { readonly flow: object; readonly before: object; readonly after: object }
> {
  const { flow } = createTestFlow({ id: "orders", registry: new Registry({ Intake, Stock, Payment }) }, {
    timers: manualTimers(NOW),
  });
  const intake = flow.addRoutine(new Intake(), "intake");
  const stock = flow.addRoutine(new Stock(), "stock");
  const payment = flow.addRoutine(new Payment(), "payment");
  const retry = {
    strategy: "retry",
    isCritical: false,
    retryableErrors: ["Error"],
    retryDelayMs: 60_000,
    jitter: 0,
  } as const;
  stock.setErrorHandler(new ErrorHandler(retry));
  flow.connect(intake.line, stock.line);
  flow.connect(stock.reserved, payment.reserved);
  const job = flow.execute(intake.trigger, { items: ["book", "tea", "unicorn"] }, { jobId: "order-7" });
  const before = job.toJSON();
  await flow.settle(job);
  return { flow: flow.toJSON(), before, after: job.toJSON() };
}
