import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch } from "@std/assert";
import { type EndedProcess, type StartedProcess, withProcess } from "../support/started_process.ts";
import { inOwnFolder } from "./run_command.ts";
import { makeStore } from "./sample_store.ts";

// The command line as processes of the runtime that runs this. Each start costs: what does not need one is tried by calls.

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FLAGS = "Deno" in globalThis ? ["run", "-A", "--no-check", "--import-map", "offline.json"] : [];

/** Starts the program, and ends it whatever happens; `use` is called with the process. */
function start(
  args: readonly string[],
  use: (program: StartedProcess) => void | Promise<void> = () => {},
): Promise<EndedProcess> {
  const command = { args: [...FLAGS, "src/cli/main.ts", ...args], folder: ROOT, input: '{"format":"routilux/job"}' };
  return withProcess(command, async (program) => {
    await use(program);
    return await program.ended();
  });
}

test("the program reads its input, and fails in one line with the exit code", { timeout: 120_000 }, async () => {
  const { code, stderr, stdout } = await start(["inspect", "-"]);
  assertEquals([code, stdout], [3, ""]);
  assertMatch(
    stderr,
    /^error: standard input: Cannot read routilux\/job: version: expected a version number, got nothing\n$/,
  );
});

test(
  "the program works on a store, says nothing else, and ends well when nobody reads on",
  { timeout: 120_000 },
  () =>
    inOwnFolder(async (file) => {
      await makeStore(file("jobs.db"), async ({ start }) => {
        for (let n = 0; n < 100; n++) await start(`job ${n}`, { items: 20, asks: false });
      });
      const args = ["export", "--store", `sqlite:${file("jobs.db")}`, "--json"];
      const { code, stderr, stdout } = await start(args, async (program) => {
        await program.says(/./);
        program.closeOutput();
      });
      assertEquals([code, stderr], [0, ""]);
      assertMatch(stdout, /^\{"format":"routilux\/stored-job"/);
    }),
);

test(
  "the program ends when it is interrupted",
  { timeout: 120_000, skip: process.platform === "win32" },
  () =>
    inOwnFolder(async (file) => {
      await makeStore(file("jobs.db"), async ({ start }) => void await start("j"));
      const args = ["jobs", "watch", "j", "--store", `sqlite:${file("jobs.db")}`];
      const { code, signal, stderr, stdout } = await start(args, async (program) => {
        await program.says(/the job is running/);
        program.signal("SIGINT");
      });
      // Deno tells of 128 and the number of a signal as of that signal.
      assertEquals([signal === "SIGINT" ? 130 : code, stderr], [130, ""]);
      assertMatch(stdout, /the job is running/);
    }),
);
