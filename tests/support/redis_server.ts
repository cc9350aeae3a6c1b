import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { endWithProcess } from "./end_with_process.ts";
import { findCommand } from "./found_command.ts";
import { freePort, untilFree } from "./free_port.ts";

/** How often a server that starts is asked whether it has, every hundredth of a second. */
const MOST_TRIES = 3_000;

/** The settings with which every answered write is on the disk. */
export const DURABLE: Readonly<Record<string, string>> = { appendonly: "yes", appendfsync: "always" };

/** A Redis server of its own, on a free port, with its data in a temporary folder. */
export class RedisServer {
  /** The folder. */
  readonly folder: string;
  readonly port: number;
  readonly #command: string;

  private constructor(command: string, folder: string, port: number) {
    this.#command = command;
    this.folder = folder;
    this.port = port;
  }

  /** Starts a server, which ends with this process unless it `outlives` it; `undefined` when none is installed. */
  static async start(
    settings: Readonly<Record<string, string>> = {},
    outlives = false,
  ): Promise<RedisServer | undefined> {
    const command = findCommand("redis-server");
    if (command === undefined) return undefined;
    const server = new RedisServer(command, mkdtempSync(join(tmpdir(), "routilux-redis-")), await freePort());
    await server.restart(settings);
    if (!outlives) endWithProcess({ folder: server.folder, pidFile: server.#pidFile, signal: "TERM" });
    return server;
  }

  /** Goes on with a server that another process has started. */
  static at(folder: string, port: number): RedisServer | undefined {
    const command = findCommand("redis-server");
    return command === undefined ? undefined : new RedisServer(command, folder, port);
  }

  /** The address, for clients. */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, also after it was killed; resolves when it answers, with its data loaded. */
  async restart(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const all = {
      port: String(this.port),
      bind: "127.0.0.1",
      dir: this.folder,
      pidfile: this.#pidFile,
      logfile: join(this.folder, "log"),
      daemonize: "yes",
      save: "",
      ...settings,
    };
    await untilFree(this.port);
    execFileSync(this.#command, Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]));
    for (let tries = 1; !(await this.send("PING")).startsWith("+PONG"); tries++) {
      if (tries === MOST_TRIES) throw new Error(`The Redis server in ${this.folder} does not start`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Sends a command, and returns the beginning of its answer; an empty text when the server is not there. */
  send(command: string): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect(this.port, "127.0.0.1", () => socket.write(`${command}\r\n`));
      const end = (answer: string) => {
        resolve(answer);
        socket.destroy();
      };
      socket.on("data", (data) => end(data.toString()));
      socket.on("error", () => end(""));
      socket.on("close", () => end(""));
    });
  }

  /** Kills it by SIGKILL. */
  kill(): void {
    const pid = Number(readFileSync(this.#pidFile, "utf8"));
    rmSync(this.#pidFile);
    process.kill(pid, "SIGKILL");
  }

  /** Ends it, and removes its data. */
  stop(): void {
    if (existsSync(this.#pidFile)) this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #pidFile(): string {
    return join(this.folder, "pid");
  }
}
