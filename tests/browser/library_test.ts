import { assert, assertEquals } from "@std/assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { call, callWorker, PAGE_MISSING, startWorker, SteppingPage } from "../support/stepping_page.ts";

// The page's policy lets no code be made of texts, and none stand in the page: see `tests/support/stepping_page.ts`.

describe("the library in a browser with a strict policy", { skip: PAGE_MISSING }, () => {
  const folder = mkdtempSync(join(tmpdir(), "routilux-browser-"));
  const browser = new SteppingPage(folder);
  before(() => browser.start());
  after(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [what, isService] of [["a worker", false], ["a service worker", true]] as const) {
    test(`a job moves from a page to ${what}, and back`, { timeout: 60_000 }, async () => {
      const page = await browser.open();
      assertEquals(await call(page, "makeCode"), "EvalError");
      await startWorker(page, isService);
      assertEquals(await callWorker(page, "makeCode"), "EvalError");
      const all = Array.from({ length: 39 }, (_, index) => index + 1);
      for (const rest of ["worker", "page"] as const) {
        const ended = rest === "worker"
          ? await callWorker(page, "restOfJob", await call(page, "halfOfJob"))
          : await call(page, "restOfJob", await callWorker(page, "halfOfJob"));
        assertEquals(ended, { status: "completed", outputs: all });
      }
      await page.close();
    });
  }

  for (const has of [true, false]) {
    const how = has ? "with" : "without";
    test(`a job that never waits leaves timers their turn, ${how} a scheduler`, { timeout: 60_000 }, async () => {
      const page = await browser.open();
      assertEquals(await call(page, "runUntilTimer", has), `a timer, ${how} a scheduler`);
      await page.close();
    });
  }

  test("keyValueStore() over localStorage passes the contract", { timeout: 60_000 }, async () => {
    const page = await browser.open();
    const { count, failed } = await call(
      page,
      "runContract",
      "survives|wins|take goes by flow|consumed|purge",
      "localStorage",
    );
    assertEquals(failed, []);
    assert(count > 5, `there are ${count} cases`);
    await page.close();
  });
});
