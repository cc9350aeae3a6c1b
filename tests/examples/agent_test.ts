import { assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inFolder } from "./run_example.ts";

const LONG = { timeout: 120_000 };
const SCRIPT = fileURLToPath(new URL("../../examples/agent/main.ts", import.meta.url));
const END = ["sun in Oslo; booked", "tool calls: completed, completed"];

/** Runs the example, and kills it when it says something; without that it comes to its end. */
async function run(args: readonly string[], killAt?: string): Promise<string[]> {
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(child, "close");
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    if (line === killAt) process.kill(child.pid ?? 0, "SIGKILL");
  });
  await closed;
  return lines;
}

test("agent: it takes fewer than 120 lines", () => {
  const texts = ["main.ts", "model.ts"].map((file) => readFileSync(join(SCRIPT, "..", file), "utf8"));
  assertEquals(texts.join("").split("\n").length < 120, true);
});

test(
  "agent: killed while it thinks, while a tool works, and when it has asked, it goes on where it stood",
  LONG,
  () =>
    inFolder(async (folder) => {
      const database = join(folder, "agent.db");
      for (const place of ["want", "[weather begins]", "[flights begins]", "ask"]) await run([database], place);
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
