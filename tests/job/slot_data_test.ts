import { assertEquals } from "@std/assert";
import { test } from "node:test";
import {
  appendItems,
  clearLists,
  createSlotLists,
  holdItems,
  letGoOfItems,
  listEnd,
  type SlotList,
  type SlotLists,
} from "../../src/job/slot_data.ts";
import type { ListRange } from "../../src/job/task.ts";

const KEY = "n";

function append(data: SlotLists, ...items: readonly number[]): void {
  for (const item of items) appendItems(data, new Map([[KEY, item]]));
}

type Ranges = ReadonlyMap<string, ListRange>;

/** A task that was merged and has not ended holds what it got. */
function hold(data: SlotLists, from: number, to: number): Ranges {
  const ranges = new Map([[KEY, { from, to }]]);
  holdItems(data, ranges);
  return ranges;
}

const end = letGoOfItems;

/** What is there, and from where on it has not been cleared. */
function state(data: SlotLists): unknown {
  const list = data.lists.get(KEY);
  return list === undefined ? undefined : [list.start, list.cleared, list.items];
}

test("a watch keeps where a list ended when it first grew", () => {
  const data = createSlotLists();
  append(data, 1);
  const watch = new Map<SlotList, number>();
  data.watches.add(watch);
  append(data, 2, 3);
  assertEquals([...watch.values()], [1]);
});

test("what is cleared stays cleared, when one that saw less clears after one that saw more", () => {
  const data = createSlotLists();
  append(data, 1, 2, 3);
  const first = hold(data, 0, 1);
  clearLists(data, new Map([[KEY, 2]]));
  clearLists(data, new Map([[KEY, 1]]));
  assertEquals(state(data), [0, 2, [1, 2, 3]]);
  end(data, first);
  assertEquals(state(data), [2, 2, [3]]);
});

test("nothing is cleared that is not there yet", () => {
  const data = createSlotLists();
  append(data, 1, 2);
  const first = hold(data, 0, 1);
  clearLists(data, new Map([[KEY, 5]]));
  append(data, 3);
  end(data, first);
  assertEquals(state(data), [2, 2, [3]]);
});

test("items stay as long as any task that has not ended holds them, in whatever order they came to hold them", () => {
  const data = createSlotLists();
  append(data, 1, 2, 3, 4);
  const first = hold(data, 0, 1);
  const [second, third] = [hold(data, 1, 2), hold(data, 2, 3)];
  clearLists(data, new Map([[KEY, 3]]));
  assertEquals(state(data), [0, 3, [1, 2, 3, 4]]);
  end(data, first);
  assertEquals(state(data), [1, 3, [2, 3, 4]]);
  end(data, third);
  assertEquals(state(data), [1, 3, [2, 3, 4]]);
  end(data, second);
  assertEquals(state(data), [3, 3, [4]]);
});

test("dropping leaves the arrays of earlier views alone, and a list without items goes", () => {
  const data = createSlotLists();
  append(data, 1, 2);
  const items = data.lists.get(KEY)?.items;
  clearLists(data, new Map([[KEY, 1]]));
  assertEquals([items, state(data)], [[1, 2], [1, 1, [2]]]);
  const list = data.lists.get(KEY);
  assertEquals(list === undefined ? undefined : listEnd(list), 2);
  clearLists(data, new Map([[KEY, 2], ["other", 1]]));
  assertEquals(state(data), undefined);
});

/** Positions that count how often somebody asks for one. */
class CountedPositions extends Map<number, number> {
  asked = 0;
  override has(position: number): boolean {
    this.asked++;
    return super.has(position);
  }
}

test("when many tasks hold a list and end, whatever their order, nobody looks at all others for each of them", () => {
  const data = createSlotLists();
  append(data, ...Array.from({ length: 10 }, (_, index) => index));
  const positions = new CountedPositions();
  data.holds.set(KEY, positions);
  const late = Array.from({ length: 1_000 }, () => hold(data, 10, 10));
  const first = hold(data, 0, 10);
  clearLists(data, new Map([[KEY, 10]]));
  for (const task of late) end(data, task);
  assertEquals(state(data), [0, 10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
  end(data, first);
  assertEquals([state(data), data.holds.size], [undefined, 0]);
  assertEquals(positions.asked <= 1_020, true, `${positions.asked} questions`);
});
