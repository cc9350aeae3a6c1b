import { isRecord } from "../values/json.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";

/** How many items a list has that is split. */
export interface SplitList {
  /** What names the list, among all that the job splits. */
  readonly list: string;
  /** How many items the list has. */
  readonly count: number;
}

/** One item of a list that was split. */
export interface SplitItem<T> extends SplitList {
  /** The item. */
  readonly item: T;
  /** Its place in the list, from 0. */
  readonly index: number;
}

/** How far a list has been split. */
export interface SplitProgress {
  /** What names the list. */
  readonly list: string;
  /** The place of the next item. */
  readonly next: number;
}

/**
 * Says how many items a list has, none included, and sends them one by one, no faster than the receivers process them. Lists under
 * another key are connected with a mapping to `items`. With an `Aggregator` whose groups are `{ by: "list", count: "count" }`, and whose
 * slot `expected` is connected to `list`, the results come together again, those of an empty list as an empty list. In concurrent jobs
 * leave the count out of the results: an item may be quicker than what is said of its list.
 *
 * @example
 * ```ts
 * import { runRoutine } from "@routilux/routilux/testing";
 * import { Splitter } from "@routilux/routilux/routines";
 *
 * const splitter = new Splitter();
 * const { emitted } = await runRoutine(splitter, splitter.input, { items: ["a", "b"] } as never);
 * emitted.length; // one for the list, and one for each of its items
 * ```
 */
export class Splitter<T = unknown> extends Routine {
  /** Takes the lists. */
  readonly input: Slot<{ readonly items: readonly T[] }> = this.addSlot<
    { readonly items: readonly T[] },
    SplitProgress
  >("input", this.split);
  /** Says of each list how many items it has, before the first of them is sent. */
  readonly list: Event<SplitList> = this.addEvent<SplitList>("list", { params: ["list", "count"] });
  /** Sends the items. */
  readonly item: Event<SplitItem<T>> = this.addEvent<SplitItem<T>>("item", {
    params: ["item", "index", "list", "count"],
  });

  /**
   * The handler of `input`: its progress is the place of the next item.
   *
   * @throws {TypeError} for data without a list
   */
  *split(
    input: { readonly items: readonly T[] },
    ctx: Context<SplitProgress>,
  ): Generator<SplitProgress, void, void> {
    const items: unknown = isRecord(input) ? input.items : undefined;
    if (!Array.isArray(items)) throw new TypeError("Cannot split: the data must have a list under the key items");
    const { list, next } = ctx.progress ?? { list: ctx.idempotencyKey, next: 0 };
    const count = items.length;
    if (ctx.progress === undefined) ctx.emit(this.list, { list, count });
    for (let index = next; index < count; index++) {
      ctx.emit<SplitItem<unknown>>(this.item.name, { item: items[index], index, list, count });
      yield { list, next: index + 1 };
    }
  }
}
