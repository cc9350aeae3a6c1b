import { seededRandom } from "../seeded_random.ts";
import type { FleetClock } from "./fleet_clock.ts";
import { FleetClient } from "./fleet_client.ts";
import { checkEnd, checkTaken, complain, findKept, isAwaited, isQuiet } from "./fleet_end.ts";
import type { FleetSettings } from "./fleet_options.ts";
import { FleetProcesses } from "./fleet_processes.ts";
import { FleetSchedule } from "./fleet_schedule.ts";
import { createStage, type FleetStage } from "./fleet_stage.ts";
import { createTasks } from "./fleet_tasks.ts";
import { FleetTrace } from "./fleet_trace.ts";
import { FleetViolation } from "./fleet_violation.ts";

/** How long jobs may take to end when nothing disturbs them any more, and all to hear of it, in milliseconds. */
const LONGEST_END_MS = 600_000;
/** How long a journal becomes before its next snapshot, in characters, where engines do not say it. */
const SNAPSHOT_LENGTH = 1_048_576;
/** How long a paused job is left alone then, in milliseconds. */
const PAUSE_MS = 4_000;

/** What became of a run. */
export interface FleetRun {
  readonly trace: FleetTrace;
  readonly violation: FleetViolation | undefined;
  /** How many jobs there were, and how many of them were compared with a run without disturbances. */
  readonly jobs: number;
  readonly compared: number;
  /** How often a job was moved to a higher version of its flow. */
  readonly adopted: number;
}

/** Runs a fleet once, as a seed decides. */
export async function runFleet(settings: FleetSettings, isTraced: boolean): Promise<FleetRun> {
  const trace = new FleetTrace(isTraced);
  // Neighbouring seeds begin far apart.
  const random = seededRandom(Math.imul(settings.seed, 0x9e3779b1));
  let violation: FleetViolation | undefined;
  const stage = await createStage(settings, await settings.openStore(), random, trace, (error) => {
    if (error instanceof FleetViolation) violation ??= error;
  });
  const isSmall = random.chance(0.5) && settings.queues.length === 0 && stage.focus.isWhole !== true;
  const tasks = createTasks(stage, isSmall);
  const clients = tasks.lists.map((list) => new FleetClient(list, stage));
  const processes = new FleetProcesses(stage, isSmall ? 1 + random.integer(settings.engines) : settings.engines);
  const schedule = new FleetSchedule(stage, processes, clients, () => {
    if (violation !== undefined) throw violation;
  });
  let compared = 0;
  try {
    for (let i = 0; i < stage.steps; i++) await schedule.step();
    await finish(stage, processes, schedule, clients);
    compared = await checkEnd(
      stage.store,
      stage.ledger,
      processes.list,
      clients,
      tasks.jobs,
      settings,
      { now: stage.clock.now, snapshotLength: stage.durability.snapshotLength ?? SNAPSHOT_LENGTH },
    );
  } catch (error) {
    if (!(error instanceof FleetViolation)) throw error;
    violation = error;
    trace.add(() => `*** ${error.invariant}: ${error.message}`);
  }
  processes.end();
  await stage.store.close();
  const { lives, deleted } = stage.ledger;
  const adopted = [...lives.values(), ...deleted.values()].reduce((sum, life) => sum + life.moves, 0);
  return { trace, violation, jobs: lives.size, compared, adopted };
}

/** From now on nothing is disturbed, and every job goes to its end. */
async function finish(
  { clock, ledger, trace, store }: FleetStage,
  processes: FleetProcesses,
  schedule: FleetSchedule,
  clients: readonly FleetClient[],
): Promise<void> {
  trace.add(() => `${clock.now} all faults stop`);
  for (const process of processes.list) process.clock.release();
  if (processes.list.every(({ isStopping, isStranger }) => isStopping || isStranger)) {
    await checkTaken(ledger, processes, (ms) => waitFor(ms, clock, schedule, clients));
    processes.start({ isKnowing: true });
  }
  const end = clock.now + LONGEST_END_MS;
  let resumedAt = clock.now;
  for (;;) {
    await schedule.drain();
    const ready = clients.find((it) => it.isReady(clock.now));
    if (ready !== undefined) {
      schedule.act(ready);
      await schedule.settle();
      continue;
    }
    const isDone = clients.every((it) => it.isDone);
    if (isDone && isQuiet(ledger)) {
      // Some may have to hear of it yet: a call that is not answered must be made again.
      const isOver = !isAwaited(clients) && await findKept(store, ledger, processes.list, clock.now) === undefined;
      if (isOver || clock.now > end) return;
    }
    if (clock.now > end) complain(ledger);
    if (isDone && clock.now - resumedAt > PAUSE_MS) {
      resumedAt = clock.now;
      resumeAll(ledger, processes, clock.now);
    }
    await schedule.pass(Infinity);
  }
}

/** Lets some time pass in which nothing is disturbed. */
async function waitFor(
  ms: number,
  clock: FleetClock,
  schedule: FleetSchedule,
  clients: readonly FleetClient[],
): Promise<void> {
  for (const end = clock.now + ms; clock.now < end;) {
    await schedule.drain();
    const hasActed = clients.some((it) => it.isReady(clock.now) && schedule.act(it));
    if (hasActed) await schedule.settle();
    else await schedule.pass(end - clock.now);
  }
  await schedule.drain();
}

function resumeAll({ lives }: FleetStage["ledger"], { list }: FleetProcesses, now: number): void {
  const process = list.find((it) => it.isThere);
  for (const { jobId, job } of lives.values()) {
    if (job.status !== "paused") continue;
    process?.ask(jobId, { type: "resume" }, `${jobId} end-${now}`).catch(() => {});
  }
}
