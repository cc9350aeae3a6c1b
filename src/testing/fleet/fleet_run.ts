import { hasEnded } from "../../job/job.ts";
import { type SeededRandom, seededRandom } from "../seeded_random.ts";
import { FleetClock, ProcessClock } from "./fleet_clock.ts";
import { type ClientTask, FleetClient } from "./fleet_client.ts";
import { FleetLedger } from "./fleet_ledger.ts";
import type { FleetCommand, FleetJob, FleetSettings, ProcessFault } from "./fleet_options.ts";
import { type FleetAsk, FleetProcess, type FleetStage } from "./fleet_process.ts";
import { FleetTrace } from "./fleet_trace.ts";
import { FleetViolation } from "./fleet_violation.ts";
import { type CallFate, type StoreAnswer, type StoreCall, StoreCalls } from "./store_calls.ts";
import { compareWithUndisturbed } from "./undisturbed.ts";
import { watchedStore } from "./watched_store.ts";

/** How long a call or an answer is under way at most, in milliseconds. */
const LONGEST_CALL_MS = 5_000;
const LEASE_MS = 3_000;
const MAX_RECOVERIES = 3;
/** How many processes there are at most at the same time. */
const MOST_PROCESSES = 6;
/** How long jobs may take to end when nothing disturbs them any more, in milliseconds. */
const LONGEST_END_MS = 600_000;

/** What became of a run. */
export interface FleetRun {
  readonly trace: FleetTrace;
  readonly violation: FleetViolation | undefined;
  /** How many jobs there were, and how many of them were compared with a run without disturbances. */
  readonly jobs: number;
  readonly compared: number;
}

/** Runs a fleet once, as a seed decides. */
export async function runFleet(settings: FleetSettings, isTraced: boolean): Promise<FleetRun> {
  const trace = new FleetTrace(isTraced);
  const run = new Run(settings, trace, await settings.openStore());
  let violation: FleetViolation | undefined;
  try {
    await run.disturb();
    await run.finish();
  } catch (error) {
    if (!(error instanceof FleetViolation)) throw error;
    violation = error;
  }
  run.end();
  if (violation !== undefined) trace.add(() => `*** ${violation.invariant}: ${violation.message}`);
  return { trace, violation, jobs: run.lives, compared: run.compared };
}

class Run {
  compared = 0;
  readonly #stage: FleetStage;
  readonly #random: SeededRandom;
  readonly #processes: FleetProcess[] = [];
  readonly #clients: FleetClient[] = [];
  #failure: FleetViolation | undefined;
  #count = 0;
  #names = 0;
  #keys = 0;
  #faultsLeft: number;
  /** The chance that time passes next, and that a client acts. */
  readonly #timeRate: number;
  readonly #faultRate: number;
  /** Whether clocks are set, or machines sleep: not both, as nobody could tell that a lease has ended. */
  readonly #setsClocks: boolean;
  /** The clock of those who are outside of all processes. */
  readonly #outside: ProcessClock;
  #helps = 0;
  readonly #jobs: Map<string, FleetJob> = new Map();

  constructor(settings: FleetSettings, trace: FleetTrace, store: FleetStage["store"]) {
    const random = this.#random = seededRandom(settings.seed * 7_919 + 17);
    const isSmall = random.chance(0.5);
    const hasStoreClock = random.chance(0.7);
    this.#setsClocks = hasStoreClock && random.chance(0.5);
    this.#faultsLeft = random.chance(0.15)
      ? 0
      : random.integer((isSmall ? settings.faults.processes / 2 : settings.faults.processes) + 1);
    this.#timeRate = 0.08 + 0.3 * random.next();
    this.#faultRate = this.#faultsLeft / settings.steps * 2;
    const flows = new Map(settings.jobs.map(({ flow }) => [flow.id, JSON.stringify(flow)]));
    const limits = new Map(settings.jobs.map(({ flow }) => [flow.id, flow.limits]));
    const clock = new FleetClock();
    this.#outside = new ProcessClock(clock, 0);
    this.#stage = {
      settings,
      random,
      clock,
      calls: new StoreCalls(),
      ledger: new FleetLedger({
        limitsOf: (id) => {
          const found = limits.get(id);
          if (found === undefined) throw new Error(`No flow "${id}"`);
          return found;
        },
        maxRecoveries: MAX_RECOVERIES,
        leaseMs: LEASE_MS,
      }),
      trace,
      store,
      hasStoreClock,
      answersAtOnce: random.chance(0.1),
      isWatched: random.chance(0.7),
      flows,
      leaseMs: LEASE_MS,
      maxRecoveries: MAX_RECOVERIES,
      fail: (error) => {
        if (error instanceof FleetViolation) this.#failure ??= error;
      },
    };
    this.#createClients(isSmall);
    const engines = isSmall ? 1 + random.integer(settings.engines) : settings.engines;
    for (let i = 0; i < engines; i++) this.#start(random.chance(0.1) && i > 0 ? "engine-1" : this.#newName());
  }

  get lives(): number {
    return this.#stage.ledger.lives.size;
  }

  /** Lets the seed decide what happens, step by step. */
  async disturb(): Promise<void> {
    const { trace, settings } = this.#stage;
    for (let i = 0; i < settings.steps; i++) {
      trace.steps++;
      await this.#step();
      await this.#settle();
    }
  }

  /** From now on nothing is disturbed, and every job goes to its end. */
  async finish(): Promise<void> {
    const { clock, calls, trace } = this.#stage;
    trace.add(() => `at ${clock.now} all faults stop`);
    this.#faultsLeft = -1;
    for (const process of this.#processes) process.clock.release();
    if (!this.#processes.some(({ isStopping }) => !isStopping)) this.#start(this.#newName());
    const end = clock.now + LONGEST_END_MS;
    let lastHelp = clock.now;
    let quiet = 0;
    for (;;) {
      for (let n = 0; calls.calls.length + calls.answers.length > 0 && n < 10_000; n++) {
        const [call] = calls.calls.splice(0, 1);
        if (call !== undefined) await calls.carryOut(call, "done", clock.now);
        const [answer] = calls.answers.splice(0, 1);
        if (answer !== undefined) this.#arrive(answer);
        await this.#settle();
      }
      const ready = this.#clients.find((it) => it.isReady(clock.now));
      if (ready !== undefined) {
        this.#act(ready);
        await this.#settle();
        continue;
      }
      if (this.#clients.every((it) => it.isDone) && this.#isQuiet() && (!this.#isAwaited() || ++quiet > 50)) break;
      if (clock.now > end) this.#complain();
      if (clock.now - lastHelp > 4_000 && this.#clients.every((it) => it.isDone)) {
        lastHelp = clock.now;
        this.#help();
      }
      await this.#pass(Infinity);
    }
    await this.#checkEnd();
  }

  /** Ends all processes. */
  end(): void {
    for (const process of this.#processes) process.end();
  }

  async #step(): Promise<void> {
    const { calls, clock, settings } = this.#stage;
    const random = this.#random;
    const old = this.#overdue();
    if (old !== undefined) return void await old();
    const answers = calls.answers.filter(({ clock }) => !clock.isHeld);
    const waiting = calls.calls.length + answers.length;
    const chance = random.next();
    if (waiting === 0 || chance < this.#timeRate) {
      return await this.#pass(waiting === 0 ? Infinity : random.integer(400));
    }
    if (chance < this.#timeRate + 0.08) {
      const client = pick(random, this.#clients);
      if (client?.isReady(clock.now) === true) this.#act(client);
      return;
    }
    if (chance < this.#timeRate + 0.08 + this.#faultRate && this.#faultsLeft > 0) {
      const kind = pick(random, settings.faults.kinds);
      if (kind !== undefined) this.#disturb(kind);
      return;
    }
    const index = random.integer(waiting);
    const call = calls.calls[index];
    if (call !== undefined) return await this.#carryOut(call, this.#fate(call));
    const answer = answers[index - calls.calls.length];
    if (answer !== undefined) this.#take(answer);
  }

  /** What must be done now, as it has taken too long. */
  #overdue(): (() => unknown) | undefined {
    const { calls, clock } = this.#stage;
    const isOld = ({ sentAt }: { readonly sentAt: number }) => clock.now - sentAt > LONGEST_CALL_MS;
    const call = calls.calls.find(isOld);
    if (call !== undefined) return () => this.#carryOut(call, "done");
    const answer = calls.answers.find((it) => isOld(it) && !it.clock.isHeld);
    return answer && (() => this.#take(answer));
  }

  #fate({ isAwaited }: StoreCall): CallFate {
    const random = this.#random;
    if (!isAwaited || this.#stage.answersAtOnce || !random.chance(this.#stage.settings.faults.calls)) return "done";
    return pick(random, ["fails", "answer lost", "late"]) ?? "done";
  }

  async #carryOut(call: StoreCall, fate: CallFate): Promise<void> {
    const { calls, trace, clock } = this.#stage;
    calls.calls.splice(calls.calls.indexOf(call), 1);
    trace.add(() =>
      `${clock.now} process ${call.process}: ${call.name} is carried out${fate === "done" ? "" : `: ${fate}`}`
    );
    await calls.carryOut(call, fate, clock.now);
    // Often the answer comes at once.
    const answer = calls.answers.at(-1);
    if (answer !== undefined && answer.name === call.name && !answer.clock.isHeld && this.#random.chance(0.5)) {
      await this.#settle();
      this.#take(answer);
    }
  }

  #take(answer: StoreAnswer): void {
    const { answers } = this.#stage.calls;
    const index = answers.indexOf(answer);
    if (index < 0) return;
    answers.splice(index, 1);
    this.#arrive(answer);
  }

  #arrive({ arrive, clock, name, process }: StoreAnswer): void {
    const { trace, clock: { now } } = this.#stage;
    if (clock.isGone) return;
    trace.add(() => `${now} process ${process} has the answer to ${name}`);
    arrive();
  }

  #act(client: FleetClient): void {
    const there = this.#processes.filter((it) => it.isThere);
    const process = pick(this.#random, there);
    if (process !== undefined) client.act(process, this.#stage.clock.now);
  }

  /** Lets time pass until something happens, but not more than `mostMs`. */
  async #pass(mostMs: number): Promise<void> {
    const { clock } = this.#stage;
    const next = Math.min(...this.#processes.map((it) => it.clock.nextAt()));
    const at = Math.min(next, clock.now + Math.min(mostMs, 2_000));
    clock.now = Math.max(clock.now, at);
    for (const process of this.#processes) process.clock.goOn();
    let due = this.#processes.filter((it) => it.clock.nextAt() <= clock.now && !it.clock.isHeld);
    for (let n = 0; due.length > 0 && n < 1_000; n++) {
      pick(this.#random, due)?.clock.fireNext();
      await this.#settle(false);
      due = due.filter((it) => it.clock.nextAt() <= clock.now);
    }
  }

  /** Does all that needs no time, and checks the promises. */
  async #settle(isChecked = true): Promise<void> {
    const { clock, ledger, store } = this.#stage;
    await clock.flush();
    if (this.#failure !== undefined) throw this.#failure;
    if (isChecked) await ledger.check(store, clock.now);
  }

  #disturb(kind: ProcessFault): void {
    const { trace, clock } = this.#stage;
    const random = this.#random;
    const process = pick(random, this.#processes);
    if (process === undefined) return;
    const tell = (text: string) => trace.add(() => `${clock.now} process ${process.number} (${process.name}) ${text}`);
    const hasRoom = this.#processes.length < MOST_PROCESSES;
    this.#faultsLeft--;
    switch (kind) {
      case "death":
      case "rebirth": {
        const isReborn = kind === "rebirth" && hasRoom;
        const isTwin = this.#processes.some((it) => it !== process && it.name === process.name);
        tell("dies");
        this.#kill(process);
        this.#start(isReborn ? process.name : this.#newName(), isReborn && !isTwin && random.chance(0.4));
        return;
      }
      case "twin":
        if (hasRoom) this.#start(process.name);
        return;
      case "shutdown":
        if (!process.isThere || !hasRoom) return;
        tell("shuts down");
        process.shutdown(random.chance(0.5), random.chance(0.5)).then(
          () => this.#remove(process),
          () => this.#remove(process),
        );
        this.#start(random.chance(0.5) ? process.name : this.#newName());
        return;
      case "block":
      case "sleep": {
        if (process.clock.isHeld || (kind === "sleep" && this.#setsClocks)) return;
        const ms = 200 + random.integer(2 * LEASE_MS);
        process.clock.hold(ms, kind === "sleep");
        tell(`${kind === "sleep" ? "sleeps" : "is blocked"} for ${ms} ms`);
        return;
      }
      case "clock": {
        if (!this.#setsClocks) return;
        process.clock.offsetMs = random.integer(20_001) - 10_000;
        this.#noteOffset(process.clock.offsetMs);
        tell(`has its clock set: it is off by ${process.clock.offsetMs} ms`);
        return;
      }
      case "recover":
        if (process.isThere) process.recover();
    }
  }

  /** Whether nothing will happen any more: all jobs have ended, or wait for deliveries only. */
  #isQuiet(): boolean {
    const { ledger } = this.#stage;
    return [...ledger.lives.values()].every(({ job, commands, dueAt, life }) =>
      commands.unread.length === 0 && !ledger.isBusy(life) &&
      (hasEnded(job.status) || (job.status === "running" && dueAt === undefined))
    );
  }

  /** Resumes the jobs that are paused. */
  #help(): void {
    const process = this.#processes.find((it) => it.isThere);
    for (const { jobId, job } of this.#stage.ledger.lives.values()) {
      if (job.status !== "paused") continue;
      process?.ask(jobId, { type: "resume" }, `end-${++this.#helps}`).catch(() => {});
    }
  }

  /** Everything has had time enough, and a job has not come to its end. */
  #complain(): never {
    const why = [...this.#stage.ledger.lives.values()].map(({ jobId, job, claim, dueAt, commands }) => {
      const owner = claim === undefined ? "nobody has it" : `process ${claim.process} has it`;
      return `${jobId} is ${job.status}, ${owner}, due at ${
        dueAt ?? "no time"
      }, ${commands.unread.length} commands unread`;
    });
    throw new FleetViolation("stranded", `not all jobs come to their end: ${why.join("; ")}`);
  }

  /** Whether somebody waits for the end of a job and has not heard of it. */
  #isAwaited(): boolean {
    return this.#clients.some(({ waits }) => waits.some(({ isOpen }) => isOpen));
  }

  /** Whoever waits for the end of a job, in a process that is there, hears of it. */
  #checkWaits(): void {
    for (const { process, isOpen, jobId, answer } of this.#clients.flatMap(({ waits }) => waits)) {
      if (answer === "failed" || isOpen) {
        const why = answer === "failed" ? "was told that another engine has it" : "hears nothing";
        throw new FleetViolation(
          "lost or doubled",
          `process ${process.number} waits for the end of ${jobId}, and ${why}`,
        );
      }
    }
  }

  async #checkEnd(): Promise<void> {
    const { ledger, settings } = this.#stage;
    await this.#settle();
    this.#checkWaits();
    for (const life of ledger.lives.values()) {
      const { isSteered, calls, steps, jobId, job } = life;
      if (isSteered) continue;
      const undone = [...calls.keys()].find((key) => !steps.has(key));
      if (job.status === "completed" && undone !== undefined) {
        throw new FleetViolation("lost or doubled", `step ${undone} of ${jobId} was carried out and never committed`);
      }
      const setup = this.#jobs.get(jobId);
      if (settings.comparison === "none" || setup === undefined) continue;
      this.compared++;
      await compareWithUndisturbed(life, setup, settings, settings.comparison);
    }
  }

  #noteOffset(offsetMs: number): void {
    const { ledger } = this.#stage;
    ledger.clockErrorMs = Math.max(ledger.clockErrorMs, Math.abs(offsetMs));
  }

  #newName(): string {
    return `engine-${++this.#names}`;
  }

  #start(name: string, takesOver = false): void {
    const offsetMs = this.#stage.hasStoreClock && this.#random.chance(0.2) ? this.#random.integer(601) - 300 : 0;
    this.#noteOffset(offsetMs);
    this.#processes.push(new FleetProcess(this.#stage, ++this.#count, name, offsetMs, takesOver));
  }

  #remove(process: FleetProcess): void {
    const index = this.#processes.indexOf(process);
    if (index < 0) return;
    this.#stage.trace.add(() => `  process ${process.number} has shut down`);
    this.#processes.splice(index, 1);
    this.#stage.ledger.died(process.number);
    this.#stage.calls.abandon(process.number, () => true);
    process.end();
  }

  #kill(process: FleetProcess): void {
    const { ledger, calls } = this.#stage;
    this.#processes.splice(this.#processes.indexOf(process), 1);
    ledger.died(process.number);
    calls.abandon(process.number, () => this.#random.chance(0.5));
    process.end();
  }

  #createClients(isSmall: boolean): void {
    const random = this.#random;
    const { settings, ledger, trace } = this.#stage;
    const jobs = isSmall ? [pick(random, settings.jobs)].filter((it) => it !== undefined) : settings.jobs;
    const commands = settings.commands.filter((it) => it !== "delete");
    const lists: ClientTask[][] = [[], [], []];
    jobs.forEach((job, i) => {
      const jobId = `job-${i + 1}`;
      this.#jobs.set(jobId, job);
      const rest: ClientTask[] = (job.deliveries ?? []).map((delivery, n) => {
        const asked = { type: "deliver", ...delivery } as const;
        if (random.chance(0.1)) return { type: "direct", jobId, asked };
        return { type: "ask", jobId, asked, key: `deliver-${i + 1}.${n + 1}` };
      });
      const most = random.integer(isSmall ? 4 : 6);
      for (let n = 0; n < most; n++) rest.push(...this.#command(jobId, pick(random, commands)));
      if (random.chance(0.3)) rest.push({ type: "wait", jobId });
      if (settings.commands.includes("delete") && random.chance(0.08)) {
        rest.push({ type: "delete", jobId, byEngine: random.chance(0.5) }, this.#starts(jobId, job));
      }
      lists[0]?.push(this.#starts(jobId, job));
      for (const task of rest) {
        const isOfFirst = task.type === "delete" || task.type === "start" || task.type === "execute";
        const list = lists[isOfFirst ? 0 : random.integer(3)];
        list?.push(task);
        if (task.type === "ask" && random.chance(0.15)) lists[random.integer(3)]?.push(task);
      }
    });
    for (const tasks of lists) {
      this.#clients.push(
        new FleetClient(tasks, ledger, trace, (id, done) => this.#delete(id, done), (error) => this.#stage.fail(error)),
      );
    }
  }

  #starts(jobId: string, job: FleetJob): ClientTask {
    const random = this.#random;
    if (random.chance(0.5)) return { type: "execute", jobId, job };
    return { type: "start", jobId, job, inMs: random.chance(0.2) ? 2_000 : 0 };
  }

  #command(jobId: string, type: Exclude<FleetCommand, "delete"> | undefined): ClientTask[] {
    const random = this.#random;
    if (type === undefined) return [];
    const asked: FleetAsk = type === "pause" ? { type, graceMs: random.integer(1_000) } : { type };
    if (random.chance(0.25)) return [{ type: "direct", jobId, asked }];
    const key = `${type}-${++this.#keys}`;
    const tasks: ClientTask[] = [{ type: "ask", jobId, asked, key }];
    if (type === "pause" && random.chance(0.7)) {
      tasks.push({ type: "ask", jobId, asked: { type: "resume" }, key: `resume-${key}` });
    }
    return tasks;
  }

  #delete(jobId: string, done: (isDeleted: boolean) => void): void {
    const { ledger, calls, trace, clock, store } = this.#stage;
    const life = ledger.lifeOf(jobId);
    if (life === undefined) return done(false);
    const now = () => clock.now;
    const watched = watchedStore(store, { ledger, trace, process: 0, clock: now, now });
    const [process] = this.#processes;
    if (process === undefined) return done(false);
    calls.calls.push({
      name: `delete ${jobId}`,
      clock: this.#outside,
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
}

function pick<T>(random: SeededRandom, list: readonly T[]): T | undefined {
  return list[random.integer(list.length)];
}
