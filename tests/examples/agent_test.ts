import { assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withProcess } from "../support/started_process.ts";
import { inFolder, pathOf } from "./run_example.ts";

const LONG = { timeout: 240_000 };
const END = ["sun in Oslo; booked", "tool calls: completed, completed"];

/** Runs the example, and kills it when it says something; without that it comes to its end. */
function run(args: readonly string[], killAt?: RegExp): Promise<string[]> {
  return withProcess({ args: [pathOf("agent/main.ts"), ...args] }, async (example) => {
    if (killAt !== undefined && await example.says(killAt)) example.signal("SIGKILL");
    const { code, stdout, stderr } = await example.ended();
    if (killAt === undefined) assertEquals(code, 0, stderr);
    return stdout.trimEnd().split("\n");
  });
}

test("agent: it takes fewer than 120 lines", () => {
  const texts = ["main.ts", "model.ts"].map((file) => readFileSync(pathOf(`agent/${file}`), "utf8"));
  assertEquals(texts.join("").split("\n").length < 120, true);
});

test(
  "agent: killed while it thinks, while a tool works, and when it has asked, it goes on where it stood",
  LONG,
  () =>
    inFolder(async (folder) => {
      const database = join(folder, "agent.db");
      for (const place of [/^want$/m, /weather begins/, /flights begins/, /^ask$/m]) await run([database], place);
      assertEquals((await run([database])).slice(-2), END);
      assertEquals((await run([database])).slice(-2), END);
    }),
);

test(
  "agent: cancelled in the middle of a tool call, the call is cancelled, too",
  LONG,
  () =>
    inFolder(async (folder) => {
      const lines = await run([join(folder, "agent.db"), "cancel"]);
      assertEquals(lines.slice(-2), [
        "The agent was cancelled: The job was cancelled: the trip is off",
        "tool calls: completed, cancelled",
      ]);
    }),
);
