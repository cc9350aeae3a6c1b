import { type Collected, type Context, type Event, type Flow, Registry, Routine, type Slot } from "../../mod.ts";
import type { FlowOptions } from "../../mod.ts";
import type { ManualTimers } from "../../src/testing/mod.ts";
import { Point } from "./sample_values.ts";
import { createWorld } from "./world.ts";

/** What a clerk is asked for. */
export interface Order {
  readonly what: "nothing" | "fail" | "hang" | "await" | "await long" | "send" | "all" | "walk";
  readonly n?: number;
}

interface Total {
  readonly total: number;
}

/** Does what it is asked for: each order leaves another part of a job's document behind. */
export class Clerk extends Routine {
  readonly input: Slot<Order> = this.addSlot("input", this.process);
  readonly steps: Slot<Order> = this.addSlot("steps", this.walk);
  readonly lists: Slot<{ readonly n: number }> = this.addSlot("lists", this.gather, { merge: "append" });
  readonly sum: Slot<{ readonly n: number }> = this.addSlot("sum", this.settle, { merge: this.add });
  readonly kept: Slot<unknown> = this.addSlot("kept", null);
  readonly output: Event<unknown> = this.addEvent<unknown>("output");
  readonly late: Event<unknown> = this.addEvent<unknown>("late");

  async process({ what, n = 0 }: Order, ctx: Context): Promise<void> {
    if (what === "fail") {
      throw Object.assign(new RangeError("no such thing", { cause: new Error("why") }), { code: "E1" });
    }
    if (what === "hang") await new Promise(() => {});
    if (what === "await") ctx.expect("kept", { timeoutMs: 500 });
    if (what === "await long") ctx.expect(this.input);
    if (what === "send") {
      ctx.emit(this.output, { n }, { priority: "high" });
      ctx.emit(this.output, { n: n + 1 }, { delayMs: 250, priority: "low" });
    }
    if (what === "all") this.#doAll(n, ctx);
  }

  *walk({ n = 0 }: Order, ctx: Context<{ at: number }>): Generator<{ at: number }, void, void> {
    for (let at = ctx.progress?.at ?? 0; at < n; at++) {
      ctx.emit(this.output, { n: at });
      yield { at: at + 1 };
    }
  }

  gather({ n }: { readonly n: Collected<number> }, ctx: Context): void {
    if (n.at(-1) === 0 && ctx.attempt === 0) throw new Error("later");
    if (n.length >= 2) ctx.clear("lists");
  }

  add(old: Total | undefined, { n }: { readonly n: number }): Total {
    return { total: (old?.total ?? 0) + n };
  }

  settle({ total }: Total): void {
    if (total > 5) throw new TypeError("too much");
  }

  #doAll(n: number, ctx: Context): void {
    ctx.shared.set("zebra", { b: 1, a: [new Date(0)] });
    ctx.shared.set("apple", Point.at(1, 2));
    ctx.state.set("seen", new Set([n]));
    ctx.log({ level: "info", at: Point.at(0, 0) });
    ctx.output("greeting", "hello");
    ctx.output("nothing");
    ctx.defer(this.late, { n: 1n });
    ctx.defer(this.output, null);
  }
}

/** The registry of an office: its clerks, and what they put into data. */
export const officeRegistry: Registry = new Registry({ Clerk, Point });

/** A flow called `office` with one routine, `clerk`, whose output goes to its own slot `kept`. */
export interface Office {
  readonly timers: ManualTimers;
  readonly flow: Flow;
  readonly clerk: Clerk;
}

/** Opens an office. */
export function createOffice(options: Omit<FlowOptions, "engine"> = {}): Office {
  const { timers, flow } = createWorld({ id: "office", registry: officeRegistry, ...options });
  const clerk = flow.addRoutine(new Clerk(), "clerk");
  flow.connect(clerk.output, clerk.kept);
  return { timers, flow, clerk };
}
