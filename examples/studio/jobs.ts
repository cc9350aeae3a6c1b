import { setTimeout as sleep } from "node:timers/promises";
import { type ChildEnd, type Context, type Engine, ErrorHandler, Flow, Registry, Routine } from "@routilux/routilux";
import { schedule } from "@routilux/routilux/schedules";

// Flows whose jobs live: orders that wait for their payment, reports that take their time, a shaky upload, and a stocktaking with a child
// for each shelf, of which one fails. A job of each is started every few seconds, and a stocktaking also every two minutes by a schedule.

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

class Shelf extends Routine {
  readonly trigger = this.addSlot("trigger", this.count);
  async count({ shelf }: { shelf: string }, ctx: Context): Promise<void> {
    await sleep(1_200, undefined, { signal: ctx.signal });
    if (shelf === "attic") throw new Error("The ladder is broken");
    ctx.output("counted", { shelf, items: shelf.length });
  }
}
const shelves = new Flow({ id: "shelves", registry: new Registry({ Shelf }) });
shelves.addRoutine(new Shelf(), "shelf");

class Stocktaking extends Routine {
  readonly trigger = this.addSlot("trigger", this.begin);
  readonly counted = this.addSlot("counted", this.note);
  begin(_params: object, ctx: Context): void {
    for (const shelf of ["window", "counter", "attic"]) ctx.child(shelves, "shelf", { shelf }, { to: this.counted });
  }
  note({ jobId, status }: ChildEnd, ctx: Context): void {
    ctx.log({ jobId, status });
  }
}

/** The names of the classes in documents. */
export const registry: Registry = new Registry({
  ...{ Intake, Stock, Payment, Shipping, Report, Binder, Upload, Shelf, Stocktaking },
});

/** The flows of an engine. */
export interface Shop {
  /** Starts jobs, by a number: which ones, the number says. */
  readonly startNext: (number: number) => Promise<void>;
  /** Declares the schedule. */
  readonly open: () => Promise<unknown>;
}

/** Makes the flows of an engine. */
export function createShop(engine: Engine): Shop {
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

  const stocktakings = new Flow({ id: "stocktakings", registry, engine });
  const stocktaking = stocktakings.addRoutine(new Stocktaking(), "stocktaking");

  const baskets = [["tea", "biscuits"], ["book"], ["unicorn", "tea"]];
  const order = async (jobId: string, customer: string, basket: number) => {
    const items = baskets[basket % baskets.length] ?? [];
    await orders.start(intake.trigger, { customer, items }, { jobId, tags: { customer } });
  };
  const startNext = async (number: number) => {
    const [customer = ""] = [["Ada", "Grace", "Alan", "Edsger"][number % 4]];
    if (number % 3 === 0) await reports.start(report.trigger, {}, { jobId: `report-${number}`, queue: "slow" });
    if (number % 3 === 1) {
      await uploads.start(upload.trigger, {}, { jobId: `upload-${number}`, tags: { region: "north" } });
    }
    if (number % 3 === 2) await order(`order-${number}`, customer, number);
    if (number % 2 === 0) await order(`web-${number}`, customer, number / 2);
    if (number % 5 === 1) await stocktakings.start(stocktaking.trigger, {}, { jobId: `stocktaking-${number}` });
  };
  return {
    startNext,
    open: () => schedule(engine, "stocktaking", { cron: "*/2 * * * *" }, stocktakings, stocktaking.trigger, {}),
  };
}
