import {
  type ChildEnd,
  type Context,
  Engine,
  ErrorHandler,
  type Event,
  Flow,
  Registry,
  Routine,
  type Slot,
} from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { PAYMENT } from "../studio/described_schema.ts";
import { studio } from "../../src/studio/mod.ts";

/** Whether the shop can deliver: a job that has failed because it could not goes on when it can. */
export const shop = { isOpen: false };

/** Waits for an answer, and orders what it says. */
export class Desk extends Routine {
  readonly trigger: Slot<{ item?: string }> = this.addSlot("trigger", this.ask);
  readonly answer: Slot<{ item: string }> = this.addSlot("answer", this.decide);
  readonly order: Event<{ item: string }> = this.addEvent<{ item: string }>("order");
  ask({ item = "tea" }: { item?: string }, ctx: Context): void {
    ctx.shared.set("item", item);
    ctx.log({ asked: item });
    ctx.expect(this.answer, { timeoutMs: 3_600_000 });
  }
  decide({ item }: { item: string }, ctx: Context): void {
    ctx.emit(this.order, { item });
  }
}
/** Waits for a payment, whose schema says what it has. */
export class Till extends Routine {
  readonly trigger: Slot<object> = this.addSlot("trigger", this.ask);
  readonly paid: Slot<unknown> = this.addSlot("paid", this.book, { schema: PAYMENT });
  ask(_params: object, ctx: Context): void {
    ctx.expect(this.paid);
  }
  book(data: unknown, ctx: Context): void {
    ctx.output("booked", data);
  }
}
class Shop extends Routine {
  readonly order = this.addSlot("order", this.deliver);
  deliver({ item }: { item: string }, ctx: Context): void {
    if (!shop.isOpen) throw new RangeError("The shop is closed");
    ctx.output("delivered", { item });
  }
}

/** An engine with a worker, a flow whose jobs wait for an answer, and a studio that shows them. */
export function livingJobs(): {
  readonly engine: Engine;
  readonly flow: Flow;
  readonly desk: Desk;
  readonly till: Till;
  /** Starts a job with two children, which wait for their answers. */
  readonly startOffice: (jobId: string) => Promise<unknown>;
  readonly answer: (request: Request) => Promise<Response>;
  /** Resolves when a job, which is started after this is called, waits for its answer. */
  readonly hasAsked: (jobId: string) => Promise<void>;
} {
  const registry = new Registry({ Desk, Shop, Till });
  const asking = new Map<string, () => void>();
  const engine = new Engine({
    store: memoryStore(),
    registry,
    observer: (event) => event.type === "task" && event.slot === "trigger" && asking.get(event.jobId)?.(),
  });
  const hasAsked = (jobId: string) => new Promise<void>((resolve) => asking.set(jobId, resolve));
  const flow = new Flow({ id: "desk", registry, engine });
  const desk = flow.addRoutine(new Desk(), "desk");
  const counter = flow.addRoutine(new Shop(), "shop");
  counter.setErrorHandler(new ErrorHandler({ strategy: "stop" }));
  flow.connect(desk.order, counter.order);
  const till = flow.addRoutine(new Till(), "till");
  /** Orders two things by jobs of the desk, and waits for their ends. */
  class Manager extends Routine {
    readonly trigger: Slot<object> = this.addSlot("trigger", this.order);
    readonly ended: Slot<ChildEnd> = this.addSlot("ended", this.note);
    order(_params: object, ctx: Context): void {
      for (const item of ["tea", "cake"]) ctx.child(flow, "desk", { item }, { to: this.ended, tags: { item } });
    }
    note({ status }: ChildEnd, ctx: Context): void {
      ctx.output("ended", status);
    }
  }
  registry.register({ Manager });
  const office = new Flow({ id: "office", registry, engine });
  const manager = office.addRoutine(new Manager(), "manager");
  engine.work();
  return {
    engine,
    flow,
    desk,
    till,
    startOffice: (jobId) => office.start(manager.trigger, {}, { jobId }),
    answer: studio(engine),
    hasAsked,
  };
}
