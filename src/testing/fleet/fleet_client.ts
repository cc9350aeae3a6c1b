import { PreflightError, StateError } from "../../base/errors.ts";
import { hasEnded } from "../../job/job.ts";
import { ProcessClock } from "./fleet_clock.ts";
import type { FleetAsk } from "./fleet_ask.ts";
import type { FleetJob } from "./fleet_options.ts";
import type { JobLedger } from "./job_ledger.ts";
import type { FleetProcess } from "./fleet_process.ts";
import type { FleetStage } from "./fleet_stage.ts";
import { aimed, type AimedTask } from "./fleet_aim.ts";
import { FleetViolation } from "./fleet_violation.ts";
import { watchedStore } from "./watched_store.ts";

/** What a client asks for. */
export type FleetTask =
  | { readonly type: "execute"; readonly jobId: string; readonly job: FleetJob }
  | { readonly type: "start"; readonly jobId: string; readonly job: FleetJob; readonly inMs: number }
  | AimedTask
  | {
    readonly type: "adopt";
    readonly jobId: string;
    readonly flowId: string;
    readonly whenFree?: boolean | undefined;
    /** Whether the client asks for the next thing at once. */
    readonly goesOn?: boolean;
  }
  | { readonly type: "delete"; readonly jobId: string; readonly by: "engine" | "purge" | "store" }
  | { readonly type: "wait"; readonly jobId: string };

/** How long a client waits for what it has asked for before it asks again, in milliseconds. */
const PATIENCE_MS = 4_000;

/** How often it asks. */
const MOST_TRIES = 5;

/** A wait for the end of a job, by a process. */
export class FleetWait {
  readonly process: FleetProcess;
  readonly jobId: string;
  readonly life: JobLedger | undefined;
  /** What has come of it. */
  answer: "ended" | "failed" | "other" | undefined;

  /** Whether it should have heard of the end, and has not. */
  get isOpen(): boolean {
    const { process, life } = this;
    if (process.clock.isGone || process.isStopping || life === undefined || this.answer !== undefined) return false;
    return hasEnded(life.job.status);
  }

  /** Begins to wait. */
  constructor(process: FleetProcess, jobId: string, life: JobLedger | undefined) {
    this.process = process;
    this.jobId = jobId;
    this.life = life;
    process.ended(jobId).then(() => this.answer = "ended", (error: unknown) => {
      // It was deleted, or the process takes part no more.
      this.answer = error instanceof StateError || error instanceof TypeError ? "other" : "failed";
    });
  }
}

/** A client outside of the fleet: it sends one request after the other to processes, and repeats those that get no answer. */
export class FleetClient {
  /** The calls that it waits for without a limit of time. */
  readonly waits: FleetWait[] = [];
  readonly #tasks: FleetTask[];
  readonly #stage: FleetStage;
  #tries = 0;
  /** Until when it waits; `undefined` while it waits for nothing. */
  #waitsUntil: number | undefined;
  #round = 0;
  /** What it asks for, by the names that the job had when it did so first: who repeats a command sends the same. */
  #asked: FleetAsk | undefined;

  /** Makes a client with its tasks. */
  constructor(tasks: readonly FleetTask[], stage: FleetStage) {
    this.#tasks = [...tasks];
    this.#stage = stage;
  }

  /** Whether it has nothing left to do. */
  get isDone(): boolean {
    return this.#tasks.length === 0;
  }

  /** Whether a process can do what it asks for next: to start a job needs the classes of its flow. */
  mayAsk(process: FleetProcess): boolean {
    const [task] = this.#tasks;
    return task === undefined || !("job" in task) || process.knows(task.job.flow.id);
  }

  /** Whether what it does next is best asked of a process: the one that has the job. */
  suits({ number, jobs, isNext }: FleetProcess): boolean {
    const [task] = this.#tasks;
    const life = this.#stage.ledger.lifeOf(task?.jobId ?? "");
    if (task?.type === "adopt") return isNext && (task.whenFree !== false || life?.claim?.process === number);
    if (task?.type === "direct") return jobs.has(task.jobId);
    if (task === undefined || !isStart(task)) return false;
    // What is to be moved to the next version begins in the first one; created anew under its id, it has either.
    return life === undefined
      ? !isNext || this.#stage.ledger.started.has(task.jobId)
      : task.type === "execute" && life.claim?.process === number;
  }

  /**
   * Whether what it does next is no use yet in a fleet that is about it: a delivery while nobody awaits anything for some time only, the
   * adoption of a job that somebody has, a redrive of one that has not ended, or the execution of one that nobody has claimed yet.
   */
  get isEarly(): boolean {
    const [task] = this.#tasks;
    const { ledger, focus } = this.#stage;
    if (task?.type === "adopt") return task.whenFree === true && ledger.lifeOf(task.jobId)?.claim !== undefined;
    if (focus.executesTaken === true && task?.type === "execute") {
      const { job, claim } = ledger.lifeOf(task.jobId) ?? {};
      return job?.status === "pending" && claim === undefined;
    }
    if (focus.redrivesEnded === true && (task?.type === "ask" || task?.type === "direct")) {
      const { status = "pending" } = ledger.lifeOf(task.jobId)?.job ?? {};
      if (task.asked.type === "redrive") return !hasEnded(status);
    }
    if (focus.until !== "deadline" || task?.type !== "ask" || task.asked.type !== "deliver") return false;
    return ledger.lifeOf(aimed(task, ledger)?.jobId ?? "")?.deadline === undefined;
  }

  /** Whether it does something when it is called at a time. */
  isReady(now: number): boolean {
    const [task] = this.#tasks;
    if (task === undefined) return false;
    if (isStart(task) && this.#waitsUntil !== undefined && this.#exists(task.jobId)) return true;
    return this.#waitsUntil === undefined || this.#waitsUntil <= now;
  }

  /** Asks a process for the next thing, or again for the last. */
  act(process: FleetProcess, now: number): void {
    const [next] = this.#tasks;
    if (next === undefined) return;
    const isAgain = this.#waitsUntil !== undefined;
    const task = next.type === "ask" || next.type === "direct" ? aimed(next, this.#stage.ledger) : next;
    if (task === undefined) {
      // The child that it is for may come yet.
      if (++this.#tries >= MOST_TRIES) return this.#next();
      this.#waitsUntil = now + PATIENCE_MS;
      return;
    }
    this.#tasks[0] = task;
    if (isStart(task) && isAgain && this.#exists(task.jobId)) return this.#next();
    if (isAgain && ++this.#tries >= MOST_TRIES && !isStart(task)) return this.#next();
    this.#waitsUntil = now + PATIENCE_MS;
    const round = ++this.#round;
    const what = task.type === "ask" ? task.key : task.type === "direct" ? `${task.asked.type}, at once,` : task.type;
    this.#stage.trace.add(() => `client asks process ${process.number} for ${what} of ${task.jobId}`);
    try {
      this.#ask(task, process, round);
    } catch (error) {
      // A refusal at once.
      if (!(error instanceof StateError)) throw error;
      if (!isStart(task)) this.#next();
    }
  }

  #ask(task: FleetTask, process: FleetProcess, round: number): void {
    const { started } = this.#stage.ledger;
    if (isStart(task)) started.set(task.jobId, (started.get(task.jobId) ?? 0) + 1);
    switch (task.type) {
      case "execute":
        return process.execute(task.jobId, task.job);
      case "start":
        return this.#start(task, process, round);
      case "direct":
        process.direct(task.jobId, task.asked);
        return this.#next();
      case "delete": {
        const done = (isDeleted: boolean) => {
          if (this.#round !== round) return;
          if (isDeleted) this.#next();
          else this.#waitsUntil = 0;
        };
        // Children tell their parent by its id: it must not become another's while they are there.
        if ((this.#stage.ledger.lifeOf(task.jobId)?.asked.size ?? 0) > 0) return this.#next();
        if (task.by === "engine") process.delete(task.jobId).then(done, () => done(false));
        else if (task.by === "purge") process.purge().then(() => done(true), () => done(false));
        else deleteInStore(task.jobId, this.#stage, done);
        return;
      }
      case "adopt":
        if (!process.isNext) return this.#next();
        process.adopt(task.jobId, task.flowId).then(() => this.#adopted(round), (error) => this.#adopted(round, error));
        if (task.goesOn === true) this.#next();
        return;
      case "wait":
        this.waits.push(new FleetWait(process, task.jobId, this.#stage.ledger.lifeOf(task.jobId)));
        return this.#next();
      case "ask":
        this.#stage.ledger.asked.set(task.key, (this.#stage.ledger.asked.get(task.key) ?? 0) + 1);
        this.#asked ??= named(task.asked, this.#stage.ledger.lifeOf(task.jobId));
        process.ask(task.jobId, this.#asked, task.key).then(
          () => this.#settled(task, round, "accepted"),
          (error: unknown) => this.#settled(task, round, error instanceof StateError ? "refused" : "unknown", error),
        );
    }
  }

  #start({ jobId, job, inMs }: FleetTask & { readonly type: "start" }, process: FleetProcess, round: number): void {
    process.start(jobId, job, inMs).then(({ isNew }) => {
      this.#stage.trace.add(() => `  client: ${jobId} is ${isNew ? "new" : "known"}`);
      if (
        this.#stage.ledger.started.get(jobId) === 1 && !isNew &&
        this.#stage.ledger.lifeOf(jobId)?.createdBy === process.number
      ) {
        const why = `the start of ${jobId} says that it is not new, though it has made it`;
        this.#stage.fail(new FleetViolation("lost or doubled", why));
      }
      if (this.#round === round) this.#next();
    }, () => {
      if (this.#round === round) this.#waitsUntil = 0;
    });
  }

  #settled(
    { jobId, key, asked }: FleetTask & { readonly type: "ask" },
    round: number,
    answer: "accepted" | "refused" | "unknown",
    error?: unknown,
  ): void {
    const why = error instanceof Error ? `: ${error.message}` : "";
    this.#stage.trace.add(() => `  client: ${key} to ${jobId} is ${answer}${why}`);
    // A job may have been given the key before it was deleted.
    if (answer === "accepted" && !this.#stage.ledger.hasCommand(jobId, key, asked.type)) {
      this.#stage.fail(new FleetViolation("lost or doubled", `${key} to ${jobId} was accepted and is not stored`));
    }
    const isAskedOnce = this.#stage.ledger.asked.get(key) === 1;
    if (answer === "refused" && isAskedOnce) this.#stage.ledger.refused.add(key);
    if (answer === "refused" && isAskedOnce && this.#stage.ledger.lifeOf(jobId)?.commands.find(key) !== undefined) {
      this.#stage.fail(new FleetViolation("lost or doubled", `${key} to ${jobId} was refused, and it is stored`));
    }
    if (this.#round !== round) return;
    if (answer !== "unknown") this.#next();
    // It asks again: with the same key, that is right.
    else this.#waitsUntil = 0;
  }

  #adopted(round: number, error?: unknown): void {
    this.#stage.trace.add(() => `  client: the job is ${error === undefined ? "moved" : `not moved: ${error}`}`);
    if (error instanceof PreflightError) this.#stage.fail(new FleetViolation("lost or doubled", error.message));
    if (this.#round !== round) return;
    // It is live somewhere, or the store has failed: it may be moved later.
    if (error === undefined) this.#next();
    else this.#waitsUntil = 0;
  }

  #exists(jobId: string): boolean {
    return this.#stage.ledger.lifeOf(jobId) !== undefined;
  }

  #next(): void {
    this.#tasks.shift();
    this.#tries = 0;
    this.#asked = undefined;
    this.#waitsUntil = undefined;
    this.#round++;
  }
}

/** What is asked of a job by the names that it has now. */
function named(asked: FleetAsk, life: JobLedger | undefined): FleetAsk {
  return asked.type === "deliver" && life !== undefined ? life.present(asked) : asked;
}

function isStart({ type }: FleetTask): boolean {
  return type === "start" || type === "execute";
}

/** Deletes a job behind the back of the engines: it may be live. */
function deleteInStore(jobId: string, stage: FleetStage, done: (isDeleted: boolean) => void): void {
  const { ledger, trace, calls, store, clock } = stage;
  const life = ledger.lifeOf(jobId);
  if (life === undefined) return done(false);
  const now = () => clock.now;
  const watched = watchedStore(store, { ledger, trace, process: 0, clock: now, now });
  calls.calls.push({
    name: `delete ${jobId}`,
    method: "delete",
    job: undefined,
    heldUntil: 0,
    clock: new ProcessClock(clock, 0),
    process: 0,
    sentAt: clock.now,
    isAwaited: true,
    run: async () => {
      const isDeleted = await watched.delete(life);
      return () => done(isDeleted);
    },
    fail: () => done(false),
  });
}
