import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import {
  checkDuration,
  checkInteger,
  checkName,
  checkOptions,
  checkRange,
  checkWord,
  listNames,
  RESERVED_NAMES,
} from "../../src/base/options.ts";

test("an integer option is taken from its least value on", () => {
  assertEquals([checkInteger("Cannot do", "size", 1), checkInteger("Cannot do", "size", 0, 0)], [1, 0]);
});

test("an integer option that is none, or too small, is refused with its value", () => {
  for (
    const [value, text] of [[0, "0"], [-1, "-1"], [1.5, "1.5"], [NaN, "NaN"], [2 ** 53, "9007199254740992"]] as const
  ) {
    assertThrows(
      () => checkInteger("Cannot do", "size", value),
      RangeError,
      `Cannot do: size must be an integer of at least 1, current value is ${text}`,
    );
  }
});

test("a number option outside its bounds is refused with its value", () => {
  assertEquals([checkRange("Cannot do", "share", 0, 0, 1), checkRange("Cannot do", "share", 1, 0, 1)], [0, 1]);
  for (const value of [-0.1, 1.1, NaN]) {
    assertThrows(
      () => checkRange("Cannot do", "share", value, 0, 1),
      RangeError,
      `Cannot do: share must be a number, between 0 and 1, current value is ${value}`,
    );
  }
});

test("a number option without an upper bound says so", () => {
  assertEquals(checkRange("Cannot do", "slice", Infinity, 1, Infinity), Infinity);
  assertThrows(
    () => checkRange("Cannot do", "slice", 0, 1, Infinity),
    RangeError,
    "Cannot do: slice must be a number, at least 1, current value is 0",
  );
});

test("a duration is zero or more, and endless only where that means something", () => {
  assertEquals([checkDuration("Cannot do", "ms", 0), checkDuration("Cannot do", "ms", Infinity, Infinity)], [
    0,
    Infinity,
  ]);
  assertThrows(() => checkDuration("Cannot do", "ms", Infinity), RangeError, "current value is Infinity");
  assertThrows(() => checkDuration("Cannot do", "ms", -1), RangeError, "current value is -1");
});

test("a word option is one of its list", () => {
  assertEquals(checkWord("Cannot do", "mode", "fast", ["fast", "slow"]), "fast");
  assertThrows(
    () => checkWord("Cannot do", "mode", "fats", ["fast", "slow"]),
    TypeError,
    'Cannot do: mode must be one of "fast", "slow", current value is "fats"',
  );
});

test("a name is any text but the empty one and those that JSON tools stumble over", () => {
  assertEquals(["a", "toString", "$type", " ", "日本"].map((name) => checkName("Cannot do", "id", name)), [
    "a",
    "toString",
    "$type",
    " ",
    "日本",
  ]);
  for (const name of ["", ...RESERVED_NAMES]) {
    assertThrows(
      () => checkName("Cannot do", "id", name),
      TypeError,
      `Cannot do: the id must be a non-empty string (and none of __proto__, constructor, prototype), not "${name}"`,
    );
  }
});

test("a list of known names stays readable", () => {
  const many = Array.from({ length: 23 }, (_, i) => `n${i}`);
  assertEquals(listNames(new Set()), "nothing");
  assertEquals(listNames(new Set(["a", "b"])), '"a", "b"');
  assertEquals(listNames(new Set(many.slice(0, 20))), many.slice(0, 20).map((name) => `"${name}"`).join(", "));
  assertEquals(listNames(new Set(many)), `${many.slice(0, 20).map((name) => `"${name}"`).join(", ")} and 3 more`);
});

test("a list of many names looks at those that it shows", () => {
  const names = new Map(Array.from({ length: 1_000 }, (_, index) => [`name ${index}`, index]));
  const keys = names.keys();
  names.keys = () => keys;
  assertEquals(listNames(names).endsWith('"name 19" and 980 more'), true);
  assertEquals(keys.next().value, "name 20");
});

test("an option of an unknown name is refused, and the nearest known one is named", () => {
  const known = { concurrency: true, pollMs: true, signal: true };
  checkOptions("Cannot work", {}, known);
  checkOptions<object>("Cannot work", { pollMs: undefined, signal: 1 }, known);
  for (
    const [name, nearest] of [
      ["concurency", "concurrency"],
      ["pollms", "pollMs"],
      ["poll", "pollMs"],
      ["signals", "signal"],
    ] as const
  ) {
    assertThrows(
      () => checkOptions<object>("Cannot work", { signal: 1, [name]: 2 }, known),
      TypeError,
      `Cannot work: unknown option "${name}"; did you mean "${nearest}"?`,
    );
  }
});

test("an option that is like no other is refused with all that there are", () => {
  const known = { concurrency: true, pollMs: true, signal: true };
  for (const name of ["", "onOutput", "tz"]) {
    assertThrows(
      () => checkOptions<object>("Cannot work", { [name]: 2 }, known),
      TypeError,
      `Cannot work: unknown option "${name}"; it takes "concurrency", "pollMs", "signal"`,
    );
  }
});

test("an option of an unknown name inside of another option is named with its path", () => {
  assertThrows(
    () => checkOptions<object>("Cannot create engine", { leaseMS: 1 }, { owner: true, leaseMs: true }, "durability."),
    TypeError,
    'unknown option "durability.leaseMS"; did you mean "durability.leaseMs"?',
  );
});

test("options that are no object are refused", () => {
  for (const options of ["job", 5, null, undefined]) {
    assertThrows(
      () => checkOptions("Cannot work", options as never, {}),
      TypeError,
      "Cannot work: options must be an object, got ",
    );
  }
});
