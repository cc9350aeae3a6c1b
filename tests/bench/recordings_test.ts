import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8");

test("each range of the README's speeds is that of recordings on three days in bench/README.md, the last also in the guide", () => {
  const [, speeds = ""] = /^## Speed\n(.*?)^## /ms.exec(read("README.md")) ?? [];
  const [, recordings = ""] = /^## Recordings\n(.*?)^## /ms.exec(read("bench/README.md")) ?? [];
  const rows = recordings.split("\n").filter((line) => line.startsWith("| 20")).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  );
  const [, ...columns] = (rows[0] ?? []).map((_, column) =>
    rows.flatMap((row) => row[column] === "" ? [] : [{ day: row[0]?.slice(0, 10), ratios: row[column] ?? "" }])
  );
  for (const column of columns) {
    assertEquals([column.length, new Set(column.map(({ day }) => day)).size], [3, 3]);
    assert(read("docs/performance.md").includes(column.at(-1)?.ratios ?? "none"), "the guide has the last recording");
    const figures = column.flatMap(({ ratios }) => ratios.split("/").map(Number));
    const [least, most] = [Math.min(...figures), Math.max(...figures)];
    const digits = most > 2 ? 1 : 2;
    const range = `${least.toFixed(digits)} to ${most.toFixed(digits)}`;
    assert(speeds.includes(range), `the README says ${range}`);
  }
  assertEquals(columns.length, 4);
});
