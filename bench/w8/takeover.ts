import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Context, Engine, Flow, Registry, Routine } from "../../mod.ts";
import { postgresStore } from "../../src/stores/postgres_store.ts";
import { openPg } from "../../tests/support/postgres_clients.ts";
import { PostgresServer } from "../../tests/support/postgres_server.ts";
import { print, round } from "../fleet/measured.ts";

// How soon the jobs of a worker that was killed go on in others, and in which: their handlers say that they have begun, and wait.
//   node bench/w8/takeover.ts [--workers 4] [--jobs 2000] [--lease 10] [--kills 3]

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "4" },
    jobs: { type: "string", default: "2000" },
    lease: { type: "string", default: "10" },
    kills: { type: "string", default: "3" },
    /** The address at which this process is to work: it is one of the workers. */
    address: { type: "string" },
  },
});
const [jobs, workers, kills] = [Number(values.jobs), Number(values.workers), Number(values.kills)];
const leaseMs = Number(values.lease) * 1_000;

class Hold extends Routine {
  readonly trigger = this.addSlot("trigger", this.hold);

  async hold(_params: unknown, ctx: Context): Promise<void> {
    process.stdout.write(`${ctx.jobId}\n`);
    await new Promise((_resolve, reject) => ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason)));
  }
}

function openFlow(address: string) {
  const { client } = openPg(address, 4);
  const registry = new Registry({ Hold });
  const engine = new Engine({ registry, store: postgresStore(client), durability: { leaseMs } });
  const flow = new Flow({ id: "hold", registry, engine });
  flow.addRoutine(new Hold(), "hold");
  return { engine, flow };
}

/** A worker, and when the handlers of which jobs have begun in it. */
interface Holder {
  readonly child: ChildProcess;
  readonly begun: Map<string, number>;
}

async function measure(address: string): Promise<void> {
  const { engine, flow } = openFlow(address);
  const holders = new Set<Holder>();
  const begins: string[] = [];
  let tell = () => {};
  const start = (): void => {
    const args = [fileURLToPath(import.meta.url), "--address", address, "--lease", values.lease, "--jobs", values.jobs];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    const begun = new Map<string, number>();
    createInterface({ input: child.stdout }).on("line", (jobId) => {
      begun.set(jobId, performance.now());
      begins.push(jobId);
      tell();
    });
    holders.add({ child, begun });
  };
  const untilBegun = async (count: number) => {
    while (begins.length < count) await new Promise<void>((resolve) => tell = resolve);
  };
  for (let n = 0; n < workers; n++) start();
  await flow.startMany("hold", Array.from({ length: jobs }, () => ({ params: {} })));
  await untilBegun(jobs);
  for (let n = 0; n < kills; n++) {
    const [killed] = [...holders].toSorted((a, b) => b.begun.size - a.begun.size);
    if (killed === undefined) break;
    begins.length = 0;
    const killedAt = performance.now();
    killed.child.kill("SIGKILL");
    holders.delete(killed);
    await untilBegun(killed.begun.size);
    const survivors = [...holders].map(({ begun }) => [...begun].filter(([, at]) => at > killedAt));
    const late = survivors.flat().map(([, at]) => at - killedAt);
    print("routilux", {
      leaseMs,
      takenOver: killed.begun.size,
      firstMs: round(Math.min(...late)),
      lastMs: round(Math.max(...late)),
      byWorkers: survivors.map((it) => it.length),
      begunTwice: begins.length - new Set(begins).size,
    });
    start();
  }
  for (const { child } of holders) child.kill("SIGKILL");
  await engine.close();
}

if (values.address !== undefined) {
  openFlow(values.address).engine.work({ concurrency: jobs });
  // Whoever has started it may have been killed.
  process.stdin.once("end", () => process.exit(1)).resume();
} else {
  const server = await PostgresServer.start({ shared_buffers: "256MB" });
  if (server === undefined) throw new Error("PostgreSQL is not installed");
  await measure(server.url);
  server.stop();
  process.exit();
}
