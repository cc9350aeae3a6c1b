import { setTimeout as sleep } from "node:timers/promises";
import { type Context, type Engine, ErrorHandler, Flow, Registry, Routine } from "@routilux/routilux";

// Flows whose jobs live: orders that wait for their payment, reports that take their time, and a shaky upload. A job of each is started
// every few seconds.

interface Order {
  readonly items: readonly string[];
  readonly customer: string;
}

class Intake extends Routine {
  readonly trigger = this.addSlot("trigger", this.take);
  readonly item = this.addEvent<{ item: string }>("item");
  take({ customer, items }: Order, ctx: Context): void {
    ctx.shared.set("customer", customer);
    ctx.log({ customer, items: items.length });
    for (const item of items) ctx.emit(this.item, { item });
  }
}

class Stock extends Routine {
  readonly item = this.addSlot("item", this.reserve);
  readonly reserved = this.addEvent<{ item: string }>("reserved");
  async reserve({ item }: { item: string }, ctx: Context): Promise<void> {
    await sleep(400, undefined, { signal: ctx.signal });
    if (item === "unicorn") throw new RangeError(`There is no ${item} on the shelf`);
    ctx.emit(this.reserved, { item });
  }
}

class Payment extends Routine {
  readonly reserved = this.addSlot("reserved", this.ask);
  readonly paid = this.addSlot("paid", this.book);
  readonly booked = this.addEvent<{ amount: number }>("booked");
  ask({ item }: { item: string }, ctx: Context): void {
    ctx.output("asked for a payment", { item });
    ctx.expect(this.paid, { timeoutMs: 7 * 24 * 3_600_000 });
  }
  book({ amount = 0 }: { amount?: number }, ctx: Context): void {
    ctx.shared.update("paid", (sum: number = 0) => sum + amount);
    ctx.emit(this.booked, { amount });
  }
}

class Shipping extends Routine {
  readonly booked = this.addSlot("booked", this.ship);
  async ship(_data: { amount: number }, ctx: Context): Promise<void> {
    await sleep(900, undefined, { signal: ctx.signal });
    ctx.output("shipped", { to: ctx.shared.get("customer") ?? "somebody" });
  }
}

class Report extends Routine {
  readonly trigger = this.addSlot("trigger", this.write);
  readonly chapter = this.addEvent<{ chapter: number }>("chapter");
  async write({ chapters = 12 }: { chapters?: number }, ctx: Context<number>): Promise<void> {
    for (let chapter = ctx.progress ?? 0; chapter < chapters; chapter++) {
      await sleep(700, undefined, { signal: ctx.signal });
      ctx.state.set("chapters", chapter + 1);
      ctx.emit(this.chapter, { chapter: chapter + 1 });
      await ctx.checkpoint(chapter + 1);
    }
  }
}

class Binder extends Routine {
  readonly chapter = this.addSlot("chapter", this.bind);
  bind({ chapter }: { chapter: number }, ctx: Context): void {
    ctx.output("bound", { chapter });
  }
}

class Upload extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  async send(_data: unknown, ctx: Context): Promise<void> {
    await sleep(300, undefined, { signal: ctx.signal });
    if (ctx.attempt < 3) throw new Error("The connection was reset");
    ctx.output("uploaded", { attempts: ctx.attempt + 1 });
  }
}

/** The names of the classes in documents. */
export const registry: Registry = new Registry({ Intake, Stock, Payment, Shipping, Report, Binder, Upload });

/** Makes the flows of an engine, and returns a function that starts a job of one of them. */
export function createFlows(engine: Engine): (number: number) => Promise<unknown> {
  const orders = new Flow({ id: "orders", registry, engine, executionTimeoutMs: Infinity });
  const intake = orders.addRoutine(new Intake(), "intake");
  const stock = orders.addRoutine(new Stock(), "stock");
  const payment = orders.addRoutine(new Payment(), "payment");
  const shipping = orders.addRoutine(new Shipping(), "shipping");
  stock.setErrorHandler(new ErrorHandler({ strategy: "continue" }));
  orders.connect(intake.item, stock.item);
  orders.connect(stock.reserved, payment.reserved);
  orders.connect(payment.booked, shipping.booked);

  const reports = new Flow({ id: "reports", registry, engine });
  const report = reports.addRoutine(new Report(), "report");
  reports.connect(report.chapter, reports.addRoutine(new Binder(), "binder").chapter);

  const uploads = new Flow({ id: "uploads", registry, engine });
  const upload = uploads.addRoutine(new Upload(), "upload");
  upload.setErrorHandler(new ErrorHandler({ strategy: "retry", maxRetries: 4, retryDelayMs: 2_000 }));

  const baskets = [["tea", "biscuits"], ["book"], ["unicorn", "tea"]];
  return async (number) => {
    const [customer = ""] = [["Ada", "Grace", "Alan", "Edsger"][number % 4]];
    const jobId = `order-${number}`;
    if (number % 3 === 0) await reports.start(report.trigger, {}, { jobId: `report-${number}`, queue: "slow" });
    else if (number % 3 === 1) {
      await uploads.start(upload.trigger, {}, { jobId: `upload-${number}`, tags: { region: "north" } });
    } else {await orders.start(intake.trigger, { customer, items: baskets[number % baskets.length] ?? [] }, {
        jobId,
        tags: { customer },
      });}
    if (number % 2 === 0) {
      await orders.start(intake.trigger, { customer, items: baskets[(number / 2) % 3] ?? [] }, {
        jobId: `web-${number}`,
        tags: { customer },
      });
    }
  };
}
