import { mkdir } from "node:fs/promises";
import { createServer } from "node:http";
import process from "node:process";
import type { Browser, Page } from "playwright-core";
import { nodeListener } from "../../src/studio/mod.ts";
import { findCommand } from "../support/found_command.ts";

const CHROMIUM = findCommand("chromium");

/**
 * Why the tests with a browser are skipped here, if they are. One runtime drives the browser: what the pages say is tried in all of them.
 */
export const SKIPPED: string | false = process.versions["bun"] !== undefined || "Deno" in globalThis
  ? "Node drives the browser"
  : CHROMIUM === undefined
  ? "there is no Chromium"
  : false;

/** A served studio, and a browser that looks at it. */
export interface OpenBrowser {
  /** Where the studio is. */
  readonly url: string;
  /** Opens a page. It complains of whatever the browser has complained of when it is closed. */
  open(path: string, look?: Look): Promise<Page>;
  /** What the browser has complained of so far: broken policies, errors of the script, questions of pages. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/** How a page is looked at. */
export interface Look {
  readonly width?: number;
  readonly scheme?: "light" | "dark";
  readonly hasScript?: boolean;
}

/** Serves a function, and starts a browser. */
export async function openBrowser(answer: (request: Request) => Promise<Response>): Promise<OpenBrowser> {
  const server = createServer(nodeListener(answer));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const { chromium } = await import("playwright-core");
  const browser: Browser = await chromium.launch({
    ...(CHROMIUM === undefined ? {} : { executablePath: CHROMIUM }),
    args:
      "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
        .split(" "),
  });
  const complaints: string[] = [];
  return {
    url,
    complaints,
    async open(path, { hasScript = true, scheme = "light", width = 1_440 } = {}) {
      const context = await browser.newContext({
        viewport: { width, height: 900 },
        colorScheme: scheme,
        javaScriptEnabled: hasScript,
        reducedMotion: "reduce",
      });
      const page = await context.newPage();
      page.on("pageerror", (error) => complaints.push(`${path}: ${error.message}`));
      page.on("console", (it) => {
        // Refused requests are told, too: which answers they get, the tests say.
        if (it.type() === "error" && !it.text().includes("Failed to load resource")) {
          complaints.push(`${path}: ${it.text()}`);
        }
      });
      page.on("dialog", async (dialog) => {
        complaints.push(`${path}: asks ${dialog.message()}`);
        await dialog.dismiss();
      });
      await page.goto(url + path);
      return page;
    },
    async close() {
      await browser.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** Keeps a picture of a page in the folder that the variable SCREENSHOTS names, if there is one. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env["SCREENSHOTS"];
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}
