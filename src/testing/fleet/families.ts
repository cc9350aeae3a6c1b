import type { ChildrenDocument } from "../../documents/children.ts";
import type { Child } from "../../job/children.ts";
import { hasEnded, type Job } from "../../job/job.ts";
import { wireOf } from "../../values/payload.ts";
import { isRecord } from "../../values/json.ts";
import type { JobLedger } from "./job_ledger.ts";
import { FleetViolation } from "./fleet_violation.ts";

/** The end of a job as one text: by it the end that its parent is told of is compared. */
export function endText({ status, result, error }: Pick<Job, "status" | "result" | "error">): string {
  return textOf(status, result && status === "completed" ? wireOf(result) : undefined, error?.message);
}

function textOf(status: unknown, result: unknown, message: unknown): string {
  return `${status} with ${JSON.stringify(result)}, ${message}`;
}

/** The children that the step of an entry has asked for. */
function childrenAskedBy({ effects }: Record<string, unknown>): readonly Pick<Child, "jobId" | "to">[] {
  const groups: readonly ChildrenDocument[] = isRecord(effects) && Array.isArray(effects["children"])
    ? effects["children"]
    : [];
  return groups.flatMap(({ jobs }) => jobs.map(({ jobId, to }) => ({ jobId, to })));
}

/** Parents and children: each child that was asked for is started once, its parent is told of its end once, and none is left alone. */
export class Families {
  readonly #livesOf: (jobId: string) => readonly JobLedger[];
  readonly #isThere: (life: JobLedger) => boolean;

  /** Makes the judge of a fleet; `livesOf` gives all lives that an id has had, and `isThere` says which of them the store has. */
  constructor(livesOf: (jobId: string) => readonly JobLedger[], isThere: (life: JobLedger) => boolean) {
    this.#livesOf = livesOf;
    this.#isThere = isThere;
  }

  /**
   * Notes that a job was made that has a parent.
   *
   * @throws {FleetViolation} when nobody has asked for it
   */
  created({ jobId }: JobLedger, parentId: string): void {
    const parents = this.#livesOf(parentId);
    if (parents.length === 0 || parents.some(({ asked }) => asked.has(jobId))) return;
    throw new FleetViolation(
      "lost or doubled",
      `child ${jobId} was started, and no step of ${parentId} has asked for it`,
    );
  }

  /**
   * Notes an entry that a job has been given.
   *
   * @throws {FleetViolation} when its parent or its children are forgotten, or told what is not so
   */
  appended(life: JobLedger, document: Record<string, unknown>): void {
    const { kind, child, settled, opened } = document;
    for (const { jobId, to } of [...life.job.children ?? [], ...childrenAskedBy(document)]) {
      life.asked.add(jobId);
      if (to === undefined) life.detached.add(jobId);
    }
    if (kind === "deliver" && typeof child === "string") this.#told(life, child, document);
    if (kind === "children" && Array.isArray(opened)) this.#checkStarted(life, opened.map(String));
    if (kind === "children" && settled === true) this.#settled(life);
    // One that has ended and owes nothing has started them.
    if (hasEnded(life.job.status) && !life.owes) this.#checkStarted(life, life.detached);
    if (life.job.status === "completed" && life.job.children !== undefined) {
      throw new FleetViolation("lost or doubled", `job ${life.jobId} is completed, and waits for children`);
    }
  }

  /** Children that are said to have started are there, or were: of those that nobody waits for, this is all that is heard. */
  #checkStarted({ jobId: parentId, detached }: JobLedger, ids: Iterable<string>): void {
    const missing = [...ids].find((id) => this.#livesOf(id).length === 0);
    if (missing === undefined) return;
    const what = detached.has(missing) ? "detached child" : "child";
    const why = `${what} ${missing} of ${parentId} is said to have been started, and never was`;
    throw new FleetViolation("lost or doubled", why);
  }

  /**
   * Notes a command by which a job is told that a child of it has ended, or that its parent has.
   *
   * @throws {FleetViolation} when that end is not stored, or when nobody has waited for the job
   */
  sent(life: JobLedger, { key, text }: { readonly key: string; readonly text: string }): void {
    if (key.startsWith("cancel/") && life.job.parent === undefined) {
      throw new FleetViolation("lost or doubled", `job ${life.jobId} is cancelled by ${key}, and nobody waits for it`);
    }
    const document: unknown = JSON.parse(text);
    if (!isRecord(document) || document["type"] !== "child" || typeof document["jobId"] !== "string") return;
    this.#checkTold(life, document["jobId"], document);
  }

  #told(life: JobLedger, jobId: string, { task }: Record<string, unknown>): void {
    if (life.detached.has(jobId)) {
      throw new FleetViolation(
        "lost or doubled",
        `job ${life.jobId} was told of the end of ${jobId}, which is detached`,
      );
    }
    if (life.told.has(jobId)) {
      throw new FleetViolation("lost or doubled", `job ${life.jobId} was told twice of the end of its child ${jobId}`);
    }
    life.told.add(jobId);
    this.#checkTold(life, jobId, isRecord(task) && isRecord(task["data"]) ? task["data"] : {});
  }

  #checkTold(life: JobLedger, jobId: string, { status, result, error }: Record<string, unknown>): void {
    const told = textOf(status, result, isRecord(error) ? error["message"] : undefined);
    const lives = this.#livesOf(jobId);
    // Of one that was deleted nobody can know how it has ended; one whose id another job has was never started.
    if (lives.some((it) => !this.#isThere(it) || it.parent !== life || it.endTexts.has(told))) return;
    const ends = lives.flatMap(({ endTexts }) => [...endTexts]).join("; ");
    const why = `job ${life.jobId} was told that its child ${jobId} is ${told}; its ends are: ${ends || "none"}`;
    throw new FleetViolation("lost or doubled", why);
  }

  /** A job that has ended owes nothing any more: its children have been started, and have ended or will be cancelled. */
  #settled(parent: JobLedger): void {
    const { jobId: parentId, job, job: { time: { at } }, endedAt } = parent;
    for (const { jobId } of job.children ?? []) {
      const lives = this.#livesOf(jobId);
      const isAlone = (it: JobLedger) =>
        this.#isThere(it) && it.parent === parent && !hasEnded(it.job.status) &&
        // The cancel has found one at its end that was redriven since.
        it.reopenedAt < endedAt &&
        !it.commands.commands.some(({ key }) => key === `cancel/${parentId}/${at}`);
      if (lives.length > 0 && !lives.some(isAlone)) continue;
      const what = lives.length === 0 ? "was never started" : "was not cancelled";
      throw new FleetViolation("lost or doubled", `job ${parentId} has ended, and its child ${jobId} ${what}`);
    }
  }

  /**
   * Checks that each child whose end a running job waits for will tell it: it works, or owes that, or has told it just now.
   *
   * @throws {FleetViolation} when one will not
   */
  check(lives: Iterable<JobLedger>): void {
    for (const life of lives) {
      const { jobId: parentId, job, commands } = life;
      for (const { jobId, start, isLeft } of hasEnded(job.status) ? [] : job.children ?? []) {
        // Those that were not started, or were left, are looked for by whoever has the job.
        if (start !== undefined || isLeft) continue;
        const child = this.#livesOf(jobId).find((it) => it.parent === life && this.#isThere(it));
        if (child === undefined || !hasEnded(child.job.status) || child.job.parent?.isTold !== true) continue;
        if (commands.unread.some(({ type, target }) => type === "child" && target === jobId)) continue;
        const why = `job ${parentId} waits for its child ${jobId}, which has ended and tells nobody any more`;
        throw new FleetViolation("stranded", why);
      }
    }
  }

  /**
   * Checks at the end that nobody waits for a child that has ended, and that no child was left alone.
   *
   * @throws {FleetViolation} when that is not so
   */
  checkEnd(lives: Iterable<JobLedger>): void {
    for (const life of lives) {
      const { jobId, parent, job, wasRedriven } = life;
      for (const child of hasEnded(job.status) ? [] : job.children ?? []) {
        const all = this.#livesOf(child.jobId);
        if (all.some((it) => !this.#isThere(it) || !hasEnded(it.job.status))) continue;
        const what = all.length === 0 ? "was never started" : "has ended";
        throw new FleetViolation("stranded", `job ${jobId} waits for its child ${child.jobId}, which ${what}`);
      }
      if (parent === undefined || job.parent === undefined || wasRedriven || hasEnded(job.status)) continue;
      if (!this.#isThere(parent) || !hasEnded(parent.job.status) || parent.wasRedriven) continue;
      throw new FleetViolation("lost or doubled", `child ${jobId} is ${job.status}, and its parent has ended`);
    }
  }
}
