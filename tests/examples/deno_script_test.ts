import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { runProcess } from "../support/started_process.ts";
import { inFolder, pathOf, runExample } from "./run_example.ts";

const OPTIONS = { timeout: 120_000, skip: "Deno" in globalThis ? false : "a script for Deno" };
const EXPENSES = "apples 2.5\nx y z\npears 2\n\ngreen tea 3.25\napples 1\n";
const SUMS = "apples: 3.50\ngreen tea: 3.25\npears: 2.00\n";
const LEFT_OUT = "no name and amount: x y z\n";

test("deno_script adds up standard input, and reports the lines that it skips", OPTIONS, async () => {
  const { code, stdout, stderr } = await runProcess({ args: [pathOf("deno_script/main.ts")], input: EXPENSES });
  assertEquals([code, stdout, stderr], [0, SUMS, LEFT_OUT]);
});

test("deno_script adds up the files that are named", OPTIONS, () =>
  inFolder(async (folder) => {
    const half = EXPENSES.indexOf("pears");
    await writeFile(join(folder, "a.txt"), EXPENSES.slice(0, half));
    await writeFile(join(folder, "b.txt"), EXPENSES.slice(half));
    const { code, stdout, stderr } = await runExample("deno_script/main.ts", { folder, args: ["a.txt", "b.txt"] });
    assertEquals([code, stdout, stderr], [0, SUMS, LEFT_OUT]);
  }));
