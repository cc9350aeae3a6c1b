import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { test } from "node:test";
import { withProcess } from "../support/started_process.ts";
import { inFolder, pathOf } from "./run_example.ts";

const LONG = { timeout: 240_000 };
const END = "12 letters, the job has completed";

/** Runs the example, and sends it a signal after a number of letters. */
function run(database: string, signal?: "SIGKILL" | "SIGINT", after = 0): Promise<string[]> {
  return withProcess({ args: [pathOf("durable/main.ts"), database] }, async (example) => {
    if (signal !== undefined && await example.says(new RegExp(`(letter.*\n){${after}}`))) example.signal(signal);
    const { code, stdout, stderr } = await example.ended();
    if (signal !== "SIGKILL") assertEquals(code, 0, stderr);
    return stdout.trimEnd().split("\n");
  });
}

test(
  "durable: killed twice and interrupted once, the job sends each letter once and ends",
  LONG,
  () =>
    inFolder(async (folder) => {
      const database = join(folder, "letters.db");
      const lines = [
        ...await run(database, "SIGKILL", 2),
        ...await run(database, "SIGKILL", 3),
        ...await run(database, "SIGINT", 2),
        ...await run(database),
      ];
      assertEquals(lines.at(-1), END);
      // On a slow machine a signal may come when all has been said.
      const letters = lines.filter((line) => line !== END)
        .map((line) => Number(/^letter (\d+) is sent$/.exec(line)?.[1]));
      // Outputs that were committed, but not printed before the process ended, are not printed again.
      assertEquals(new Set(letters).size, letters.length);
      assert(letters.length >= 9 && letters.length <= 12, lines.join());
      assertEquals(await run(database), [END]);
    }),
);
