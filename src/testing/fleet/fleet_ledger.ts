import { StateError } from "../../base/errors.ts";
import { hasEnded } from "../../job/job.ts";
import type { FlowLimits } from "../../model/flow_limits.ts";
import type {
  AppendHead,
  EnterQuery,
  JobClaim,
  JobRecord,
  NewJob,
  ReplacedFlow,
  SendAnswer,
  StoredJob,
  TakenJob,
} from "../../ports/store.ts";
import type { QueueOptions } from "../../work_options.ts";
import type { LedgerCommand } from "./command_ledger.ts";
import { Families } from "./families.ts";
import { checkDelay, checkInput, checkKey, type HandlerCall, type RunningHandler } from "./handler_calls.ts";
import { JobLedger } from "./job_ledger.ts";
import type { NamesOfVersions } from "./next_names.ts";
import { readCommand } from "./read_command.ts";
import { FleetLeases } from "./fleet_leases.ts";
import { QueueLedger } from "./queue_ledger.ts";
import { checkStoredCopy } from "./stored_copy.ts";
import { FleetViolation } from "./fleet_violation.ts";

/** What a ledger is told of its fleet. */
export interface LedgerSettings {
  /** The limits of a flow, by its id and its text. */
  readonly limitsOf: (flowId: string, text: string) => FlowLimits;
  readonly maxRecoveries: number;
  /** How many commands an inbox has at most. */
  readonly inboxLimit: number;
  readonly names: NamesOfVersions;
  /** The queues with limits over all workers. */
  readonly queues: readonly QueueOptions[];
  /** Whether handlers may run ahead of the store. */
  readonly isRelaxed: boolean;
}

/** What a store has granted and accepted, and which handlers run: by this the promises of a fleet are checked. */
export class FleetLedger {
  /** The lives of all jobs that are in the store, by their numbers. */
  readonly lives: Map<number, JobLedger> = new Map();
  /** Those that have been deleted. */
  readonly deleted: Map<number, JobLedger> = new Map();
  /** How often each job was to be started. */
  readonly started: Map<string, number> = new Map();
  /** How often something was asked with a key. */
  readonly asked: Map<string, number> = new Map();
  /** The keys of what was refused for good: that must not be stored any more. */
  readonly refused: Set<string> = new Set();
  /** How much the clocks of the fleet differ from the store's, in milliseconds: at most by this. */
  clockErrorMs = 0;
  /** How much of that comes from clocks that were set while processes looked at them. */
  setClockMs = 0;
  readonly #settings: LedgerSettings;
  readonly leases: FleetLeases = new FleetLeases();
  readonly queues: QueueLedger;
  readonly families: Families = new Families((id) => this.#livesOf(id), ({ life }) => this.lives.has(life));
  #running: RunningHandler[] = [];

  /** Makes an empty ledger. */
  constructor(settings: LedgerSettings) {
    this.#settings = settings;
    this.queues = new QueueLedger(settings.queues);
  }

  /** The present life of a job, if a process has claimed it. */
  lifeOfClaim(process: number, jobId: string): JobLedger | undefined {
    const life = this.lifeOf(jobId);
    return life?.claims.has(process) === true ? life : undefined;
  }

  /** The present life of a job. */
  lifeOf(jobId: string): JobLedger | undefined {
    return [...this.lives.values()].find((it) => it.jobId === jobId);
  }

  /** Notes that a process has entered. */
  entered(process: number, query: EnterQuery, incarnation: number, trueNow: number): void {
    const { again } = query;
    if (again !== undefined) this.lives.forEach((life) => life.deaths.survived(again));
    this.leases.entered(process, query, incarnation, trueNow);
  }

  created(process: number, job: NewJob, record: JobRecord): void {
    const parents = record.parentId === undefined ? [] : this.#livesOf(record.parentId);
    const limits = this.#settings.limitsOf(job.flowId, job.flow);
    const names = this.#settings.names.get(job.flowId);
    const life = new JobLedger(record, job, { limits, names, createdBy: process, parents });
    this.lives.set(record.life, life);
    if (record.parentId !== undefined) this.families.created(life, record.parentId);
    if (job.claim !== undefined) this.#claim(process, life, { ...job.claim, epoch: 1 }, 0, false);
  }

  /** Notes a claim by `take`, which asks for no job in particular: none may be given whose handlers still run there. */
  taken(process: number, { record: { jobId, life } }: TakenJob): void {
    if (!this.#running.some((it) => it.process === process && it.life === life)) return;
    throw new FleetViolation(
      "two at a time",
      `process ${process} takes ${jobId}, whose handlers have not returned there`,
    );
  }

  /** Notes a claim; `before` is the job as it was before. */
  claimed(process: number, { record }: TakenJob, before: JobRecord, now: number, trueNow: number): void {
    const life = this.lives.get(record.life);
    const { incarnation, epoch } = record;
    if (life === undefined || incarnation === undefined) return;
    if (!this.leases.runs(incarnation, now)) {
      throw new FleetViolation("two at a time", `job ${record.jobId} was given to an engine whose lease has ended`);
    }
    const former = before.incarnation;
    // An engine that claims its own live job again goes on with it, also where its lease has ended by its own clock alone.
    const isOwn = former !== undefined && this.leases.processOf(former) === process;
    if (!isOwn && former !== undefined && this.leases.runs(former, trueNow)) {
      const why = `job ${record.jobId} was taken from ${before.owner}, whose lease runs`;
      throw new FleetViolation("two at a time", why);
    }
    if (former !== undefined && !isOwn) life.deaths.lostBy(former);
    const sent = isOwn ? life.claim?.sent ?? 0 : life.commands.commands.length;
    this.#claim(process, life, { incarnation, epoch }, sent, former !== undefined);
  }

  #claim(
    process: number,
    life: JobLedger,
    claim: { incarnation: number; epoch: number },
    sent: number,
    isOfLost: boolean,
  ): void {
    life.claim = { process, incarnation: claim.incarnation, epoch: claim.epoch, sent, isOfLost, hasWritten: false };
    life.epoch = claim.epoch;
    if (this.#settings.isRelaxed) life.forgetAhead();
    life.claims.set(process, claim.incarnation);
  }

  /** Notes that a process has read a job's inbox. */
  inboxRead(process: number, number: number, now: number): void {
    const life = this.lives.get(number);
    if (life === undefined) return;
    life.read.set(process, life.commands.commands.length);
    life.readAt = now;
  }

  /** Notes an append that was accepted. Returns what it says. */
  appended(
    claim: JobClaim,
    expectedRevision: number,
    entries: readonly string[],
    head: AppendHead | undefined,
    before: JobRecord | undefined,
    now: number,
  ): readonly string[] {
    const life = this.#written(claim, expectedRevision, before);
    if (life.claim !== undefined && entries.length > 0) life.claim.hasWritten = true;
    const { maxRecoveries } = this.#settings;
    const { families, clockErrorMs, setClockMs } = this;
    const told = life.append(entries, head, { now, maxRecoveries, clockErrorMs, setClockMs, families });
    const [unread] = life.commands.unread;
    if (head?.endedAt !== undefined && before?.endedAt === undefined && unread !== undefined) {
      throw new FleetViolation("too late", `job ${claim.jobId} has ended with ${unread.key} in its inbox`);
    }
    return told;
  }

  /**
   * The life of a job whose owner has written to it.
   *
   * @throws {FleetViolation} when that should have been fenced
   */
  #written(claim: JobClaim, expectedRevision: number, before: JobRecord | undefined): JobLedger {
    const life = this.lives.get(claim.life);
    if (
      life !== undefined && before?.life === claim.life && before.epoch === claim.epoch &&
      before.revision === expectedRevision && before.owner !== undefined
    ) return life;
    const had = before === undefined
      ? "is gone"
      : `is at epoch ${before.epoch} and revision ${before.revision}${before.owner === undefined ? ", let go of" : ""}`;
    const why = `a write at epoch ${claim.epoch} and revision ${expectedRevision} was accepted for ` +
      `job ${claim.jobId}, which ${had}`;
    throw new FleetViolation("two at a time", why);
  }

  /**
   * Notes that a job was given another version of its flow.
   *
   * @throws {FleetViolation} when that should have been fenced, when the version is lower, or when the job is not as it was
   */
  replaced(claim: JobClaim, expectedRevision: number, replaced: ReplacedFlow, before: JobRecord | undefined): void {
    const life = this.#written(claim, expectedRevision, before);
    life.replace(replaced, this.#settings.limitsOf(life.flowId, replaced.flow));
  }

  /** Notes what the store has answered to a command. */
  sent(
    asked: { readonly life?: number | undefined },
    record: JobRecord | undefined,
    command: { readonly key: string; readonly text: string },
    answer: SendAnswer,
    now: number,
  ): void {
    const life = record && this.lives.get(record.life);
    if (answer !== "stored" || life === undefined || record === undefined) return;
    if (life.commands.find(command.key) !== undefined) {
      throw new FleetViolation("lost or doubled", `command ${command.key} to ${life.jobId} was stored twice`);
    }
    const accepted = { ...readCommand(command.text, life), key: command.key, at: now, sequence: record.sent };
    if (this.refused.has(command.key) && this.asked.get(command.key) === 1) {
      throw new FleetViolation("lost or doubled", `${command.key} to ${life.jobId} was refused, and is stored now`);
    }
    if (asked.life !== undefined && asked.life !== life.life) {
      const why =
        `command ${command.key} was sent to life ${asked.life} of ${life.jobId}, and is stored for ${life.life}`;
      throw new FleetViolation("lost or doubled", why);
    }
    // A redrive that nobody has carried out yet reopens the job for what comes after it.
    const isReopened = [accepted, ...life.commands.unread].some(({ type }) => type === "redrive" || type === "discard");
    if (hasEnded(life.job.status) && !isReopened) {
      const why = `command ${command.key} (${accepted.type}) was accepted for ${life.jobId}, which has ended`;
      throw new FleetViolation("lost or doubled", why);
    }
    this.families.sent(life, command);
    life.commands.accept(accepted);
    const { length } = life.commands.unread;
    if (length <= this.#settings.inboxLimit) return;
    throw new FleetViolation("unbounded", `the inbox of ${life.jobId} has ${length} commands`);
  }

  deletedLife(life: number): void {
    const job = this.lives.get(life);
    if (job === undefined) return;
    this.lives.delete(life);
    this.deleted.set(life, job);
  }

  /**
   * Notes that a job was purged.
   *
   * @throws {FleetViolation} when it must be kept
   */
  purged(life: number): void {
    const job = this.lives.get(life);
    if (job === undefined) return;
    const [unread] = job.commands.unread;
    if (unread !== undefined || !hasEnded(job.job.status) || job.dueAt !== undefined) {
      const why = unread !== undefined
        ? `has ${unread.key} in its inbox`
        : hasEnded(job.job.status)
        ? "has not told its parent, or not cancelled its children"
        : "has not ended";
      throw new FleetViolation("lost or doubled", `job ${job.jobId} was purged, and ${why}`);
    }
    this.deletedLife(life);
  }

  /**
   * Checks that the store has a job as its journal has told it.
   *
   * @throws {FleetViolation} when it has another one
   */
  checkStored(stored: StoredJob): void {
    const life = this.lives.get(stored.record.life);
    if (life === undefined) return;
    checkStoredCopy(stored, life.job, this.#settings.limitsOf(stored.record.flowId, stored.flow));
  }

  /** Whether a job of this id has or had a command with a key. */
  hasCommand(jobId: string, key: string, type: LedgerCommand["type"]): boolean {
    return this.#livesOf(jobId).some(({ commands }) => commands.find(key)?.type === type);
  }

  /** How many ends of jobs of an id were stored that are over: the job has gone on since. */
  pastEndsOf(jobId: string): number {
    return this.#livesOf(jobId).reduce((count, { ends, job }) => count + ends - (hasEnded(job.status) ? 1 : 0), 0);
  }

  /**
   * Notes that a process was told that a job has ended, for which `before` ends were over when it was last seen there before its end.
   *
   * @throws {FleetViolation} when that is not stored
   */
  toldEnded(process: number, jobId: string, before: number): void {
    if (this.#livesOf(jobId).reduce((count, { ends }) => count + ends, 0) > before) return;
    throw new FleetViolation("lost or doubled", `process ${process} was told the end of ${jobId}, which is not stored`);
  }

  /**
   * Notes that a process waits for the end of a job, and was told of an error.
   *
   * @throws {FleetViolation} when that is a refusal of what the job has done
   */
  toldError(process: number, jobId: string, error: unknown): void {
    const life = this.lifeOf(jobId);
    if (!(error instanceof StateError) || error.event !== "redrive" || life?.claim?.process !== process) return;
    // A job that others have paused meanwhile cannot be redriven, nor one whose end was never stored.
    if (life.job.status !== "running" || !life.claim.hasWritten) return;
    const why = `process ${process} was told of ${jobId}, which it has, and which runs: ${error.message}`;
    throw new FleetViolation("lost or doubled", why);
  }

  /** All lives that jobs of an id have had. */
  #livesOf(jobId: string): readonly JobLedger[] {
    return [...this.lives.values(), ...this.deleted.values()].filter((it) => it.jobId === jobId);
  }

  /** Whether a handler runs in a process. */
  runsIn(process: number): boolean {
    return this.#running.some((it) => it.process === process);
  }

  /** Whether a handler of a job runs. */
  isBusy(life: number): boolean {
    return this.#running.some((it) => it.life === life);
  }

  /** A process has died: its handlers run no more. */
  died(process: number): void {
    this.#running = this.#running.filter((it) => it.process !== process);
  }

  /**
   * Notes that a handler starts. Returns the function that notes its end.
   *
   * @throws {FleetViolation} when it must not run now
   */
  starts(handler: HandlerCall, now: number): () => void {
    const { process, jobId, task, isAborted } = handler;
    // A process may have claimed the next life of a job, and not know of it yet.
    const { life: number = 0 } = handler;
    const life = this.lives.get(number) ?? this.deleted.get(number);
    const incarnation = life?.claims.get(process);
    if (life === undefined || incarnation === undefined) {
      throw new FleetViolation("two at a time", `process ${process} runs ${jobId} without a claim`);
    }
    if (!this.leases.runs(incarnation, now)) {
      const until = this.leases.untilOf(incarnation);
      const why = `process ${process} starts a handler of ${jobId} at ${now}, after its lease has ended at ${until}`;
      throw new FleetViolation("two at a time", why);
    }
    for (const other of this.#running) {
      if (other.life !== life.life) continue;
      if (other.process === process) {
        if (other.task === task && !other.isAborted()) {
          throw new FleetViolation("two at a time", `process ${process} runs task ${task} of ${jobId} twice`);
        }
      } else if (this.leases.runs(life.claims.get(other.process) ?? 0, now)) {
        const why = `process ${process} runs ${jobId} beside process ${other.process}, whose lease runs`;
        throw new FleetViolation("two at a time", why);
      }
    }
    const { claim } = life;
    const read = Math.max(life.read.get(process) ?? 0, life.commands.consumed);
    if (claim?.process === process && claim.sent > read && this.lives.has(life.life)) {
      const why = `process ${process} runs a step of ${jobId} before it has read the inbox, which had commands`;
      throw new FleetViolation("too late", why);
    }
    if (life.steps.has(handler.step) && this.lives.has(life.life)) {
      const why = `process ${process} runs step ${handler.step} of ${jobId} again, which was committed`;
      throw new FleetViolation("lost or doubled", why);
    }
    const isStored = () => Array.from(life.job.tasks).some(({ id }) => id === task);
    if (!this.#settings.isRelaxed && this.lives.has(life.life) && !isStored()) {
      const why = `process ${process} runs task ${task} of ${jobId}, which is not stored`;
      throw new FleetViolation("lost or doubled", why);
    }
    if (claim?.process === process && this.lives.has(life.life) && handler.version !== life.version) {
      const why =
        `process ${process} runs ${jobId} in version ${handler.version} of its flow, and its is ${life.version}`;
      throw new FleetViolation("lost or doubled", why);
    }
    checkKey(life, handler);
    if (this.lives.has(life.life)) {
      checkDelay(life, handler, this.clockErrorMs);
      if (!this.#settings.isRelaxed) checkInput(life, handler);
    }
    if (claim?.process === process) this.queues.starts(life.life, jobId);
    const running = { process, life: life.life, task, isAborted };
    this.#running.push(running);
    return () => this.#running = this.#running.filter((it) => it !== running);
  }
}
