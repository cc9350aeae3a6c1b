import { type Context, type Event, type Failure, Routine, type Slot } from "../../mod.ts";
import type { FleetTask } from "../../src/testing/fleet/fleet_client.ts";
import type { FleetFocus } from "../../src/testing/fleet/fleet_focus.ts";
import { childFlows } from "./fleet_families.ts";

/** What `Mends` can work on. */
interface Order {
  /** How much it is about; without it, the order is wrong. */
  readonly amount?: number;
}

/** Fails until it is given an amount. */
export class Mends extends Routine {
  readonly trigger: Slot<Order> = this.addSlot("trigger", this.work);
  readonly done: Event<object> = this.addEvent<object>("done");
  async work({ amount }: Order, ctx: Context): Promise<void> {
    await Promise.resolve();
    if (amount === undefined) throw new RangeError("the order has no amount");
    ctx.output("mended", { amount });
    ctx.result({ amount });
    ctx.emit(this.done, {});
  }
}

/** Makes good what has failed, by the names that a mapping gives the failure. */
export class Mourns extends Routine {
  readonly trigger: Slot<{ readonly reason: Failure["error"]; readonly order: unknown }> = this.addSlot(
    "trigger",
    this.mourn,
  );
  readonly done: Event<object> = this.addEvent<object>("done");
  mourn(given: { readonly reason: Failure["error"]; readonly order: unknown }, ctx: Context): void {
    const { reason: { message }, order } = given;
    ctx.output("made good", { message, order });
    ctx.result({ lost: message });
    ctx.emit(this.done, {});
  }
}

/** Jobs that have failed are put back with other data, again and again, while the store is slow. */
export const REPAIRS: FleetFocus = {
  holds: { methods: ["append"], mostMs: 900 },
  durability: { mode: "strict", attempts: 4 },
  lasts: 2,
  recovers: true,
  redrivesEnded: true,
  clientRate: 0.2,
  tasks: (jobId, { repairs }, list) =>
    [0, 1, 2].map((n): FleetTask => {
      const redrive = { jobId, asked: { type: "redrive" }, failure: n, repairs } as const;
      const isDirect = list === 1 && n > 0;
      return isDirect
        ? { type: "direct", ...redrive }
        : { type: "ask", ...redrive, key: `${jobId} again redrive-${list}.${n}` };
    }),
};

/** Starts jobs that nobody waits for: one by each name, and one whose id it says itself. */
export class Posts extends Routine {
  readonly trigger: Slot<{ readonly children: readonly string[] }> = this.addSlot("trigger", this.post);
  readonly done: Event<object> = this.addEvent<object>("done");
  async post({ children }: { readonly children: readonly string[] }, ctx: Context): Promise<void> {
    await Promise.resolve();
    for (const [index, name] of children.entries()) {
      const flow = childFlows.get(name);
      if (flow === undefined) throw new TypeError(`There is no flow ${name}`);
      const [entry = ""] = [...flow.routines.keys()];
      const named = index === 0 ? { jobId: `post of ${ctx.idempotencyKey}` } : { key: name };
      ctx.child(flow, entry, { children: ["family-works"] }, { detached: true, ...named });
    }
    ctx.emit(this.done, {});
  }
}
