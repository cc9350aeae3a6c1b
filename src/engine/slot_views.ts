import type { ClassTable } from "../base/class_table.ts";
import { Collected } from "../base/collected.ts";
import { decodeValue } from "../base/decode.ts";
import type { Encoded, JsonValue, Stored } from "../base/json.ts";
import type { Job } from "../scheduler/job.ts";
import {
  type SlotChange,
  type SlotData,
  type SlotList,
  type SlotLists,
  visibleRanges,
} from "../scheduler/slot_data.ts";
import type { ListRange, Merged, Task } from "../scheduler/task.ts";

/** A stretch of a list, with the array that held it at the time: dropped items stay readable through it. */
interface ListView {
  readonly list: SlotList;
  readonly items: readonly (JsonValue | Encoded)[];
  /** The position of the array's first item. */
  readonly start: number;
  readonly range: ListRange;
}

type View =
  | { readonly kind: "value"; readonly value: Stored; readonly revision: number }
  | { readonly kind: "lists"; readonly lists: ReadonlyMap<string, ListView> };

/**
 * The slots of a task's routine as its handler sees them: each as it stood at the first look, its own as it was right
 * after its merge. So a handler can drop what it has seen and nothing that has come since.
 */
export class SlotViews {
  readonly #job: Job;
  readonly #task: Task;
  readonly #classes: ClassTable;
  readonly #views: Map<string, View> = new Map();
  readonly #cleared: Set<string> = new Set();
  /** Where lists of the own slot ended that have grown since the handler began. */
  readonly #ends: Map<SlotList, number> = new Map();

  /** Makes the views of a task's routine. */
  constructor(job: Job, task: Task, classes: ClassTable) {
    this.#job = job;
    this.#task = task;
    this.#classes = classes;
  }

  /**
   * Fixes the view of the own slot while the handler waits. Lists are watched, not copied: there may be very many. The
   * watch ends by the returned function.
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

  /** What a slot holds: lists by key, or a value. */
  read(name: string): unknown {
    if (this.#cleared.has(name)) return undefined;
    const view = this.#view(name);
    return view.kind === "value" ? decodeValue(view.value, this.#classes) : collect(view.lists, this.#classes);
  }

  /** Drops, at commit, what the view shows. */
  clear(name: string): void {
    this.#view(name);
    this.#cleared.add(name);
  }

  /** The changes that the clearing comes to: what has been merged anew meanwhile stays. */
  changes(): SlotChange[] {
    const { routine } = this.#task.route;
    return Array.from(this.#cleared).flatMap((slot): SlotChange[] => {
      const view = this.#view(slot);
      const data = this.#data(slot);
      if (view.kind === "lists") {
        const seen = Array.from(view.lists).filter(([key, { list }]) =>
          data?.kind === "lists" && data.lists.get(key) === list
        );
        return [{ routine, slot, kind: "clear", upTo: new Map(seen.map(([key, { range }]) => [key, range.to])) }];
      }
      const isUnchanged = data?.kind === "value" && data.revision === view.revision;
      return isUnchanged ? [{ routine, slot, kind: "set", value: undefined }] : [];
    });
  }

  #view(name: string): View {
    let view = this.#views.get(name);
    if (view === undefined) {
      const data = this.#data(name);
      view = data?.kind === "lists"
        ? { kind: "lists", lists: this.#listViews(data, name === this.#task.route.slot) }
        : { kind: "value", value: data?.value, revision: data?.revision ?? 0 };
      this.#views.set(name, view);
    }
    return view;
  }

  /** Items that came to the own slot after the task's merge are not in its view, whichever attempt this is. */
  #listViews({ lists }: SlotLists, isOwn: boolean): Map<string, ListView> {
    const merged = isOwn ? this.#task.details?.merged : undefined;
    const views = new Map<string, ListView>();
    for (const [key, { from, to }] of visibleRanges(lists)) {
      const list = lists.get(key);
      if (list === undefined) continue;
      const own = merged?.kind === "lists" ? merged.lists.get(key)?.to : undefined;
      const end = Math.min(to, own ?? to, (isOwn ? this.#ends.get(list) : undefined) ?? to);
      if (from < end) views.set(key, createListView(list, { from, to: end }));
    }
    return views;
  }

  #data(name: string): SlotData | undefined {
    return this.#job.slots.get(this.#task.route.routine)?.get(name);
  }
}

/** What a handler gets of what its slot has merged: the value, or the lists of the keys of its delivery. */
export function mergedInput(merged: Merged, data: SlotData | undefined, classes: ClassTable): unknown {
  if (merged.kind === "value") return decodeValue(merged.value, classes);
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
  views: ReadonlyMap<string, ListView>,
  classes: ClassTable,
): Readonly<Record<string, Collected<unknown>>> {
  const collected: Record<string, Collected<unknown>> = {};
  for (const [key, { items, start, range }] of views) {
    collected[key] = new Collected(items, range.from - start, range.to - start, classes);
  }
  return Object.freeze(collected);
}
