import { Engine, Flow, JobState, type Registry } from "../../mod.ts";
import { manualEntropy, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";
import { buildFlow, type FlowSpec } from "./flow_generator.ts";
import { scriptedRegistry } from "./scripted_routines.ts";

/** Where a host stops working on a job: at which commit, at which thing that a handler does, at which await, or idle. */
export type Place = "commit" | "op" | "await" | "idle" | "start";

/** One stop of a journey. */
export interface Stop {
  /** Where. */
  readonly place: Place;
  /** At the how many-th, counted from 1 on this host. */
  readonly count: number;
  /** By a pause, or by a snapshot of the live job, whose host then is forgotten. */
  readonly how: "pause" | "snapshot";
  /** How long the pause lets handlers go on. */
  readonly graceMs: number;
}

/** What a run was like. */
export interface Journey {
  /** The text of the job at the end. */
  readonly end: string;
  /** The texts that were carried from host to host. */
  readonly texts: readonly string[];
  /** How often each place was passed. */
  readonly passed: Readonly<Record<Place, number>>;
  /** The stops that were made. */
  readonly stops: readonly Stop[];
}

const FOREVER = 100_000;

/** Runs a generated flow from host to host, each with everything made anew from text; `plan` says where each host stops. */
export async function travel(spec: FlowSpec, plan: (hosts: number) => Stop | undefined): Promise<Journey> {
  const passed: Record<Place, number> = { commit: 0, op: 0, await: 0, idle: 0, start: 0 };
  const texts: string[] = [];
  const stops: Stop[] = [];
  let host = new Host(0, plan(0));
  host.begin(spec);
  for (let hosts = 1;; hosts++) {
    const text = await host.work();
    for (const place of Object.keys(passed) as Place[]) passed[place] += host.passed[place];
    if (text === undefined) return { end: JSON.stringify(host.job), texts, passed, stops };
    texts.push(text);
    if (host.hasStopped && host.stop !== undefined) stops.push(host.stop);
    host = new Host(host.timers.now(), plan(hosts));
    host.receive(text);
  }
}

/** A process on some machine: its clock, its registry, its flow. */
class Host {
  readonly timers: ManualTimers;
  readonly stop: Stop | undefined;
  readonly passed: Record<Place, number> = { commit: 0, op: 0, await: 0, idle: 0, start: 1 };
  hasStopped = false;
  readonly #engine: Engine;
  #flow: Flow | undefined;
  #job: JobState | undefined;
  #macrotasks = 0;
  #snapshot: string | undefined;
  #pause: Promise<void> | undefined;

  constructor(now: number, stop: Stop | undefined) {
    this.timers = manualTimers(now);
    this.stop = stop;
    this.#engine = new Engine({ timers: this.timers, entropy: manualEntropy() });
  }

  get job(): JobState {
    if (this.#job === undefined) throw new Error("the host has no job");
    return this.#job;
  }

  begin(spec: FlowSpec): void {
    const flow = buildFlow(spec, this.#registry(), this.#engine);
    this.#flow = flow;
    this.#watch(flow, flow.create(flow.slot("source", "trigger"), spec.params as never, { jobId: "job" }));
  }

  receive(text: string): void {
    const { flow, job } = JSON.parse(text);
    const registry = this.#registry();
    this.#flow = Flow.fromJSON(flow, registry, { engine: this.#engine });
    const restored = JobState.fromJSON(job, registry);
    const again = JSON.stringify({ flow: this.#flow, job: restored });
    if (again !== text) throw new Error(`A round trip changed the text\n${text}\n${again}`);
    this.#watch(this.#flow, restored);
  }

  /** Works until the job has ended, rests, or was carried off; then the text to carry on. */
  async work(): Promise<string | undefined> {
    const { job, timers } = this;
    for (let rounds = 0; rounds < FOREVER; rounds++) {
      await this.#settle();
      if (this.#snapshot !== undefined) return this.#leave(this.#snapshot);
      if (job.status === "paused") return JSON.stringify({ flow: this.#flow, job });
      if (job.status !== "running") return undefined;
      if (this.#pause === undefined) this.#pass("idle");
      if (this.#snapshot === undefined && job.status === "running" && !(await timers.advanceToNext())) break;
    }
    throw new Error(`The job is stuck: ${JSON.stringify(job)}`);
  }

  /** Lets everything happen that needs no time, macrotasks that one after the other asks for included. */
  async #settle(): Promise<void> {
    for (let seen = -1; seen !== this.#macrotasks;) {
      seen = this.#macrotasks;
      await this.timers.flush();
      await this.timers.flush();
    }
  }

  #registry(): Registry {
    return scriptedRegistry({
      onOp: () => this.#pass("op"),
      point: () => this.#point(),
      sleep: (ms) => new Promise((resolve) => void this.timers.setTimer(this.timers.now() + ms, resolve)),
    });
  }

  #watch(flow: Flow, job: JobState): void {
    this.#job = job;
    flow.resume(job);
    let isFirst = true;
    void flow.waitUntil(job, () => {
      if (!isFirst) this.#pass("commit");
      isFirst = false;
      return false;
    });
    this.#pass("start");
  }

  async #point(): Promise<void> {
    const turn = this.passed.await % 3;
    if (turn === 1) {
      this.#macrotasks++;
      await new Promise<void>((resolve) => this.timers.soon(resolve));
    }
    if (turn === 2) await Promise.resolve();
    this.#pass("await");
    await Promise.resolve();
  }

  #pass(place: Place): void {
    if (place !== "start") this.passed[place]++;
    const { stop, job } = this;
    if (stop === undefined || this.hasStopped || stop.place !== place || this.passed[place] < stop.count) return;
    if (job.status !== "running") return;
    this.hasStopped = true;
    if (stop.how === "snapshot") this.#snapshot = JSON.stringify({ flow: this.#flow, job });
    else this.#pause = this.#flow?.pause(job, { graceMs: stop.graceMs, reason: `at ${place} ${stop.count}` });
  }

  /** What goes on here after a snapshot is another line, which nobody follows. */
  #leave(text: string): string {
    if (this.job.status === "running" || this.job.status === "paused") this.#flow?.cancel(this.job);
    return text;
  }
}
