import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { compileExpression, type ExpressionScope } from "../../src/routines/mod.ts";

const value = (text: string, scope: ExpressionScope = {}): unknown => compileExpression(text)(scope);
const refusal = (text: string): string => assertThrows(() => compileExpression(text), SyntaxError).message;
const said = (text: string, reason: string) => `Cannot parse expression ${JSON.stringify(text)}: ${reason}`;

/** The refusal must name exactly this. */
function assertRefused(text: string, reason: string): void {
  assertEquals(refusal(text), said(text, reason));
}

test("C362 calls are refused, wherever they stand", () => {
  assertRefused("eval('1')", "calls are not allowed at position 4");
  assertRefused("data.toString()", "calls are not allowed at position 13");
  assertRefused("a[0]()", "calls are not allowed at position 4");
  assertRefused("(a)(1)", "calls are not allowed at position 3");
  assertRefused("'x'.repeat(9)", "calls are not allowed at position 10");
  assertRefused("1 + f(2)", "calls are not allowed at position 5");
  assertRefused("import('x')", "calls are not allowed at position 6");
  assertRefused("Function('return 1')", "calls are not allowed at position 8");
});

test("C362 assignments, statements, functions, templates and objects are no expressions", () => {
  for (
    const [text, reason] of [
      ["a = 1", "unexpected character at position 2"],
      ["a; b", "unexpected character at position 1"],
      ["`a`", "unexpected character at position 0"],
      ["{}", "unexpected character at position 0"],
      ["() => 1", "unexpected character at position 3"],
      ["a ? b : c", "unexpected character at position 2"],
      ["new Date", "expected an operator or the end at position 4"],
      ["import x", "expected an operator or the end at position 7"],
      ["a.#b", "unexpected character at position 2"],
      ["a ** 2", "expected a value at position 3"],
      ["a & b", "unexpected character at position 2"],
      ["a // b", "expected a value at position 3"],
      ["/a/", "expected a value at position 0"],
    ] as const
  ) assertRefused(text, reason);
});

test("C362 inherited properties cannot be reached: constructor, prototype and the like mean nothing", () => {
  const names = ["constructor", "__proto__", "prototype", "toString", "hasOwnProperty", "__defineGetter__", "valueOf"];
  const scope = { data: { a: 1 }, list: [1], text: "a", when: new Date(0), map: new Map([["a", 1]]) };
  for (const name of names) {
    assertEquals(value(name, scope), undefined, name);
    for (const base of [...Object.keys(scope), "1", "'a'", "true", "null"]) {
      const texts = /^\d/.test(base) ? [`${base}['${name}']`] : [`${base}.${name}`, `${base}["${name}"]`];
      for (const text of texts) assertEquals(value(text, scope), undefined, text);
    }
  }
  assertEquals(value("data['cons' + 'tructor']['cons' + 'tructor']", scope), undefined);
  assertEquals(value("list.map", scope), undefined);
  assertEquals(value("map.size", scope), undefined);
});

test("C362 nothing of the runtime is known", () => {
  for (
    const name of ["globalThis", "window", "self", "process", "Deno", "Bun", "require", "this", "arguments", "Math"]
  ) {
    assertEquals(value(name), undefined, name);
  }
});

test("an own key may be called constructor, and is just a value", () => {
  const scope: ExpressionScope = { data: JSON.parse('{ "constructor": 5, "toString": 6 }') };
  assertEquals([value("data.constructor", scope), value("data.toString + 1", scope)], [5, 7]);
});

test("what is missing is named, with its place", () => {
  assertRefused("", "expected a value at position 0");
  assertRefused("   ", "expected a value at position 3");
  assertRefused("a +", "expected a value at position 3");
  assertRefused("(a", 'expected ")" at position 2');
  assertRefused("a[1", 'expected "]" at position 3');
  assertRefused("[1, 2", 'expected "]" at position 5');
  assertRefused("a.", "expected a name at position 2");
  assertRefused("a.1", "expected a name at position 2");
  assertRefused("'abc", "unexpected character at position 0");
  assertRefused("a)", "expected an operator or the end at position 1");
  assertRefused("[,]", "expected a value at position 1");
});

test("the place is that of the word itself, not of the white space before it", () => {
  assertRefused("a   b", "expected an operator or the end at position 4");
  assertRefused("a   #", "unexpected character at position 4");
  assertRefused("a ==\n  )", "expected a value at position 7");
  assertRefused("a == b == c", "expected an operator or the end at position 7");
  assertRefused("a not b", "expected an operator or the end at position 2");
});

test("a word of the language is no name: what should stand there is missing", () => {
  assertRefused("and", "expected a value at position 0");
  assertRefused("a and and", "expected a value at position 6");
  assertRefused("a or or b", "expected a value at position 5");
  assertRefused("a == or", "expected a value at position 5");
  assertRefused("1 + in", "expected a value at position 4");
  assertRefused("-not", "expected a value at position 1");
});

test("the place is counted in a text with characters of two units, too", () => {
  assertRefused("'😀' #", "unexpected character at position 5");
});

test("an expression may be nested 49 times, and no deeper", () => {
  const nested = (depth: number, [open = "", close = ""]: readonly string[]) =>
    open.repeat(depth) + "1" + close.repeat(depth);
  assertEquals(value(nested(49, ["(", ")"])), 1);
  assertRefused(nested(50, ["(", ")"]), "nested deeper than 50 at position 50");
  assertRefused(nested(50, ["[", "]"]), "nested deeper than 50 at position 50");
  assertRefused(`a${"[a".repeat(50)}${"]".repeat(50)}`, "nested deeper than 50 at position 100");
});

test("depth counts what is open, not what is long", () => {
  assertEquals(value(Array.from({ length: 400 }, () => "(1)").join("+")), 400);
  assertEquals(value(`${"not ".repeat(400)}1`), true);
  assertEquals(value(`1${" + 1".repeat(490)}`), 491);
  assertEquals(value(`${"!".repeat(1_999)}1`), false);
  assertEquals(value(`a${".a".repeat(900)}`, { a: 1 }), undefined);
});

test("an expression may have 2000 characters, and no more", () => {
  const long = (length: number) => `'${"a".repeat(length - 2)}'`;
  assertEquals(value(long(2_000)), "a".repeat(1_998));
  assertEquals(refusal(long(2_001)), "Cannot parse an expression of more than 2000 characters");
});

test("an expression does not change what it reads", () => {
  const scope = { list: [2, 1], data: { a: { b: 1 } } };
  const before = JSON.stringify(scope);
  for (const text of ["list[0] + list[1]", "data.a == data", "[list, data.a]", "'a' in data"]) value(text, scope);
  assertEquals(JSON.stringify(scope), before);
});
