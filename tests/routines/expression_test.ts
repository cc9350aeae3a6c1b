import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { compileExpression, type ExpressionScope } from "../../src/routines/mod.ts";

const value = (text: string, scope: ExpressionScope = {}): unknown => compileExpression(text)(scope);
/** What each expression gives. */
const values = (scope: ExpressionScope, ...texts: readonly string[]): unknown[] =>
  texts.map((text) => value(text, scope));

test("an expression knows numbers, texts, lists, true, false and null", () => {
  assertEquals(values({}, "1", "0.5", "12e3", "1E-2", "true", "false", "null"), [
    1,
    0.5,
    12000,
    0.01,
    true,
    false,
    null,
  ]);
  assertEquals(values({}, "'a'", '"b"', "''", "[]", "[1, 'a', [true]]", "[1,]"), ["a", "b", "", [], [1, "a", [true]], [
    1,
  ]]);
});

test("texts in an expression may hold quotes, escapes and words of the language", () => {
  assertEquals(
    values({}, `'it\\'s'`, `"it's"`, `'say "hi"'`, `"a\\"b"`, `"a\\\\b"`, `"a\\nb\\tc\\rd"`, `"\\q"`),
    ["it's", "it's", 'say "hi"', 'a"b', "a\\b", "a\nb\tc\rd", "q"],
  );
  assertEquals(values({}, `"not" + " in"`, `"or"`, `"("`, `"]" == "]"`, `"é😀"`), ["not in", "or", "(", true, "é😀"]);
});

test("names stand for values of the scope, and nothing for what it lacks", () => {
  const scope = { a: 1, $b: 2, _c: 3, größe: 4, notable: 5, order: 6, index: 7, andy: 8 };
  assertEquals(values(scope, "a", "$b", "_c", "größe", "notable", "order", "index", "andy"), [1, 2, 3, 4, 5, 6, 7, 8]);
  assertEquals(values(scope, "missing", "missing.deeper", "missing[0].more"), [undefined, undefined, undefined]);
});

test("members are reached by name, by text and by index", () => {
  const scope = { order: { lines: [{ price: 5 }, { price: 7 }], "a key": true, in: 1, not: 2 }, n: 1 };
  assertEquals(
    values(scope, "order.lines[n].price", "order['a key']", "order.lines.length", "order.in", "order.not"),
    [7, true, 2, 1, 2],
  );
  assertEquals(values({ text: "abc" }, "text.length", "'four'.length", "[1, 2, 3].length", "[4, 5][1]"), [3, 4, 3, 5]);
  assertEquals(values(scope, "order.lines[9]", "order.lines[-1]", "order[null]", "n.length"), [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("arithmetic follows the usual precedence, from left to right", () => {
  assertEquals(
    values({}, "1 + 2 * 3", "(1 + 2) * 3", "10 - 4 - 3", "100 / 10 / 5", "7 % 4 * 2", "2 + 7 % 4", "-2 * 3", "2 - -3"),
    [7, 9, 3, 2, 6, 5, -6, 5],
  );
  assertEquals(values({ a: 2 }, "-a", "3*-a", "-a + 5", "'a' + 'b' + 'c'"), [-2, -6, 3, "abc"]);
});

test("comparisons bind weaker than arithmetic, not weaker, and, or weakest", () => {
  assertEquals(
    values({}, "1 + 1 == 2", "not 1 == 2", "true or true and false", "(true or true) and false", "not false and false"),
    [true, true, true, false, false],
  );
  assertEquals(values({}, "not not 1", "!!0", "! true", "not true == false", "false or not false"), [
    true,
    false,
    false,
    true,
    true,
  ]);
});

test("symbols mean the same as words", () => {
  assertEquals(values({}, "1 === 1", "1 !== 1", "true && false", "false || true", "!false"), [
    true,
    false,
    false,
    true,
    true,
  ]);
});

test("and, or give truth, not their operands, and the right side is not touched without need", () => {
  assertEquals(values({}, "1 and 'a'", "0 or ''", "'x' or 0"), [true, false, true]);
  assertEquals(values({}, "false and 1 + null", "true or 1 + null"), [false, true]);
});

test("equality compares lists and objects by content, whatever the order of their keys", () => {
  const scope = { a: { x: 1, y: [2, { z: null }] }, b: { y: [2, { z: null }], x: 1 }, c: { x: 1 } };
  assertEquals(values(scope, "a == b", "a != b", "a == c", "c == a", "a.y == [2, a.y[1]]"), [
    true,
    false,
    false,
    false,
    true,
  ]);
  assertEquals(values({}, "1 == '1'", "0 == false", "null == 0", "[] == ''", "'' == false", "[1] == 1"), [
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
});

test("equality tells dates, maps, sets and bytes apart by content", () => {
  const scope = {
    ...{ early: new Date(1), late: new Date(2), again: new Date(1), empty: {} },
    ...{ one: new Map([["a", 1]]), two: new Map([["a", 2]]), some: new Set([1]), more: new Set([1, 2]) },
    ...{ bytes: new Uint8Array([1]), others: new Uint8Array([2]) },
  };
  assertEquals(values(scope, "early == again", "early == late", "early == empty", "early == one"), [
    true,
    false,
    false,
    false,
  ]);
  assertEquals(values(scope, "one == two", "some == more", "bytes == others", "one == some"), [
    false,
    false,
    false,
    false,
  ]);
});

test("order is known between two numbers or two texts, and between nothing else", () => {
  assertEquals(values({}, "1 < 2", "2 <= 2", "3 > 4", "4 >= 4", "'a' < 'b'", "'b' >= 'c'"), [
    true,
    true,
    false,
    true,
    true,
    false,
  ]);
  assertEquals(values({}, "1 < '2'", "null < 1", "missing >= 0", "[1] < [2]", "true > false"), [
    false,
    false,
    false,
    false,
    false,
  ]);
});

test("in looks into lists, texts and the keys of objects", () => {
  const scope = { tags: ["a", { b: 1 }], data: { key: null }, key: "key" };
  assertEquals(values(scope, "'a' in tags", "tags[1] in tags", "'z' in tags", "key in data"), [
    true,
    true,
    false,
    true,
  ]);
  assertEquals(values(scope, "'ell' in 'hello'", "'x' in 'hello'", "1 in 'a1'", "'a' in null", "'a' in 5"), [
    true,
    false,
    false,
    false,
    false,
  ]);
  assertEquals(values(scope, "'toString' in data", "'length' in tags", "1 in [1, 2]"), [false, false, true]);
});

test("not in is the opposite of in, and not before a comparison denies the whole", () => {
  assertEquals(
    values({ tags: ["a"] }, "'a' not in tags", "'b' not in tags", "not 'a' in tags", "not 'b' not in tags"),
    [
      false,
      true,
      false,
      false,
    ],
  );
  assertEquals(values({}, "1 not in [2] and 2 not in [1]", "'not' not in 'not in'"), [true, false]);
});

test("white space and line ends between words do not matter", () => {
  assertEquals(values({ a: 1 }, "  a==1  ", "a\n==\n1", "\ta\t==\t1", "a  not\n in [ 2 ]"), [true, true, true, true]);
});

test("arithmetic on what is no number says which operator and what it got", () => {
  const message = (text: string, scope: ExpressionScope = {}) =>
    assertThrows(() => value(text, scope), TypeError).message;
  assertEquals(message("1 + 'a'"), 'Cannot evaluate: "+" needs numbers, and got "a"');
  assertEquals(message("null * 2"), 'Cannot evaluate: "*" needs numbers, and got null');
  assertEquals(message("[] - 1"), 'Cannot evaluate: "-" needs numbers, and got an array');
  assertEquals(message("-missing"), 'Cannot evaluate: "-" needs numbers, and got undefined');
  assertEquals(message("true % 2"), 'Cannot evaluate: "%" needs numbers, and got true');
  assertEquals(message("1 / a", { a: {} }), 'Cannot evaluate: "/" needs numbers, and got an object');
});

test("one compiled expression serves many scopes", () => {
  const program = compileExpression("value > config.threshold");
  const taken = [5, 15].map((it) => program({ value: it, config: { threshold: 10 } }));
  assertEquals(taken, [false, true]);
});
