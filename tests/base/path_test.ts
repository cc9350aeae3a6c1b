import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { className, describeValue, joinPath, pathStep } from "../../src/base/path.ts";

class Point {}
class Arrow {}

test("a step of a path reads as code would", () => {
  assertEquals(["when", "$type", "_a", "été", "0", "a b", "a.b", "", 'say "hi"', 2].map(pathStep), [
    ".when",
    ".$type",
    "._a",
    ".été",
    '["0"]',
    '["a b"]',
    '["a.b"]',
    '[""]',
    '["say \\"hi\\""]',
    "[2]",
  ]);
});

test("a path begins with its root, or without a dot", () => {
  assertEquals(joinPath("data", ["when", 2, "odd name"]), 'data.when[2]["odd name"]');
  assertEquals(joinPath("", ["pendingTasks", 3, "slot"]), "pendingTasks[3].slot");
  assertEquals(joinPath("", [3, "slot"]), "[3].slot");
  assertEquals(joinPath("data", []), "data");
  assertEquals(joinPath("", []), "");
});

test("every kind of value has a short name for messages", () => {
  const named: readonly (readonly [unknown, string])[] = [
    [null, "null"],
    [undefined, "undefined"],
    [[1, 2], "an array"],
    ["short", '"short"'],
    ["x".repeat(40), `"${"x".repeat(40)}"`],
    ["x".repeat(41), "a string of 41 characters"],
    [NaN, "NaN"],
    [1.5, "1.5"],
    [true, "true"],
    [5n, "the bigint 5"],
    [() => 1, "a function"],
    [Point, "a function"],
    [Symbol("s"), "a symbol"],
    [{}, "an object"],
    [Object.create(null), "an object"],
    [new Point(), "a Point instance"],
    [new Arrow(), "an Arrow instance"],
    [new (class {})(), "an instance of an unnamed class"],
  ];
  assertEquals(named.map(([value]) => describeValue(value)), named.map(([, name]) => name));
});

test("the name of a class is read without running the object's own code", () => {
  const object = {
    get constructor(): unknown {
      throw new Error("ran");
    },
  };
  assertEquals([className(object), className(new Point()), className(Object.create(null))], [
    "Object",
    "Point",
    undefined,
  ]);
});
