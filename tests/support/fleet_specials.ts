import { type Context, ErrorHandler, type Event, Routine, type Slot, type StandardSchema } from "../../mod.ts";
import type { Group } from "../../src/routines/mod.ts";

/** What the errors of `Picky` begin with: then comes how often it was tried again before. */
export const PICKY_FAILURE = "it is worth nothing after ";
/** When it is tried again after the first, in milliseconds. */
export const SOON_MS = 1_300;

/** Fails as often as its own method says that it is worth another try: soon after the first, as usual after the second, and no more. */
export class Picky extends Routine {
  readonly trigger: Slot<object> = this.addSlot("trigger", this.work);
  readonly done: Event<object> = this.addEvent<object>("done");
  constructor() {
    super();
    this.setErrorHandler(
      new ErrorHandler({ strategy: "retry", retryDelayMs: 900, maxRetries: 9, retryIf: this.isWorthIt }),
    );
  }
  work(_: object, ctx: Context): void {
    throw new RangeError(`${PICKY_FAILURE}${ctx.attempt}`);
  }
  isWorthIt(_: unknown, attempt: number): boolean | number {
    return attempt === 0 ? SOON_MS : attempt === 1;
  }
}

/** Looks, waits, and then writes what it has seen: right as long as it does so alone. */
export class Alone extends Routine {
  readonly trigger: Slot<{ readonly n: number }> = this.addSlot("trigger", this.work);
  readonly done: Event<{ readonly n: number }> = this.addEvent<{ readonly n: number }>("done");
  constructor() {
    super();
    this.setConcurrency(1);
  }
  async work({ n }: { readonly n: number }, ctx: Context): Promise<void> {
    const before = ctx.state.get<number>("count") ?? 0;
    await Promise.resolve();
    ctx.state.set("count", before + 1);
    ctx.emit(this.done, { n });
  }
}

/** Says what was gathered. */
export class Sums extends Routine {
  readonly trigger: Slot<Group<{ readonly n: number }>> = this.addSlot("trigger", this.sum);
  sum({ items }: Group<{ readonly n: number }>, ctx: Context): void {
    const amount = items.reduce((sum, { n }) => sum + n, 0);
    ctx.output("gathered", { amount, of: items.length });
    ctx.result({ amount });
  }
}

/** The result of what was gathered. */
export const AMOUNT: StandardSchema<unknown, { readonly amount: number }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      const { amount } = value as { readonly amount: unknown };
      return typeof amount === "number" ? { value: { amount } } : { issues: [{ message: "expected an amount" }] };
    },
  },
};
