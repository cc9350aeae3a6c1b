import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { findCommand } from "./found_command.ts";
import { createLatch } from "./latch.ts";
import type { PageScript } from "./page_script.ts";
import { webStorageRecipe } from "./web_storage_recipe.ts";

const path = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const CHROMIUM = findCommand("chromium");

/** Why there is no browser here; false when there is one. */
export const BROWSER_MISSING: string | false = !("Deno" in globalThis)
  ? "Deno bundles the page"
  : CHROMIUM === undefined && "there is no Chromium: it is tested where it is installed";

/** The page, and for workers the same script. */
const PAGE = '<!doctype html><title>Jobs</title><script type="module" src="/script.js"></script>';
const TYPES: Readonly<Record<string, string>> = { html: "text/html", js: "text/javascript" };
/** Nothing but files and calls of this server: no code in the page, none that is made of a text. Workers have the policy of their file. */
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; worker-src 'self'";

/** A step that a page asks for. */
interface AskedStep {
  readonly n: number;
  readonly key: string;
  readonly response: ServerResponse;
}

/** Chromium with a profile in a folder, and a server of its page. */
export class Browser {
  /** The keys of the steps that were allowed, in order. */
  readonly keys: string[] = [];
  readonly #folder: string;
  #server: Server | undefined;
  #context: BrowserContext | undefined;
  #url = "";
  #held: AskedStep[] = [];
  #holdsFrom = Infinity;
  #isHolding = createLatch();

  /** Makes a browser whose files are in a folder. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Bundles the script, and starts the server and the browser. */
  async start(): Promise<void> {
    const script = join(this.#folder, "script.js");
    const options = ["--quiet", "--platform", "browser", "--import-map", path("offline.json"), "--output", script];
    await promisify(execFile)(process.execPath, ["bundle", ...options, path("tests/support/page_script.ts")]);
    const { stripTypeScriptTypes } = await import("node:module"); // Bun has none
    const scripts: Readonly<Record<string, string>> = {
      "/script.js": readFileSync(script, "utf8"),
      "/recipe.js": stripTypeScriptTypes(webStorageRecipe()),
    };
    const server = createServer(({ url = "" }, response) => {
      const { pathname, searchParams } = new URL(url, "http://127.0.0.1");
      if (pathname === "/step") {
        return this.#step({ n: Number(searchParams.get("n")), key: searchParams.get("key") ?? "", response });
      }
      const script = scripts[pathname];
      response.setHeader("content-security-policy", POLICY);
      response.setHeader("content-type", TYPES[script === undefined ? "html" : "js"] ?? "");
      response.end(script ?? PAGE);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (typeof address !== "object" || address === null) throw new Error("The server has no port");
    this.#server = server;
    this.#url = `http://127.0.0.1:${address.port}/`;
    this.#context = await chromium.launchPersistentContext(join(this.#folder, "profile"), {
      executablePath: CHROMIUM ?? "",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
    });
  }

  /** Opens a tab with the page, and waits until its script has run. */
  async open(): Promise<Page> {
    if (this.#context === undefined) throw new Error("The browser was not started");
    const page = await this.#context.newPage();
    await page.goto(this.#url);
    await page.waitForFunction("globalThis.script");
    return page;
  }

  /** Stops steps from one on, until they are released. */
  holdFrom(n: number): void {
    this.#holdsFrom = n;
    this.#isHolding = createLatch();
  }

  /** Resolves when a step is held. */
  async holding(): Promise<void> {
    await this.#isHolding.passed;
  }

  /** Lets all go on. */
  release(): void {
    this.#holdsFrom = Infinity;
    for (const step of this.#held.splice(0)) this.#step(step);
  }

  /** Ends the browser and the server. */
  async close(): Promise<void> {
    await this.#context?.close();
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  #step(step: AskedStep): void {
    const { n, key, response } = step;
    if (n >= this.#holdsFrom) {
      this.#held.push(step);
      this.#isHolding.open();
      return;
    }
    // Of a page that is gone nobody hears the answer.
    if (response.destroyed) return;
    this.keys.push(key);
    response.end();
  }
}

type Result<Name extends keyof PageScript> = Awaited<ReturnType<PageScript[Name]>>;

/** Calls the script of a page. */
export async function call<Name extends keyof PageScript>(
  page: Page,
  name: Name,
  ...args: Parameters<PageScript[Name]>
): Promise<Result<Name>> {
  // What runs at once in the debugger's call may make code, whatever the policy says.
  const later = "new Promise((resolve) => setTimeout(resolve))";
  return await page.evaluate<Result<Name>>(
    `${later}.then(() => script[${JSON.stringify(name)}](...${JSON.stringify(args)}))`,
  );
}

/** Makes a worker, or a service worker, of the script in a page. */
export async function startWorker(page: Page, isService: boolean): Promise<void> {
  await page.evaluate(isService ? SERVICE : WORKER);
}

/** Calls the script in the worker of a page. */
export async function callWorker<Name extends keyof PageScript>(
  page: Page,
  name: Name,
  ...args: Parameters<PageScript[Name]>
): Promise<Result<Name>> {
  return await page.evaluate<Result<Name>>(`callWorker(${JSON.stringify([name, ...args])})`);
}

const CALL_WORKER = `globalThis.callWorker = (data) => new Promise((resolve, reject) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }) => "error" in data ? reject(new Error(data.error)) : resolve(data.value);
  worker.postMessage(data, [port2]);
});`;
const WORKER = `const worker = new Worker("/script.js", { type: "module" }); ${CALL_WORKER} void 0`;
const SERVICE = `(async () => {
  await navigator.serviceWorker.register("/script.js", { type: "module" });
  const { active: worker } = await navigator.serviceWorker.ready;
  ${CALL_WORKER}
})()`;
