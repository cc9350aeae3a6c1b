import { mkdir } from "node:fs/promises";
import { createServer } from "node:http";
import process from "node:process";
import type { Page } from "playwright-core";
import { nodeListener } from "../../src/studio/mod.ts";
import { findCommand } from "./found_command.ts";
import { freePort } from "./free_port.ts";
import { MOST_WAIT_MS } from "./time_limit.ts";

const CHROMIUM = findCommand("chromium");
const ARGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync"],
];

/** Why there is no browser here; false when there is one. */
export const BROWSER_MISSING: string | false = CHROMIUM === undefined &&
  "there is no Chromium: it is tested where it is installed";

/** A server, and a browser that looks at it. */
export interface OpenBrowser {
  /** Where the server is. */
  readonly url: string;
  /** Opens a page in a tab. */
  open(path: string, look?: Look): Promise<Page>;
  /** What the browser has complained of so far: broken policies, errors of scripts, questions of pages. */
  readonly complaints: readonly string[];
  /** Ends the browser and the server. */
  close(): Promise<void>;
}

/** How a page is looked at, where the browser has no profile. */
export interface Look {
  readonly width?: number;
  readonly scheme?: "light" | "dark";
  readonly hasScript?: boolean;
}

/** A server of this process. */
interface Served {
  readonly url: string;
  close(): Promise<void>;
}

async function serve(answer: (request: Request) => Promise<Response>): Promise<Served> {
  const port = await freePort();
  const server = createServer(nodeListener(answer));
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}`, close };
}

/**
 * Starts Chromium.
 *
 * @param site what it looks at: a function, which is served, or the address of a server
 * @param profile the folder in which all its tabs keep what they store, or an empty text for one that goes with the browser; without it,
 * each tab has its own
 */
export async function openBrowser(
  site: string | ((request: Request) => Promise<Response>),
  { profile }: { readonly profile?: string } = {},
): Promise<OpenBrowser> {
  const { close, url } = typeof site === "string" ? { url: site, close: async () => {} } : await serve(site);
  const { chromium } = await import("playwright-core");
  const options = {
    ...(CHROMIUM === undefined ? {} : { executablePath: CHROMIUM }),
    args: ARGS,
    timeout: MOST_WAIT_MS,
  };
  const launch = () =>
    profile === undefined ? chromium.launch(options) : chromium.launchPersistentContext(profile, options);
  const browser = await launch().catch(async (error) => {
    await close();
    throw error;
  });
  const contextFor = async ({ hasScript = true, scheme = "light", width = 1_440 }: Look) =>
    "newContext" in browser
      ? await browser.newContext({
        viewport: { width, height: 900 },
        colorScheme: scheme,
        javaScriptEnabled: hasScript,
        reducedMotion: "reduce",
      })
      : browser;
  const complaints: string[] = [];
  return {
    url,
    complaints,
    async open(path, look = {}) {
      const context = await contextFor(look);
      context.setDefaultTimeout(MOST_WAIT_MS);
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
      await close();
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
