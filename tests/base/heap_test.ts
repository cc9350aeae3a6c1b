import { test } from "node:test";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { Heap } from "../../src/base/heap.ts";
import { seededRandom } from "../support/seeded_random.ts";

interface Item {
  readonly rank: number;
  readonly order: number;
}

const isBefore = (a: Item, b: Item): boolean => a.rank < b.rank || (a.rank === b.rank && a.order < b.order);

test("an empty heap has nothing to give", () => {
  const heap = new Heap<number>((a, b) => a < b);
  assertEquals([heap.size, heap.peek(), heap.pop(), heap.size], [0, undefined, undefined, 0]);
});

test("a heap gives the least item first", () => {
  const heap = new Heap<number>((a, b) => a < b);
  for (const item of [5, 3, 9, 1, 7, 3]) heap.push(item);
  assertEquals(Array.from({ length: 7 }, () => heap.pop()), [1, 3, 3, 5, 7, 9, undefined]);
});

test("a heap shows its least item without taking it", () => {
  const heap = new Heap<number>((a, b) => a < b);
  heap.push(2);
  heap.push(1);
  assertEquals([heap.peek(), heap.peek(), heap.size], [1, 1, 2]);
});

test("a heap does as a sorted list does, whatever is pushed and popped", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const heap = new Heap<Item>(isBefore);
    const model: Item[] = [];
    for (let order = 0; order < 300; order++) {
      if (random.chance(0.55)) {
        const item = { rank: random.integer(20), order };
        heap.push(item);
        model.push(item);
        model.sort((a, b) => isBefore(a, b) ? -1 : 1);
      } else {
        assertStrictEquals(heap.pop(), model.shift(), `seed ${seed}, operation ${order}`);
      }
      assertStrictEquals(heap.peek(), model[0], `seed ${seed}, operation ${order}`);
      assertEquals(heap.size, model.length, `seed ${seed}, operation ${order}`);
    }
  }
});
