import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { PostgresClient } from "../../src/stores/postgres_store.ts";
import { openPg } from "../../tests/support/postgres_clients.ts";
import { PostgresServer } from "../../tests/support/postgres_server.ts";
import type { Contestant } from "./contestant.ts";
import { contestantOf } from "./contestants.ts";

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));
/** Clock ticks of `/proc` a second. */
const TICKS = 100;

/** What a worker has used since it was ready. */
export interface Used {
  readonly cpuMs: number;
  readonly residentMB: number;
}

/** A process that works. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #onEcho: (ms: number) => void;
  readonly #waiting: Map<string, (rest: string) => void> = new Map();

  /** Starts one. */
  constructor(name: string, address: string, concurrency: number, onEcho: (ms: number) => void) {
    this.#onEcho = onEcho;
    this.#child = spawn(process.execPath, [WORKER, name, address, String(concurrency)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const { stdout } = this.#child;
    if (stdout === null) throw new Error("A worker has no output");
    createInterface({ input: stdout }).on("line", (line) => {
      const [word = "", rest = ""] = line.split(/ (.*)/);
      if (word === "echo") this.#onEcho(Number(rest));
      this.#waiting.get(word)?.(rest);
    });
  }

  /** The rest of the next line that begins with a word. */
  line(word: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#waiting.set(word, resolve);
    this.#child.on("exit", (code) => reject(new Error(`A worker has ended with ${code} before its line "${word}"`)));
    return promise;
  }

  /** Its resident memory now, in megabytes. */
  get residentMB(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.#child.pid}/status`, "utf8"))?.[1]) / 1_024;
  }

  /** Ends it, and waits until it has. */
  async end(): Promise<Used> {
    const used = this.line("used");
    const exit = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdin?.write("end\n");
    const [cpuMs = "", residentMB = ""] = (await used).split(" ");
    await exit;
    return { cpuMs: Number(cpuMs), residentMB: Number(residentMB) };
  }
}

/** A server of its own for a contestant, whose tables are there. */
export class Place {
  readonly name: string;
  readonly contestant: Contestant;
  readonly client: PostgresClient;
  readonly #server: PostgresServer;
  readonly #close: () => Promise<void>;
  readonly #workers: Worker[] = [];
  readonly #concurrency: number;
  #onEcho = (_ms: number): void => {};

  private constructor(name: string, contestant: Contestant, server: PostgresServer, concurrency: number) {
    this.name = name;
    this.contestant = contestant;
    this.#server = server;
    this.#concurrency = concurrency;
    ({ client: this.client, close: this.#close } = openPg(server.url, 1));
  }

  static async open(name: string, concurrency: number): Promise<Place> {
    const contestant = await contestantOf(name);
    const server = await PostgresServer.start({ shared_buffers: "256MB" });
    if (server === undefined) throw new Error("PostgreSQL is not installed");
    const place = new Place(name, contestant, server, concurrency);
    // The first one makes the tables.
    await place.start(1);
    await place.end();
    return place;
  }

  get address(): string {
    return this.#server.url;
  }

  /** Starts workers. */
  async start(count: number): Promise<readonly Worker[]> {
    const workers = Array.from(
      { length: count },
      () => new Worker(this.name, this.address, this.#concurrency, (ms) => this.#onEcho(ms)),
    );
    this.#workers.push(...workers);
    await Promise.all(workers.map((it) => it.line("ready")));
    return workers;
  }

  /** Ends the workers; returns what each has used. */
  async end(): Promise<readonly Used[]> {
    return await Promise.all(this.#workers.splice(0).map((it) => it.end()));
  }

  /** Resolves with the milliseconds of the next echo. */
  async echo(send: () => Promise<void>): Promise<number> {
    const told = new Promise<number>((resolve) => this.#onEcho = resolve);
    await send();
    return await told;
  }

  async count(statement: string): Promise<number> {
    const [row] = await this.client.query(statement, []);
    return Number(row?.["count"]);
  }

  /** How many jobs of steps have not ended. */
  remaining(): Promise<number> {
    return this.count(this.contestant.remaining);
  }

  /** Sleeps, without a process of its own. */
  async pause(seconds: number): Promise<void> {
    await this.client.query(`SELECT pg_sleep(${seconds})`, []);
  }

  /** How many transactions a second there are in so many seconds, besides those that count them. */
  async transactions(seconds: number): Promise<number> {
    const count = () =>
      this.count("SELECT pg_stat_get_db_xact_commit(oid) AS count FROM pg_database WHERE datname = 'postgres'");
    const before = await count();
    await this.pause(seconds);
    return round((await count() - before - 2) / seconds);
  }

  /** The processor time of all processes of the server until now, in seconds. */
  get serverSeconds(): number {
    const root = this.#server.pid;
    let ticks = 0;
    for (const name of readdirSync("/proc").filter((it) => /^\d+$/.test(it))) {
      try {
        const fields = readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
        const times = fields.slice(11, 15).map(Number);
        // The first process also has the times of those that have ended.
        const counted = Number(name) === root ? times : Number(fields[1]) === root ? times.slice(0, 2) : [];
        ticks += counted.reduce((sum, it) => sum + it, 0);
      } catch {
        // It has ended meanwhile.
      }
    }
    return ticks / TICKS;
  }

  async close(): Promise<void> {
    await this.end();
    await this.#close();
    this.#server.stop();
  }
}

/** A row of results: the contestant, what was measured, and how loaded the machine was. */
export function print(name: string, figures: object): void {
  console.log(JSON.stringify({ name, ...figures, load: loadavg()[0]?.toFixed(1) }));
}

/** With one digit. */
export function round(number: number): number {
  return Math.round(number * 10) / 10;
}

/** The median and the 99th percentile. */
export function percentiles(values: readonly number[]): { readonly p50: number; readonly p99: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { p50: round(at(0.5)), p99: round(at(0.99)) };
}
