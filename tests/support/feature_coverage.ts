import type { FlowDocument, JobDocument, TaskDocument } from "../../src/documents/mod.ts";
import { asksRetryIf, type FlowSpec } from "./flow_spec.ts";
import type { MovingRun } from "./moving_run.ts";

/** Counts the features that the runs of a property test have exercised, to show that none is left out. */
export class FeatureCoverage {
  readonly #counts: Map<string, number> = new Map();

  /** Counts the features of one run: of its flow, its stops and its end. */
  add(spec: FlowSpec, run: MovingRun): void {
    if (spec.checksResult) this.#count("schema of result");
    for (const { type, script, concurrency, errorHandler } of spec.nodes) {
      if (errorHandler !== undefined && asksRetryIf(errorHandler)) this.#count("retryIf");
      this.#count(`class ${type}`);
      if (concurrency !== undefined && concurrency < spec.maxWorkers) this.#count("concurrency");
      for (const { op } of script.ops) this.#count(`op ${op}`);
    }
    for (const redrive of run.redriven) this.#count(`redrive ${redrive}`);
    if (spec.catches.some(({ isMapped }) => isMapped)) this.#count("mapping of failures");
    for (const stop of run.stops) {
      this.#count(`${stop.how} at ${stop.place}`);
      if ("graceMs" in stop) this.#count(`${stop.how}, grace ${stop.graceMs}`);
    }
    for (const { text } of run.carried) {
      const { flow, job }: { readonly flow: FlowDocument; readonly job: JobDocument } = JSON.parse(text);
      this.#countJob(job);
      if (flow.connections.some(({ mapping }) => mapping !== undefined)) this.#count("mapping");
    }
    this.#countEnd(JSON.parse(run.end));
  }

  /** The features of a list that occurred fewer than three times, each with its count. */
  missing(things: readonly string[], least: number = 3): readonly string[] {
    return things.flatMap((thing) => {
      const count = this.#counts.get(thing) ?? 0;
      return count < least ? [`${thing}: ${count}`] : [];
    });
  }

  /** All counts, for reading. */
  toString(): string {
    return Array.from(this.#counts, ([thing, count]) => `${thing}: ${count}`).sort().join("\n");
  }

  #countJob(job: JobDocument): void {
    this.#count(`carried ${job.status}`);
    job.pendingTasks.forEach((task) => this.#countTask(task));
    const active = job.pendingTasks.find((task) => task.active);
    const isReady = ({ awaiting, notBefore = "" }: TaskDocument) => !awaiting && notBefore <= job.updatedAt;
    if (active?.priority !== "high" && job.pendingTasks.some((task) => task.priority === "high" && isReady(task))) {
      if (active !== undefined) this.#count("carried active before more urgent");
    }
    for (const [tag] of JSON.stringify(job).matchAll(/"\$type":"\w+"/g)) this.#count(`carried ${tag}`);
    if (job.deadline !== undefined) this.#count("carried deadline");
    if (job.dropped !== undefined) this.#count("carried dropped");
    if (job.failures?.some(({ handled }) => handled === true)) this.#count("carried handled");
    if (job.pendingTasks.some(({ connection }) => connection?.slot !== undefined)) this.#count("carried failure");
    if (job.result !== undefined) this.#count("carried result");
    if (job.arrivals !== undefined) this.#count("carried arrivals");
    if (job.deferredEvents !== undefined) this.#count("carried deferred");
    if (job.failures !== undefined) this.#count("carried failures");
    if (job.pendingTasks.some(({ trace }) => trace !== undefined)) this.#count("carried trace");
    this.#countErrors(job);
    for (const data of Object.values(job.slots ?? {}).flatMap((slots) => Object.values(slots))) {
      this.#count(data.lists === undefined ? "carried slot value" : "carried slot lists");
      for (const { start, cleared } of data.lists ?? []) {
        if (start !== undefined) this.#count("carried list start");
        if (cleared !== undefined) this.#count("carried list cleared");
      }
    }
  }

  #countTask(task: TaskDocument): void {
    const { active, attempt, awaiting, emitKey, merged, notBefore, parked, priority, progress } = task;
    if (active) this.#count("carried active");
    if (active && merged !== undefined) this.#count("carried active merged");
    if (active && progress !== undefined) this.#count("carried active progress");
    if (attempt !== undefined && notBefore !== undefined) this.#count("carried retry");
    if (attempt === undefined && notBefore !== undefined) this.#count("carried delay");
    if (attempt !== undefined && merged?.lists !== undefined) this.#count("carried retry of lists");
    if (attempt !== undefined && merged?.value !== undefined) this.#count("carried retry of value");
    if (attempt !== undefined && progress !== undefined) this.#count("carried retry of progress");
    if (awaiting !== undefined) this.#count("carried awaiting");
    if (awaiting?.onTimeout !== undefined) this.#count("carried onTimeout");
    if (emitKey !== undefined) this.#count("carried emitKey");
    if (parked) this.#count("carried parked");
    if (priority !== undefined) this.#count(`carried ${priority}`);
  }

  #countEnd(job: JobDocument): void {
    this.#count(`ended ${job.status}`);
    if (`${job.error?.message}`.includes("waiting included")) this.#count("ended late");
    if (`${job.error?.message}`.includes("no handler has called ctx.result")) this.#count("ended without result");
    if (JSON.stringify(job.result)?.includes('"isChecked":true')) this.#count("ended with checked result");
    for (const { status, retries } of Object.values(job.routineStates ?? {})) {
      this.#count(`routine ${status}`);
      if (retries !== undefined) this.#count("routine retries");
    }
    for (const { error } of job.failures ?? []) this.#count(`failure ${error.name}`);
    this.#countErrors(job);
  }

  #countErrors({ failures = [] }: JobDocument): void {
    if (failures.some(({ error }) => `${error.message}`.startsWith("Cannot set the result"))) {
      this.#count("failure of result");
    }
    for (const part of ["details", "omitted", "errors"]) {
      if (failures.some(({ error }) => part in error)) this.#count(`${part} of an error`);
    }
  }

  #count(thing: string): void {
    this.#counts.set(thing, (this.#counts.get(thing) ?? 0) + 1);
  }
}
