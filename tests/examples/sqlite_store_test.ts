import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { inFolder, runExample } from "./run_example.ts";

const LONG = { timeout: 120_000 };

async function run(folder: string, ...args: string[]): Promise<[number | null, string]> {
  const { code, stdout } = await runExample("sqlite_store/main.ts", { folder, args });
  return [code, stdout];
}

test(
  "sqlite_store saves a job that pauses; the second run of the same command finishes it",
  LONG,
  () =>
    inFolder(async (folder) => {
      const saved = "order-1 is taken\norder-1 is saved: to be looked at. Run the same command to go on.\n";
      assertEquals(await run(folder), [0, saved]);
      assertEquals(await readdir(folder), ["executions.db"]);
      assertEquals(await run(folder), [0, "order-1 is shipped\norder-1 has completed\n"]);
      assertEquals(await run(folder), [0, saved]); // nothing is left of the first
    }),
);

test("sqlite_store keeps several jobs in one database", LONG, () =>
  inFolder(async (folder) => {
    const taken = (id: string) => `${id} is taken\n${id} is saved: to be looked at. Run the same command to go on.\n`;
    assertEquals(await run(folder, "a", "orders.db"), [0, taken("a")]);
    assertEquals(await run(folder, "b", "orders.db"), [0, taken("b")]);
    assertEquals(await run(folder, "a", "orders.db"), [0, "a is shipped\na has completed\n"]);
    assertEquals(await run(folder, "b", "orders.db"), [0, "b is shipped\nb has completed\n"]);
  }));
