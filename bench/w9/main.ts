import { parseArgs } from "node:util";
import { NAMES } from "../fleet/contestants.ts";
import { percentiles, Place, print, round } from "../fleet/measured.ts";

// Jobs that wait for an instant, on one PostgreSQL server with one worker, beside others: what they cost while they wait, by their number,
// and how late one begins that is due. The contestants run in turn; those that cannot store many at once have only the last.
//   npm ci --prefix bench/fleet_peers
//   node bench/w9/main.ts [--only routilux] [--jobs 1000,10000,100000,1000000] [--idle 10] [--echoes 20]

const { values } = parseArgs({
  options: {
    only: { type: "string", default: NAMES.join(",") },
    jobs: { type: "string", default: "1000,10000,100000" },
    idle: { type: "string", default: "10" },
    echoes: { type: "string", default: "20" },
  },
});
const [idleSeconds, echoes] = [Number(values.idle), Number(values.echoes)];
const DAY_MS = 86_400_000;
const CONCURRENCY = 50;
const LOOKS = 50;
/** How far ahead is what is started for an instant. */
const AHEAD_MS = 1_500;

async function timesOf(count: number, run: () => Promise<unknown>): Promise<number[]> {
  const all: number[] = [];
  for (let n = 0; n < count; n++) {
    const begin = performance.now();
    await run();
    all.push(performance.now() - begin);
  }
  return all;
}

async function measure(name: string, sizes: readonly number[]): Promise<void> {
  const place = await Place.open(name, CONCURRENCY);
  const starter = await place.contestant.open(place.address);
  const { sleep } = starter;
  const [worker] = await place.start(1);
  const look = await place.contestant.openLook?.(place.address);
  await place.pause(3);
  const empty = worker?.residentMB ?? NaN;
  let sleeping = 0;
  for (const size of sleep === undefined ? [0] : sizes) {
    const added = size - sleeping;
    const begin = performance.now();
    await sleep?.(added, new Date(Date.now() + DAY_MS));
    const seconds = (performance.now() - begin) / 1_000;
    sleeping = size;
    await place.pause(3);
    const serverBefore = place.serverSeconds;
    const transactionsPerSecond = await place.transactions(idleSeconds);
    const serverCpuMsPerSecond = round((place.serverSeconds - serverBefore) * 1_000 / idleSeconds);
    const memoryMB = round((worker?.residentMB ?? NaN) - empty);
    const lookMs = look && percentiles(await timesOf(LOOKS, () => look.look()));
    const late: number[] = [];
    for (let n = 0; n < echoes; n++) late.push(await place.echo(() => starter.echo(Date.now() + AHEAD_MS, true)));
    print(name, {
      sleeping,
      storedPerSecond: sleep && Math.round(added / seconds),
      ...{ memoryMB, transactionsPerSecond, serverCpuMsPerSecond, lookMs, lateMs: percentiles(late) },
    });
  }
  await look?.close();
  await starter.close();
  await place.close();
}

for (const name of values.only.split(",")) await measure(name, values.jobs.split(",").map(Number));
