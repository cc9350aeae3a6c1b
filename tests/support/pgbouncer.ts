import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { endWithProcess } from "./end_with_process.ts";
import { findCommand } from "./found_command.ts";
import { freePort } from "./free_port.ts";

/** How often a pooler that starts is asked whether it has, every hundredth of a second. */
const MOST_TRIES = 3_000;
const USER = "postgres";

/** PgBouncer before a server, in transaction mode: a statement may run on another connection than the one before it. */
export class PgBouncer {
  /** The folder. */
  readonly folder: string;
  readonly port: number;

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  /** Starts one with a few connections to a server; `undefined` when it is not installed. */
  static async start(url: string): Promise<PgBouncer | undefined> {
    const command = findCommand("pgbouncer");
    if (command === undefined) return undefined;
    const pooler = new PgBouncer(mkdtempSync(join(tmpdir(), "routilux-pgbouncer-")), await freePort());
    const { folder, port } = pooler;
    const { hostname, port: serverPort, pathname } = new URL(url);
    const file = join(folder, "pgbouncer.ini");
    const settings = {
      listen_addr: "127.0.0.1",
      listen_port: port,
      auth_type: "any",
      pool_mode: "transaction",
      default_pool_size: 3,
      max_client_conn: 100,
      pidfile: join(folder, "pid"),
      logfile: join(folder, "log"),
      unix_socket_dir: "",
      // Only what clients have set that the pooler knows of stays with them.
      server_reset_query_always: 1,
    };
    const target = `host=${hostname} port=${serverPort} dbname=${pathname.slice(1)} user=${USER}`;
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
    writeFileSync(file, ["[databases]", `postgres = ${target}`, "[pgbouncer]", ...lines, ""].join("\n"));
    const isRoot = process.getuid?.() === 0;
    if (isRoot) execFileSync("chown", ["-R", USER, folder]);
    else chmodSync(folder, 0o700);
    const args = ["-q", "-d", file];
    if (isRoot) execFileSync("runuser", ["-u", USER, "--", command, ...args], { cwd: folder });
    else execFileSync(command, args, { cwd: folder });
    endWithProcess({ folder, pidFile: join(folder, "pid"), signal: "TERM" });
    for (let tries = 1; !(await answers(port)); tries++) {
      if (tries === MOST_TRIES) throw new Error(`PgBouncer in ${folder} does not start`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return pooler;
  }

  /** The address, for clients. */
  get url(): string {
    return `postgres://${USER}@127.0.0.1:${this.port}/postgres`;
  }

  /** Stops it, and removes its folder. */
  stop(): void {
    const file = join(this.folder, "pid");
    if (existsSync(file)) process.kill(Number(readFileSync(file, "utf8")), "SIGKILL");
    rmSync(this.folder, { recursive: true });
  }
}

/** Whether somebody listens on a port. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.on("connect", () => end(true));
    socket.on("error", () => end(false));
  });
}
