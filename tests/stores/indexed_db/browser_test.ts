import { assert, assertEquals } from "@std/assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { call, callWorker, PAGE_MISSING, startWorker, SteppingPage } from "../../support/stepping_page.ts";
import { IS_LONG } from "../../support/gate_amount.ts";
import { STEPS } from "../../support/page_script.ts";

const options = { timeout: 120_000, skip: PAGE_MISSING };
/** The long run tries all cases: each takes the browser longer than the database in memory, which tries all in the gate, too. */
const CASES = IS_LONG
  ? ""
  : "survives|wins|numbers|take goes by flow|smaller priority|after close|consumed|beside|megabyte|purge";
const NUMBERS = Array.from({ length: STEPS }, (_, index) => index + 1);

let started: Promise<SteppingPage> | undefined;
const folder = mkdtempSync(join(tmpdir(), "routilux-browser-"));

/** The browser of all tests, which run one after the other. */
function browser(): Promise<SteppingPage> {
  return started ??= (async () => {
    const browser = new SteppingPage(folder);
    await browser.start();
    return browser;
  })();
}

after(async () => {
  await (await started)?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Checks that a job has ended, and has made each of its steps once, and at some time the one for what it was told. */
function checkEnd({ status, outputs }: { readonly status: string; readonly outputs: readonly unknown[] }): void {
  assertEquals(status, "completed");
  assertEquals(outputs.filter((it) => it !== "released"), NUMBERS);
  assertEquals(outputs.length, STEPS + 1);
}

test("indexedDbStore() passes the contract in a page of Chromium", options, async () => {
  const page = await (await browser()).open();
  const { count, failed } = await call(page, "runContract", CASES, "indexedDB");
  assertEquals(failed, []);
  assert(count > (IS_LONG ? 100 : 15), `there are ${count} cases`);
  await page.close();
});

test("a page that is loaded anew in the middle of a job goes on with it", options, async () => {
  const opened = await browser();
  const page = await opened.open();
  const durability = { owner: "page", takeOver: "at once" } as const;
  await call(page, "work", "reloaded", durability);
  opened.holdFrom(5);
  await call(page, "start", "job");
  await opened.holding();
  await page.reload();
  await page.waitForFunction("globalThis.script");
  opened.release();
  await call(page, "work", "reloaded", durability);
  await call(page, "release", "job");
  checkEnd(await call(page, "ended", "job"));
  assertEquals(new Set(opened.keys).size, STEPS);
  await page.close();
});

test(
  "two tabs share a job: one tells it what the other waits for, and goes on when that is closed",
  options,
  async () => {
    const opened = await browser();
    const [first, second] = [await opened.open(), await opened.open()];
    const durability = { leaseMs: 2_000 };
    await call(first, "work", "shared", durability);
    opened.holdFrom(3);
    await call(first, "start", "job");
    await call(first, "start", "other");
    await opened.holding();
    await call(second, "work", "shared", durability);
    opened.release();
    await call(second, "release", "job");
    checkEnd(await call(second, "ended", "job"));
    await first.close();
    await call(second, "release", "other");
    checkEnd(await call(second, "ended", "other"));
    await second.close();
  },
);

for (const [what, isService] of [["a worker", false], ["a service worker", true]] as const) {
  test(`${what} works on a job that a page has started`, options, async () => {
    const page = await (await browser()).open();
    await startWorker(page, isService);
    await callWorker(page, "work", what, {});
    await callWorker(page, "start", "job");
    await call(page, "work", what, {});
    await call(page, "release", "job");
    checkEnd(await callWorker(page, "ended", "job"));
    checkEnd(await call(page, "ended", "job"));
    await page.close();
  });
}
