import type { StepCommit } from "../../job/commit.ts";
import type { OutputEntry } from "../../job/job.ts";

/** A set that is made with its first listener: most jobs have none of most kinds. */
type Listeners<F> = Set<F> | undefined;

/** The listeners of one live job: pending waits, and readers of its outputs. */
export class JobListeners {
  #onCommit: Listeners<() => void>;
  #onRest: Listeners<(error?: Error) => void>;
  #onIdle: Listeners<(error?: Error) => void>;
  #onOutput: Listeners<(output: OutputEntry) => void>;
  #onReport: Listeners<(routine: string, data: unknown) => void>;

  /** Calls back after each commit, until the returned function is called. */
  onCommit(callback: () => void): () => void {
    return add(this.#onCommit ??= new Set(), callback);
  }

  /** Calls back when the job has ended or rests; with an error when its state is no longer known here. */
  onRest(callback: (error?: Error) => void): () => void {
    return add(this.#onRest ??= new Set(), callback);
  }

  /** Calls back when nothing of the job is due; with an error when its state is no longer known here. */
  onIdle(callback: (error?: Error) => void): () => void {
    return add(this.#onIdle ??= new Set(), callback);
  }

  /** Whether somebody waits until nothing is due. */
  get awaitsIdle(): boolean {
    return this.#onIdle !== undefined && this.#onIdle.size > 0;
  }

  /** Calls back with each output that is committed, until the returned function is called. */
  onOutput(callback: (output: OutputEntry) => void): () => void {
    return add(this.#onOutput ??= new Set(), callback);
  }

  /** Calls back with each report of a handler. */
  onReport(callback: (routine: string, data: unknown) => void): () => void {
    return add(this.#onReport ??= new Set(), callback);
  }

  /** A handler reports live progress. */
  report(routine: string, data: unknown): void {
    callAll(this.#onReport, routine, data);
  }

  /** Something has been committed. */
  committed(): void {
    // On the hot path, and mostly without listeners: the check saves a call that is not inlined.
    if (this.#onCommit !== undefined) callAll(this.#onCommit);
  }

  /** A step has been committed, with the outputs that it has. */
  step({ effects }: StepCommit): void {
    // Most have none: a loop takes more of the inlining budget than all else that a step does here.
    if (effects !== undefined && effects.outputs.length > 0) this.#tellOutputs(effects.outputs);
  }

  #tellOutputs(outputs: readonly OutputEntry[]): void {
    for (const output of outputs) callAll(this.#onOutput, output);
  }

  /** Nothing is due. */
  idle(): void {
    callAll(this.#onIdle);
  }

  /** The job has ended or rests, or its state is no longer known here. */
  rested(error?: Error): void {
    callAll(this.#onIdle, error);
    callAll(this.#onRest, error);
  }
}

/** Adds a callback under an entry of its own: the same callback may be added twice. */
function add<A extends unknown[]>(set: Set<(...args: A) => void>, callback: (...args: A) => void): () => void {
  const entry = (...args: A) => callback(...args);
  set.add(entry);
  return () => void set.delete(entry);
}

/** Calls all listeners of a copy: a callback may remove itself or others. */
function callAll<A extends unknown[]>(listeners: Listeners<(...args: A) => void>, ...args: A): void {
  if (listeners === undefined || listeners.size === 0) return;
  for (const callback of [...listeners]) callback(...args);
}
