import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openPg } from "../../tests/support/postgres_clients.ts";
import { PostgresServer } from "../../tests/support/postgres_server.ts";
import { openFlows } from "./flow.ts";

// Durable steps of many processes on one PostgreSQL server, whose commits wait for the disk; how long after its start a job's handler
// begins; and how many transactions workers make that have nothing to do:
//   node bench/w8/main.ts [--workers 1,2,4,8] [--jobs 2000] [--steps 10] [--latency 500] [--idle 10]

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "1,2,4,8" },
    jobs: { type: "string", default: "2000" },
    steps: { type: "string", default: "10" },
    latency: { type: "string", default: "500" },
    idle: { type: "string", default: "10" },
  },
});
const jobs = Number(values.jobs);
const steps = Number(values.steps);
const starts = Number(values.latency);
const idleSeconds = Number(values.idle);
const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));
const BATCH = 500;
/** Clock ticks of `/proc` a second. */
const TICKS = 100;

class Worker {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(address: string) {
    this.#child = spawn(process.execPath, [WORKER, address], { stdio: ["pipe", "pipe", "inherit"] });
    const { stdout } = this.#child;
    if (stdout === null) throw new Error("A worker has no output");
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    return String((await this.#lines.next()).value);
  }

  /** Ends it; returns its processor time in milliseconds. */
  async end(): Promise<number> {
    this.#child.stdin?.write("end\n");
    return Number(await this.line());
  }
}

async function startWorkers(address: string, count: number): Promise<readonly Worker[]> {
  const workers = Array.from({ length: count }, () => new Worker(address));
  for (const worker of workers) await worker.line();
  return workers;
}

/** The processor time of all processes of the server until now, in milliseconds; those that have ended are not counted. */
function serverTime(server: PostgresServer): number {
  const root = server.pid;
  let ticks = 0;
  for (const name of readdirSync("/proc").filter((it) => /^\d+$/.test(it))) {
    try {
      const fields = readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      if (Number(name) === root || Number(fields[1]) === root) ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It has ended meanwhile.
    }
  }
  return ticks * 1_000 / TICKS;
}

async function measureSteps(count: number): Promise<object> {
  const server = await start();
  const flows = openFlows(server.url);
  const { client, close } = openPg(server.url, 1);
  for (let at = 0; at < jobs; at += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, jobs - at) }, (_, i) => ({
      params: { left: steps },
      jobId: `job ${at + i}`,
    }));
    await flows.steps.startMany("steps", batch);
  }
  const serverBefore = serverTime(server);
  const begin = performance.now();
  const workers = await startWorkers(server.url, count);
  const ended = async () => {
    const [row] = await client.query("SELECT count(*) AS count FROM routilux.jobs WHERE ended_at IS NOT NULL", []);
    return Number(row?.["count"]);
  };
  const ready = performance.now();
  const atReady = await ended();
  while (await ended() < jobs) await client.query("SELECT pg_sleep(0.02)", []);
  const seconds = (performance.now() - ready) / 1_000;
  const onServer = serverTime(server) - serverBefore;
  let ms = 0;
  for (const worker of workers) ms += await worker.end();
  const [epochs] = await client.query("SELECT max(epoch) AS most FROM routilux.jobs", []);
  await flows.close();
  await close();
  server.stop();
  return {
    workers: count,
    stepsPerSecond: Math.round((jobs - atReady) * steps / seconds),
    startMs: Math.round(ready - begin),
    workersCpuSeconds: round(ms / 1_000),
    serverCpuSeconds: round(onServer / 1_000),
    mostClaimsOfAJob: Number(epochs?.["most"]),
  };
}

async function measureLatency(): Promise<object> {
  const server = await start();
  const flows = openFlows(server.url);
  const workers = await startWorkers(server.url, 2);
  const latencies: number[] = [];
  for (let at = 0; at < starts; at++) {
    const handle = await flows.echo.start("echo", { sentAt: Date.now() }, { jobId: `job ${at}` });
    for await (const { type, data } of handle.outputs()) if (type === "latency") latencies.push(Number(data));
  }
  latencies.sort((a, b) => a - b);
  for (const worker of workers) await worker.end();
  await flows.close();
  server.stop();
  const at = (share: number) => latencies[Math.floor(latencies.length * share)];
  return { starts, medianMs: at(0.5), p99Ms: at(0.99) };
}

async function measureIdle(count: number): Promise<object> {
  const server = await start();
  const { client, close } = openPg(server.url, 1);
  const workers = await startWorkers(server.url, count);
  const transactions = async () => {
    const [row] = await client.query(
      "SELECT pg_stat_get_db_xact_commit(oid) AS count FROM pg_database WHERE datname = 'postgres'",
      [],
    );
    return Number(row?.["count"]);
  };
  await client.query("SELECT pg_sleep(2)", []);
  const before = await transactions();
  await client.query(`SELECT pg_sleep(${idleSeconds})`, []);
  const after = await transactions();
  for (const worker of workers) await worker.end();
  await close();
  server.stop();
  return { idleWorkers: count, transactionsPerSecond: round((after - before - 2) / idleSeconds) };
}

async function start(): Promise<PostgresServer> {
  const server = await PostgresServer.start({ shared_buffers: "256MB" });
  if (server === undefined) throw new Error("PostgreSQL is not installed");
  return server;
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}

for (const count of values.workers.split(",").map(Number)) console.log(JSON.stringify(await measureSteps(count)));
if (starts > 0) console.log(JSON.stringify(await measureLatency()));
if (idleSeconds > 0) console.log(JSON.stringify(await measureIdle(4)));
