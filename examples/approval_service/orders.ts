import { env } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Context, type Engine, Flow, Registry, Routine } from "@routilux/routilux";

// A setting of this process, which is not part of an order: how long it takes to pack a piece.
const paceMs = Number(env["PACE_MS"] ?? 1_000);

interface Order {
  readonly item: string;
  readonly pieces: number;
  readonly deadlineMs: number;
}

/** Waits for somebody's decision. If there is none in time, the order fails with a `TimeoutError`. */
class Approval extends Routine {
  readonly trigger = this.addSlot("trigger", this.ask);
  readonly decision = this.addSlot("decision", this.decide);
  readonly approved = this.addEvent<Order>("approved");

  ask(order: Order, ctx: Context): void {
    ctx.shared.set("order", order);
    ctx.output("waiting", order);
    ctx.expect(this.decision, { timeoutMs: order.deadlineMs });
  }

  decide({ approved, by }: { approved: boolean; by: string }, ctx: Context): void {
    ctx.output(approved ? "approved" : "rejected", { by });
    const order = ctx.shared.get<Order>("order");
    if (approved && order !== undefined) ctx.emit(this.approved, order);
  }
}

/** Packs piece by piece. If the process ends, another one goes on after the last checkpoint. */
class Warehouse extends Routine {
  readonly input = this.addSlot("input", this.pack);

  async pack({ pieces }: Order, ctx: Context<number>): Promise<void> {
    for (let n = ctx.progress ?? 0; n < pieces; n++) {
      await sleep(paceMs, undefined, { signal: ctx.signal });
      ctx.output("packed", { piece: n + 1, of: pieces });
      await ctx.checkpoint(n + 1);
    }
    ctx.output("shipped");
  }
}

/** The names of the classes in documents. */
export const registry = new Registry({ Approval, Warehouse });

/** The routine where an order begins, and where it is decided. */
export const approval = new Approval();

/** Makes the flow of all orders. */
export function createFlow(engine: Engine): Flow {
  const flow = new Flow({ id: "orders", registry, engine, executionTimeoutMs: Infinity });
  flow.addRoutine(approval, "approval");
  flow.connect(approval.approved, flow.addRoutine(new Warehouse(), "warehouse").input);
  return flow;
}
