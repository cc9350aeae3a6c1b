import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { BROWSER_MISSING, openBrowser } from "../support/browser.ts";
import { withProcess } from "../support/started_process.ts";
import { pathOf } from "./run_example.ts";

/** What stands at a message of which a line has been sent. On a slow machine all may have been, when somebody looks. */
const BEGUN = "output:has-text('of 4 sent'), output:has-text('completed')";

const SKIPPED = "Deno" in globalThis ? BROWSER_MISSING : "Deno runs the server";

test(
  "examples/browser sends each line once, in two tabs of which one is loaded again and then closed",
  { timeout: 240_000, skip: SKIPPED },
  () =>
    withProcess({ args: ["run", "-A", pathOf("browser/serve.ts")], env: { PORT: "0" } }, async (server) => {
      const url = (await server.line("the address")).replace("The page is at ", "");
      const browser = await openBrowser(url, { profile: "" });
      try {
        const [first, second] = [await browser.open(""), await browser.open("")];
        const lines = ["tea", "<b>milk</b>", "sugar", "bread"];
        await first.fill("textarea", lines.join("\n"));
        await first.click("form button");
        await second.waitForSelector(BEGUN);
        await first.reload();
        await first.waitForSelector(BEGUN);
        await first.close();
        await second.waitForSelector("output:has-text('completed')");
        assertEquals(await second.locator("#arrived li").allInnerTexts(), lines);
        assertEquals(browser.complaints, []);
      } finally {
        await browser.close();
      }
    }),
);
