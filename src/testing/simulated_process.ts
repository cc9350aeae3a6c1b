import { callGuarded } from "../base/thenable.ts";
import type { Registry } from "../values/registry.ts";
import { Engine } from "../engine.ts";
import { type EngineHost, hostOf } from "../engine/execution/engine_host.ts";
import { type Execution, executionOf } from "../engine/execution/execution.ts";
import { Flow } from "../flow.ts";
import type { Services } from "../model/context.ts";
import type { EngineEvent } from "../ports/observer.ts";
import type { Timers } from "../ports/timers.ts";
import { hasEnded } from "../job/job.ts";
import { jobOf, type JobState } from "../documents/job_state.ts";
import type { FaultKind, Faults } from "./faults.ts";
import type { FamilyLedger } from "./family_ledger.ts";
import { manualIds } from "./manual_ids.ts";
import { type ManualTimers, manualTimers, skewedTimers } from "./manual_timers.ts";
import type { SeededRandom } from "./seeded_random.ts";
import { type HandlersHost, SimulatedHandlers } from "./simulated_handlers.ts";
import type { Trace, TraceStep } from "./trace.ts";

/** What a simulated process offers to the services and callbacks of a test. */
export interface SimulatedHost {
  /** The clock of the process; its timers may be late or early. */
  readonly timers: Timers;
  /** The simulation's random number generator. */
  readonly random: SeededRandom;
}

/** A waiting job: nothing happens until time passes, or somebody delivers data. */
export interface IdleJob extends SimulatedHost {
  /** The flow of the job's process, for `flow.deliver`. */
  readonly flow: Flow;
  /** The job. */
  readonly job: JobState;
}

/** An intended stop. */
export interface Stop {
  /** By a pause, or by the end of the process, of which only the job's text remains. */
  readonly how: "pause" | "death";
  /** How long the pause lets handlers finish, in milliseconds. */
  readonly graceMs: number;
}

/** What all processes of one simulation share. */
export interface Stage {
  readonly registry: Registry;
  /** The text of the flow. */
  readonly flowText: string;
  readonly random: SeededRandom;
  readonly faults: Required<Faults>;
  readonly handlerMs: number;
  readonly maxSteps: number;
  readonly trace: Trace;
  readonly ledger: FamilyLedger;
  readonly services: ((host: SimulatedHost) => Services) | undefined;
  readonly onIdle: ((idle: IdleJob) => void) | undefined;
  readonly always: ((job: JobState) => void) | undefined;
  /** Decides at each step whether the job is stopped on purpose. */
  readonly stopAt: (step: TraceStep) => Stop | undefined;
}

/** The steps at which a process may die or a job may be stopped. */
const PLACES: ReadonlySet<TraceStep["type"]> = new Set(["start", "wait", "return", "commit", "clock"]);

/** A simulated process. It works on a job until the job has ended or is paused, or until the process dies. */
export class SimulatedProcess implements HandlersHost {
  readonly timers: ManualTimers;
  readonly random: SeededRandom;
  readonly faults: Required<Faults>;
  readonly handlerMs: number;
  /** Whether a handler waited while the clock moved. */
  hasTakenTime = false;
  readonly #stage: Stage;
  readonly #number: number;
  readonly #flow: Flow;
  readonly #job: JobState;
  readonly #handlers: SimulatedHandlers;
  readonly #host: EngineHost;
  /** The executions of children whose commits are watched. */
  readonly #watched: WeakSet<Execution> = new WeakSet();
  readonly #world: SimulatedHost;
  /** The job's text that the dead process leaves. */
  #left: string | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** Whether a pause is in progress. */
  #isStopping = false;
  #isAborted = false;

  /** Starts a process at a time; `getJob` makes or reads the job. */
  constructor(stage: Stage, number: number, now: number, getJob: (flow: Flow) => JobState) {
    this.#stage = stage;
    this.#number = number;
    ({ random: this.random, faults: this.faults, handlerMs: this.handlerMs } = stage);
    this.timers = manualTimers(now);
    this.#handlers = new SimulatedHandlers(this);
    const timers = skewedTimers(this.timers, () => this.#skew(), (by) => {
      this.strike("timer", by > 0 ? `${by} ms late` : `${-by} ms early`);
    });
    this.#world = { timers, random: stage.random };
    const { services } = stage;
    const engine = new Engine({
      timers,
      ids: manualIds(),
      observer: (event) => this.#guard(() => this.#told(event)),
      ...(services === undefined ? {} : { services: services(this.#world) }),
    });
    this.#host = hostOf(engine, "Cannot simulate");
    this.#host.director = this.#handlers;
    this.#flow = Flow.fromJSON(JSON.parse(stage.flowText), stage.registry, { engine });
    this.#job = getJob(this.#flow);
  }

  /** The job, as this process has it. */
  get job(): JobState {
    return this.#job;
  }

  get isGone(): boolean {
    return this.#left !== undefined || this.#failure !== undefined;
  }

  /**
   * Works until the job has ended, and returns `undefined`; or until the process stops, and returns the text for the
   * next process.
   */
  async work(): Promise<string | undefined> {
    this.#resume();
    for (;;) {
      await this.timers.flush();
      this.#guard(() => this.#stage.ledger.checkNoneLost(jobOf(this.#job)));
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#left !== undefined) return this.#left;
      if (hasEnded(this.#job.status)) return undefined;
      if (this.#job.status === "paused") {
        if (!this.#isAborted) return JSON.stringify(this.#job);
        this.#resume();
      } else await this.#idle();
    }
  }

  step(type: TraceStep["type"], text: string): void {
    if (this.isGone) return;
    const { trace, maxSteps, stopAt } = this.#stage;
    const at = this.timers.now();
    const step = trace.add({ at, host: this.#number, type, text });
    if (step > maxSteps) {
      this.#failure = { error: new Error(`the job has not ended after ${maxSteps} steps; see maxSteps`) };
    } else if (PLACES.has(type) && this.#job.status === "running" && !this.#isStopping) {
      const stop = stopAt({ step, at, host: this.#number, type, text });
      if (stop !== undefined) this.#stop(stop);
      else if (this.faults.death > 0 && this.random.chance(this.faults.death)) {
        this.strike("death", "the process is gone");
        this.#left = JSON.stringify(this.#job);
      }
    }
  }

  strike(kind: FaultKind, text: string): void {
    if (!this.isGone) this.#stage.trace.addFault(kind, text, { at: this.timers.now(), host: this.#number });
  }

  abortHandlers(): void {
    this.#isAborted = true;
    this.#pause("simulated abort", 0);
  }

  #resume(): void {
    this.#isStopping = false;
    this.#isAborted = false;
    this.#flow.resume(this.#job);
    let isFirst = true;
    // `onProgress` is called with the present state first, then after each commit.
    void this.#flow.waitForCompletion(this.#job, {
      onProgress: () => {
        this.#guard(() => this.#committed(isFirst ? "start" : "commit"));
        isFirst = false;
      },
    });
  }

  #committed(type: "start" | "commit"): void {
    if (this.isGone) return;
    const job = jobOf(this.#job);
    const changes = this.#stage.ledger.observe(job);
    if (type === "start") this.step(type, `${job.tasks.size} pending`);
    else this.step(type, [...changes, ...(job.status === "running" ? [] : [job.status])].join(", "));
    this.#guard(() => this.#stage.always?.(this.#job));
  }

  /** The `task` event of the last commit may come just after the process has died. */
  #told(event: EngineEvent): void {
    const { ledger } = this.#stage;
    if (event.type === "task" && (!this.isGone || ledger.isLeaving(event))) ledger.told(event);
    if (event.type === "start" && event.jobId !== this.#job.jobId && !this.isGone) this.#watch(event.jobId);
  }

  /** The commits of a child are places, too. */
  #watch(jobId: string): void {
    const job = this.#host.liveJob(jobId);
    const execution = job && executionOf(job);
    if (execution === undefined || this.#watched.has(execution)) return;
    this.#watched.add(execution);
    execution.listeners.onCommit(() => this.#guard(() => this.#committed("commit")));
    // What was committed when it went on has not been watched.
    this.#guard(() => void this.#stage.ledger.observe(jobOf(this.#job)));
  }

  /** The job waits: the test may deliver data; otherwise the clock moves on. */
  async #idle(): Promise<void> {
    const { onIdle, trace } = this.#stage;
    const before = trace.steps.length;
    if (!this.#isStopping) this.#guard(() => onIdle?.({ ...this.#world, flow: this.#flow, job: this.#job }));
    if (this.isGone || trace.steps.length > before || this.#job.status !== "running") return;
    const { nextAt } = this.timers;
    if (nextAt === undefined) return this.#end();
    this.step("clock", `to ${nextAt} ms`);
    if (this.isGone || this.#job.status !== "running") return;
    if (this.#handlers.waiting > 0 && nextAt > this.timers.now()) this.hasTakenTime = true;
    await this.timers.advanceToNext();
  }

  /** Ends a process in which a handler never settles. Without such a handler, the job is stuck, which is an error. */
  #end(): void {
    if (this.#handlers.hanging > 0) {
      this.strike("death", "ended, as a handler hangs and nothing else is left to do");
      this.#left = JSON.stringify(this.#job);
      return;
    }
    const awaited = this.#job.pendingTasks.filter(({ awaiting }) => awaiting !== undefined)
      .map(({ id, routine, slot }) => `task ${id} awaits a delivery to ${routine}.${slot}: see onIdle`);
    const waiting = this.#handlers.waiting === 0
      ? []
      : ["a handler waits for what the simulation does not move: see services"];
    throw new Error(`the job is stuck; ${[...awaited, ...waiting].join("; ")}`);
  }

  #stop({ how, graceMs }: Stop): void {
    this.#stage.trace.add({ at: this.timers.now(), host: this.#number, type: "stop", text: how });
    if (how === "death") this.#left = JSON.stringify(this.#job);
    else this.#pause("simulated stop", graceMs);
  }

  #pause(reason: string, graceMs: number): void {
    this.#isStopping = true;
    void this.#flow.pause(this.#job, { reason, graceMs });
  }

  #skew(): number {
    const { timerLateMs, timerEarlyMs } = this.faults;
    const range = timerLateMs + timerEarlyMs;
    return range === 0 ? 0 : this.random.integer(range + 1) - timerEarlyMs;
  }

  /** The engine ignores errors of its callbacks, so an error here, or a rejection, is kept and thrown by `work`. */
  #guard(run: () => unknown): void {
    callGuarded(run, (error) => this.#failure ??= { error });
  }
}
