import { parseArgs } from "node:util";
import { NAMES } from "../fleet/contestants.ts";
import { percentiles, Place, print, round } from "../fleet/measured.ts";

// A fleet on one PostgreSQL server, whose commits wait for the disk, beside others: durable steps, how long after its start a job's handler
// begins in another process, and how many transactions workers make that have nothing to do. The contestants run in turn.
//   npm ci --prefix bench/fleet_peers
//   node bench/w8/main.ts [--only routilux] [--rounds 1] [--workers 1,2,4,8] [--jobs 2000] [--steps 10] [--concurrency 50] [--echoes 200] [--idle 20] [--sleeping 1000]

const { values } = parseArgs({
  options: {
    only: { type: "string", default: NAMES.join(",") },
    rounds: { type: "string", default: "1" },
    workers: { type: "string", default: "4" },
    jobs: { type: "string", default: "2000" },
    steps: { type: "string", default: "10" },
    concurrency: { type: "string", default: "50" },
    echoes: { type: "string", default: "200" },
    idle: { type: "string", default: "20" },
    sleeping: { type: "string", default: "1000" },
  },
});
const [rounds, jobs, steps] = [Number(values.rounds), Number(values.jobs), Number(values.steps)];
const [concurrency, echoes, idleSeconds] = [Number(values.concurrency), Number(values.echoes), Number(values.idle)];
const DAY_MS = 86_400_000;
/** How many workers there are for latency and when there is nothing to do. */
const FEW = 4;

/** All jobs are there before the workers start. */
async function measureSteps(name: string, count: number): Promise<void> {
  const place = await Place.open(name, concurrency);
  const starter = await place.contestant.open(place.address);
  await starter.startJobs(jobs, steps);
  await starter.close();
  const serverBefore = place.serverSeconds;
  await place.start(count);
  const [ready, atReady] = [performance.now(), await place.remaining()];
  while (await place.remaining() > 0) await place.pause(0.02);
  const seconds = (performance.now() - ready) / 1_000;
  const serverSeconds = place.serverSeconds - serverBefore;
  const used = await place.end();
  const workersSeconds = used.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / 1_000;
  // Those that had ended when the last worker was ready do not count, though they took processor time.
  const perSecond = Math.round(atReady * steps / seconds);
  print(name, {
    workers: count,
    stepsPerSecond: perSecond,
    cpuSeconds: round(workersSeconds + serverSeconds),
    workersCpuSeconds: round(workersSeconds),
    serverCpuSeconds: round(serverSeconds),
    cpuSecondsPer20kSteps: round((workersSeconds + serverSeconds) / (jobs * steps) * 20_000),
  });
  await place.close();
}

/** From a start in this process to the handler in another one: while the workers have nothing else to do, and while they are busy. */
async function measureLatency(name: string): Promise<void> {
  const place = await Place.open(name, concurrency);
  const starter = await place.contestant.open(place.address);
  await place.start(FEW);
  const measure = async (isOver: () => Promise<boolean>) => {
    const all: number[] = [];
    for (let n = 0; n < echoes && !await isOver(); n++) {
      all.push(await place.echo(() => starter.echo(Date.now())));
      // They come at any moment of a poll.
      await place.pause(0.005 + Math.random() * 0.02);
    }
    return { ...percentiles(all), count: all.length };
  };
  await place.pause(1);
  const idle = await measure(() => Promise.resolve(false));
  // Half of what the workers have room for.
  const busyJobs = FEW * concurrency / 2;
  await starter.startJobs(busyJobs, Math.ceil(jobs * steps / busyJobs));
  const busy = await measure(async () => await place.remaining() === 0);
  print(name, { latencyMs: idle, latencyWhileBusyMs: busy });
  await starter.close();
  await place.close();
}

async function measureIdle(name: string): Promise<void> {
  const place = await Place.open(name, concurrency);
  await place.start(FEW);
  await place.pause(3);
  const transactionsPerSecond = await place.transactions(idleSeconds);
  const starter = await place.contestant.open(place.address);
  const { sleep } = starter;
  await sleep?.(Number(values.sleeping), new Date(Date.now() + DAY_MS));
  await starter.close();
  await place.pause(3);
  const whileJobsSleep = sleep && await place.transactions(idleSeconds);
  print(name, { idleWorkers: FEW, transactionsPerSecond, sleeping: sleep && Number(values.sleeping), whileJobsSleep });
  await place.close();
}

for (let round = 0; round < rounds; round++) {
  const names = values.only.split(",");
  if (jobs > 0) {
    for (const count of values.workers.split(",").map(Number)) {
      for (const name of names) await measureSteps(name, count);
    }
  }
  if (echoes > 0) { for (const name of names) await measureLatency(name); }
  if (idleSeconds > 0) { for (const name of names) await measureIdle(name); }
}
