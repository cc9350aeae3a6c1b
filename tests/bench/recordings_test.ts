import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8");

test("each range of the README's speeds is that of three recordings in bench/README.md", () => {
  const [, speeds = ""] = /^## Speed\n(.*?)^## /ms.exec(read("README.md")) ?? [];
  const [, recordings = ""] = /^## Recordings\n(.*?)^## /ms.exec(read("bench/README.md")) ?? [];
  const rows = recordings.split("\n").filter((line) => line.startsWith("| 20")).map((line) =>
    line.split("|").slice(2, -1)
  );
  const columns = (rows[0] ?? []).map((_, column) =>
    rows.map((row) => row[column]?.trim() ?? "").filter((it) => it !== "")
  );
  for (const column of columns) {
    assertEquals(column.length, 3);
    const figures = column.flatMap((cell) => cell.split("/").map(Number));
    const [least, most] = [Math.min(...figures), Math.max(...figures)];
    const digits = most > 2 ? 1 : 2;
    const range = `${least.toFixed(digits)} to ${most.toFixed(digits)}`;
    assert(speeds.includes(range), `the README says ${range}`);
  }
  assertEquals(columns.length, 4);
});
