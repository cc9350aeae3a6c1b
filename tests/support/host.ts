import { Engine, Flow, JobState, type Registry, StateError, StepLimitError } from "../../mod.ts";
import { jobOf } from "../../src/documents/job_state.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";
import { buildFlow, type FlowSpec } from "./flow_spec.ts";
import { makeItem } from "./script.ts";
import { scriptedRegistry } from "./scripted_routines.ts";
import type { Place, Stop } from "./stops.ts";
import type { Witness } from "./witness.ts";

/** What is carried from host to host. */
export interface Luggage {
  /** The flow and the job, as JSON. */
  readonly text: string;
  /** The instant. */
  readonly now: number;
}

/** What all hosts of one line share. */
export interface Line {
  /** What is still to happen: always the first whose place and count have come. */
  readonly stops: Stop[];
  /** What has happened. */
  readonly made: Stop[];
  /** How often each place was passed. */
  readonly passed: Record<Place, number>;
  /** Called at each place with what a snapshot would carry. */
  readonly onPlace: ((luggage: () => Luggage) => void) | undefined;
  /** Sees all that happens. */
  witness: Witness;
}

const FOREVER = 100_000;

/** A process on some machine: its clock, its registry, its flow, and the job that it works on. */
export class Host {
  readonly #timers: ManualTimers;
  readonly #line: Line;
  readonly #registry: Registry;
  readonly #engine: Engine;
  readonly #witness: Witness;
  readonly #flow: Flow;
  readonly #job: JobState;
  /** How often each place was passed since the last stop. */
  readonly #counts: Record<Place, number> = { commit: 0, op: 0, await: 0, idle: 0, start: 0 };
  #awaits = 0;
  #snapshot: { readonly luggage: Luggage; readonly witness: Witness } | undefined;
  #pause: "pause" | "rest" | undefined;

  /** The first host of a line is given a flow to build, the others what the one before has left. */
  constructor(given: FlowSpec | Luggage, line: Line, redrive = false) {
    const isFirst = !("text" in given);
    this.#line = line;
    this.#witness = line.witness;
    this.#timers = manualTimers(isFirst ? 0 : given.now);
    this.#engine = new Engine({ timers: this.#timers, ids: manualIds() });
    this.#registry = scriptedRegistry({
      onOp: () => this.#pass("op"),
      point: () => this.#point(),
      sleep: (ms) => new Promise((resolve) => void this.#timers.setTimer(this.#timers.now() + ms, resolve)),
      started: (ctx) => this.#witness.started(ctx),
      did: (ctx, deed) => this.#witness.did(ctx, deed),
      returned: (ctx) => this.#witness.returned(ctx),
      mistook: (ctx, got, sent) => this.#witness.mistook(ctx, got, sent),
    });
    if (isFirst) {
      this.#witness.delivering("source", "trigger", undefined);
      this.#flow = buildFlow(given, this.#registry, this.#engine);
      this.#job = this.#flow.create("source", given.params, { jobId: "job" });
    } else {
      const { flow, job } = JSON.parse(given.text);
      this.#flow = Flow.fromJSON(flow, this.#registry, { engine: this.#engine });
      this.#job = JobState.fromJSON(job, this.#registry);
    }
    this.#witness.received(jobOf(this.#job));
    this.#resume(redrive);
  }

  /** The job's document, as text. */
  get text(): string {
    return JSON.stringify(this.#job);
  }

  /** Whether the job has ended with failures that can be put back. */
  get canRedrive(): boolean {
    return this.#job.failures.length > 0;
  }

  /** What would be carried from here. */
  get luggage(): Luggage {
    return { text: JSON.stringify({ flow: this.#flow, job: this.#job }), now: this.#timers.now() };
  }

  /** Works until the job has ended, then answers nothing; or until it is carried off. */
  async work(): Promise<Luggage | undefined> {
    for (let rounds = 0; rounds < FOREVER; rounds++) {
      await this.#timers.flush();
      if (this.#snapshot !== undefined) return this.#leave(this.#snapshot);
      if (this.#job.status === "paused") {
        if (this.#pause !== "rest") return this.luggage;
        this.#pause = undefined;
        this.#resume(false);
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

  #resume(redrive: boolean): void {
    this.#flow.resume(this.#job, { redrive });
    let isFirst = true;
    void this.#flow.waitUntil(this.#job, () => {
      this.#witness.committed(jobOf(this.#job));
      if (!isFirst) this.#pass("commit");
      isFirst = false;
      return false;
    });
    this.#pass("start");
  }

  /** Handlers wait in turn for nothing, for a macrotask, for a microtask. */
  async #point(): Promise<void> {
    const turn = this.#awaits++ % 3;
    if (turn === 1) await new Promise<void>((resolve) => this.#timers.soon(resolve));
    if (turn === 2) await Promise.resolve();
    this.#pass("await");
    await Promise.resolve();
  }

  #pass(place: Place): void {
    this.#line.passed[place]++;
    if (!this.#isRunning || this.#snapshot !== undefined) return;
    this.#line.onPlace?.(() => this.luggage);
    if (this.#pause !== undefined) return;
    this.#counts[place]++;
    const index = this.#line.stops.findIndex((stop) => stop.place === place && this.#isDue(stop));
    const [stop] = index < 0 ? [] : this.#line.stops.splice(index, 1);
    if (stop === undefined) return;
    this.#line.made.push(stop);
    for (const place of Object.keys(this.#counts) as Place[]) this.#counts[place] = 0;
    this.#interrupt(stop);
  }

  #isDue(stop: Stop): boolean {
    if (this.#counts[stop.place] < stop.count) return false;
    return !(stop.how === "deliver" && stop.slot === "late") || jobOf(this.#job).awaiting.size > 0;
  }

  #interrupt(stop: Stop): void {
    switch (stop.how) {
      case "snapshot":
        this.#snapshot = { luggage: this.luggage, witness: this.#witness.fork() };
        return;
      case "cancel":
        return this.#flow.cancel(this.#job);
      case "deliver":
        return this.#deliver(stop);
      default:
        this.#pause = stop.how;
        void this.#flow.pause(this.#job, { graceMs: stop.graceMs, reason: `at ${stop.place} ${stop.count}` });
    }
  }

  #deliver({ to, slot, seed }: Stop & { readonly how: "deliver" }): void {
    const awaiting = this.#job.pendingTasks.filter((task) => task.awaiting !== undefined);
    const all = Object.keys(this.#flow.toJSON().routines).filter((id) => id !== "source");
    const ids = slot === "late" ? awaiting.map(({ routine }) => routine) : all;
    const id = ids[to % ids.length];
    if (id === undefined) return;
    this.#witness.delivering(id, slot, seed);
    try {
      this.#flow.deliver(this.#job, id, slot, makeItem(1, seed, seed));
    } catch (error) {
      if (!(error instanceof StepLimitError || error instanceof StateError)) throw error;
      this.#witness.refused();
    }
  }

  /** What goes on here after a snapshot is another line, which nobody follows. */
  #leave({ luggage, witness }: { readonly luggage: Luggage; readonly witness: Witness }): Luggage {
    if (this.#job.status === "running" || this.#job.status === "paused") this.#flow.cancel(this.#job);
    this.#line.witness = witness;
    return luggage;
  }
}
