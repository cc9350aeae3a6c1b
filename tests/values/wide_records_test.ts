import { test } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { DEFAULT_VALUE_LIMITS } from "../../src/values/payload.ts";
import { ValueReader } from "../../src/values/value_reader.ts";
import { encode, refusalOf } from "../support/encode_values.ts";

// Objects with many keys are copied in another way than those with few: whatever holds for one holds for the other.

const WIDE = { a: 1, b: "text", c: [1], d: { e: null }, f: true, g: -0 };

const read = (value: unknown): unknown => new ValueReader("routilux/job", DEFAULT_VALUE_LIMITS).read(value, "data");

for (const [name, copy] of [["encoded", encode], ["read", read]] as const) {
  test(`a wide object that is ${name} is copied and frozen all the way down, its keys in their order`, () => {
    const value = structuredClone(WIDE);
    const copied = copy(value) as typeof WIDE;
    assertEquals(JSON.stringify(copied), '{"a":1,"b":"text","c":[1],"d":{"e":null},"f":true,"g":0}');
    assertEquals([copied, copied.c, copied.d].every(Object.isFrozen), true);
    assertEquals([Object.is(copied.g, 0), value, Object.isFrozen(value.c)], [true, structuredClone(WIDE), false]);
  });

  test(`a wide object that is ${name} comes without the keys that have no value, and without symbols`, () => {
    const bare = { ...WIDE, g: 0 };
    assertEquals(Object.keys(copy({ first: undefined, ...WIDE, last: undefined }) as object), Object.keys(WIDE));
    const copied = copy({ ...WIDE, [Symbol("s")]: 1 });
    assertEquals([copied, Object.getOwnPropertySymbols(copied)], [bare, []]);
    const both = copy({ [Symbol("s")]: 1, ...WIDE, $type: undefined });
    assertEquals([both, Object.isFrozen(both)], [bare, true]);
  });

  test(`a wide object that is ${name} has only keys of its own, each read once`, () => {
    let reads = 0;
    const value = Object.defineProperties({ ...WIDE }, {
      hidden: { value: 1, enumerable: false },
      counted: { get: () => ++reads, enumerable: true },
    });
    assertEquals(copy(value), { ...WIDE, g: 0, counted: 1 });
    assertStrictEquals(reads, 1);
  });

  test(`a wide object that is ${name} is refused with __proto__ as a key of its own`, () => {
    const value: unknown = JSON.parse('{"a":1,"b":2,"c":3,"d":4,"e":5,"__proto__":{"polluted":1}}');
    assertThrows(() => copy(value), Error, "data.__proto__");
  });

  test(`what others have put into the prototype of objects is not ${name} with them`, () => {
    const added = { inherited: () => 1, nested: { own: false }, unset: undefined };
    Object.assign(Object.prototype, added);
    try {
      assertEquals(JSON.stringify([copy({ a: 1 }), copy(WIDE)]), JSON.stringify([{ a: 1 }, { ...WIDE, g: 0 }]));
    } finally {
      for (const key of Object.keys(added)) Reflect.deleteProperty(Object.prototype, key);
    }
  });
}

test("a proxy that names other keys when it is asked again gets nothing past the checks", () => {
  let asked = 0;
  const proxy = new Proxy({ ...WIDE, extra: () => 1 }, {
    ownKeys: () => asked++ === 0 ? Object.keys(WIDE) : [...Object.keys(WIDE), "extra"],
  });
  assertEquals(refusalOf(proxy), "data.extra is a function; send what it stands for instead");
});

test("an array that claims any length is refused before it is copied", () => {
  const list: unknown[] = [1];
  list.length = 4_000_000_000;
  assertEquals(refusalOf(list), "data is part of more than 1000000 values; raise limits.nodes, or send less at once");
});
