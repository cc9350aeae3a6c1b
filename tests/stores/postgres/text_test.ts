import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { fromColumn, toColumn } from "../../../src/stores/postgres_store/text.ts";
import { toTexts } from "../../../src/stores/postgres_store/values.ts";
import { amountOf } from "../../support/gate_amount.ts";

const units = fc.oneof(
  fc.constantFrom("\0", "\u0001", "0", "1", "\ufeff", "\ud800", "\udfff", "\udc00", "\ue000", '"', "\\", "\u{1f680}"),
  fc.string({ unit: "binary", maxLength: 2 }),
);
const texts = fc.array(units, { maxLength: 8 }).map((parts) => parts.join(""));

test("every text becomes one that PostgreSQL and its clients keep, and comes back", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const column = toColumn(text);
      assert(column.isWellFormed() && !column.includes("\0") && !column.startsWith("\ufeff"));
      assertEquals(fromColumn(column), text);
    }),
    { numRuns: amountOf(2_000, 100_000), seed: 1 },
  );
});

test("different texts have different columns", () => {
  fc.assert(
    fc.property(texts, texts, (a, b) => assertEquals(toColumn(a) === toColumn(b), a === b)),
    { numRuns: amountOf(2_000, 100_000), seed: 1 },
  );
});

test("texts that need no escape are stored as they are, and lists are written as PostgreSQL reads them", () => {
  for (const text of ["", "plain", "caf\u00e9", "\u{1f680}", "a\ufeffb", "tab\tline\n"]) {
    assertEquals(toColumn(text), text);
  }
  assertEquals(toTexts(['a"b', "c\\d", undefined, "NULL", "", "{x,y}"]), '{"a\\"b","c\\\\d",NULL,"NULL","","{x,y}"}');
});
