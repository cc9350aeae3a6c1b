import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { freePort } from "./free_port.ts";

const path = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const WORKERD = path("node_modules/.bin/workerd");

/** Why there is no server here; false when there is one. */
export const WORKERD_MISSING: string | false = !("Deno" in globalThis)
  ? "Deno bundles the worker"
  : existsSync(WORKERD)
  ? false
  : "workerd is not installed: run npm ci";

/** A worker with a class of Durable Objects, as a server whose storage is on disk. */
export class WorkerdServer {
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #url = "";

  /** Makes a server whose files are in a folder. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Bundles a worker; `binding` is the name of the class in the worker's environment. */
  async prepare(worker: string, className: string, binding: string): Promise<this> {
    const script = join(this.#folder, "worker.js");
    const options = ["--quiet", "--platform", "browser", "--external", "node:*", "--import-map", path("offline.json")];
    await promisify(execFile)(process.execPath, ["bundle", ...options, "--output", script, path(worker)]);
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

  /** Starts the server, and waits until it listens. */
  async start(): Promise<this> {
    const port = await freePort();
    this.#url = `http://127.0.0.1:${port}`;
    const config = join(this.#folder, "config.capnp");
    const args = ["serve", "--experimental", config, "--socket-addr", `http=127.0.0.1:${port}`];
    this.#child = spawn(WORKERD, args, { stdio: ["ignore", "ignore", "inherit"] });
    while (!await answers(port)) {
      const { exitCode, signalCode } = this.#child;
      if (exitCode !== null || signalCode !== null) throw new Error(`workerd ended with ${exitCode ?? signalCode}`);
    }
    return this;
  }

  /** Ends the server at once, as a crash does. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return;
    const closed = once(child, "close");
    process.kill(child.pid, "SIGKILL");
    await closed;
  }

  /** Sends a request, and returns the status and the body. */
  async call(method: string, path: string, body?: unknown): Promise<readonly [status: number, body: unknown]> {
    const response = await fetch(this.#url + path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return [response.status, /^[\[{n]/.test(text) ? JSON.parse(text) : text];
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (isThere: boolean) => () => {
      socket.destroy();
      resolve(isThere);
    };
    socket.on("connect", end(true)).on("error", end(false));
  });
}
