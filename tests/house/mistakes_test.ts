import { readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { readText } from "./source.ts";

const TABLE = "tests/mistakes/README.md";
const FOLDERS = ["tests/mistakes", "tests/types/fixtures"];

/** The texts in which mistakes are tried, by the names of their files. */
function readTexts(): ReadonlyMap<string, string> {
  const texts = FOLDERS.flatMap((folder) =>
    readdirSync(fileURLToPath(new URL(`../../${folder}`, import.meta.url)))
      .filter((name) => /^mistakes_.*\.md$|_test\.ts$/.test(name))
      .map((name) => [name, readText(`${folder}/${name}`)] as const)
  );
  return new Map(texts);
}

const rows = readText(TABLE).split("\n").filter((line) => line.startsWith("| M"));

test("each mistake of the table is tried where it says, and nowhere else", () => {
  const texts = readTexts();
  for (const row of rows) {
    const number = /^\| (M\d+) /.exec(row)?.[1] ?? "";
    const named = Array.from(row.matchAll(/`([^`]+\.(?:md|ts))`/g), ([, name]) => name).sort();
    const trying = [...texts].filter(([, text]) => new RegExp(`\\b${number}(?!\\d)`).test(text)).map(([name]) => name)
      .sort();
    assertEquals(named, trying, row);
    assert(named.length > 0, `${number} is tried nowhere`);
  }
});

test("the table lists the mistakes by consecutive numbers, and every one that is tried", () => {
  const numbers = rows.map((row) => /M\d+/.exec(row)?.[0]);
  assertEquals(numbers, Array.from(rows, (_, index) => `M${String(index + 1).padStart(2, "0")}`));
  const tried = [...readTexts().values()].flatMap((text) => text.match(/\bM\d\d+/g) ?? []);
  assertEquals([...new Set(tried)].sort(), numbers.toSorted());
});
