import type { Collected } from "../values/collected.ts";
import { isRecord } from "../values/json.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";

/** A list that an append slot collects until it is full or its time is up. */
export interface List<T> {
  /** The slot, which is a timer of the routine. */
  readonly slot: string;
  /** The key of the list in the slot. */
  readonly key: string;
  /** The key in `ctx.state` of the token that tells the list from earlier ones of the same name. */
  readonly tokenKey: string;
  /** The items so far. */
  readonly items: Collected<T>;
}

/** When a list ends. */
export interface ListLimits<D extends Deadline> {
  /** The number of items that fills the list. */
  readonly count: number | undefined;
  /** How long the first item may wait, in milliseconds. */
  readonly timeoutMs: number | undefined;
  /** The timer that ends the list. */
  readonly deadline: Event<D>;
  /** Makes the payload of the timer. */
  readonly payload: (token: string) => D;
}

/** The end of a list's time. */
export interface Deadline {
  /** The token that the list had when it began. */
  readonly token: string;
}

/** Says whether a list is full after a delivery; the first item of a list starts its time. */
export function isFull<T, D extends Deadline>(
  { tokenKey, items }: List<T>,
  { count, timeoutMs, deadline, payload }: ListLimits<D>,
  ctx: Context,
): boolean {
  if (count !== undefined && items.length >= count) return true;
  if (items.length === 1 && timeoutMs !== undefined) {
    ctx.state.set(tokenKey, ctx.idempotencyKey);
    ctx.emit(deadline, payload(ctx.idempotencyKey), { delayMs: timeoutMs });
  }
  return false;
}

/** The list that a deadline ends; `undefined` when that list has ended before: a later one has another token. */
export function expiredList<T>(
  { slot, key, tokenKey }: Omit<List<T>, "items">,
  { token }: Deadline,
  ctx: Context,
): List<T> | undefined {
  const lists = ctx.slotData(slot);
  const items = isRecord(lists) ? lists[key] as Collected<T> | undefined : undefined;
  return items !== undefined && ctx.state.get(tokenKey) === token ? { slot, key, tokenKey, items } : undefined;
}
