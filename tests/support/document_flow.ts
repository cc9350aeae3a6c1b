import {
  type Collected,
  type Context,
  type Event,
  type Flow,
  type FlowOptions,
  Registry,
  Routine,
  type Slot,
} from "../../mod.ts";
import type { ManualTimers } from "../../src/testing/mod.ts";
import { Point } from "./sample_values.ts";
import { createTestFlow } from "./test_flow.ts";

/** The part of a job's document that the clerk is to produce. */
export interface ClerkOrder {
  readonly what: "nothing" | "fail" | "hang" | "await" | "await long" | "send" | "all" | "walk";
  readonly n?: number;
}

interface Total {
  readonly total: number;
}

/** A routine whose orders each leave another part of a job's document behind. */
export class Clerk extends Routine {
  readonly input: Slot<ClerkOrder> = this.addSlot("input", this.process);
  readonly steps: Slot<ClerkOrder> = this.addSlot("steps", this.walk);
  readonly lists: Slot<{ readonly n: number }> = this.addSlot("lists", this.gather, { merge: "append" });
  readonly sum: Slot<{ readonly n: number }> = this.addSlot("sum", this.settle, { merge: this.add });
  readonly kept: Slot<unknown> = this.addSlot("kept", null);
  readonly output: Event<unknown> = this.addEvent<unknown>("output");
  readonly late: Event<unknown> = this.addEvent<unknown>("late");

  async process({ what, n = 0 }: ClerkOrder, ctx: Context): Promise<void> {
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

  *walk({ n = 0 }: ClerkOrder, ctx: Context<{ at: number }>): Generator<{ at: number }, void, void> {
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

/** The registry of the flow: the clerk, and the class that it puts into data. */
export const documentRegistry: Registry = new Registry({ Clerk, Point });

/** A flow of id `office` with one routine, `clerk`, whose event `output` is connected to its own slot `kept`. */
export interface DocumentFlow {
  readonly timers: ManualTimers;
  readonly flow: Flow;
  readonly clerk: Clerk;
}

/** Makes the flow. */
export function createDocumentFlow(options: Omit<FlowOptions, "engine"> = {}): DocumentFlow {
  const { timers, flow } = createTestFlow({ id: "office", registry: documentRegistry, ...options });
  const clerk = flow.addRoutine(new Clerk(), "clerk");
  flow.connect(clerk.output, clerk.kept);
  return { timers, flow, clerk };
}
