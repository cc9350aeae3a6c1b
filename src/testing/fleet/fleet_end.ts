import { hasEnded } from "../../job/job.ts";
import type { Store, StoredJob } from "../../ports/store.ts";
import type { FleetClient } from "./fleet_client.ts";
import type { FleetLedger } from "./fleet_ledger.ts";
import type { FleetProcess } from "./fleet_process.ts";
import type { FleetProcesses } from "./fleet_processes.ts";
import type { FleetJob, FleetSettings } from "./fleet_options.ts";
import { FleetViolation } from "./fleet_violation.ts";
import { compareWithUndisturbed } from "./undisturbed.ts";

/** How many times as long as its last snapshot a journal may be: some snapshots may have been lost. */
const MOST_SNAPSHOTS = 8;
/** How long processes go on without faults before it counts what they take, and how long they have for it, in milliseconds. */
const FIRST_WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 20_000;

/** Whether nothing will happen any more: all jobs have ended, or wait for deliveries only. */
export function isQuiet(ledger: FleetLedger): boolean {
  return [...ledger.lives.values()].every(({ job, commands, dueAt, life }) =>
    commands.unread.length === 0 && !ledger.isBusy(life) &&
    dueAt === undefined && (hasEnded(job.status) || job.status === "running")
  );
}

/** Whether somebody waits for the end of a job, and has not heard of it. */
export function isAwaited(clients: readonly FleetClient[]): boolean {
  return clients.some(({ waits }) => waits.some(({ isOpen }) => isOpen));
}

/** What an engine keeps that it has no use for: permits without jobs, or jobs that it does not have. It may take a while to find out. */
export async function findKept(
  store: Store,
  ledger: FleetLedger,
  processes: readonly FleetProcess[],
  now: number,
): Promise<FleetViolation | undefined> {
  for (const { number, liveIds } of processes) {
    const left = liveIds.find((id) => ledger.lifeOf(id)?.claim?.process !== number);
    if (left !== undefined) {
      return new FleetViolation("unbounded", `process ${number} keeps ${left}, which it has let go of`);
    }
  }
  const { queues, leases } = ledger;
  if (!queues.hasLimits) return undefined;
  const spare = queues.spare((await store.list()).jobs, (incarnation) => leases.runs(incarnation, now));
  return spare === undefined ? undefined : new FleetViolation("unbounded", spare);
}

/**
 * Checks that processes which cannot build all flows take the jobs of those that they can: `wait` lets time pass, without faults.
 *
 * @throws {FleetViolation} when nobody has taken one
 */
export async function checkTaken(
  { lives }: FleetLedger,
  { list }: FleetProcesses,
  wait: (ms: number) => Promise<void>,
): Promise<void> {
  const untaken = () =>
    [...lives.values()].filter(({ claim, dueAt, commands, flowId }) =>
      claim === undefined && (dueAt === 0 || commands.unread.length > 0) &&
      list.some((it) => it.isThere && it.knows(flowId))
    );
  await wait(FIRST_WAIT_MS);
  const before = new Map(untaken().map((life) => [life, life.epoch]));
  await wait(LONGEST_WAIT_MS);
  const left = untaken().find((life) => before.get(life) === life.epoch);
  if (left === undefined) return;
  throw new FleetViolation("stranded", `job ${left.jobId} is due, and nobody takes it of those who could`);
}

/** Everything has had time enough, and a job has not come to its end. */
export function complain(ledger: FleetLedger): never {
  const why = Array.from(ledger.lives.values(), ({ jobId, job, claim, dueAt = "no time", commands }) => {
    const owner = claim === undefined ? "nobody has it" : `process ${claim.process} has it`;
    return `${jobId} is ${job.status}, ${owner}, due at ${dueAt}, ${commands.unread.length} commands unread`;
  });
  throw new FleetViolation("stranded", `not all jobs come to their end: ${why.join("; ")}`);
}

/**
 * Checks what holds at the end. Returns how many jobs were compared with a run without disturbances.
 *
 * @throws {FleetViolation} when something does not hold
 */
export async function checkEnd(
  store: Store,
  ledger: FleetLedger,
  processes: readonly FleetProcess[],
  clients: readonly FleetClient[],
  jobs: ReadonlyMap<string, FleetJob>,
  settings: FleetSettings,
  { now, snapshotLength }: { readonly now: number; readonly snapshotLength: number },
): Promise<number> {
  checkWaits(clients);
  const kept = await findKept(store, ledger, processes, now);
  if (kept !== undefined) throw kept;
  ledger.families.checkEnd(ledger.lives.values());
  for (const { number, directCalls, isStopping } of processes) {
    if (!isStopping) directCalls.check(number, ({ life }) => !ledger.lives.has(life));
  }
  await checkCommands(store, ledger);
  let compared = 0;
  for (const life of ledger.lives.values()) {
    const stored = await store.load(life.jobId);
    if (stored !== undefined) ledger.checkStored(stored);
    if (stored !== undefined) checkJournal(stored, snapshotLength);
    const { isSteered, calls, steps, jobId, job: { status } } = life;
    if (isSteered) continue;
    const undone = [...calls.keys()].find((key) => !steps.has(key));
    if (status === "completed" && undone !== undefined) {
      throw new FleetViolation("lost or doubled", `step ${undone} of ${jobId} was carried out and never committed`);
    }
    const job = jobs.get(jobId);
    if (settings.comparison === "none" || job === undefined) continue;
    compared++;
    await compareWithUndisturbed(life, job, settings, settings.comparison);
  }
  return compared;
}

/**
 * A journal begins anew with each snapshot: it is not much longer than that, or than its longest entry: one that makes a small job large has no
 * larger snapshot to be measured by, if the write of that was lost.
 */
function checkJournal({ record: { jobId }, snapshot, entries }: StoredJob, snapshotLength: number): void {
  const length = entries.reduce((sum, { length }) => sum + length, 0);
  const most = MOST_SNAPSHOTS * Math.max(snapshotLength, snapshot.length, ...entries.map(({ length }) => length));
  if (length <= most) return;
  throw new FleetViolation(
    "unbounded",
    `the journal of ${jobId} has ${length} characters since a snapshot of ${snapshot.length}`,
  );
}

/** Whoever has asked for something may ask what has become of it. */
async function checkCommands(store: Store, { lives }: FleetLedger): Promise<void> {
  for (const { jobId, life, commands } of lives.values()) {
    for (const command of commands.commands) {
      const outcome = await store.outcome({ jobId, life }, command.key);
      if (commands.mayBeTold(command, outcome?.status)) continue;
      const why = `${command.key} (${command.type}) to ${jobId} is said to be ${JSON.stringify(outcome)}`;
      throw new FleetViolation("lost or doubled", why);
    }
  }
}

/** Whoever waits for the end of a job, in a process that is there, hears of it. */
function checkWaits(clients: readonly FleetClient[]): void {
  for (const { process, isOpen, jobId, answer } of clients.flatMap(({ waits }) => waits)) {
    if (answer !== "failed" && !isOpen) continue;
    const what = isOpen ? "hears nothing" : "was told of an error";
    throw new FleetViolation("lost or doubled", `process ${process.number} waits for the end of ${jobId}, and ${what}`);
  }
}
