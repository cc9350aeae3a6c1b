import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { compileExpression } from "../../src/routines/mod.ts";
import { type Random, seededRandom } from "../support/seeded_random.ts";

const SCOPE = { a: 1, b: 2, c: 0, s: "text", t: "", list: [1, "text", [2]], flag: true, data: { a: 5, s: "in" } };

/** An expression as text, the parts it needs around it, and what it means, found in another way. */
interface Sample {
  readonly text: string;
  /** How tightly it binds: 1 or, 2 and, 3 not, 4 comparison, 5 sum, 6 product, 7 negative, 8 value. */
  readonly rank: number;
  readonly meaning: () => unknown;
}

const number = (value: unknown): number => {
  if (typeof value !== "number") throw new TypeError("no number");
  return value;
};
const same = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);
const ordered = (left: unknown, right: unknown, says: (sign: number) => boolean): boolean =>
  typeof left === typeof right && (typeof left === "number" || typeof left === "string") &&
  says(left === right ? 0 : String(left).localeCompare(String(right), "en") * 0 || (lower(left, right) ? -1 : 1));
const lower = (left: unknown, right: unknown): boolean => [left, right].toSorted(byValue)[0] === left;
const byValue = (a: unknown, b: unknown): number =>
  typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : 1;
const holds = (container: unknown, item: unknown): boolean => {
  if (Array.isArray(container)) return container.some((it) => same(it, item));
  if (typeof container === "string") return typeof item === "string" && container.split(item).length > 1;
  return typeof container === "object" && container !== null && typeof item === "string" &&
    Object.keys(container).includes(item);
};

type Meaning = (left: () => unknown, right: () => unknown) => unknown;

const BINARY: readonly [readonly [string, number, Meaning], ...(readonly [string, number, Meaning])[]] = [
  ["or", 1, (l, r) => (l() ? true : !!r())],
  ["||", 1, (l, r) => (l() ? true : !!r())],
  ["and", 2, (l, r) => (l() ? !!r() : false)],
  ["&&", 2, (l, r) => (l() ? !!r() : false)],
  ["==", 4, (l, r) => same(l(), r())],
  ["===", 4, (l, r) => same(l(), r())],
  ["!=", 4, (l, r) => !same(l(), r())],
  ["<", 4, (l, r) => ordered(l(), r(), (sign) => sign < 0)],
  ["<=", 4, (l, r) => ordered(l(), r(), (sign) => sign <= 0)],
  [">", 4, (l, r) => ordered(l(), r(), (sign) => sign > 0)],
  [">=", 4, (l, r) => ordered(l(), r(), (sign) => sign >= 0)],
  ["in", 4, (l, r) => after(l(), (item) => holds(r(), item))],
  ["not in", 4, (l, r) => after(l(), (item) => !holds(r(), item))],
  ["+", 5, (l, r) => after(l(), (left) => after(r(), (right) => add(left, right)))],
  ["-", 5, (l, r) => after(l(), (left) => after(r(), (right) => number(left) - number(right)))],
  ["*", 6, (l, r) => after(l(), (left) => after(r(), (right) => number(left) * number(right)))],
  ["/", 6, (l, r) => after(l(), (left) => after(r(), (right) => number(left) / number(right)))],
  ["%", 6, (l, r) => after(l(), (left) => after(r(), (right) => number(left) % number(right)))],
];
const after = <T>(value: T, next: (value: T) => unknown): unknown => next(value);
const add = (left: unknown, right: unknown): unknown =>
  typeof left === "string" && typeof right === "string" ? `${left}${right}` : number(left) + number(right);

const LEAVES: readonly [Sample, ...Sample[]] = [
  leaf("1", 1),
  leaf("2.5", 2.5),
  leaf("0", 0),
  leaf("'text'", "text"),
  leaf('""', ""),
  leaf("true", true),
  leaf("null", null),
  leaf("[1, 'a']", [1, "a"]),
  ...Object.entries(SCOPE).map(([name, value]) => leaf(name, value)),
  leaf("data.a", 5),
  leaf("data['s']", "in"),
  leaf("list[1]", "text"),
  leaf("list.length", 3),
  leaf("s.length", 4),
];

function leaf(text: string, value: unknown): Sample {
  return { text, rank: 8, meaning: () => value };
}

function generate(random: Random, depth: number): Sample {
  if (depth === 0 || random.chance(0.15)) return random.pick(LEAVES);
  if (random.chance(0.12)) {
    const inner = generate(random, depth - 1);
    return { text: `${random.pick(["not ", "!", "! "])}${wrap(inner, 3)}`, rank: 3, meaning: () => !inner.meaning() };
  }
  if (random.chance(0.08)) {
    const inner = generate(random, depth - 1);
    return { text: `-${wrap(inner, 8)}`, rank: 7, meaning: () => -number(inner.meaning()) };
  }
  const [operator, rank, meaning] = random.pick(BINARY);
  const [left, right] = [generate(random, depth - 1), generate(random, depth - 1)];
  // To the left of a comparison stands no other one; elsewhere operators of one rank go from left to right.
  const text = `${wrap(left, rank === 4 ? 5 : rank)} ${operator} ${wrap(right, rank + 1)}`;
  return { text, rank, meaning: () => meaning(left.meaning, right.meaning) };
}

function wrap({ text, rank }: Sample, least: number): string {
  return rank >= least ? text : `(${text})`;
}

/** What a calculation gives, or that it fails for want of a number. */
function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error instanceof TypeError ? "TypeError" : error;
  }
}

test("2000 random expressions mean what a reference says", () => {
  let failed = 0;
  for (let seed = 1; seed <= 2_000; seed++) {
    const { text, meaning } = generate(seededRandom(seed), 4);
    const expected = outcome(meaning);
    if (expected === "TypeError") failed++;
    assertEquals(outcome(() => compileExpression(text)(SCOPE)), expected, `seed ${seed}: ${text}`);
  }
  assertEquals(failed > 100 && failed < 1_500, true, `${failed} expressions fail`);
});

test("2000 mangled expressions give a value or a clear error, and never anything else", () => {
  let refused = 0;
  for (let seed = 1; seed <= 2_000; seed++) {
    const random = seededRandom(seed);
    const { text } = generate(random, 4);
    const at = random.integer(text.length);
    const piece = random.pick([
      "",
      "(",
      ")",
      "[",
      "]",
      "'",
      '"',
      "\\",
      ".",
      ",",
      "not",
      "in",
      "#",
      "=",
      "\u0000",
      "😀",
    ]);
    const mangled = text.slice(0, at) + piece + text.slice(at + random.integer(3));
    const label = `seed ${seed}: ${mangled}`;
    const message = outcome(() => (compileExpression(mangled)(SCOPE), ""));
    if (message instanceof SyntaxError) {
      refused++;
      const start = `Cannot parse expression ${JSON.stringify(mangled)}: `;
      assertEquals(message.message.startsWith(start), true, label);
      const place = Number(/ at position (\d+)$/.exec(message.message)?.[1]);
      assertEquals(place >= 0 && place <= mangled.length, true, label);
    } else assertEquals(message === "" || message === "TypeError", true, label);
  }
  assertEquals(refused > 500, true, `${refused} expressions are refused`);
});
