import type { Payload } from "../values/payload.ts";
import type { ListRange } from "./task.ts";

/** What one append slot keeps under one key. Positions count from the first item ever, so that they outlive dropped ones. */
export interface SlotList {
  /** The position of the first item that is still there. */
  start: number;
  /** The position of the first item that has not been cleared: earlier ones wait for tasks that hold them. */
  cleared: number;
  /** The items. The array only grows; dropping makes a new one, so that views of the old one stay true. */
  items: Payload[];
}

/** What a slot holds: one value, or a list per key. */
export type SlotData =
  | {
    readonly kind: "value";
    value: Payload | undefined;
    /** Counts the merges while the job is live: equal values are told apart by it. */
    revision: number;
  }
  | {
    readonly kind: "lists";
    readonly lists: Map<string, SlotList>;
    /**
     * By key, how many tasks hold the items from a position on: tasks that were merged here and have not ended, whose later
     * attempts need the items that they got. Goes with its list.
     */
    readonly holds: Map<string, Map<number, number>>;
    /** Live handlers that watch the lists: for each that has grown since, where it ended when the handler began. */
    readonly watches: Set<Map<SlotList, number>>;
  };

/** What an append slot holds. */
export type SlotLists = SlotData & { readonly kind: "lists" };

/** A change of what a slot holds, as data. */
export type SlotChange =
  | { readonly routine: string; readonly slot: string; readonly kind: "set"; readonly value: Payload | undefined }
  | {
    readonly routine: string;
    readonly slot: string;
    readonly kind: "append";
    readonly items: ReadonlyMap<string, Payload>;
  }
  | {
    readonly routine: string;
    readonly slot: string;
    readonly kind: "clear";
    readonly upTo: ReadonlyMap<string, number>;
  };

/** The position after a list's last item. */
export function listEnd(list: SlotList): number {
  return list.start + list.items.length;
}

/** An append slot that holds nothing. */
export function createSlotLists(): SlotLists {
  return { kind: "lists", lists: new Map(), holds: new Map(), watches: new Set() };
}

/** Adds items to the lists of their keys. */
export function appendItems({ lists, watches }: SlotLists, items: ReadonlyMap<string, Payload>): void {
  for (const [key, item] of items) {
    const list = lists.get(key) ?? { start: 0, cleared: 0, items: [] };
    lists.set(key, list);
    for (const watch of watches) if (!watch.has(list)) watch.set(list, listEnd(list));
    list.items.push(item);
  }
}

/** Marks items as cleared, and drops those that no task holds. */
export function clearLists(data: SlotLists, upTo: ReadonlyMap<string, number>): void {
  for (const [key, position] of upTo) {
    const list = data.lists.get(key);
    if (list !== undefined && position > list.cleared) list.cleared = Math.min(position, listEnd(list));
  }
  dropCleared(data, upTo.keys());
}

/** A task holds what it got. */
export function holdItems({ holds }: SlotLists, ranges: ReadonlyMap<string, ListRange>): void {
  for (const [key, { from }] of ranges) {
    const positions = holds.get(key) ?? new Map<number, number>();
    holds.set(key, positions);
    positions.set(from, (positions.get(from) ?? 0) + 1);
  }
}

/** A task lets go of what it held: cleared items are dropped. */
export function letGoOfItems(data: SlotLists, ranges: ReadonlyMap<string, ListRange>): void {
  for (const [key, { from }] of ranges) {
    const positions = data.holds.get(key);
    // Unreachable default: each range that a task holds has been counted.
    const count = positions?.get(from) ?? 0;
    if (count > 1) positions?.set(from, count - 1);
    else positions?.delete(from);
  }
  dropCleared(data, ranges.keys());
}

/**
 * Drops the items of some keys that are cleared and that no task holds. A list without items goes altogether: positions
 * begin anew when nobody is left who knows the old ones.
 */
function dropCleared(data: SlotLists, keys: Iterable<string>): void {
  for (const key of keys) {
    const list = data.lists.get(key);
    if (list === undefined || list.cleared === list.start) continue;
    const positions = data.holds.get(key);
    // Nobody holds what is before the start. Each step finds an item to drop.
    let from = list.start;
    while (from < list.cleared && positions?.has(from) !== true) from++;
    if (from === list.start) continue;
    list.items = list.items.slice(from - list.start);
    list.start = from;
    if (list.items.length > 0) continue;
    data.lists.delete(key);
    data.holds.delete(key);
  }
}
