import { Engine, Flow, JobState, type Registry, StateError, StepLimitError } from "../../mod.ts";
import { jobOf } from "../../src/documents/job_state.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";
import { buildFlow, type FlowSpec, jobOptions, propagate } from "./flow_spec.ts";
import { isRecord } from "../../src/values/json.ts";
import { type Item, makeItem, mix } from "./handler_script.ts";
import { scriptedRegistry } from "./scripted_routines.ts";
import type { Place, Stop } from "./job_stops.ts";
import type { RunListener } from "./run_listener.ts";

/** A flow and its job as text, on the way from one host to another. */
export interface CarriedJob {
  /** The flow and the job, as JSON. */
  readonly text: string;
  /** The instant. */
  readonly now: number;
}

/** The state shared by the hosts that a job passes through. */
export interface HostChain {
  /** The stops still to be made: the first whose place and count have been reached is the next. */
  readonly stops: Stop[];
  /** The stops that were made. */
  readonly made: Stop[];
  /** How often each place was passed. */
  readonly passed: Record<Place, number>;
  /** Called at each place with a function that takes a snapshot there. */
  readonly onPlace: ((carriedJob: () => CarriedJob) => void) | undefined;
  /** Hears of everything that happens. */
  listener: RunListener;
}

/** Which failures of a job are put back: all that are not handled, the first, or one that gets another item than it had. */
export type Redrive = "all" | "first" | "changed";

/** The failures that a redrive chooses; the first, where none has an item that could be another, or the job may make no task more. */
export function chooseFailures(
  job: JobState,
  redrive: Redrive,
  steps: number,
): true | readonly (number | { readonly taskId: number; readonly data: Item })[] {
  const { failures } = job;
  if (redrive === "all" || failures.length === 0) return true;
  for (const { task: { id, slot, data } } of redrive === "changed" && jobOf(job).nextTaskId <= steps ? failures : []) {
    const seed = isRecord(data) && typeof data["seed"] === "number" ? mix(data["seed"], id) : undefined;
    if (seed !== undefined && CHANGEABLE.test(slot)) return [{ taskId: id, data: makeItem(1, seed, seed) }];
  }
  return failures.slice(0, 1).map(({ task }) => task.id);
}

/** The slots that take items. */
const CHANGEABLE = /^(input|late)$/;

const FOREVER = 100_000;

/** A simulated process with a clock, a registry and a flow of its own, which works on one job. */
export class ScriptedHost {
  readonly #timers: ManualTimers;
  readonly #chain: HostChain;
  readonly #registry: Registry;
  readonly #engine: Engine;
  readonly #listener: RunListener;
  readonly #flow: Flow;
  readonly #job: JobState;
  /** How often each place was passed since the last stop. */
  readonly #counts: Record<Place, number> = { commit: 0, op: 0, await: 0, idle: 0, start: 0 };
  #awaits = 0;
  #snapshot: { readonly carriedJob: CarriedJob; readonly listener: RunListener } | undefined;
  #pause: "pause" | "rest" | undefined;

  /** The first host is given a flow to build, each other the job that the previous host has left. */
  constructor(given: FlowSpec | CarriedJob, chain: HostChain, redrive?: Redrive) {
    const isFirst = !("text" in given);
    this.#chain = chain;
    this.#listener = chain.listener;
    this.#timers = manualTimers(isFirst ? 0 : given.now);
    this.#engine = new Engine({ timers: this.#timers, ids: manualIds(), propagate });
    this.#registry = scriptedRegistry({
      onOp: () => this.#pass("op"),
      point: () => this.#point(),
      sleep: (ms) => new Promise((resolve) => void this.#timers.setTimer(this.#timers.now() + ms, resolve)),
      started: (ctx) => this.#listener.started(ctx),
      did: (ctx, effect) => this.#listener.did(ctx, effect),
      returned: (ctx) => this.#listener.returned(ctx),
      mistook: (ctx, got, sent) => this.#listener.mistook(ctx, got, sent),
    });
    if (isFirst) {
      this.#listener.delivering("source", "trigger", undefined);
      this.#flow = buildFlow(given, this.#registry, this.#engine);
      this.#job = this.#flow.create("source", given.params, jobOptions(given));
    } else {
      const { flow, job } = JSON.parse(given.text);
      this.#flow = Flow.fromJSON(flow, this.#registry, { engine: this.#engine });
      this.#job = JobState.fromJSON(job, this.#registry);
    }
    this.#listener.received(jobOf(this.#job));
    this.#resume(redrive);
  }

  /** The job's document, as text. */
  get text(): string {
    return JSON.stringify(this.#job);
  }

  /** Whether the job has ended with work that it can go on with: its limits stay the same. */
  get canRedrive(): boolean {
    const { error, failures, pendingTasks, deferredEvents } = this.#job;
    const open = failures.filter(({ handled }) => handled !== true).length + pendingTasks.length +
      deferredEvents.length;
    return error?.code !== "STEP_LIMIT" && open > 0;
  }

  /** The flow and the job as they would be carried to another host now. */
  get carriedJob(): CarriedJob {
    return { text: JSON.stringify({ flow: this.#flow, job: this.#job }), now: this.#timers.now() };
  }

  /** Works until the job has ended, or answers the job when it must move to another host. */
  async work(): Promise<CarriedJob | undefined> {
    for (let rounds = 0; rounds < FOREVER; rounds++) {
      await this.#timers.flush();
      if (this.#snapshot !== undefined) return this.#leave(this.#snapshot);
      if (this.#job.status === "paused") {
        if (this.#pause !== "rest") return this.carriedJob;
        this.#pause = undefined;
        this.#resume();
        continue;
      }
      if (this.#job.status !== "running") return undefined;
      if (this.#pause === undefined) this.#pass("idle");
      if (this.#snapshot === undefined && this.#isRunning && !(await this.#timers.advanceToNext()) && this.#isRunning) {
        break;
      }
    }
    throw new Error(`The job is stuck: ${this.text}`);
  }

  get #isRunning(): boolean {
    return this.#job.status === "running";
  }

  #resume(redrive?: Redrive): void {
    const choice = redrive !== undefined && chooseFailures(this.#job, redrive, this.#flow.limits.steps);
    if (typeof choice === "object") {
      for (const each of choice) if (typeof each === "object") this.#replace(each.taskId, each.data.seed);
    }
    this.#flow.resume(this.#job, { redrive: choice });
    let isFirst = true;
    void this.#flow.waitUntil(this.#job, () => {
      this.#listener.committed(jobOf(this.#job));
      if (!isFirst) this.#pass("commit");
      isFirst = false;
      return false;
    });
    this.#pass("start");
  }

  #replace(taskId: number, seed: number): void {
    for (const { id, route } of jobOf(this.#job).failures.map(({ task }) => task)) {
      if (id === taskId) this.#listener.replacing(id, route, seed);
    }
  }

  /** Handlers wait in turn for a microtask, a macrotask, and two microtasks. */
  async #point(): Promise<void> {
    const turn = this.#awaits++ % 3;
    if (turn === 1) await new Promise<void>((resolve) => this.#timers.soon(resolve));
    if (turn === 2) await Promise.resolve();
    this.#pass("await");
    await Promise.resolve();
  }

  #pass(place: Place): void {
    this.#chain.passed[place]++;
    if (!this.#isRunning || this.#snapshot !== undefined) return;
    this.#chain.onPlace?.(() => this.carriedJob);
    if (this.#pause !== undefined) return;
    this.#counts[place]++;
    const index = this.#chain.stops.findIndex((stop) => stop.place === place && this.#isDue(stop));
    const [stop] = index < 0 ? [] : this.#chain.stops.splice(index, 1);
    if (stop === undefined) return;
    this.#chain.made.push(stop);
    for (const place of Object.keys(this.#counts) as Place[]) this.#counts[place] = 0;
    this.#interrupt(stop);
  }

  #isDue(stop: Stop): boolean {
    if (this.#counts[stop.place] < stop.count) return false;
    if (stop.how === "discard") return this.#job.failures.length > 0;
    return !(stop.how === "deliver" && stop.slot === "late") || jobOf(this.#job).awaiting.size > 0;
  }

  #interrupt(stop: Stop): void {
    switch (stop.how) {
      case "snapshot":
        this.#snapshot = { carriedJob: this.carriedJob, listener: this.#listener.fork() };
        return;
      case "cancel":
        return this.#flow.cancel(this.#job);
      case "deliver":
        return this.#deliver(stop);
      case "discard":
        return this.#discard(stop);
      default:
        this.#pause = stop.how;
        void this.#flow.pause(this.#job, { graceMs: stop.graceMs, reason: `at ${stop.place} ${stop.count}` });
    }
  }

  #discard({ failure }: Stop & { readonly how: "discard" }): void {
    const ids = this.#job.failures.map(({ task }) => task.id);
    const chosen = failure === "all" ? ids : ids.slice(failure % ids.length).slice(0, 1);
    this.#listener.discarding(chosen);
    this.#flow.discard(this.#job, chosen);
  }

  #deliver({ to, slot, seed }: Stop & { readonly how: "deliver" }): void {
    const awaiting = this.#job.pendingTasks.filter((task) => task.awaiting !== undefined);
    const all = Object.keys(this.#flow.toJSON().routines).filter((id) => id !== "source");
    const ids = slot === "late" ? awaiting.map(({ routine }) => routine) : all;
    const id = ids[to % ids.length];
    if (id === undefined) return;
    this.#listener.delivering(id, slot, seed);
    try {
      this.#flow.deliver(this.#job, id, slot, makeItem(1, seed, seed));
    } catch (error) {
      if (!(error instanceof StepLimitError || error instanceof StateError)) throw error;
      this.#listener.refused();
    }
  }

  /** After a snapshot this host is abandoned: the listener continues with the next host. */
  #leave({ carriedJob, listener }: { readonly carriedJob: CarriedJob; readonly listener: RunListener }): CarriedJob {
    if (this.#job.status === "running" || this.#job.status === "paused") this.#flow.cancel(this.#job);
    this.#chain.listener = listener;
    return carriedJob;
  }
}
