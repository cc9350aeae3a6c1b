import { type Context, Engine, ErrorHandler, Flow, type Observer, Registry, Routine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { studio, type StudioOptions } from "../../src/studio/mod.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";

/** When the samples begin. */
export const NOW: number = Date.UTC(2026, 0, 31, 12);
/** Where the samples' studio stands. */
export const ORIGIN = "http://localhost:8000";

/** Takes an order's items; waits for the payment of each; one that is called "unicorn" fails. */
class Intake extends Routine {
  readonly trigger = this.addSlot("trigger", this.take);
  readonly item = this.addEvent<{ item: string }>("item");
  take({ items = [] }: { items?: readonly string[] }, ctx: Context): void {
    ctx.log({ taken: items.length });
    ctx.state.set("orders", 1);
    for (const item of items) ctx.emit(this.item, { item });
  }
}
class Stock extends Routine {
  readonly item = this.addSlot("item", this.reserve);
  readonly reserved = this.addEvent<{ item: string }>("reserved");
  reserve({ item }: { item: string }, ctx: Context): void {
    if (item === "unicorn" && ctx.shared.get("unicorns") !== true) throw new RangeError("there is no unicorn");
    ctx.emit(this.reserved, { item });
  }
}
class Payment extends Routine {
  readonly reserved = this.addSlot("reserved", this.ask);
  readonly paid = this.addSlot("paid", this.book);
  ask({ item }: { item: string }, ctx: Context): void {
    ctx.shared.set("item", item);
    ctx.expect(this.paid, { timeoutMs: 7 * 86_400_000 });
  }
  book({ amount }: { amount: number }, ctx: Context): void {
    ctx.output("booked", { amount });
  }
}

/** An engine with jobs, and a studio that shows them. */
export interface SampleStudio {
  readonly engine: Engine;
  readonly flow: Flow;
  readonly timers: ManualTimers;
  readonly store: Store;
  /** Starts a job, and lets it work until it only waits. */
  start(jobId: string, items: readonly string[], labels?: Labels): Promise<void>;
  /** Lets the engine take what is due, and work until it only waits. */
  work(): Promise<void>;
  /** Asks the studio. */
  get(path: string, init?: RequestInit): Promise<Response>;
  /** Asks the API for JSON. */
  json(path: string): Promise<Answer>;
  /** Acts by the API, with a token. */
  act(path: string, body?: unknown, init?: RequestInit & { readonly method?: string }): Promise<Answer>;
  /** Sends a form as a browser does. */
  form(path: string, fields: Readonly<Record<string, string>>): Promise<Response>;
}

interface Labels {
  readonly queue?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** An answer in JSON. */
export interface Answer {
  readonly status: number;
  // deno-lint-ignore no-explicit-any
  readonly body: any;
}

/** A token as browsers have it. */
export const TOKEN: string = "a1".repeat(32);

/** Makes an engine with a store, a flow of orders, and a studio. */
export function sampleStudio(
  options: StudioOptions = {},
  store: Store = memoryStore(),
  { flowId = "orders", observer }: { readonly flowId?: string; readonly observer?: Observer } = {},
): SampleStudio {
  const registry = new Registry({ Intake, Stock, Payment });
  const timers = manualTimers(NOW);
  const engine = new Engine({
    store,
    registry,
    timers,
    ids: manualIds(),
    ...(observer === undefined ? {} : { observer }),
  });
  const flow = new Flow({ id: flowId, registry, engine });
  const intake = flow.addRoutine(new Intake(), "intake");
  const stock = flow.addRoutine(new Stock(), "stock");
  const payment = flow.addRoutine(new Payment(), "payment");
  stock.setErrorHandler(new ErrorHandler({ strategy: "stop" }));
  flow.connect(intake.item, stock.item);
  flow.connect(stock.reserved, payment.reserved);
  const answer = studio(engine, options);
  const get = (path: string, init?: RequestInit) => answer(new Request(`${ORIGIN}${path}`, init));
  const work = async () => {
    const { errors, jobs } = await engine.recover();
    if (errors[0] !== undefined) throw errors[0].error;
    for (const { flow, job } of jobs) await flow.settle(job);
  };
  const read = async (response: Response): Promise<Answer> => ({
    status: response.status,
    body: await response.json(),
  });
  return {
    ...{ engine, flow, timers, store, work, get },
    async start(jobId, items, labels = {}) {
      await flow.start(intake.trigger, { items }, { jobId, ...labels });
      await work();
    },
    json: async (path) => await read(await get(path)),
    act: async (path, body, init = {}) =>
      await read(
        await get(path, {
          method: "POST",
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          headers: {
            "content-type": "application/json",
            cookie: `routilux_studio=${TOKEN}`,
            "x-routilux-token": TOKEN,
          },
          ...init,
        }),
      ),
    form: (path, fields) =>
      get(path, {
        method: "POST",
        body: new URLSearchParams({ token: TOKEN, ...fields }).toString(),
        headers: {
          "content-type": "application/x-www-form-urlencoded",
          cookie: `routilux_studio=${TOKEN}`,
          origin: ORIGIN,
          "sec-fetch-site": "same-origin",
        },
      }),
  };
}

/** The same with a job that waits for a payment, one that has failed, and one that has completed. */
export async function sampleJobs(...args: Parameters<typeof sampleStudio>): Promise<SampleStudio> {
  const sample = sampleStudio(...args);
  await sample.start("waits", ["book"], { queue: "slow", tags: { team: "sales" } });
  await sample.timers.advance(1_000);
  await sample.start("fails", ["unicorn"]);
  await sample.timers.advance(1_000);
  await sample.start("completes", []);
  return sample;
}
