import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { BoundedList } from "../../src/base/bounded_list.ts";
import { seededRandom } from "../support/seeded_random.ts";

const filled = (limit: number, count: number): BoundedList<number> => {
  const list = new BoundedList<number>(limit);
  for (let i = 0; i < count; i++) list.push(i);
  return list;
};

test("a bounded list keeps its newest items and counts the others", () => {
  const list = filled(3, 5);
  assertEquals([list.toArray(), list.size, list.dropped], [[2, 3, 4], 3, 2]);
});

test("a bounded list that is not full keeps all", () => {
  const list = filled(3, 3);
  assertEquals([list.toArray(), list.size, list.dropped], [[0, 1, 2], 3, 0]);
});

test("a bounded list of nothing only counts", () => {
  const list = filled(0, 4);
  assertEquals([list.toArray(), list.size, list.dropped], [[], 0, 4]);
});

test("the array of a bounded list is the caller's own", () => {
  const list = filled(3, 2);
  list.toArray().push(9);
  assertEquals(list.toArray(), [0, 1]);
});

test("a restored bounded list goes on counting", () => {
  const list = filled(3, 9);
  list.restore([7, 8], 5);
  assertEquals([list.toArray(), list.dropped], [[7, 8], 5]);
  for (const item of [9, 10]) list.push(item);
  assertEquals([list.toArray(), list.dropped], [[8, 9, 10], 6]);
});

test("restoring more than the limit drops the oldest", () => {
  const list = new BoundedList<number>(2);
  list.restore([1, 2, 3], 4);
  assertEquals([list.toArray(), list.dropped], [[2, 3], 5]);
});

test("a smaller limit drops the oldest, a larger one makes room", () => {
  const list = filled(4, 6);
  list.setLimit(2);
  assertEquals([list.toArray(), list.dropped], [[4, 5], 4]);
  list.setLimit(3);
  for (const item of [6, 7]) list.push(item);
  assertEquals([list.toArray(), list.dropped], [[5, 6, 7], 5]);
});

test("a bounded list does as a plain array does, whatever is done to it", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    let limit = random.integer(6);
    let dropped = 0;
    let model: number[] = [];
    const list = new BoundedList<number>(limit);
    for (let step = 0; step < 300; step++) {
      const choice = random.next();
      if (choice < 0.9) {
        list.push(step);
        model.push(step);
      } else if (choice < 0.97) {
        limit = random.integer(8);
        list.setLimit(limit);
      } else {
        model = Array.from({ length: random.integer(9) }, (_, i) => step * 100 + i);
        dropped = random.integer(10);
        list.restore(model, dropped);
      }
      const excess = Math.max(0, model.length - limit);
      model = model.slice(excess);
      dropped += excess;
      assertEquals(
        { items: list.toArray(), size: list.size, dropped: list.dropped },
        { items: model, size: model.length, dropped },
        `seed ${seed}, step ${step}`,
      );
    }
  }
});
