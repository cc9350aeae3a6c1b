import {
  type Collected,
  type Context,
  ErrorHandler,
  type Event,
  Flow,
  type FlowOptions,
  Registry,
  Routine,
  type Services,
  type Slot,
} from "../../mod.ts";
import type { Faults, IdleJob, SimulatedHost } from "../../src/testing/mod.ts";

/** An order on its way through the shop. */
export interface Order {
  readonly n: number;
}

/** Takes orders: sends each on, and asks for an approval of the lot. */
export class Counter extends Routine {
  readonly trigger: Slot<{ readonly count: number }> = this.addSlot("trigger", this.take);
  readonly approval: Slot<{ readonly by: string }> = this.addSlot("approval", this.approve);
  readonly order: Event<Order> = this.addEvent<Order>("order");

  take({ count }: { readonly count: number }, ctx: Context): void {
    for (let n = 1; n <= count; n++) ctx.emit(this.order, { n }, { priority: n % 3 === 0 ? "high" : "normal" });
    ctx.expect("approval", { timeoutMs: 60_000 });
  }

  approve({ by }: { readonly by: string }, ctx: Context): void {
    ctx.output("approved", by);
  }
}

/** Waits, works in two steps, and passes on. */
export class Packer extends Routine {
  readonly input: Slot<Order> = this.addSlot("input", this.pack, { timeoutMs: 5_000 });
  readonly parcel: Event<Order> = this.addEvent<Order>("parcel");

  async pack({ n }: Order, ctx: Context<string>): Promise<void> {
    if (ctx.progress === undefined) {
      await sleep(ctx, 10 * n);
      ctx.log({ picked: n });
      await ctx.checkpoint("picked");
    }
    await sleep(ctx, 5);
    ctx.emit(this.parcel, { n });
  }
}

/** Works in steps, as a generator. */
export class Labeller extends Routine {
  readonly input: Slot<Order> = this.addSlot("input", this.label);
  readonly labelled: Event<Order> = this.addEvent<Order>("labelled");

  async *label({ n }: Order, ctx: Context<number>): AsyncGenerator<number, void, void> {
    for (let side = ctx.progress ?? 0; side < 2; side++) {
      await sleep(ctx, 3);
      ctx.shared.update<number>("labels", (labels = 0) => labels + 1);
      yield side + 1;
    }
    ctx.emit(this.labelled, { n });
  }
}

/** Collects the data it receives. */
export class Van extends Routine {
  readonly input: Slot<Order> = this.addSlot("input", this.load, { merge: "append" });

  load({ n }: { readonly n: Collected<number> }, ctx: Context): void {
    ctx.output("loaded", n.at(-1));
    ctx.shared.update<number>("weight", (weight = 0) => weight + (n.at(-1) ?? 0));
  }
}

/** Builds the shop: every kind of handler there is, side by side where `maxWorkers` is above 1. */
export function createShop(options: FlowOptions = {}): { readonly flow: Flow; readonly counter: Counter } {
  const errorHandler = new ErrorHandler({
    strategy: "retry",
    jitter: 0,
    maxRetries: 50,
    retryDelayMs: 20,
    maxRetryDelayMs: 200,
  });
  const registry = new Registry({ Counter, Packer, Labeller, Van });
  const flow = new Flow({ id: "shop", registry, errorHandler, executionTimeoutMs: Infinity, ...options });
  const counter = flow.addRoutine(new Counter(), "counter");
  const packer = flow.addRoutine(new Packer(), "packer");
  const labeller = flow.addRoutine(new Labeller(), "labeller");
  const van = flow.addRoutine(new Van(), "van");
  flow.connect(counter.order, packer.input);
  flow.connect(packer.parcel, labeller.input);
  flow.connect(labeller.labelled, van.input);
  return { flow, counter };
}

/** Every kind of fault, each with a small probability. */
export const EVERYTHING: Faults = {
  throw: 0.08,
  hang: 0.04,
  abort: 0.08,
  death: 0.03,
  downtimeMs: 50,
  timerLateMs: 9,
  timerEarlyMs: 4,
};

/** Delivers the approval as soon as the simulation allows it. */
export function approve({ flow, job }: IdleJob): void {
  if (job.pendingTasks.some(({ awaiting }) => awaiting !== undefined)) {
    flow.deliver(job, "counter", "approval", { by: "somebody" });
  }
}

/** Services with which handlers wait by the simulated clock. */
export function simulatedSleep({ timers }: SimulatedHost): Services {
  const services = {
    sleep: (ms: number) => new Promise<void>((resolve) => void timers.setTimer(timers.now() + ms, resolve)),
  };
  return services;
}

/** Waits by the clock of whoever runs the handler. */
export async function sleep({ services }: Pick<Context, "services">, ms: number): Promise<void> {
  const service: unknown = Reflect.get(services, "sleep");
  if (typeof service === "function") await service(ms);
}
