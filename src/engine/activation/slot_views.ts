import type { ClassTable } from "../../values/class_table.ts";
import { type Collected, createCollected } from "../../values/collected.ts";
import { type Payload, valueOf } from "../../values/payload.ts";
import type { Job } from "../../job/job.ts";
import { listEnd, type SlotChange, type SlotData, type SlotList, type SlotLists } from "../../job/slot_data.ts";
import type { ListRange, Merged, Task } from "../../job/task.ts";

/** A stretch of a list, with the array that held it at the time: dropped items stay readable through it. */
interface ListView {
  readonly list: SlotList;
  readonly items: readonly Payload[];
  /** The position of the array's first item. */
  readonly start: number;
  readonly range: ListRange;
}

type View =
  | {
    readonly kind: "value";
    readonly value: Payload | undefined;
    readonly data: SlotData | undefined;
    readonly revision: number;
  }
  | { readonly kind: "lists"; readonly lists: ReadonlyMap<string, ListView> };

/**
 * The slots of a task's routine as its handler sees them: each as it was at the first look, the task's own as it was right after
 * the task's merge. So a handler clears only items that it has seen.
 */
export class SlotViews {
  readonly #job: Job;
  readonly #task: Task;
  readonly #classes: ClassTable;
  readonly #views: Map<string, View> = new Map();
  /** The slots that are cleared: of some keys, or altogether. */
  readonly #cleared: Map<string, Map<string, ListView> | "all"> = new Map();
  /** The ends, before they grew, of the lists of the own slot that have grown while the handler waited. */
  readonly #ends: Map<SlotList, number> = new Map();

  /** Makes the views of a task's routine. */
  constructor(job: Job, task: Task, classes: ClassTable) {
    this.#job = job;
    this.#task = task;
    this.#classes = classes;
  }

  /**
   * Fixes the view of the own slot while the handler waits. Lists are watched, not copied: there may be very many. The
   * returned function ends the watch.
   */
  watch(): () => void {
    const data = this.#data(this.#task.route.slot);
    if (data?.kind !== "lists") {
      this.#view(this.#task.route.slot);
      return () => {};
    }
    data.watches.add(this.#ends);
    return () => void data.watches.delete(this.#ends);
  }

  /** The content of a slot: lists by key, or a value. */
  read(name: string): unknown {
    const view = this.#view(name);
    const cleared = this.#cleared.get(name);
    if (cleared === "all" || (cleared !== undefined && view.kind === "value")) return undefined;
    if (view.kind === "value") return valueOf(view.value, this.#classes);
    return collect(Array.from(view.lists).filter(([key]) => cleared?.has(key) !== true), this.#classes);
  }

  /** Drops, at the commit, the items that the view shows: all of them, or the list of one key. */
  clear(name: string, key: string | undefined): void {
    const cleared = this.#cleared.get(name);
    const data = this.#data(name);
    if (cleared === "all") return;
    if (key === undefined || data?.kind !== "lists") {
      this.#view(name);
      this.#cleared.set(name, "all");
      return;
    }
    const view = this.#views.get(name);
    const list = view?.kind === "lists" ? view.lists.get(key) : this.#listView(data, key, name);
    if (list !== undefined) this.#cleared.set(name, (cleared ?? new Map()).set(key, list));
  }

  /** The changes by the calls of `clear`: items that were merged since the view was taken stay. */
  changes(): SlotChange[] {
    return Array.from(this.#cleared).flatMap(([slot, keys]): SlotChange[] => {
      const at = { routine: this.#task.route.routine, slot };
      const data = this.#data(slot);
      const view: View = keys === "all" ? this.#view(slot) : { kind: "lists", lists: keys };
      if (view.kind === "value") {
        const isUnchanged = data?.kind === "value" && data === view.data && data.revision === view.revision;
        return isUnchanged ? [{ ...at, kind: "set", value: undefined }] : [];
      }
      const upTo = new Map<string, number>();
      for (const [key, { list, range }] of view.lists) {
        if (data?.kind === "lists" && data.lists.get(key) === list) upTo.set(key, range.to);
      }
      return [{ ...at, kind: "clear", upTo }];
    });
  }

  #view(name: string): View {
    const known = this.#views.get(name);
    if (known !== undefined) return known;
    const data = this.#data(name);
    const view: View = data?.kind === "lists"
      ? { kind: "lists", lists: this.#listViews(data, name) }
      : { kind: "value", value: data?.value, data, revision: data?.revision ?? 0 };
    this.#views.set(name, view);
    return view;
  }

  #listViews(data: SlotLists, name: string): Map<string, ListView> {
    const views = new Map<string, ListView>();
    for (const key of data.lists.keys()) {
      const view = this.#listView(data, key, name);
      if (view !== undefined) views.set(key, view);
    }
    return views;
  }

  /** Items that came to the own slot after the task's merge are not in its view, whichever attempt this is. */
  #listView({ lists }: SlotLists, key: string, name: string): ListView | undefined {
    const list = lists.get(key);
    if (list === undefined) return undefined;
    const isOwn = name === this.#task.route.slot;
    const merged = isOwn ? this.#task.details?.merged : undefined;
    const end = listEnd(list);
    const own = merged?.kind === "lists" ? merged.lists.get(key)?.to : undefined;
    const to = Math.min(end, own ?? end, (isOwn ? this.#ends.get(list) : undefined) ?? end);
    return list.cleared < to ? createListView(list, { from: list.cleared, to }) : undefined;
  }

  #data(name: string): SlotData | undefined {
    return this.#job.slots.get(this.#task.route.routine)?.get(name);
  }
}

/** The input of a handler whose slot merges: the merged value, or the lists of its delivery's keys. */
export function mergedInput(merged: Merged, data: SlotData | undefined, classes: ClassTable): unknown {
  if (merged.kind === "value") return valueOf(merged.value, classes);
  const views = new Map<string, ListView>();
  for (const [key, range] of merged.lists) {
    const list = data?.kind === "lists" ? data.lists.get(key) : undefined;
    if (list !== undefined) views.set(key, createListView(list, range));
  }
  return collect(views, classes);
}

function createListView(list: SlotList, range: ListRange): ListView {
  return { list, items: list.items, start: list.start, range };
}

function collect(
  views: Iterable<readonly [string, ListView]>,
  classes: ClassTable,
): Readonly<Record<string, Collected<unknown>>> {
  const collected: Record<string, Collected<unknown>> = {};
  for (const [key, { items, start, range }] of views) {
    collected[key] = createCollected(items, range.from - start, range.to - start, classes);
  }
  return Object.freeze(collected);
}
