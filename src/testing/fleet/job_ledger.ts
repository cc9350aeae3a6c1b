import type { Job } from "../../job/job.ts";
import { owes } from "../../job/children.ts";
import { hasEnded } from "../../job/job.ts";
import { nextDueAt } from "../../job/ready_queue.ts";
import { readFlowDocument } from "../../documents/flow.ts";
import { encodeJob } from "../../documents/job.ts";
import { Replay } from "../../documents/replay.ts";
import type { ConnectionTarget } from "../../model/connection.ts";
import type { FlowLimits } from "../../model/flow_limits.ts";
import type { AppendHead, JobRecord, NewJob, ReplacedFlow } from "../../ports/store.ts";
import { isRecord } from "../../values/json.ts";
import { JobDeaths } from "./job_deaths.ts";
import { CommandLedger, standingOf } from "./command_ledger.ts";
import { endText, type Families } from "./families.ts";
import { failureConnectionsOf, judgeFailure } from "./failure_deliveries.ts";
import { FleetViolation } from "./fleet_violation.ts";
import type { NextNames } from "./next_names.ts";
import {
  deliveryOf,
  type Expired,
  expiredBy,
  type OutsideEvent,
  readEntry,
  type SlotNames,
  taskOf,
} from "./read_entry.ts";
import { checkStoredCopy } from "./stored_copy.ts";

/** By whom a job was claimed. */
export interface LedgerClaim {
  readonly process: number;
  readonly incarnation: number;
  readonly epoch: number;
  /** The sequence of the last command that its inbox had then. */
  readonly sent: number;
  /** Whether its last owner had not let go of it. */
  readonly isOfLost: boolean;
  /** Whether entries were stored by this claim. */
  hasWritten: boolean;
}

/** What entries are judged by. */
export interface LedgerBounds {
  /** The time by the store. */
  readonly now: number;
  /** By how much clocks differ at most, in milliseconds: the end of a job's deadline is an instant of one, and decided by another. */
  readonly clockErrorMs: number;
  /** By how much clocks were set at most, in milliseconds: a deadline may be decided by them. */
  readonly setClockMs: number;
  readonly maxRecoveries: number;
  /** Judges the job's parent and its children by each entry. */
  readonly families: Families;
}

/** Where a job comes from. */
export interface LedgerOrigin {
  readonly limits: FlowLimits;
  /** The names that its flow has in its next version, if there is one. */
  readonly names: NextNames | undefined;
  readonly createdBy: number;
  readonly parents: readonly JobLedger[];
}

/** How many engines that live on count as one that has died. */
const LOSSES_PER_DEATH = 4;

/** One life of a job, as its journal in the store tells it. */
export class JobLedger {
  readonly jobId: string;
  readonly flowId: string;
  readonly life: number;
  /** The process whose call has made it. */
  readonly createdBy: number;
  readonly commands: CommandLedger = new CommandLedger();
  readonly outside: OutsideEvent[] = [];
  /** The life of the job that has asked for it. */
  readonly parent: JobLedger | undefined;
  /** The children that it has asked for, those of them that it does not wait for, and those of whose ends it was told. */
  readonly asked: Set<string> = new Set();
  readonly detached: Set<string> = new Set();
  readonly told: Set<string> = new Set();
  /** The ends that its parent may be told of, as texts. */
  readonly endTexts: Set<string> = new Set();
  /** How often it has ended, and by a cancel. */
  ends = 0;
  cancels = 0;
  /** How often each process has asked by a call of its own that it goes on from a pause, and it has not yet. */
  readonly #resumes: Map<number, number> = new Map();
  /** Whether its result depends on more than on what was delivered to it: it was cancelled, redriven or poisoned, has children or a deadline. */
  isSteered = false;
  wasRedriven = false;
  claim: LedgerClaim | undefined;
  /** The number of its claims. */
  epoch = 0;
  /** The incarnations as which processes have claimed it last. */
  readonly claims: Map<number, number> = new Map();
  /** The sequence of the last command that each process has read. */
  readonly read: Map<number, number> = new Map();
  /** When its inbox was last read, in true time. */
  readAt = 0;
  /** The incarnations that seem to have died with the job. */
  readonly deaths: JobDeaths = new JobDeaths();
  /** The steps that were committed. */
  readonly steps: Set<string> = new Set();
  /** The steps that handlers were called for, with the idempotency key and the data that they were given. */
  readonly calls: Map<string, string> = new Map();
  /** The steps by these keys. */
  readonly keys: Map<string, string> = new Map();
  /** The version of its flow, and how often it was moved to another. */
  version: number;
  moves = 0;
  readonly names: NextNames | undefined;
  #replay: Replay;
  #failureConnections: ReturnType<typeof failureConnectionsOf>;
  /** When it has ended last, and when it has gone on last after that, in true time. */
  endedAt: number = Infinity;
  reopenedAt: number = -Infinity;
  /** Whether somebody who has died had it, and it was let go as it stood: then it may be due at once. */
  wasLetGo = false;

  /** Begins with the job's first document. */
  constructor(
    { jobId, flowId, life }: JobRecord,
    { flow, snapshot }: Pick<NewJob, "flow" | "snapshot">,
    { limits, names, createdBy, parents }: LedgerOrigin,
  ) {
    this.names = names;
    this.createdBy = createdBy;
    this.jobId = jobId;
    this.flowId = flowId;
    this.life = life;
    this.version = versionOf(flow);
    this.#failureConnections = failureConnectionsOf(flow);
    this.#replay = new Replay(snapshot, limits);
    this.isSteered = this.job.deadline !== undefined;
    // Its parent may have been deleted, and its id be another job's, while it was being started.
    const parentCreatedAt = this.job.parent?.createdAt;
    this.parent = parents.find(({ job }) => job.createdAt === parentCreatedAt) ?? parents[0];
  }

  /**
   * Notes that the job was given another version of its flow.
   *
   * @throws {FleetViolation} when that is a lower one, or when the job is another than before
   */
  replace({ flow, snapshot }: ReplacedFlow, limits: FlowLimits): void {
    const version = versionOf(flow);
    if (version < this.version) {
      const why = `job ${this.jobId} was moved back, from version ${this.version} of its flow to ${version}`;
      throw new FleetViolation("lost or doubled", why);
    }
    const expected = version > this.version ? new Replay(this.documentOf(this.job, version), limits).job : this.job;
    checkStoredCopy({ record: this, snapshot, entries: [] }, expected, limits);
    // Done again, after an answer that was lost, it changes nothing.
    if (version > this.version) this.moves++;
    this.version = version;
    this.#failureConnections = failureConnectionsOf(flow);
    this.#replay = new Replay(snapshot, limits);
  }

  /** A slot by its names in the first version of the flow, given by those that it has now. */
  readonly named: SlotNames = (slot) => this.names?.formerOf(this.version, slot) ?? slot;

  /** A slot by the names that it has now, given by those in the first version of the flow. */
  present<T extends ConnectionTarget>(slot: T): T {
    return this.names?.in(this.version, slot) ?? slot;
  }

  /** The document of a job of this flow that is in the first version, as it must be in the present one. */
  documentOf(job: Job, version: number = this.version): string {
    const document = encodeJob(job);
    return JSON.stringify(this.names?.documentIn(version, document) ?? document);
  }

  /** The job, as its journal tells it. */
  get job(): Job {
    return this.#replay.job;
  }

  /**
   * Notes entries and a head that the store has accepted.
   *
   * @throws {FleetViolation} when they break a promise
   */
  append(entries: readonly string[], head: AppendHead | undefined, bounds: LedgerBounds): readonly string[] {
    const told = entries.map((text) => this.#entry(text, bounds));
    if (entries.length > 0) this.wasLetGo = false;
    if (head === undefined) return told;
    this.commands.head(head.consumed, standingOf(this.job));
    if (head.releases) {
      this.wasLetGo = entries.length === 0 && (this.wasLetGo || this.claim?.isOfLost === true);
      this.claim = undefined;
    }
    return told;
  }

  #entry(text: string, bounds: LedgerBounds): string {
    const { job } = this;
    const document: unknown = JSON.parse(text);
    if (!isRecord(document)) return "?";
    const before = standingOf(job);
    const handled = hasEnded(job.status) ? job.failures.filter((it) => it.isHandled).map(({ task }) => task.id) : [];
    const expired = expiredBy(document, job, this.named);
    const failed = document["kind"] === "failure"
      ? [...job.tasks].find(({ id }) => id === document["task"])
      : undefined;
    if (failed !== undefined) judgeFailure(this.jobId, failed, document, this.#failureConnections);
    try {
      this.#replay.apply(text);
    } catch (error) {
      throw new FleetViolation("two at a time", `an entry does not follow the ones before: ${error}\n${text}`);
    }
    const { kind } = document;
    if (kind === "claim") return "claim";
    if (hasEnded(before.status) && !hasEnded(job.status)) {
      this.reopenedAt = bounds.now;
      this.#reopen(handled);
    }
    if (!hasEnded(before.status) && hasEnded(job.status)) {
      this.endedAt = bounds.now;
      this.ends++;
      if (job.status === "cancelled") this.cancels++;
      this.#checkEnd(bounds);
    }
    if (hasEnded(job.status) && job.parent !== undefined) this.endTexts.add(endText(job));
    bounds.families.appended(this, document);
    const entry = readEntry(document, job, this.named);
    const effect = this.commands.entry(entry, before, standingOf(job));
    if (before.status === "paused" && job.status === "running" && effect === undefined) this.#goOn();
    if (entry.kind === "deliver" && document["child"] === undefined) {
      this.outside.push(deliveryOf(document, job, this.named));
    }
    if (expired !== undefined) this.#expire(expired, bounds);
    this.#note(document, bounds.maxRecoveries);
    // What came after it is read before anything else happens.
    const goesOn = effect?.type === "resume" || effect?.type === "redrive";
    if (goesOn && this.claim !== undefined) this.claim = { ...this.claim, sent: this.commands.commands.length };
    if (hasEnded(before.status) && !hasEnded(job.status)) this.wasRedriven = true;
    const isSteering = effect?.type === "redrive" || document["discarded"] !== undefined || job.children !== undefined;
    if (isSteering || (hasEnded(before.status) && kind !== "children")) this.isSteered = true;
    const by = effect === undefined ? "" : ` by ${effect.key}`;
    return `${entry.kind}${entry.status === undefined ? "" : ` ${entry.status}`}${taskOf(document)}${by}`;
  }

  /** What ends by its deadline does so when its time is up. */
  #checkEnd({ now, clockErrorMs }: LedgerBounds): void {
    const { error, deadline } = this.job;
    const isLate = error?.message.includes("waiting included") === true;
    if (!isLate || deadline === undefined || now >= deadline.until - 2 * clockErrorMs) return;
    const why = `job ${this.jobId} has ended early, at ${now}, and its deadline is ${deadline.until}`;
    throw new FleetViolation("too late", why);
  }

  /** A deadline was decided: what was in the inbox by then must have come first. */
  #expire({ routine, slot, until }: Expired, { now, setClockMs }: LedgerBounds): void {
    this.outside.push({ type: "expire", routine, slot });
    if (now < until - setClockMs) {
      throw new FleetViolation("too late", `the deadline ${until} of ${this.jobId} was decided early, at ${now}`);
    }
    const inTime = this.commands.unread.find(({ type, target, at }) =>
      type === "deliver" && target.startsWith(`${routine}.${slot} `) && at <= until - setClockMs
    );
    if (inTime === undefined) return;
    const why =
      `the deadline ${until} of ${this.jobId} was decided without ${inTime.key}, which was stored at ${inTime.at}`;
    throw new FleetViolation("too late", why);
  }

  #note(document: Record<string, unknown>, maxRecoveries: number): void {
    const { kind, task, step, status, error, verdict } = document;
    if (kind === "step") {
      this.steps.add(`${task}/${step}`);
      this.deaths.progressed(task);
    }
    if (kind === "failure") {
      if (!isRecord(error) || error["name"] !== "PoisonError") this.deaths.progressed(task);
      const retried = isRecord(verdict) && verdict["retry"] !== undefined;
      if (!retried) { for (const key of this.calls.keys()) if (key.startsWith(`${task}/`)) this.steps.add(key); }
      if (isRecord(error) && error["name"] === "PoisonError") {
        this.isSteered = true;
        const { died, lost } = this.deaths.countsFor(task);
        if (died < maxRecoveries && lost < LOSSES_PER_DEATH * maxRecoveries) {
          const why = `task ${task} of ${this.jobId} is poisoned after ${died} deaths and ${lost} losses`;
          throw new FleetViolation("lost or doubled", why);
        }
      }
    }
    if (kind === "status" && status === "cancelled") this.isSteered = true;
  }

  /** A process has asked by a call of its own that the job goes on from a pause. */
  resumed(process: number): void {
    this.#resumes.set(process, (this.#resumes.get(process) ?? 0) + 1);
  }

  /** It goes on from a pause without a command: one that was accepted may be carried out when it runs already. */
  #goOn(): void {
    if (this.commands.unread.some(({ type }) => type === "resume")) return;
    const process = this.claim?.process ?? 0;
    const asked = this.#resumes.get(process) ?? 0;
    const why = `job ${this.jobId} was paused and goes on, though nobody has asked for that`;
    if (asked === 0) throw new FleetViolation("lost or doubled", why);
    this.#resumes.set(process, asked - 1);
  }

  /** Its failures are tasks again: their last steps are done anew. */
  #reopen(handled: readonly number[]): void {
    const tasks = new Set(Array.from(this.job.tasks, ({ id }) => `${id}`));
    for (const step of this.steps) if (tasks.has(step.slice(0, step.indexOf("/")))) this.steps.delete(step);
    // Failures that were compensated run under new idempotency keys: those of before are used up.
    const anew = handled.filter((id) => tasks.has(`${id}`));
    for (const [step, call] of this.calls) {
      if (!anew.some((id) => step.startsWith(`${id}/`))) continue;
      this.calls.delete(step);
      this.keys.set(keyOf(call), `${step}, which was made good`);
    }
  }

  /**
   * Forgets the steps that handlers have begun and nobody has stored: the next owner of the job may run other steps in their place.
   */
  forgetAhead(): void {
    for (const [step, call] of this.calls) {
      if (this.steps.has(step)) continue;
      this.calls.delete(step);
      this.keys.delete(keyOf(call));
    }
  }

  /** The next instant by which a delivery must have come; `undefined` where none is awaited for so long only. */
  get deadline(): number | undefined {
    const ends = Array.from(this.job.tasks, ({ details }) => details?.awaiting?.until ?? Infinity);
    const next = Math.min(...ends);
    return next === Infinity ? undefined : next;
  }

  /** Whether it has ended, and has not told its parent, or not cancelled its children. */
  get owes(): boolean {
    return owes(this.job);
  }

  /** When something can be done for the job, if nobody has it and its inbox is empty: 0 for at once, `undefined` for never. */
  get dueAt(): number | undefined {
    const { job } = this;
    // A running job without tasks can end at once; one that has ended may owe something to its parent or its children.
    if (this.owes || (job.status === "running" && job.tasks.size === 0 && job.children === undefined)) return 0;
    if (job.status === "paused") return undefined;
    const next = nextDueAt(job, 0) ?? Infinity;
    // The engine's own reckoning may leave it out.
    const until = hasEnded(job.status) ? Infinity : job.deadline?.until ?? Infinity;
    return next === Infinity && until === Infinity ? undefined : Math.min(next, until);
  }
}

/** The version of a flow, by its text. */
function versionOf(flow: string): number {
  const { flowVersion = 1 } = readFlowDocument(JSON.parse(flow));
  return flowVersion;
}

/** The idempotency key of a call. */
function keyOf(call: string): string {
  return call.slice(0, call.indexOf(" "));
}
