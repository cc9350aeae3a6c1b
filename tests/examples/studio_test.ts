import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { withProcess } from "../support/started_process.ts";
import { BUN, inFolder, NO_BUN, pathOf } from "./run_example.ts";

test(
  "examples/studio starts a store with living jobs and the page that shows them, and ends at a signal",
  { timeout: 120_000, skip: NO_BUN },
  () =>
    inFolder((folder) => {
      const args = [pathOf("studio/main.ts"), `${folder}/jobs.db`];
      return withProcess({ program: BUN, args, env: { PORT: "0" } }, async (studio) => {
        const url = (await studio.line("the address")).replace("The studio is at ", "");
        const get = async (path: string) => await studio.waitFor(path, fetch(url + path));
        assertMatch(await (await get("")).text(), /<h1>Jobs<\/h1>/);
        for (let total = 0; total < 6;) ({ total } = await (await get("/api/counts")).json());
        assertMatch(await (await get("/job?id=report-0")).text(), /report-0/);
        studio.signal("SIGTERM");
        const { code, signal, stderr } = await studio.ended();
        assertEquals([code, signal, stderr], [0, null, ""]);
      });
    }),
);
