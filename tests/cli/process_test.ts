import { spawn } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch } from "@std/assert";
import { inOwnFolder } from "./run_command.ts";
import { makeStore } from "./sample_store.ts";

// The command line as processes of the runtime that runs this. Each start costs: what does not need one is tried by calls.

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FLAGS = "Deno" in globalThis ? ["run", "-A", "--no-check", "--import-map", "offline.json"] : [];

interface Ended {
  readonly exit: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Starts the program; `onOutput` is called with each part that it prints. */
function start(
  args: readonly string[],
  onOutput: (text: string, child: ReturnType<typeof spawn>) => void = () => {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...FLAGS, "src/cli/main.ts", ...args], { cwd: ROOT });
    let [output, errors] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      onOutput(text, child);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => void (errors += text));
    child.on("error", reject);
    // Deno tells of 128 and the number of a signal as of that signal.
    child.on("close", (exit, signal) => resolve({ exit: signal === "SIGINT" ? 130 : exit, output, errors }));
    child.stdin.end('{"format":"routilux/job"}');
  });
}

test("the program reads its input, and fails in one line with the exit code", { timeout: 60_000 }, async () => {
  const { errors, exit, output } = await start(["inspect", "-"]);
  assertEquals([exit, output], [3, ""]);
  assertMatch(
    errors,
    /^error: standard input: Cannot read routilux\/job: version: expected a version number, got nothing\n$/,
  );
});

test(
  "the program works on a store, says nothing else, and ends well when nobody reads on",
  { timeout: 60_000 },
  () =>
    inOwnFolder(async (file) => {
      await makeStore(file("jobs.db"), async ({ start }) => {
        for (let n = 0; n < 100; n++) await start(`job ${n}`, { items: 20, asks: false });
      });
      const ended = await start(["export", "--store", `sqlite:${file("jobs.db")}`, "--json"], (_text, child) => {
        child.stdout?.destroy();
      });
      assertEquals([ended.exit, ended.errors], [0, ""]);
      assertMatch(ended.output, /^\{"format":"routilux\/stored-job"/);
    }),
);

test(
  "the program ends when it is interrupted",
  { timeout: 60_000, skip: process.platform === "win32" },
  () =>
    inOwnFolder(async (file) => {
      await makeStore(file("jobs.db"), async ({ start }) => void await start("j"));
      const args = ["jobs", "watch", "j", "--store", `sqlite:${file("jobs.db")}`];
      const { errors, exit, output } = await start(args, (_text, child) => void child.kill("SIGINT"));
      assertEquals([exit, errors], [130, ""]);
      assertMatch(output, /the job is running/);
    }),
);
