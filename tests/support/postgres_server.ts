import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { endWithProcess } from "./end_with_process.ts";
import { freePort, untilFree } from "./free_port.ts";

/** Where Debian puts each version; elsewhere the commands are on the path. */
const VERSIONS = "/usr/lib/postgresql";
/** The oldest version that is supported. */
const OLDEST = 15;
const USER = "postgres";
/** How often it is started until it starts. */
const MOST_TRIES = 100;

/** Where a server keeps its files. */
export interface PostgresFolders {
  /** The folder in which it gets one for its data. @default {that for temporary files} */
  readonly data?: string;
  /** The folder in which it gets one for its log of writes. @default {beside the data} */
  readonly wal?: string;
}

/** A PostgreSQL server of its own, on a free port, with its data in a temporary folder. */
export class PostgresServer {
  /** The folder. */
  readonly folder: string;
  readonly port: number;
  readonly #binaries: string;
  #killed: number | undefined;

  private constructor(binaries: string, folder: string, port: number) {
    this.#binaries = binaries;
    this.folder = folder;
    this.port = port;
  }

  /** Starts a server, which ends with this process unless it `outlives` it; `undefined` when none is installed. */
  static async start(
    settings: Readonly<Record<string, string>> = {},
    { data = tmpdir(), wal }: PostgresFolders = {},
    outlives = false,
  ): Promise<PostgresServer | undefined> {
    const binaries = findBinaries();
    if (binaries === undefined) return undefined;
    const server = new PostgresServer(binaries, newFolder(data), await freePort());
    const encoding = ["-E", "UTF8", "--locale=C.UTF-8"];
    // Few bytes at a time are reserved for the log.
    const place = wal === undefined ? [] : ["-X", newFolder(wal), "--wal-segsize=1"];
    server.#run("initdb", "-D", server.#data, "-A", "trust", "-U", USER, ...encoding, "--no-sync", ...place);
    await server.restart(settings);
    if (!outlives) endWithProcess({ folder: server.folder, pidFile: server.#pidFile, signal: "QUIT" });
    return server;
  }

  /** Goes on with a server that another process has started. */
  static at(folder: string, port: number): PostgresServer | undefined {
    const binaries = findBinaries();
    return binaries === undefined ? undefined : new PostgresServer(binaries, folder, port);
  }

  /** The address, for clients. */
  get url(): string {
    return `postgres://${USER}@127.0.0.1:${this.port}/postgres`;
  }

  /** Starts it, also after it was killed: then the processes of its connections may take a moment to end, and it refuses until then. */
  async restart(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const all = {
      port: String(this.port),
      listen_addresses: "127.0.0.1",
      unix_socket_directories: this.folder,
      max_connections: "200",
      ...settings,
    };
    await untilFree(this.port);
    const options = Object.entries(all).map(([name, value]) => `-c ${name}=${value}`).join(" ");
    const args = ["-D", this.#data, "-w", "-s", "-l", join(this.folder, "log"), "-o", options, "start"];
    for (let tries = 1;; tries++) {
      try {
        this.#run("pg_ctl", ...args);
        // For two seconds pg_ctl takes what a server that was killed has left for the sign that the new one is there.
        if (this.pid === this.#killed) throw new Error("The server has not started");
        return;
      } catch (error) {
        if (tries === MOST_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** Puts a rule before those that say whom it lets in, and starts it again. */
  async admit(rule: string): Promise<void> {
    const path = join(this.#data, "pg_hba.conf");
    writeFileSync(path, `${rule}\n${readFileSync(path, "utf8")}`);
    this.#run("pg_ctl", "-D", this.#data, "-s", "-w", "-m", "fast", "stop");
    await this.restart();
  }

  /** The id of its first process. */
  get pid(): number {
    const [pid] = readFileSync(this.#pidFile, "utf8").split("\n");
    return Number(pid);
  }

  /** Kills it by SIGKILL: the processes of its connections end with it. */
  kill(): void {
    this.#killed = this.pid;
    process.kill(this.#killed, "SIGKILL");
  }

  /** Whether it has not ended itself. */
  get isRunning(): boolean {
    return existsSync(this.#pidFile);
  }

  /** Stops it, and removes its data. */
  stop(): void {
    if (this.isRunning) this.#run("pg_ctl", "-D", this.#data, "-s", "-m", "immediate", "stop");
    rmSync(this.folder, { recursive: true });
  }

  get #data(): string {
    return join(this.folder, "data");
  }

  get #pidFile(): string {
    return join(this.#data, "postmaster.pid");
  }

  /** The server refuses to run as root. */
  #run(name: string, ...args: string[]): void {
    const command = join(this.#binaries, name);
    const [file = "", ...rest] = isRoot() ? ["runuser", "-u", USER, "--", command, ...args] : [command, ...args];
    execFileSync(file, rest, { cwd: this.folder, stdio: ["ignore", "ignore", "pipe"] });
  }
}

/** Makes a folder that the server may use. */
function newFolder(within: string): string {
  const folder = mkdtempSync(join(within, "routilux-postgres-"));
  if (isRoot()) execFileSync("chown", [USER, folder]);
  return folder;
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function findBinaries(): string | undefined {
  const installed = existsSync(VERSIONS) ? readdirSync(VERSIONS).map(Number).filter((it) => it >= OLDEST) : [];
  if (installed.length > 0) return `${VERSIONS}/${Math.max(...installed)}/bin`;
  const folders = (process.env["PATH"] ?? "").split(":");
  return folders.find((it) => ["initdb", "pg_ctl"].every((name) => existsSync(join(it, name))));
}
