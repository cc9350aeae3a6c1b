import { type Context, Engine, Flow, Registry, Routine } from "@routilux/routilux";
import { type DurableObjectStorage, durableObjectStore } from "@routilux/routilux/stores/durable_object";

// Orders that wait for their payment, and are reminded of it: in a Durable Object per shop, which sleeps meanwhile.
//
//   POST /shops/tea/orders/7        {"item": "Assam", "remindMs": 86400000}
//   POST /shops/tea/orders/7/paid   {"amount": 12}
//   GET  /shops/tea/orders/7        the order's status and what has happened
//   GET  /shops/tea/orders/7/news   the next thing that happens after ?from=N

interface Order {
  readonly item: string;
  /** When to remind of the payment, in milliseconds from now. */
  readonly remindMs: number;
}

class Orders extends Routine {
  readonly trigger = this.addSlot("trigger", this.place);
  readonly paid = this.addSlot("paid", this.ship);
  readonly late = this.addEvent<Order>("late");
  readonly reminder = this.addSlot("reminder", this.remind);

  place(order: Order, ctx: Context): void {
    ctx.emit(this.late, order, { delayMs: order.remindMs });
    ctx.expect(this.paid);
    ctx.output("placed", order.item);
  }

  remind({ item }: Order, ctx: Context): void {
    ctx.output("reminded", item);
  }

  ship({ amount }: { amount: number }, ctx: Context): void {
    ctx.output("shipped", { amount });
  }
}

/** All orders of one shop. */
export class Shop {
  readonly #store;
  readonly #engine: Engine;
  readonly #flow: Flow;
  readonly #orders: Orders;

  constructor({ storage }: { readonly storage: DurableObjectStorage }) {
    const registry = new Registry({ Orders });
    this.#store = durableObjectStore(storage);
    this.#engine = new Engine({ store: this.#store, registry });
    this.#flow = new Flow({ id: "orders", registry, engine: this.#engine });
    this.#orders = this.#flow.addRoutine(new Orders(), "orders");
    this.#flow.connect(this.#orders.late, this.#orders.reminder);
    this.#engine.work({ idleMs: 1_000 });
  }

  /** Something is due: orders whose payment is late, or that were being worked on when the object went away. */
  async alarm(): Promise<void> {
    await this.#engine.recover();
    await this.#store.rearm();
  }

  async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const [, , , , id = "", action] = url.pathname.split("/");
    try {
      const order = this.#flow.handle(id);
      if (request.method === "POST" && action === undefined) {
        const { isNew } = await this.#flow.start(this.#orders, await request.json(), { jobId: id });
        return Response.json({ isNew }, { status: isNew ? 201 : 200 });
      }
      if (request.method === "POST" && action === "paid") {
        await order.deliver(this.#orders.paid, await request.json(), { key: "payment" });
        return Response.json({ accepted: true }, { status: 202 });
      }
      if (action === "news") {
        const from = Number(url.searchParams.get("from") ?? 0);
        for await (const { type, data } of order.outputs({ from, signal: request.signal })) {
          return Response.json({ type, data });
        }
        return Response.json(null);
      }
      const { status, outputLog } = await order.read();
      return Response.json({ status, outputs: outputLog.map(({ type }) => type) });
    } catch (error) {
      const reason = error instanceof Error && "reason" in error ? error.reason : undefined;
      return new Response(String(error), { status: reason === "unknown" ? 404 : reason === undefined ? 400 : 409 });
    }
  }
}

/** What the worker is given: see wrangler.toml. */
interface Environment {
  readonly SHOPS: {
    idFromName(name: string): unknown;
    get(id: unknown): { fetch(request: Request): Promise<Response> };
  };
}

export default {
  fetch(request: Request, { SHOPS }: Environment): Promise<Response> | Response {
    const [, shops, name, orders, id] = new URL(request.url).pathname.split("/");
    if (shops !== "shops" || orders !== "orders" || !name || !id) return new Response("Not found", { status: 404 });
    return SHOPS.get(SHOPS.idFromName(name)).fetch(request);
  },
};
