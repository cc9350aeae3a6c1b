import { hasEnded, type Job } from "../../job/job.ts";
import { FleetViolation } from "./fleet_violation.ts";

/** A command that a store has accepted. */
export interface LedgerCommand {
  readonly sequence: number;
  readonly key: string;
  readonly type: "deliver" | "pause" | "resume" | "redrive" | "cancel" | "discard" | "child";
  /** Where a delivery goes, and its data as JSON text; which child has ended; which failures are meant. */
  readonly target: string;
  /** When the store has accepted it. */
  readonly at: number;
}

/** The parts of a journal's entry by which commands are judged. */
export interface LedgerEntry {
  readonly kind: string;
  readonly consumed: number | undefined;
  /** The status that it gives the job, if it gives one. */
  readonly status: string | undefined;
  /** Where a delivery went, and its data as JSON text; or which child has ended. */
  readonly target: string;
  /** The failures that are put back, those that are dropped: as JSON texts. */
  readonly redriven: string;
  readonly discarded: string;
}

/** The state of a job before or after an entry, as far as it says which commands may be refused. */
export interface JobStanding {
  readonly status: Job["status"];
  readonly hasWork: boolean;
  /** The tasks that have failures. */
  readonly failures: ReadonlySet<number>;
  /** The children whose ends it waits for. */
  readonly children: ReadonlySet<string>;
}

const NONE: ReadonlySet<never> = new Set();

/** Says how a job stands. */
export function standingOf({ status, failures, tasks, deferredEvents, children }: Job): JobStanding {
  const isUnhandled = failures.some(({ isHandled }) => !isHandled);
  return {
    status,
    hasWork: isUnhandled || children !== undefined || tasks.size + deferredEvents.length > 0,
    failures: failures.length === 0 ? NONE : new Set(failures.map(({ task }) => task.id)),
    children: children === undefined ? NONE : new Set(Array.from(children, ({ jobId }) => jobId)),
  };
}

/** The choice of a redrive that names no tasks: all failures that are not handled. */
export const ALL_FAILURES = "all";

/** The commands to one life of a job: each that was accepted has its effect once, or is refused where that is right. */
export class CommandLedger {
  readonly commands: LedgerCommand[] = [];
  #consumed = 0;
  /** The commands that have had their effect. */
  readonly #done: Set<LedgerCommand> = new Set();

  /** The sequence of the last command that was consumed. */
  get consumed(): number {
    return this.#consumed;
  }

  /** Notes a command that the store has accepted. */
  accept(command: LedgerCommand): void {
    this.commands.push(command);
  }

  /** The command that was accepted with a key. */
  find(key: string): LedgerCommand | undefined {
    return this.commands.find((it) => it.key === key);
  }

  /** The commands that are not consumed. */
  get unread(): readonly LedgerCommand[] {
    return this.commands.filter(({ sequence }) => sequence > this.#consumed);
  }

  /**
   * Notes an entry of the journal. Returns the command whose effect it is.
   *
   * @throws {FleetViolation} when a command is doubled, or refused though the job could have carried it out
   */
  entry(entry: LedgerEntry, before: JobStanding, after: JobStanding): LedgerCommand | undefined {
    const upTo = entry.consumed ?? this.#consumed;
    const consumed = this.commands.filter(({ sequence }) => sequence > this.#consumed && sequence <= upTo);
    this.#consumed = Math.max(this.#consumed, upTo);
    const effects = consumed.filter((it) => isEffect(entry, it, before));
    const effect = entry.status === "cancelled" ? effects[0] : effects.at(-1);
    for (const command of consumed) {
      // What was sent after a cancel is refused with it.
      const isCancelled = effect?.type === "cancel" && command.sequence > effect.sequence;
      if (command !== effect && !isCancelled) checkRefusal(command, before, after);
    }
    if (effect !== undefined) this.#done.add(effect);
    else if (entry.kind === "deliver") this.#checkNotDoubled(entry);
    return effect;
  }

  /** Notes that a head says what was consumed, beyond what the entries say. */
  head(consumed: number, standing: JobStanding): void {
    const refused = this.commands.filter(({ sequence }) => sequence > this.#consumed && sequence <= consumed);
    this.#consumed = Math.max(this.#consumed, consumed);
    for (const command of refused) checkRefusal(command, standing, standing);
  }

  /** Whether a sender may be told this of a command. To pause what is paused, or to resume what runs, is done without an effect. */
  mayBeTold(command: LedgerCommand, status: string | undefined): boolean {
    if (command.sequence > this.#consumed) return status === "stored";
    if (this.#done.has(command)) return status === "done";
    // A parent that was told of a child's end before no longer waits for it.
    const isVacuous = command.type === "pause" || command.type === "resume" || command.type === "child";
    return status === "refused" || (status === "done" && isVacuous);
  }

  /** A delivery that is no command's effect comes from a call in the owner's process: no such call has the data of a command. */
  #checkNotDoubled({ target }: LedgerEntry): void {
    const command = this.commands.find((it) => it.type === "deliver" && it.target === target);
    if (command === undefined) return;
    const why = this.#done.has(command) ? "was carried out a second time" : "was carried out without being consumed";
    throw new FleetViolation("lost or doubled", `command ${command.key} (deliver) ${why}`);
  }
}

function isEffect(entry: LedgerEntry, command: LedgerCommand, before: JobStanding): boolean {
  const { kind, status, target, redriven, discarded } = entry;
  switch (command.type) {
    case "deliver":
    case "child":
      return kind === "deliver" && command.target === target;
    case "pause":
      return status === "paused" && before.status !== "paused";
    case "cancel":
      return status === "cancelled" && !hasEnded(before.status);
    // A job that runs is let go by an entry with the status `running`, too.
    case "resume":
      return status === "running" && before.status === "paused";
    case "redrive":
      return status === "running" && hasEnded(before.status) && redriven === command.target;
    case "discard":
      return status === before.status && discarded === command.target;
  }
}

/** A command was consumed without an effect: that is right if the job could not carry it out. */
function checkRefusal(command: LedgerCommand, before: JobStanding, after: JobStanding): void {
  const { key, type } = command;
  if (!canCarryOut(command, before) || !canCarryOut(command, after)) return;
  throw new FleetViolation(
    "lost or doubled",
    `command ${key} (${type}) has no effect on a job that is ${after.status}`,
  );
}

function canCarryOut({ type, target }: LedgerCommand, standing: JobStanding): boolean {
  const { status, hasWork, failures, children } = standing;
  switch (type) {
    case "deliver":
      return status === "running" || status === "paused";
    case "child":
      return (status === "running" || status === "paused") && children.has(target);
    case "discard":
      return hasAll(failures, target);
    case "pause":
      return status === "running";
    case "resume":
      return status === "paused";
    case "cancel":
      return !hasEnded(status);
    case "redrive":
      if (target !== ALL_FAILURES) return hasEnded(status) && hasAll(failures, target);
      return (status === "failed" || status === "cancelled") && hasWork;
  }
}

function hasAll(failures: ReadonlySet<number>, target: string): boolean {
  const tasks: readonly (number | readonly [id: number, data?: unknown])[] = JSON.parse(target);
  return tasks.length > 0 && tasks.every((task) => failures.has(typeof task === "number" ? task : task[0]));
}
