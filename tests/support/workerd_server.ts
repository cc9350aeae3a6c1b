import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.ts";
import { StartedProcess } from "./started_process.ts";

const WORKERD = fileURLToPath(new URL("../../node_modules/.bin/workerd", import.meta.url));

/** Why there is no server here; false when there is one. */
export const WORKERD_MISSING: string | false = !("Deno" in globalThis)
  ? "Deno bundles the worker"
  : existsSync(WORKERD)
  ? false
  : "workerd is not installed: run npm ci";

/** A worker with a class of Durable Objects, as a server whose storage is on disk. */
export class WorkerdServer {
  readonly #folder: string;
  #process: StartedProcess | undefined;
  #url = "";

  /** Makes a server whose files are in a folder. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Bundles a worker; `binding` is the name of the class in the worker's environment. */
  async prepare(worker: string, className: string, binding: string): Promise<this> {
    const script = join(this.#folder, "worker.js");
    await bundle(worker, script, ["--external", "node:*"]);
    mkdirSync(join(this.#folder, "objects"));
    writeFileSync(
      join(this.#folder, "config.capnp"),
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "disk", disk = (path = "${join(this.#folder, "objects")}", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);
const worker :Workerd.Worker = (
  compatibilityDate = "2026-10-23",
  modules = [(name = "worker", esModule = embed "worker.js")],
  durableObjectNamespaces = [(className = "${className}", uniqueKey = "objects", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [(name = "${binding}", durableObjectNamespace = "${className}")],
);`,
    );
    return this;
  }

  /** Starts the server, and waits until it says the port where it listens. */
  async start(): Promise<this> {
    const args = ["serve", "--experimental", join(this.#folder, "config.capnp"), "--control-fd=1"];
    this.#process = new StartedProcess({ program: WORKERD, args });
    const { port } = JSON.parse(await this.#process.line("the port"));
    this.#url = `http://127.0.0.1:${port}`;
    return this;
  }

  /** Ends the server at once, as a crash does. */
  async kill(): Promise<void> {
    await this.#process?.end();
  }

  /** Sends a request, and returns the status and the body. */
  async call(method: string, path: string, body?: unknown): Promise<readonly [status: number, body: unknown]> {
    const init = { method, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const answer = fetch(this.#url + path, init).then(async (it) => ({ status: it.status, text: await it.text() }));
    if (this.#process === undefined) throw new Error("The server was not started");
    const { status, text } = await this.#process.waitFor(`the answer to ${method} ${path}`, answer);
    return [status, /^[\[{n]/.test(text) ? JSON.parse(text) : text];
  }
}
