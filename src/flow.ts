import type { Finding } from "./base/errors.ts";
import { checkDuration, checkName } from "./base/options.ts";
import { describeValue } from "./base/path.ts";
import type { Registry } from "./values/registry.ts";
import { payloadOf } from "./values/encoder.ts";
import { EngineBase, hostOf } from "./engine/execution/engine_host.ts";
import { type Execution, executionOf } from "./engine/execution/execution.ts";
import { DEFAULT_GRACE_MS } from "./engine/execution/resting.ts";
import { FlowJobs, refuse } from "./engine/flow_jobs.ts";
import {
  type JobProgress,
  type Settled,
  waitForCondition,
  waitForRest,
  type WaitOptions,
  waitUntilIdle,
} from "./engine/execution/waits.ts";
import { OutputStream } from "./engine/execution/output_stream.ts";
import { defaultEngine } from "./default_engine.ts";
import {
  checkExecutionTimeout,
  checkStrategy,
  type ExecutionStrategy,
  FlowGraph,
  type FlowGraphOptions,
} from "./model/flow_graph.ts";
import { membershipOf, Routine } from "./model/routine.ts";
import { Slot } from "./model/slot.ts";
import type { Timers } from "./ports/timers.ts";
import type { Job, OutputEntry } from "./job/job.ts";
import type { Route } from "./job/task.ts";
import { decodeFlow, encodeFlow, type FlowDocument } from "./documents/flow.ts";
import { jobOf, JobState } from "./documents/job_state.ts";
import { type JobOutput, viewOutput } from "./documents/job_views.ts";
import { preflight } from "./documents/preflight.ts";

/** What a flow is made of. */
export interface FlowOptions extends Omit<FlowGraphOptions, "id"> {
  /** The flow's id; a job can be resumed only by a flow of the same id. @default {a new one} */
  readonly id?: string;
  /** What runs its jobs. @default {an engine that all flows share} */
  readonly engine?: EngineBase;
}

/** What a caller listens to while a job is live; what a callback throws changes nothing for the job. */
export interface ListenOptions {
  /** Called with each output, once it is committed. */
  readonly onOutput?: (output: JobOutput) => void;
  /** Called with each `ctx.report` of a handler: live progress, which is not stored. */
  readonly onReport?: (data: unknown, routineId: string) => void;
  /** Cancels the job when aborted. */
  readonly signal?: AbortSignal;
}

/** How a job is made. */
export interface CreateOptions {
  /** The job's id. @default {a new one} */
  readonly jobId?: string;
  /** How its handlers run. @default {as the flow says} */
  readonly strategy?: ExecutionStrategy;
  /** How many of them may wait at the same time. @default {as the flow says} */
  readonly maxWorkers?: number;
  /** How long it may work, in milliseconds, waiting not counted; `Infinity` for no limit. @default {as the flow says} */
  readonly timeoutMs?: number;
}

/** How a job is made and started. */
export interface ExecuteOptions extends CreateOptions, ListenOptions {}

/** How a job is resumed. */
export interface ResumeOptions extends ListenOptions {
  /** Puts the failures of a job that has ended back, with all their retries. @default {false} */
  readonly redrive?: boolean;
}

/** How a job is paused. */
export interface PauseOptions {
  /** Why: kept in the job's `pausePoints`. */
  readonly reason?: string;
  /** Anything to note with it. */
  readonly checkpoint?: unknown;
  /** How long handlers may go on before they are aborted, in milliseconds. @default {1000} */
  readonly graceMs?: number;
  /** Ends the wait for the rest when aborted; the pause itself goes on. */
  readonly signal?: AbortSignal;
}

/** How a flow is shut down. */
export interface ShutdownOptions extends WaitOptions {
  /** Whether live jobs run what is due before they are paused; `timeoutMs` limits that. @default {true} */
  readonly drain?: boolean;
}

/** How the end of a job is awaited. */
export interface CompletionOptions extends WaitOptions {
  /** Called at once and after each commit. What it throws ends the wait. */
  readonly onProgress?: (progress: JobProgress) => void;
}

/** What makes and steers a flow's jobs: for the library's own floors. */
export let runnerOf: (flow: Flow) => FlowJobs;

/** Where a job begins: a slot, or the `trigger` of a routine, which may be named by its id. */
export type Entry = string | Routine<object> | Slot<never>;

/** The arguments after an entry: what a slot accepts may be left out where `{}` will do. */
export type EntryArguments<E, O> = E extends Slot<infer T>
  ? (Record<never, never> extends T ? [params?: T, options?: O] : [params: T, options?: O])
  : [params?: unknown, options?: O];

/**
 * A workflow: routines whose events are connected to each other's slots, and the means to execute it. Each execution is a
 * `JobState`; the flow itself holds nothing of any of them.
 *
 * @example
 * ```ts
 * import { type Context, Flow, Routine } from "@routilux/routilux";
 *
 * class Hello extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.greet);
 *   greet({ name }: { name: string }, ctx: Context): void {
 *     ctx.output("greeting", `Hello, ${name}`);
 *   }
 * }
 * const flow = new Flow({ id: "hello" });
 * const hello = flow.addRoutine(new Hello(), "hello");
 * const job = await flow.run(hello.trigger, { name: "world" });
 * job.outputLog[0]?.data; // "Hello, world"
 * ```
 */
export class Flow extends FlowGraph {
  readonly #engine: EngineBase;
  readonly #runner: FlowJobs;

  static {
    runnerOf = (flow) => flow.#runner;
  }

  /**
   * Makes an empty flow.
   *
   * @throws {TypeError} for an option of the wrong kind
   * @throws {RangeError} for a number out of range
   */
  constructor(options: FlowOptions = {}) {
    const engine = options.engine ?? defaultEngine();
    if (!(engine instanceof EngineBase)) {
      throw new TypeError(`Cannot create flow: engine must be an Engine, got ${describeValue(engine)}`);
    }
    super({ ...options, id: options.id ?? hostOf(engine).ids.id() });
    this.#engine = engine;
    this.#runner = new FlowJobs(this, hostOf(engine));
  }

  /**
   * Reads a flow's document, which is not changed. What a class declares is as the class says; what the document adds to
   * it is kept. Values in config and fields are built anew: errors without stacks, and with eight causes at most.
   *
   * @throws {SerializationError} when it is no document of a flow, naming the path
   * @throws {PreflightError} when it does not fit the registered classes: every finding at once
   */
  static fromJSON(json: unknown, registry: Registry, options: { readonly engine?: EngineBase } = {}): Flow {
    const decoded = decodeFlow(json, registry);
    const flow = new Flow({ ...decoded.options, ...options });
    decoded.fill(flow);
    return flow;
  }

  /**
   * The flow's document: the definition alone, nothing of any job.
   *
   * @throws {TypeError} for a routine that another process could not build: which, why, and what to do
   */
  toJSON(): FlowDocument {
    return encodeFlow(this);
  }

  /**
   * Makes a pending job; `resume` starts it. It begins at a slot, or at the `trigger` of a routine.
   *
   * @throws {TypeError} for an entry that is not in the flow
   * @throws {SerializationError} naming the path of params that cannot travel
   */
  create<E extends Entry>(entry: E, ...rest: EntryArguments<E, CreateOptions>): JobState {
    return this.#create(entry, readArguments<CreateOptions>(rest));
  }

  /**
   * Starts a job and returns it at once; no handler has run then. It begins at a slot, or at the `trigger` of a routine.
   * With a store, a job of the same id that was started before is the one that goes on.
   *
   * @throws {TypeError} for an entry that is not in the flow
   * @throws {SerializationError} naming the path of params that cannot travel
   */
  execute<E extends Entry>(entry: E, ...rest: EntryArguments<E, ExecuteOptions>): JobState {
    const given = readArguments<ExecuteOptions>(rest);
    given.options.signal?.throwIfAborted();
    return this.#live(given.options) ?? this.#start(this.#create(entry, given), false, given.options);
  }

  /**
   * Starts a job and waits until it has ended or rests.
   *
   * @throws what `execute` throws, and the signal's reason when it is aborted
   */
  async run<E extends Entry>(entry: E, ...rest: EntryArguments<E, ExecuteOptions>): Promise<JobState> {
    const { signal } = readArguments<ExecuteOptions>(rest).options;
    const job = this.execute(entry, ...rest);
    await this.waitForCompletion(job, signal === undefined ? {} : { signal });
    // The abort has cancelled the job first, which ends the wait as well.
    if (job.status === "cancelled") signal?.throwIfAborted();
    return job;
  }

  /**
   * Lets a pending, paused or restored job go on. All checks come first; then its status is `running`.
   *
   * @throws {PreflightError} when it does not fit the flow: every finding, and nothing has changed
   * @throws {StateError} when it is live already, or has ended and nothing is to be redriven
   */
  resume(job: JobState, options: ResumeOptions = {}): JobState {
    options.signal?.throwIfAborted();
    return this.#start(job, options.redrive ?? false, options);
  }

  /**
   * Stops taking tasks; resolves when the job rests, or has ended otherwise. Handlers that don't return in time are
   * aborted, and their tasks run again on resume.
   *
   * @throws {StateError} when the job is not live
   */
  async pause(job: JobState, options: PauseOptions = {}): Promise<void> {
    const { reason, checkpoint, graceMs = DEFAULT_GRACE_MS, signal } = options;
    signal?.throwIfAborted();
    const { data, execution } = this.#target("pause", job);
    checkDuration(`Cannot pause job "${job.jobId}"`, "graceMs", graceMs);
    if (execution === undefined) throw refuse("pause", data, "it is not live here");
    const subject = { action: `Cannot pause job "${job.jobId}"`, root: "checkpoint" };
    const pauseRequest = { reason, checkpoint: payloadOf(checkpoint, this.registry, subject, this.limits) };
    execution.rest({ status: "paused", pauseRequest }, graceMs);
    const wait = signal === undefined ? {} : { signal };
    await waitForRest(data, executionOf(data), hostOf(this.#engine).timers, wait, undefined);
  }

  /**
   * Ends a job: handlers are aborted, queued tasks do not run.
   *
   * @throws {StateError} when it has ended already
   */
  cancel(job: JobState, options: { readonly reason?: string } = {}): void {
    this.#runner.cancel(this.#target("cancel", job).data, options.reason);
  }

  /**
   * Brings data from outside to a slot of a running or paused job.
   *
   * @throws {StateError} when the job is pending or has ended
   */
  deliver<T>(job: JobState, slot: Slot<T>, data: NoInfer<T>): void;
  /** Brings data to a slot by the names of routine and slot. */
  deliver(job: JobState, routineId: string, slotName: string, data: unknown): void;
  deliver(job: JobState, ...args: never[]): void {
    const { data: target } = this.#target("deliver to", job);
    const [first, second, third]: unknown[] = args;
    const slot = first instanceof Slot ? first : this.slot(String(first), String(second));
    this.#runner.deliver(target, this.#routeTo("deliver to", slot), first instanceof Slot ? second : third);
  }

  /** Waits for the end of a job: true when it has ended, however; false when the time is up, or it rests. */
  waitForCompletion(job: JobState, options: CompletionOptions = {}): Promise<boolean> {
    const { data, execution, timers } = this.#target("wait for", job);
    checkWait(options);
    return waitForRest(data, execution, timers, options, options.onProgress);
  }

  /**
   * Waits until a condition holds, asked after each commit: false when the time is up, or the job ends or rests first.
   *
   * @throws whatever the condition throws, and TypeError for one that answers with a promise
   */
  waitUntil(job: JobState, condition: (job: JobState) => boolean, options: WaitOptions = {}): Promise<boolean> {
    const { execution, timers } = this.#target("wait for", job);
    checkWait(options);
    return waitForCondition(execution, timers, options, () => condition(job));
  }

  /** Runs what is due, and tells when the job must be looked at again: for hosts that live for one request. */
  settle(job: JobState, options: WaitOptions = {}): Promise<Settled> {
    const { data, execution, timers } = this.#target("settle", job);
    checkWait(options);
    return waitUntilIdle(data, execution, timers, options);
  }

  /** The job's outputs: those that are kept, then new ones as they are committed, until it ends or rests. */
  outputs(job: JobState): AsyncIterableIterator<JobOutput, void, undefined> {
    const { data, execution } = this.#target("read outputs of", job);
    const stops: (() => void)[] = [];
    const view = (output: OutputEntry) => viewOutput(output, this.registry);
    const stream = new OutputStream(data.outputs.toArray(), view, () => stops.forEach((stop) => stop()));
    if (execution === undefined) stream.close();
    else {
      stops.push(execution.listeners.onOutput((output) => stream.push(output)));
      stops.push(execution.listeners.onRest((error) => stream.close(error)));
    }
    return stream;
  }

  /** Everything that would keep a job from being resumed here, as data; nothing is changed. */
  check(job: JobState): readonly Finding[] {
    return preflight(this.#target("resume", job).data, this);
  }

  /**
   * Takes no more jobs. The live ones run what is due, unless `drain` is false; what is left of them is paused, and can be
   * resumed elsewhere.
   *
   * @throws the signal's reason when it is aborted before all jobs rest
   */
  async shutdown({ drain = true, ...options }: ShutdownOptions = {}): Promise<void> {
    checkWait(options);
    await this.#runner.shutDown(drain, options);
  }

  #create(entry: Entry, { params, options }: GivenArguments<CreateOptions>): JobState {
    const { jobId, strategy, maxWorkers, timeoutMs } = options;
    const action = `Cannot execute flow "${this.id}"`;
    if (jobId !== undefined) checkName(action, "jobId", jobId);
    if (strategy !== undefined || maxWorkers !== undefined) {
      checkStrategy(strategy ?? this.executionStrategy, maxWorkers);
    }
    if (timeoutMs !== undefined) checkExecutionTimeout(action, timeoutMs);
    const settings = { executionStrategy: strategy, maxWorkers, executionTimeoutMs: timeoutMs };
    const job = this.#runner.create(this.#entry(entry), params, jobId, settings);
    return new JobState(job, this.registry);
  }

  /** With a store, a job of this id that works here already is the one to start. */
  #live({ jobId }: CreateOptions): JobState | undefined {
    const job = jobId === undefined ? undefined : hostOf(this.#engine).store?.session.liveJob(jobId);
    return job === undefined ? undefined : new JobState(job, this.registry);
  }

  #start(job: JobState, redrive: boolean, { onOutput, onReport, signal }: ListenOptions): JobState {
    const { data } = this.#target("resume", job);
    const onRest = signal === undefined ? () => {} : this.#cancelWith(job, signal);
    try {
      this.#runner.resume(data, redrive, {
        onOutput: onOutput === undefined ? undefined : (output) => onOutput(viewOutput(output, this.registry)),
        onReport,
        onRest,
      });
    } catch (error) {
      onRest();
      throw error;
    }
    return job;
  }

  /** Cancels a job when a signal is aborted, until the returned function is called. */
  #cancelWith(job: JobState, signal: AbortSignal): () => void {
    const cancel = () => this.cancel(job, { reason: String(signal.reason) });
    signal.addEventListener("abort", cancel);
    return () => signal.removeEventListener("abort", cancel);
  }

  #target(event: string, job: JobState): Target {
    if (!(job instanceof JobState)) {
      throw new TypeError(`Cannot ${event} a job: expected a JobState, got ${describeValue(job)}`);
    }
    const data = jobOf(job);
    if (data.flowId !== this.id && event !== "resume") {
      throw new TypeError(
        `Cannot ${event} job "${data.jobId}": its flow_id "${data.flowId}" does not match flow "${this.id}"`,
      );
    }
    return { data, execution: executionOf(data), timers: hostOf(this.#engine).timers };
  }

  #entry(entry: Entry): Route {
    if (entry instanceof Slot) return this.#routeTo("execute", entry);
    const id = entry instanceof Routine ? this.routineId(entry) : String(entry);
    return this.#routeTo("execute", this.slot(id, "trigger"));
  }

  #routeTo(event: string, slot: Slot<never>): Route {
    const membership = membershipOf(slot.owner);
    if (membership?.routines === this.routines) return this.#runner.routeTo(membership.id, slot.name);
    const owner = describeValue(slot.owner);
    throw new TypeError(
      `Cannot ${event} flow "${this.id}": slot "${slot.name}" belongs to ${owner}, which is not in it`,
    );
  }
}

/** The arguments after an entry, as they came. */
interface GivenArguments<O> {
  readonly params: unknown;
  readonly options: O;
}

/** The types of the arguments have been checked where they were given. */
function readArguments<O extends object>(rest: readonly unknown[]): GivenArguments<O> {
  const [params, options] = rest;
  return { params: params === undefined ? {} : params, options: (options ?? {}) as O };
}

/** A job as the calls on it need it. */
interface Target {
  readonly data: Job;
  readonly execution: Execution | undefined;
  readonly timers: Timers;
}

function checkWait({ timeoutMs }: WaitOptions): void {
  if (timeoutMs !== undefined) checkDuration("Cannot wait", "timeoutMs", timeoutMs, Infinity);
}
