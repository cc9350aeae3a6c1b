import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
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
    const isSized = seed % 2 === 0;
    let [limit, most] = [random.integer(6), Infinity];
    let dropped = 0;
    let model: number[] = [];
    const list = new BoundedList<number>(limit, (item) => item % 10);
    for (let step = 0; step < 300; step++) {
      const choice = random.next();
      if (choice < 0.9) {
        list.push(step);
        model.push(step);
      } else if (choice < 0.97) {
        limit = random.integer(8);
        if (isSized) most = random.integer(4) === 0 ? Infinity : random.integer(40);
        list.setLimit(limit, most);
      } else {
        model = Array.from({ length: random.integer(9) }, (_, i) => step * 100 + i);
        dropped = random.integer(10);
        list.restore(model, dropped);
      }
      const isTooMuch = () => model.reduce((sum, item) => sum + item % 10, 0) > most && model.length > 1;
      while (model.length > limit || isTooMuch()) {
        model.shift();
        dropped++;
      }
      assertEquals(
        { items: list.toArray(), size: list.size, dropped: list.dropped },
        { items: model, size: model.length, dropped },
        `seed ${seed}, step ${step}`,
      );
    }
  }
});

test("the newest item of a bounded list is kept however large it is", () => {
  const list = new BoundedList<number>(10, (item) => item);
  list.setLimit(10, 5);
  for (const item of [2, 3, 9]) list.push(item);
  assertEquals([list.toArray(), list.dropped], [[9], 2]);
  for (const item of [1, 4]) list.push(item);
  assertEquals([list.toArray(), list.dropped], [[1, 4], 3]);
});

test("a list that nobody looks at keeps no more than twice the size, and measures few of its items while they are small", () => {
  for (const [size, most] of [[1_000, 50_000], [1, 50_000]] as const) {
    let measured = 0;
    const alive = new Set<number>();
    const list = new BoundedList<{ n: number }>(1_000, ({ n }) => {
      measured++;
      alive.add(n);
      return size;
    });
    list.setLimit(1_000, most);
    const count = 10_000;
    for (let n = 0; n < count; n++) list.push({ n });
    alive.clear();
    assertEquals([list.size, list.dropped], [Math.min(1_000, most / size), count - Math.min(1_000, most / size)]);
    // What was kept until now was measured just now.
    assert(alive.size * size <= 2 * most + 101 * size, `${alive.size}`);
    assert(measured < (size === 1 ? count / 5 : 4 * count), `${measured} of ${count}`);
  }
});

test("what a smaller limit has dropped does not come back with a larger one", () => {
  const list = new BoundedList<number>(10, (item) => item);
  list.setLimit(10, 6);
  for (const item of [1, 2, 3, 4]) list.push(item);
  list.setLimit(10, 100);
  assertEquals([list.toArray(), list.dropped], [[4], 3]);
});
