import type { Collected } from "../values/collected.ts";
import { isRecord } from "../values/json.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";

/**
 * What happens to the groups that a routine still holds when nothing else of its job is left: the routine fails and names them,
 * sends them incomplete, or drops them.
 */
export type AtEnd = "fail" | "emit" | "drop";

/** The words for what becomes of open groups. */
export const AT_END: readonly AtEnd[] = ["fail", "emit", "drop"];

/** The key in `ctx.state` that notes that the routine will be notified of the end. */
const WATCHES = "watches";

/**
 * Has the routine notified, once, when nothing else of its job is left. Routines that fail then are notified after those that still
 * send something, which may complete their groups.
 */
export function watchEnd(end: Event<object>, atEnd: AtEnd, ctx: Context): void {
  if (atEnd === "drop" || ctx.state.get(WATCHES) === true) return;
  ctx.state.set(WATCHES, true);
  tellAtEnd(end, {}, atEnd, ctx);
}

/** Emits an event when nothing else of the job is left. A failure's can be taken back by a key. */
export function tellAtEnd(end: Event<object>, data: object, atEnd: AtEnd, ctx: Context, key?: string): void {
  if (atEnd === "emit") ctx.defer(end, data);
  if (atEnd === "fail") ctx.emit(end, data, { priority: "last", ...key !== undefined && { key } });
}

/** The routine has been notified of the end: what it receives after that makes it watch for the next end. */
export function stopWatching(ctx: Context): void {
  ctx.state.set(WATCHES, undefined);
}

/** The lists that an append slot of the routine holds, by their keys. */
export function listsIn<T>(slot: string, ctx: Context): Readonly<Record<string, Collected<T>>> {
  const lists = ctx.slotData(slot);
  return isRecord(lists) ? lists as Readonly<Record<string, Collected<T>>> : {};
}
