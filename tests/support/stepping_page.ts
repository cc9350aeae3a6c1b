import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { BROWSER_MISSING, type OpenBrowser, openBrowser } from "./browser.ts";
import { bundle } from "./bundle.ts";
import { createLatch } from "./latch.ts";
import type { PageScript } from "./page_script.ts";
import { withTimeLimit } from "./time_limit.ts";
import { webStorageRecipe } from "./web_storage_recipe.ts";

/** Why there is no such page here; false when there is one. */
export const PAGE_MISSING: string | false = "Deno" in globalThis ? BROWSER_MISSING : "Deno bundles the page";

/** The page, and for workers the same script. */
const PAGE = '<!doctype html><title>Jobs</title><script type="module" src="/script.js"></script>';

/** Nothing but files and calls of this server: no code in the page, none that is made of a text. Workers have the policy of their file. */
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; worker-src 'self'";

/** A step that a page asks for. */
interface AskedStep {
  readonly n: number;
  readonly key: string;
  readonly signal: AbortSignal;
  readonly answer: (response: Response) => void;
}

/** A page that works on jobs in a browser with a profile in a folder, and whose server allows each step of a job. */
export class SteppingPage {
  /** The keys of the steps that were allowed, in order. */
  readonly keys: string[] = [];
  readonly #folder: string;
  #browser: OpenBrowser | undefined;
  #held: AskedStep[] = [];
  #holdsFrom = Infinity;
  #isHolding = createLatch();

  /** Makes a page whose files are in a folder. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Bundles the script, and starts the server and the browser. */
  async start(): Promise<void> {
    const script = join(this.#folder, "script.js");
    await bundle("tests/support/page_script.ts", script);
    const { stripTypeScriptTypes } = await import("node:module"); // Bun has none
    const scripts: Readonly<Record<string, string>> = {
      "/script.js": readFileSync(script, "utf8"),
      "/recipe.js": stripTypeScriptTypes(webStorageRecipe()),
    };
    this.#browser = await openBrowser(({ signal, url }) => {
      const { pathname, searchParams } = new URL(url);
      if (pathname === "/step") {
        const [n, key] = [Number(searchParams.get("n")), searchParams.get("key") ?? ""];
        return new Promise((answer) => this.#step({ n, key, signal, answer }));
      }
      const script = scripts[pathname];
      const headers = {
        "content-security-policy": POLICY,
        "content-type": script === undefined ? "text/html" : "text/javascript",
      };
      return Promise.resolve(new Response(script ?? PAGE, { headers }));
    }, { profile: join(this.#folder, "profile") });
  }

  /** Opens a tab with the page, and waits until its script has run. */
  async open(): Promise<Page> {
    if (this.#browser === undefined) throw new Error("The browser was not started");
    const page = await this.#browser.open("/");
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
    await withTimeLimit((limit) => limit.waitFor("a step that is held", this.#isHolding.passed));
  }

  /** Lets all go on. */
  release(): void {
    this.#holdsFrom = Infinity;
    for (const step of this.#held.splice(0)) this.#step(step);
  }

  /** Ends the browser and the server. */
  async close(): Promise<void> {
    await this.#browser?.close();
  }

  #step(step: AskedStep): void {
    const { answer, key, n, signal } = step;
    if (n >= this.#holdsFrom) {
      this.#held.push(step);
      this.#isHolding.open();
      return;
    }
    // Of a page that is gone nobody hears the answer.
    if (!signal.aborted) this.keys.push(key);
    answer(new Response());
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
  const run = `script[${JSON.stringify(name)}](...${JSON.stringify(args)})`;
  return await evaluate<Result<Name>>(page, name, `${later}.then(() => ${run})`);
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
  return await evaluate<Result<Name>>(page, name, `callWorker(${JSON.stringify([name, ...args])})`);
}

/** Runs a script in a page. The browser gives it any time: so it needs a limit. */
function evaluate<T>(page: Page, name: string, script: string): Promise<T> {
  return withTimeLimit((limit) => limit.waitFor(`${name} in a page`, page.evaluate<T>(script)));
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
