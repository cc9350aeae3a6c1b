import { assert, assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inFolder } from "./run_example.ts";

const LONG = { timeout: 120_000 };
const SCRIPT = fileURLToPath(new URL("../../examples/durable/main.ts", import.meta.url));

/** Runs the example, and sends it a signal after a number of letters. */
async function run(database: string, signal?: "SIGKILL" | "SIGINT", after = 0): Promise<string[]> {
  const child = spawn(process.execPath, [SCRIPT, database], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(child, "close");
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    if (signal !== undefined && lines.length === after) process.kill(child.pid ?? 0, signal);
  });
  await closed;
  return lines;
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
      assertEquals(lines.pop(), "12 letters, the job has completed");
      const letters = lines.map((line) => Number(/^letter (\d+) is sent$/.exec(line)?.[1]));
      // Outputs that were committed, but not printed before the process ended, are not printed again.
      assertEquals(new Set(letters).size, letters.length);
      assert(letters.length >= 9 && letters.length <= 12, lines.join());
      assertEquals(await run(database), ["12 letters, the job has completed"]);
    }),
);
