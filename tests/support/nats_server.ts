import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { endWithProcess } from "./end_with_process.ts";
import { findCommand } from "./found_command.ts";
import { freePort } from "./free_port.ts";

/** How often a server that starts is asked whether it has, every hundredth of a second. */
const MOST_TRIES = 3_000;

/** A NATS server of its own with JetStream, on a free port, with its data in a temporary folder. */
export class NatsServer {
  /** The folder. */
  readonly folder: string;
  readonly port: number;

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  /** Starts a server, which ends with this process unless it `outlives` it; `undefined` when none is installed. */
  static async start(outlives = false): Promise<NatsServer | undefined> {
    const command = findCommand("nats-server");
    if (command === undefined) return undefined;
    const server = new NatsServer(mkdtempSync(join(tmpdir(), "routilux-nats-")), await freePort());
    const places = ["-sd", server.folder, "-P", server.#pidFile, "-l", join(server.folder, "log")];
    spawn(command, ["-js", "-a", "127.0.0.1", "-p", String(server.port), ...places], {
      detached: true,
      stdio: "ignore",
    })
      .unref();
    for (let tries = 1; !(existsSync(server.#pidFile) && await server.#answers()); tries++) {
      if (tries === MOST_TRIES) throw new Error(`The NATS server in ${server.folder} does not start`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    if (!outlives) endWithProcess({ folder: server.folder, pidFile: server.#pidFile, signal: "TERM" });
    return server;
  }

  /** Goes on with a server that another process has started. */
  static at(folder: string, port: number): NatsServer {
    return new NatsServer(folder, port);
  }

  /** The address, for clients. */
  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Ends it, and removes its data. */
  stop(): void {
    if (existsSync(this.#pidFile)) process.kill(Number(readFileSync(this.#pidFile, "utf8")), "SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #pidFile(): string {
    return join(this.folder, "pid");
  }

  /** Whether it greets a connection. */
  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, "127.0.0.1");
      const end = (answers: boolean) => {
        resolve(answers);
        socket.destroy();
      };
      socket.on("data", () => end(true));
      socket.on("error", () => end(false));
      socket.on("close", () => end(false));
    });
  }
}
