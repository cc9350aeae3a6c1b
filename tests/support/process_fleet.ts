import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { ProcessClient, ProcessGoneError, RefusedError } from "./process_client.ts";
import type { TraceLine } from "./process_trace.ts";
import { type Random, seededRandom } from "./seeded_random.ts";
import { SteeredJob } from "./steered_job.ts";
import type { ProcessRequest, ProcessSetup } from "./working_process.ts";

/** What happens to the processes of a fleet. */
export interface FleetPlan {
  readonly seed: number;
  readonly store: ProcessSetup["store"];
  /** The folder of the trace, and of a store in a file. */
  readonly folder: string;
  /** Where another store is. */
  readonly place?: string | undefined;
  /** How often processes are killed. */
  readonly kills: number;
  /** How long all of it may take. */
  readonly limitMs: number;
}

/** What has happened. */
export interface FleetReport {
  readonly jobs: readonly SteeredJob[];
  readonly trace: string;
  readonly place: string;
  readonly kills: number;
  readonly blocks: number;
  readonly closes: number;
  /** How many commands the store has accepted, each counted once. */
  readonly commands: number;
  /** How often a command was sent again. */
  readonly repeats: number;
}

const PROCESSES = 4;
/** The process that may take over at once what had its name: nobody else ever has it. */
const SURE_OF_ITS_NAME = 2;
/** The process that now and then takes the name of the first. */
const TWIN = 3;
/** Short, but the processes share a machine, and some stores answer late when four of them write. */
const LEASE_MS = { sqlite: 700, deno_kv: 1_500, postgres: 1_500, redis: 1_500 } as const;
const LIVE_JOBS = 8;
const COMMANDS = 8;
/** After so many deliveries a job may be finished. */
const ENOUGH = 5;

/** Four processes on one store: each is killed, closed, blocked and started again, while they work and steer jobs. */
export class ProcessFleet {
  readonly #random: Random;
  readonly #plan: FleetPlan;
  readonly #processes: ProcessClient[] = [];
  readonly #jobs: SteeredJob[] = [];
  readonly #place: string;
  readonly #trace: string;
  /** What is awaited at the end: blocked processes answer late. */
  readonly #later: Promise<unknown>[] = [];
  #started = 0;
  #kills = 0;
  #blocks = 0;
  #closes = 0;
  #commands = 0;
  #repeats = 0;

  /** Makes the fleet. */
  constructor(plan: FleetPlan) {
    this.#plan = plan;
    this.#random = seededRandom(plan.seed);
    this.#place = plan.place ?? join(plan.folder, "store.db");
    this.#trace = join(plan.folder, "trace.txt");
  }

  /**
   * Runs the fleet until all its jobs have ended, and closes its processes.
   *
   * @throws when that takes longer than the plan allows
   */
  async run(): Promise<FleetReport> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`It takes too long: ${this.#describe()}`)), this.#plan.limitMs);
    });
    try {
      for (let slot = 0; slot < PROCESSES; slot++) this.#start(slot);
      await Promise.race([this.#work(), limit]);
    } finally {
      clearTimeout(timer);
      await Promise.allSettled(this.#processes.map((it) => it.kill()));
    }
    return {
      jobs: this.#jobs,
      trace: this.#trace,
      place: this.#place,
      kills: this.#kills,
      blocks: this.#blocks,
      closes: this.#closes,
      commands: this.#commands,
      repeats: this.#repeats,
    };
  }

  async #work(): Promise<void> {
    while (this.#kills < this.#plan.kills) await this.#round();
    // Those that are not told anything any more have ended, or end without being told.
    await Promise.all([...this.#later, ...this.#jobs.map((job) => this.#end(job))]);
    await Promise.all(this.#processes.map((it) => it.close()));
  }

  #describe(): string {
    const processes = this.#processes.map(({ setup, unanswered, isEnding }) => ({ setup, unanswered, isEnding }));
    const jobs = this.#jobs.filter(({ ended }) => ended === undefined);
    return JSON.stringify({ kills: this.#kills, processes, jobs }, undefined, 2);
  }

  #start(slot: number): void {
    const isTwin = slot === TWIN && this.#random.chance(0.5);
    const setup: ProcessSetup = {
      process: ++this.#started,
      store: this.#plan.store,
      place: this.#place,
      trace: this.#trace,
      owner: `process ${isTwin ? 0 : slot}`,
      takeOver: slot === SURE_OF_ITS_NAME ? "at once" : "after lease",
      leaseMs: LEASE_MS[this.#plan.store],
    };
    this.#processes[slot] = new ProcessClient(setup, (process) => {
      const line: TraceLine = { kind: "exit", process };
      appendFileSync(this.#trace, `${JSON.stringify(line)}\n`);
    });
  }

  /** Starts jobs, tells them things, and disturbs the processes meanwhile. */
  async #round(): Promise<void> {
    const calls: Promise<unknown>[] = [];
    const live = this.#jobs.filter((job) => !job.isFinished);
    for (let count = live.length; count < LIVE_JOBS; count++) {
      const job = new SteeredJob(`job ${this.#jobs.length}`);
      this.#jobs.push(job);
      live.push(job);
      calls.push(job.inTurn(() => this.#begin(job)));
    }
    for (let count = 0; count < COMMANDS; count++) {
      const job = live[this.#random.integer(live.length)];
      if (job !== undefined) calls.push(this.#random.chance(0.7) ? this.#deliver(job) : this.#steer(job));
    }
    calls.push(this.#disturb());
    await Promise.all(calls);
    const isEnough = (job: SteeredJob) => job.visits.size >= ENOUGH && this.#random.chance(0.4);
    await Promise.all(live.filter(isEnough).map((job) => this.#finish(job)));
  }

  async #begin(job: SteeredJob): Promise<void> {
    const { jobId } = job;
    await this.#ask({ call: "start", jobId });
    job.begun = this.#ask({ call: "begun", jobId }).then(() => void (job.hasBegun = true));
  }

  async #disturb(): Promise<void> {
    const slot = this.#random.integer(PROCESSES);
    const victim = this.#processes[slot];
    if (victim === undefined || victim.isEnding) return;
    const kind = this.#random.integer(10);
    if (kind < 2) {
      this.#blocks++;
      // Up to two leases: others take what it has.
      const leaseMs = LEASE_MS[this.#plan.store];
      const ms = leaseMs + this.#random.integer(leaseMs);
      this.#later.push(victim.ask({ call: "block", ms }).catch(ignoreGone));
    } else if (kind === 2) {
      this.#closes++;
      await victim.close();
      this.#start(slot);
    } else {
      // It says at least its answers: so it dies between any two of its writes.
      const lines = this.#random.integer(5);
      const jobId = this.#jobs.at(-1)?.jobId ?? "";
      for (let i = 0; i < lines; i++) victim.ask({ call: "status", jobId }).catch(ignoreGone);
      await victim.lines(lines);
      this.#kills++;
      await victim.kill();
      this.#start(slot);
    }
  }

  #deliver(job: SteeredJob): Promise<void> {
    const n = job.nextVisit();
    const key = `${job.jobId}/visit ${n}`;
    return job.whenStarted(async () => {
      const isAccepted = await this.#command({ call: "deliver", jobId: job.jobId, slot: "visit", n, key });
      if (isAccepted) job.visits.set(n, key);
    });
  }

  /** Pauses, resumes, cancels or redrives a job; these are sent in turn, so that their order is known. */
  #steer(job: SteeredJob): Promise<void> {
    const lot = this.#random.integer(10);
    return job.inTurn(async () => {
      const call = job.chooseVerb(lot);
      const key = `${job.jobId}/${call} ${job.nextVerb()}`;
      if (await this.#command({ call, jobId: job.jobId, key })) job.steered(call, key);
      // Until it has ended, it would be asked too early to go on.
      if (job.status === "cancelled" && call === "cancel") await this.#ask({ call: "ended", jobId: job.jobId });
    });
  }

  /** Tells a job to finish; nothing is told it after that. */
  async #finish(job: SteeredJob): Promise<void> {
    const { jobId } = job;
    job.isFinished = true;
    const staysCancelled = this.#random.chance(0.5);
    await job.inTurn(async () => {
      if (job.status === "cancelled" && staysCancelled) return;
      if (job.status !== "running") {
        const call = job.status === "cancelled" ? "redrive" : "resume";
        const key = `${jobId}/${call} ${job.nextVerb()}`;
        if (await this.#command({ call, jobId, key })) job.steered(call, key);
      }
      // A job takes deliveries again when its redrive has been carried out.
      if (job.wasCancelled) await this.#ask({ call: "redriven", jobId });
      // What comes before it is expected is no answer.
      await job.begun;
      const key = `${jobId}/finish`;
      job.isAnswered = await this.#command({ call: "deliver", jobId, slot: "finish", n: 0, key });
    });
  }

  async #end(job: SteeredJob): Promise<void> {
    if (!job.isFinished) await this.#finish(job);
    job.ended = await this.#ask({ call: "ended", jobId: job.jobId });
  }

  /** Sends a command, some of them twice at once. Returns whether one was accepted: if not, its job had ended. */
  async #command(request: ProcessRequest): Promise<boolean> {
    const isRepeated = this.#random.chance(0.3);
    if (isRepeated) this.#repeats++;
    const answers = await Promise.allSettled([request, ...isRepeated ? [request] : []].map((it) => this.#ask(it)));
    for (const answer of answers) {
      if (answer.status === "fulfilled") continue;
      const { reason } = answer;
      if (!(reason instanceof RefusedError && reason.error.reason === "ended")) throw reason;
    }
    const isAccepted = answers.some(({ status }) => status === "fulfilled");
    if (isAccepted) this.#commands++;
    return isAccepted;
  }

  /** Asks any process, and another one when that is gone before it has answered, or does not know whether the store has it. */
  async #ask(request: ProcessRequest): Promise<unknown> {
    for (;;) {
      const able = this.#processes.filter((it) => !it.isEnding);
      const process = able[this.#random.integer(able.length)];
      if (process === undefined) throw new Error(`No process is left for ${JSON.stringify(request)}`);
      try {
        return await process.ask(request);
      } catch (error) {
        const isClosing = error instanceof RefusedError && process.isEnding;
        const isUnknown = error instanceof RefusedError && error.error.name === "UnknownOutcomeError";
        if (!(error instanceof ProcessGoneError || isClosing || isUnknown)) throw error;
        this.#repeats++;
      }
    }
  }
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof ProcessGoneError || error instanceof RefusedError)) throw error;
}
