import { isRecord } from "../values/json.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";

/** One item of a list that was split. */
export interface SplitItem<T> {
  /** The item. */
  readonly item: T;
  /** Its place in the list, from 0. */
  readonly index: number;
  /** How many items the list has. */
  readonly count: number;
}

/**
 * Sends the items of a list one by one, no faster than the receivers process them. Lists under another key are connected with
 * a mapping to `items`.
 *
 * @example
 * ```ts
 * import { runRoutine } from "@routilux/routilux/testing";
 * import { Splitter } from "@routilux/routilux/routines";
 *
 * const splitter = new Splitter();
 * const { emitted } = await runRoutine(splitter, splitter.input, { items: ["a", "b"] } as never);
 * emitted.length; // how many items there were
 * ```
 */
export class Splitter<T = unknown> extends Routine {
  /** Takes the lists. */
  readonly input: Slot<{ readonly items: readonly T[] }> = this.addSlot<{ readonly items: readonly T[] }>(
    "input",
    this.split,
  );
  /** Sends the items. */
  readonly item: Event<SplitItem<T>> = this.addEvent<SplitItem<T>>("item", { params: ["item", "index", "count"] });

  /**
   * The handler of `input`: its progress is the index of the next item.
   *
   * @throws {TypeError} for data without a list
   */
  *split(input: { readonly items: readonly T[] }, ctx: Context): Generator<number, void, void> {
    const items: unknown = isRecord(input) ? input.items : undefined;
    if (!Array.isArray(items)) throw new TypeError("Cannot split: the data must have a list under the key items");
    const start = typeof ctx.progress === "number" ? ctx.progress : 0;
    for (let index = start; index < items.length; index++) {
      ctx.emit<SplitItem<unknown>>(this.item.name, { item: items[index], index, count: items.length });
      yield index + 1;
    }
  }
}
