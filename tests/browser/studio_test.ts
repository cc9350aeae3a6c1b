import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { schedule } from "../../src/schedules/mod.ts";
import { HOSTILE_TEXTS } from "../support/hostile_texts.ts";
import { BROWSER_MISSING, keepPicture, type Look, type OpenBrowser, openBrowser } from "../support/browser.ts";
import { livingJobs, shop } from "./living_jobs.ts";

/** One runtime drives the browser: what the pages say is tried in all of them. */
const SKIPPED = "Deno" in globalThis ? BROWSER_MISSING : "Deno drives the browser";
const LOOKS: readonly Required<Omit<Look, "hasScript">>[] = [
  { width: 1_440, scheme: "light" },
  { width: 768, scheme: "light" },
  { width: 360, scheme: "dark" },
];
const HOSTILE = HOSTILE_TEXTS.filter((it) => it.trim() !== "" && it.isWellFormed());

describe("the studio in a browser", { skip: SKIPPED, timeout: 600_000 }, () => {
  const jobs = livingJobs();
  let browser: OpenBrowser;
  before(async () => {
    browser = await openBrowser(jobs.answer);
  });
  after(async () => {
    // Without a browser, `before` has failed.
    await browser?.close();
    await jobs.engine.close();
  });

  async function started(jobId: string, item: string = "tea"): Promise<void> {
    const hasAsked = jobs.hasAsked(jobId);
    await jobs.flow.start(jobs.desk.trigger, { item }, { jobId });
    await hasAsked;
  }

  test("a job is started, watched, answered, fails, is redriven, is looked at in the past, and forked", async () => {
    shop.isOpen = false;
    await started("first");
    const page = await browser.open("/");
    await page.click("text=first");
    await page.waitForSelector("#live:not([hidden])");
    await page.click("text=Start another job like this one");
    const form = page.locator("form[action^='/start'][method=post]");
    assertEquals(JSON.parse(await form.locator("[name='data/params']").inputValue()), { item: "tea" });
    await form.locator("[name='data/jobId']").fill("first");
    await form.locator("[name='data/params']").fill('{"item":"cake"}');
    await form.locator("[name='data/tags']").fill("team=sales");
    await keepPicture(page, "start");
    await form.locator("button").click();
    assertEquals(await page.locator(".problem").allInnerTexts(), ["is taken: the store has a job of this id"]);
    await keepPicture(page, "start-problem");
    await form.locator("[name='data/jobId']").fill("second");
    await form.locator("button").click();
    await page.waitForSelector("h1:has-text('second')");
    // Nothing loads the page again: it follows the job by itself.
    const address = page.url();
    await page.waitForSelector("#awaited textarea");
    await page.fill("#awaited textarea", '{"item":"cake"}');
    await page.click("#awaited button");
    await page.waitForSelector(".title .is-failed");
    assertMatch(await page.innerText("#failures"), /RangeError: The shop is closed/);
    await keepPicture(page, "failed");
    shop.isOpen = true;
    await page.click("summary:has-text('Redrive')");
    await page.click("button:has-text('Redrive this job')");
    await page.waitForSelector(".title .is-completed");
    await page.waitForSelector("#outputs :text('delivered')");
    assert(page.url() !== address);
    await page.click("#time td a >> text='2'");
    await page.waitForSelector(".past");
    assertEquals(await page.locator("#outputs:not(:empty)").count(), 0);
    await page.click("summary:has-text('Fork from here')");
    await page.fill(".past [name=jobId]", "third");
    await page.click(".past button:has-text('Fork')");
    await page.waitForSelector("h1:has-text('third')");
    await page.click("text=Download the document");
    await page.goto(`${browser.url}/job/differences?id=second&from=0&to=3`);
    await page.waitForSelector("text=What has changed");
    assertEquals(browser.complaints, []);
  });

  test("a form is made of a slot's schema, says at its fields what is wrong, and delivers what they hold", async () => {
    const hasAsked = jobs.hasAsked("paying");
    await jobs.flow.start(jobs.till.trigger, {}, { jobId: "paying" });
    await hasAsked;
    const page = await browser.open("/job?id=paying", { width: 390, scheme: "dark" });
    const field = (name: string) => page.locator(`#awaited [name='data/${name}'], main .narrow [name='data/${name}']`);
    await field("amount").fill("0");
    await field("by").fill("ada");
    await field("kind").selectOption({ label: "card" });
    await keepPicture(page, "fields-390-dark");
    await page.click("#awaited button:has-text('Deliver')");
    await page.waitForSelector("h1:has-text('Deliver to till')");
    assertEquals(await page.locator(".problem").allInnerTexts(), ["is too little"]);
    assertEquals(await page.locator("[aria-invalid]").getAttribute("name"), "data/amount");
    assertEquals([await field("by").inputValue(), await field("kind").inputValue()], ["ada", '"card"']);
    await keepPicture(page, "problem-390-dark");
    await field("amount").fill("12.5");
    await page.click("button:has-text('Deliver')");
    await page.waitForSelector(".title .is-completed");
    assertMatch(await page.innerText("#outputs"), /"amount":\s*12\.5/);
    assertEquals(browser.complaints, []);
  });

  test("all of that, and pausing, by keyboard alone, in a narrow window", async () => {
    shop.isOpen = false;
    await started("typed");
    const page = await browser.open("/job?id=typed", { width: 360, scheme: "dark" });
    await page.waitForSelector("#awaited textarea");
    await tabTo(page, "summary:has-text('Pause')");
    await page.keyboard.press("Enter");
    await tabTo(page, "button:has-text('Pause this job')");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".title .is-paused");
    await tabTo(page, "summary:has-text('Resume')");
    await page.keyboard.press("Space");
    await tabTo(page, "button:has-text('Resume this job')");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".title .is-running");
    await tabTo(page, "#awaited textarea");
    await page.keyboard.press("Control+A");
    await page.keyboard.type('{"item":"milk"}');
    await tabTo(page, "#awaited button");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".title .is-failed");
    shop.isOpen = true;
    await tabTo(page, "summary:has-text('Redrive')");
    await page.keyboard.press("Enter");
    await tabTo(page, "a:has-text('Choose failures')");
    await page.keyboard.press("Enter");
    await page.waitForSelector("h1:has-text('Redrive typed')");
    await tabTo(page, "[name^='task/']");
    await page.keyboard.press("Space");
    await tabTo(page, "button:has-text('Redrive the chosen failures')");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".problem:has-text('Choose at least one failure')");
    await keepPicture(page, "redrive-problem-360-dark");
    await tabTo(page, "[name^='task/']");
    await page.keyboard.press("Space");
    await tabTo(page, "[name=maxRetries]");
    await page.keyboard.type("1");
    await tabTo(page, "button:has-text('Redrive the chosen failures')");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".title .is-completed");
    await tabTo(page, "#time input[type=range]");
    await page.keyboard.press("Home");
    await tabTo(page, "#time button:has-text('Show')");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".past :text('revision 0')");
    await keepPicture(page, "past-360-dark");
    await page.keyboard.press("Tab");
    assertEquals(await page.evaluate("document.activeElement.textContent"), "Skip to the content");
    await tabTo(page, "summary:has-text('Fork from here')");
    await page.keyboard.press("Enter");
    await tabTo(page, ".past [name=jobId]");
    await page.keyboard.type("forked by keys");
    await tabTo(page, ".past button:has-text('Fork')");
    await page.keyboard.press("Enter");
    await page.waitForSelector("h1:has-text('forked by keys')");
    await tabTo(page, "a:has-text('Start another job like this one')");
    await page.keyboard.press("Enter");
    await page.waitForSelector("h1:has-text('Start a job of desk')");
    await tabTo(page, "[name='data/jobId']");
    await page.keyboard.type("started by keys");
    await tabTo(page, "[name='data/priority']");
    await page.keyboard.type("high");
    await tabTo(page, "[name='data/at']");
    await keepPicture(page, "start-360-dark");
    await tabTo(page, "button:has-text('Start the job')");
    await page.keyboard.press("Enter");
    await page.waitForSelector("h1:has-text('started by keys')");
    assertMatch(await page.innerText(".facts"), /Priority\s+high/);
    assertEquals(browser.complaints, []);
  });

  test("children stand in the timeline of their parent, with links to theirs and back", async () => {
    shop.isOpen = false;
    await jobs.startOffice("family");
    const page = await browser.open("/job?id=family");
    await page.waitForSelector(".gantt .life >> nth=1");
    const { jobs: [child] } = await jobs.engine.list({ parentId: "family", tags: { item: "cake" } });
    await jobs.engine.handle(child?.jobId ?? "").deliver(jobs.desk.answer, { item: "cake" });
    await page.waitForSelector(".gantt .life.is-failed");
    await keepPicture(page, "family");
    await page.click(".gantt a:has(.life.is-failed) .row-name");
    await page.waitForSelector(".title .is-failed");
    assertEquals(new URL(page.url()).searchParams.get("id"), child?.jobId);
    await page.click("text=This job in the timeline of its parent");
    await page.waitForSelector("h1:has-text('family')");
    await tabTo(page, ".gantt a >> nth=0");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=This job in the timeline of its parent");
    assertEquals(browser.complaints, []);
  });

  test("pages work without script", async () => {
    shop.isOpen = true;
    await started("plain");
    const page = await browser.open("/", { hasScript: false });
    await page.fill("[name=flow]", "desk");
    await page.click("button:has-text('Filter')");
    await page.click("text=plain");
    await page.fill("#awaited textarea", '{"item":"tea"}');
    await page.click("#awaited button");
    assertMatch(await page.innerText("#asked"), /The delivery is (?:stored|done)/);
    await jobs.engine.handle("plain").ended();
    await page.reload();
    assertEquals(await page.locator(".title .is-completed").count(), 1);
  });

  test("what a reader writes stays while the page is renewed", async () => {
    await started("kept");
    const page = await browser.open("/job?id=kept");
    await page.waitForSelector("#awaited textarea");
    await page.fill("#awaited textarea", '{"half":');
    await jobs.engine.handle("kept").pause({ reason: "now" });
    await page.waitForSelector(".title .is-paused");
    assertEquals(await page.inputValue("#awaited textarea"), '{"half":');
  });

  for (const look of LOOKS) {
    test(`nothing is cut off, and no barrier is found, at ${look.width} pixels in ${look.scheme}`, async () => {
      const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
      // A value that is too long to be shown at once scrolls.
      await started(`seen ${look.width} ${look.scheme}`, "tea and biscuits ".repeat(60));
      const id = `id=${encodeURIComponent(`seen ${look.width} ${look.scheme}`)}`;
      const failed = `failed ${look.width} ${look.scheme}`;
      shop.isOpen = false;
      await started(failed);
      await jobs.engine.handle(failed).deliver(jobs.desk.answer, { item: "tea" });
      await jobs.engine.handle(failed).ended();
      await schedule(jobs.engine, "nightly", { cron: "0 3 * * *" }, jobs.flow, jobs.till.trigger, {});
      const page = await browser.open("/icon.svg", look);
      for (
        const [name, path] of [
          ["jobs", "/"],
          ["job", `/job?${id}`],
          ["past", `/job?${id}&revision=1`],
          ["differences", `/job/differences?${id}&from=0&to=2`],
          ["workers", "/workers"],
          ["schedules", "/schedules"],
          ["deliver", `/job/deliver?${id}&to=${encodeURIComponent('["till","paid"]')}`],
          ["flows", "/start"],
          ["start", "/start?flow=desk"],
          ["redrive", `/job/redrive?id=${encodeURIComponent(failed)}`],
          ["family", "/job?id=family"],
          ["failed", `/job?id=${encodeURIComponent(failed)}`],
          ["missing", "/job?id=nobody"],
        ] as const
      ) {
        await page.goto(browser.url + path);
        await page.evaluate("document.querySelectorAll('details:not(.act)').forEach((it) => it.open = true)");
        const over = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        assertEquals([name, over], [name, 0]);
        const hidden = await page.evaluate(HIDDEN_TIMELINE);
        assertEquals([name, hidden], [name, 0]);
        await keepPicture(page, `${name}-${look.width}-${look.scheme}`);
        assertEquals([name, await barriersOn(page, axe)], [name, []]);
      }
      assertEquals(browser.complaints, []);
    });
  }

  test("markup in texts of users is shown as text", async () => {
    const page = await browser.open("/");
    for (const [index, text] of HOSTILE.entries()) {
      await jobs.flow.start(jobs.desk.trigger, { item: text }, { jobId: text, queue: text, tags: { [text]: text } });
      if (index > 5) continue;
      await page.goto(`${browser.url}/job?${new URLSearchParams({ id: text })}`);
      const title = await page.textContent("h1");
      // deno-lint-ignore no-control-regex -- these are looked for
      assertEquals(title?.replace(/\ufffd/g, ""), text.replace(/[\u0000-\u0008\u000b-\u001f\u202a-\u202e\u200d]/g, ""));
    }
    await page.goto(browser.url);
    assertEquals(await page.evaluate("document.documentElement.scrollWidth - innerWidth"), 0);
    assertEquals(await page.locator("main img, main script, main style").count(), 0);
    await keepPicture(page, "hostile");
    assertEquals(browser.complaints, []);
  });
});

/** How many pixels of a timeline are not seen until somebody scrolls. */
const HIDDEN_TIMELINE = `(() => {
  const frame = document.querySelector(".canvas:has(.gantt)");
  return frame === null ? 0 : frame.scrollWidth - frame.clientWidth;
})()`;

/** Presses Tab until an element has the focus. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let step = 0; step < 120; step++) {
    await page.keyboard.press("Tab");
    if (await page.locator(`${selector} >> :scope:focus`).count() > 0) return;
  }
  throw new Error(`${selector} cannot be reached by the keyboard`);
}

/** What the accessibility checker finds on a page. It is run by the browser's debugger: the page's own policy refuses it. */
async function barriersOn(page: Page, axe: string): Promise<readonly string[]> {
  await page.evaluate(axe);
  return await page.evaluate(
    `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations.map(({ id, nodes }) =>
    id + ": " + nodes.slice(0, 2).map((it) => it.html.slice(0, 160) + " " + it.failureSummary).join(" | ")))`,
  );
}
