import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Fifo } from "../../src/base/fifo.ts";
import { seededRandom } from "../support/seeded_random.ts";

test("an empty queue has nothing to give", () => {
  const queue = new Fifo<number>();
  assertEquals([queue.size, queue.peek(), queue.shift(), queue.size], [0, undefined, undefined, 0]);
});

test("a queue gives the oldest item first, over growth and shrinking", () => {
  const queue = new Fifo<number>();
  for (let i = 0; i < 1_000; i++) queue.push(i);
  assertEquals([queue.size, queue.peek()], [1_000, 0]);
  assertEquals(Array.from({ length: 1_000 }, () => queue.shift()), Array.from({ length: 1_000 }, (_, i) => i));
  assertEquals([queue.size, queue.peek(), queue.shift()], [0, undefined, undefined]);
});

test("a queue keeps undefined apart from nothing by its size", () => {
  const queue = new Fifo<undefined>();
  queue.push(undefined);
  assertEquals([queue.size, queue.shift(), queue.size], [1, undefined, 0]);
});

test("a queue does as an array does, whatever is pushed and shifted", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const queue = new Fifo<number>();
    const model: number[] = [];
    let appetite = 0.5;
    for (let step = 0; step < 600; step++) {
      if (step % 100 === 0) appetite = random.pick([0.1, 0.5, 0.9]);
      if (random.chance(appetite)) {
        queue.push(step);
        model.push(step);
      } else {
        assertEquals(queue.shift(), model.shift(), `seed ${seed}, step ${step}`);
      }
      assertEquals([queue.size, queue.peek()], [model.length, model[0]], `seed ${seed}, step ${step}`);
    }
  }
});
