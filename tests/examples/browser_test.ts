import { assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { BROWSER_MISSING, openBrowser } from "../support/browser.ts";

const SKIPPED = "Deno" in globalThis ? BROWSER_MISSING : "Deno runs the server";
const SERVER = fileURLToPath(new URL("../../examples/browser/serve.ts", import.meta.url));

/** Starts the example's server, and ends it after what is run with its address. */
async function withServer(run: (url: string) => Promise<void>): Promise<void> {
  const server = spawn(process.execPath, ["run", "-A", SERVER], {
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(server, "close");
  try {
    const [line] = await Promise.race([
      once(createInterface({ input: server.stdout }), "line"),
      closed.then(([code]) => Promise.reject(new Error(`The server has ended with ${code} before it listened`))),
    ]);
    await run(String(line).replace("The page is at ", ""));
  } finally {
    server.kill();
    await closed;
  }
}

test(
  "examples/browser sends each line once, in two tabs of which one is loaded again and then closed",
  { timeout: 120_000, skip: SKIPPED },
  () =>
    withServer(async (url) => {
      const browser = await openBrowser(url, { profile: "" });
      try {
        const [first, second] = [await browser.open(""), await browser.open("")];
        const lines = ["tea", "<b>milk</b>", "sugar", "bread"];
        await first.fill("textarea", lines.join("\n"));
        await first.click("form button");
        await second.waitForSelector("output:has-text('of 4 sent')");
        await first.reload();
        await first.waitForSelector("output:has-text('of 4 sent')");
        await first.close();
        await second.waitForSelector("output:has-text('completed')");
        assertEquals(await second.locator("#arrived li").allInnerTexts(), lines);
        assertEquals(browser.complaints, []);
      } finally {
        await browser.close();
      }
    }),
);
