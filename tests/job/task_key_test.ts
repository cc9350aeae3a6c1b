import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { deliveryKey, firstKey, keyFrom, parseKey, type TaskKey, writeKey } from "../../src/job/task_key.ts";

/** The text of the key of what a step makes at a position. */
function textFrom(parent: TaskKey | undefined, step: number, position: number): string {
  const key = keyFrom(parent, step, position);
  return key === undefined ? "" : writeKey(key);
}

test("what steps make has keys of its own: by task, by step, by position, and however long the chain is", () => {
  const first = firstKey();
  const texts = new Set<string>();
  let count = 0;
  const add = (parent: TaskKey | undefined, step: number, position: number) => {
    texts.add(textFrom(parent, step, position));
    count++;
  };
  for (let step = 0; step < 100; step++) for (let position = -20; position < 80; position++) add(first, step, position);
  for (let chain = 0; chain < 100; chain++) {
    let last = keyFrom(first, 0, chain);
    for (let depth = 0; depth < 100; depth++) {
      add(last, 1, 0);
      last = keyFrom(last, 1, 0);
    }
  }
  for (let n = 1; n <= 1_000; n++) {
    for (const key of [deliveryKey(undefined, n, 1, 0), deliveryKey(undefined, undefined, n, 2 ** 40)]) {
      texts.add(writeKey(key));
      count++;
    }
    for (const awaited of [first, keyFrom(first, 0, 0)]) {
      texts.add(writeKey(deliveryKey(awaited, undefined, 1, 2 ** 40 + n)));
      count++;
    }
  }
  assertEquals([texts.size, texts.has("")], [count, false]);
});

test("a task without a key hands none down", () => {
  assertEquals(keyFrom(undefined, 1, 2), undefined);
});

test("the text of a key is read as it was written, and no other text is one", () => {
  for (const key of [firstKey(), { high: 0, low: 1 }, { high: 2 ** 31 - 1, low: 2 ** 31 - 1 }]) {
    const text = writeKey(key);
    assert(/^[0-9a-z]{12}$/.test(text), text);
    assertEquals(parseKey(text), key);
  }
  for (const text of ["", "1", "000000000000", "zzzzzz000000", "000000zzzzzz", "00000000000A", "0000000000001"]) {
    assertEquals(parseKey(text), undefined, text);
  }
});
