import { hasEnded } from "../../job/job.ts";
import type { Store } from "../../ports/store.ts";
import type { FleetClient } from "./fleet_client.ts";
import type { FleetLedger } from "./fleet_ledger.ts";
import type { FleetProcess } from "./fleet_process.ts";
import type { FleetJob, FleetSettings } from "./fleet_options.ts";
import { FleetViolation } from "./fleet_violation.ts";
import { compareWithUndisturbed } from "./undisturbed.ts";

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
): Promise<number> {
  checkWaits(clients);
  ledger.families.checkEnd(ledger.lives.values());
  for (const { number, directCalls, isStopping } of processes) {
    if (!isStopping) directCalls.check(number, ({ life }) => !ledger.lives.has(life));
  }
  await checkCommands(store, ledger);
  let compared = 0;
  for (const life of ledger.lives.values()) {
    const stored = await store.load(life.jobId);
    if (stored !== undefined) ledger.checkStored(stored);
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
