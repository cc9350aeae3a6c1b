import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { existsSync } from "node:fs";
import { assertEquals, assertMatch } from "@std/assert";
import { inFolder } from "./run_example.ts";

const path = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const BUN = "Bun" in globalThis ? process.execPath : path("node_modules/.bin/bun");
const OPTIONS = { timeout: 60_000, skip: existsSync(BUN) ? false : "Bun is not installed: run npm ci" };

test(
  "examples/studio starts a store with living jobs and the page that shows them, and ends at a signal",
  OPTIONS,
  () =>
    inFolder(async (folder) => {
      const child = spawn(BUN, [path("examples/studio/main.ts"), `${folder}/jobs.db`], {
        env: { ...process.env, PORT: "0" },
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [line] = await once(createInterface({ input: child.stdout }), "line");
      const url = String(line).replace("The studio is at ", "");
      const page = await (await fetch(url)).text();
      assertMatch(page, /<h1>Jobs<\/h1>/);
      for (let total = 0; total < 6;) ({ total } = await (await fetch(`${url}/api/counts`)).json());
      assertMatch(await (await fetch(`${url}/job?id=report-0`)).text(), /report-0/);
      const closed = once(child, "close");
      process.kill(child.pid ?? 0, "SIGTERM");
      assertEquals(await closed, [0, null]);
    }),
);
