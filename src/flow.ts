import { isOfRest, textOfReason } from "./abort_reason.ts";
import { adoptJob, type AdoptOptions } from "./adoption.ts";
import { type PreflightFinding, TimeoutError } from "./base/errors.ts";
import { checkOptions, type OptionNames } from "./base/options.ts";
import type { Registry } from "./values/registry.ts";
import { payloadOf } from "./values/encoder.ts";
import type { Engine } from "./engine.ts";
import { type EngineHost, hostOf } from "./engine/execution/engine_host.ts";
import { executionOf } from "./engine/execution/execution.ts";
import { DEFAULT_GRACE_MS } from "./engine/execution/resting.ts";
import { type JobCallbacks, JobNotifier } from "./engine/execution/notifier.ts";
import { FlowJobs } from "./engine/flow_jobs.ts";
import type { Redrive } from "./engine/execution/redrive.ts";
import { refuse } from "./engine/execution/refusal.ts";
import {
  checkWait,
  type SettleResult,
  waitForCondition,
  waitForRest,
  type WaitOptions,
  waitUntilIdle,
} from "./engine/execution/waits.ts";
import { streamOutputs } from "./engine/execution/output_stream.ts";
import { defaultHost } from "./default_engine.ts";
import { looseEnds } from "./model/loose_ends.ts";
import { FlowGraph } from "./model/flow_graph.ts";
import type { Slot } from "./model/slot.ts";
import { hasEnded, type Job, statusOf } from "./job/job.ts";
import type { Route } from "./job/task.ts";
import type { JobHandle, StartedJob } from "./job_handle.ts";
import type { ConnectionTarget } from "./model/connection.ts";
import { type EntryArguments, type EntryPoint, entryTarget } from "./model/entry_point.ts";
import type {
  CompletionOptions,
  CreateOptions,
  ExecuteOptions,
  FlowOptions,
  FlowOrigin,
  ListenOptions,
  PauseOptions,
  ResumeOptions,
  RunOptions,
  ShutdownOptions,
} from "./flow_options.ts";
import {
  checkCondition,
  checkCreate,
  checkItems,
  checkJob,
  checkPause,
  checkResume,
  checkUntil,
  deliveryOf,
  OPTIONS,
  readArguments,
  reasonOf,
} from "./call_options.ts";
import type { StartItem, StartOptions } from "./start_options.ts";
import { type CreateJob, type StartedItem, type StoreAccess, storeAccess } from "./store_access.ts";
import { decodeFlow, encodeFlow } from "./documents/flow.ts";
import type { FlowDocument } from "./documents/flow_schema.ts";
import { jobOf, type JobState, jobStateOf } from "./documents/job_state.ts";
import { type JobOutput, viewOutput } from "./documents/job_views.ts";
import { resultOfJob } from "./job_result.ts";
import { type FailureChoice, resolveFailures, resolveRedrive } from "./repair.ts";

/** The part of a flow that makes and steers its jobs: for the library's own floors. */
export let runnerOf: (flow: Flow) => FlowJobs;

/** What a flow was made with: for the library's own floors. */
export let originOf: (flow: Flow) => FlowOrigin;

/**
 * A workflow: routines whose events are connected to each other's slots, and the methods that execute it. Each execution is
 * a `JobState`; the flow itself holds no state of any execution. `FlowGraph` has the methods that build the structure.
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
export class Flow<out Result = unknown> extends FlowGraph<Result> {
  readonly #host: EngineHost;
  readonly #origin: FlowOrigin;
  readonly #runner: FlowJobs;

  static {
    runnerOf = (flow) => flow.#runner;
    originOf = (flow) => flow.#origin;
  }

  /**
   * Makes an empty flow.
   *
   * @throws {TypeError} for an option of the wrong type
   * @throws {RangeError} for a number out of range
   */
  constructor(options: FlowOptions<Result> = {}) {
    checkOptions("Cannot create flow", options, OPTIONS.flow);
    const { id, engine, ...settings } = options;
    const host = engine === undefined ? defaultHost() : hostOf(engine, "Cannot create flow");
    super(id ?? host.ids.id(), { ...settings, registry: settings.registry ?? host.registry });
    this.#host = host;
    this.#origin = { host, isNamed: id !== undefined, isVersioned: settings.version !== undefined };
    this.#runner = new FlowJobs(this, host);
  }

  /**
   * Reads a flow's document, which is not changed. Where the document and a class differ, the class decides; additions of
   * the document are kept. Values in config and fields are built anew: errors without stacks, and with at most eight causes.
   *
   * @param json the parsed document, as `toJSON` wrote it
   * @param registry the classes and functions that the document names
   * @param options `engine` runs the flow's jobs; without one, all flows share an engine
   * @throws {SerializationError} when the value is no document of a flow, naming the path
   * @throws {PreflightError} when the document does not fit the registered classes, with all findings
   * @throws {TypeError} for an option of an unknown name
   */
  static fromJSON(json: unknown, registry: Registry, options: { readonly engine?: Engine } = {}): Flow {
    checkOptions("Cannot read routilux/flow", options, { engine: true });
    const decoded = decodeFlow(json, registry);
    const flow = new Flow({ ...decoded.options, ...options });
    decoded.fill(flow);
    return flow;
  }

  /**
   * Writes the flow's document: the definition alone, no state of any job.
   *
   * @throws {TypeError} for a routine that another process could not build, with the reason and the remedy
   */
  toJSON(): FlowDocument {
    return encodeFlow(this);
  }

  /**
   * Makes a pending job; `resume` starts it. With a store too, only this process has it before that: `start` stores a job, also one that
   * begins at a later instant.
   *
   * @param entry the slot where the job begins, or a routine with a slot named `trigger`
   * @param rest the data for that slot, `{}` by default, then the options
   * @returns the job, in status `pending`
   * @throws {TypeError} for an entry that is not in the flow
   * @throws {SerializationError} naming the path of params that cannot travel
   */
  create<E extends EntryPoint>(entry: E, ...rest: EntryArguments<E, CreateOptions>): JobState<Result> {
    return this.#create(entry, ...this.#read<CreateOptions>(rest, OPTIONS.create));
  }

  /**
   * Starts a job and returns it at once, before the first handler runs. A job of the same id that is live in this engine is joined
   * instead, with its own params; with a store, one that was started before is continued. A job that another engine has stays there, and
   * shows what the store has of it: `flow.handle(jobId)` follows it, and acts on it.
   *
   * @param entry the slot where the job begins, or a routine with a slot named `trigger`
   * @param rest the data for that slot, `{}` by default, then the options
   * @returns the job, in status `running`
   * @throws {StateError} when the id is that of a live job of another flow
   * @throws {TypeError} for an entry that is not in the flow
   * @throws {SerializationError} naming the path of params that cannot travel
   */
  execute<E extends EntryPoint>(entry: E, ...rest: EntryArguments<E, ExecuteOptions>): JobState<Result> {
    const [params, options] = this.#read<ExecuteOptions>(rest, OPTIONS.execute);
    return this.#execute(entry, params, options);
  }

  #execute(entry: EntryPoint, params: unknown, options: ExecuteOptions): JobState<Result> {
    options.signal?.throwIfAborted();
    return this.#live(options) ?? this.#start(this.#create(entry, params, options), undefined, options);
  }

  /**
   * Starts a job and waits until the job has ended or is paused; with `until: "idle"`, also until it waits for an answer from outside. It
   * does not throw when the job fails: `result` does. For a job that another engine has, it does not wait: see `execute`.
   *
   * @param entry the slot where the job begins, or a routine with a slot named `trigger`
   * @param rest the data for that slot, `{}` by default, then the options
   * @returns the job; `status` says how it ended, and `awaiting` what it waits for
   * @throws the errors of `execute`, and the signal's reason when the signal is aborted
   */
  async run<E extends EntryPoint>(entry: E, ...rest: EntryArguments<E, RunOptions>): Promise<JobState<Result>> {
    const [params, { until = "ended", ...options }] = this.#read<RunOptions>(rest, OPTIONS.run);
    checkUntil(until);
    const { signal } = options;
    const job = this.#execute(entry, params, options);
    await this.waitForCompletion(job, signal === undefined ? { until } : { signal, until });
    // The abort cancels the job first, and that ends the wait as well.
    if (job.status === "cancelled") signal?.throwIfAborted();
    return job;
  }

  /**
   * Stores a job, for a worker of any engine with this store: see `engine.work`. A job that was stored with this id before is joined,
   * unless `ifExists` says otherwise.
   *
   * @param entry the slot where the job begins, or a routine with a slot named `trigger`
   * @param rest the data for that slot, `{}` by default, then the options
   * @returns a handle of the job, as soon as it is stored
   * @throws {TypeError} for an engine without store or registry, and for an entry that is not in the flow
   * @throws {SerializationError} naming the path of params that cannot travel
   * @throws {SchemaError} when the slot's schema refuses the params
   * @throws {StateError} when the id is that of a job of another flow, or taken and `ifExists` is `throw`
   * @throws {RangeError} for a number or an instant out of range
   * @throws {StoreError} when the store keeps failing
   *
   * @example
   * ```ts
   * import { Engine, Flow, Registry, Routine } from "@routilux/routilux";
   * import { memoryStore } from "@routilux/routilux/stores/memory";
   *
   * class Report extends Routine {
   *   readonly trigger = this.addSlot("trigger", this.write);
   *   write(): void {}
   * }
   * const registry = new Registry({ Report });
   * const engine = new Engine({ registry, store: memoryStore() });
   * const flow = new Flow({ id: "reports", registry, engine });
   * flow.addRoutine(new Report(), "report");
   *
   * const first = await flow.start("report", {}, { jobId: "march", at: Date.now() + 60_000, tags: { team: "sales" } });
   * const again = await flow.start("report", {}, { jobId: "march" });
   * [first.isNew, again.isNew]; // [true, false]
   * await engine.close();
   * ```
   */
  async start<E extends EntryPoint>(entry: E, ...rest: EntryArguments<E, StartOptions>): Promise<StartedJob<Result>> {
    const [params, options] = readArguments<StartOptions>(
      `Cannot start a job of flow "${this.id}"`,
      rest,
      OPTIONS.start,
    );
    const [started] = await this.#startAll(entry, [{ ...options, params }], options.ifExists);
    // Unreachable: there is an answer for each job.
    if (started === undefined) throw new TypeError(`Cannot start a job of flow "${this.id}"`);
    return started;
  }

  /**
   * Stores many jobs in one call. See `start`; a job that was stored with an id before is joined.
   *
   * @returns a handle of each job, in order
   * @throws the errors of `start`; then none of the jobs may be stored, some, or all
   *
   * @example
   * ```ts
   * import { Engine, Flow, Registry, Routine } from "@routilux/routilux";
   * import { memoryStore } from "@routilux/routilux/stores/memory";
   *
   * class Report extends Routine {
   *   readonly trigger = this.addSlot("trigger", this.write);
   *   write(): void {}
   * }
   * const registry = new Registry({ Report });
   * const engine = new Engine({ registry, store: memoryStore() });
   * const flow = new Flow({ id: "reports", registry, engine });
   * flow.addRoutine(new Report(), "report");
   *
   * const jobs = await flow.startMany("report", [{ jobId: "april" }, { jobId: "may", priority: "high" }]);
   * jobs.map(({ jobId }) => jobId); // ["april", "may"]
   * await engine.close();
   * ```
   */
  async startMany<E extends EntryPoint>(
    entry: E,
    jobs: readonly StartItem<E>[],
  ): Promise<readonly StartedJob<Result>[]> {
    checkItems(`Cannot start jobs of flow "${this.id}"`, jobs);
    return await this.#startAll(entry, jobs);
  }

  /**
   * Makes a handle of one of the flow's jobs in the store, wherever it is.
   *
   * @throws {TypeError} for an engine without store or registry
   */
  handle(jobId: string): JobHandle<Result> {
    return this.#access("make a handle").handle(jobId, this);
  }

  /**
   * Continues a pending, paused or restored job, or with `redrive` one that has ended. All checks run first; then the job's
   * status is `running`.
   *
   * @returns the same job
   * @throws {PreflightError} when the job does not fit the flow, with all findings; the job is unchanged
   * @throws {StateError} when the job is live already; when it has ended and `redrive` is not set, or nothing is left to do
   * @throws {StepLimitError} when the job has ended by `limits.steps`, and the limit of the flow is no larger now
   * @throws {TypeError} for an option of an unknown name
   */
  resume<J extends JobState>(job: J, options: ResumeOptions = {}): J {
    checkResume(options);
    options.signal?.throwIfAborted();
    const { redrive = false, maxRetries } = options;
    if (redrive === false && maxRetries !== undefined) {
      throw new TypeError("Cannot resume job: maxRetries is about failures that become tasks again; give redrive, too");
    }
    const choice = redrive === false ? undefined : resolveRedrive(job, redrive, maxRetries, this.registry, this.limits);
    return this.#start(job, choice, options);
  }

  /**
   * Pauses a job: no further task starts. The promise resolves when no handler runs any more, or the job has ended.
   * Handlers that don't return within `graceMs` are aborted, and their tasks run again on resume.
   *
   * @throws {StateError} when the job is not live
   * @throws {TypeError} for an option of an unknown name
   * @throws {RangeError} for a time out of range
   */
  async pause(job: JobState, options: PauseOptions = {}): Promise<void> {
    checkPause(options);
    const { reason, checkpoint, graceMs = DEFAULT_GRACE_MS, signal } = options;
    signal?.throwIfAborted();
    const data = this.#target("pause", job);
    const execution = executionOf(data);
    if (execution === undefined) throw refuse("pause", data, "it is not live here");
    const subject = { action: `Cannot pause job "${job.jobId}"`, root: "checkpoint" };
    execution.rest({ reason, checkpoint: payloadOf(checkpoint, this.registry, subject, this.limits) }, graceMs);
    const wait = signal === undefined ? {} : { signal };
    await waitForRest(data, executionOf(data), this.#host.timers, wait, undefined);
  }

  /**
   * Ends a job in status `cancelled`: running handlers are aborted, queued tasks do not run.
   *
   * @param options `reason` becomes the message of the job's error
   * @throws {StateError} when the job has ended already
   * @throws {TypeError} for an option of an unknown name, and a reason that is no text
   */
  cancel(job: JobState, options: { readonly reason?: string } = {}): void {
    this.#runner.cancel(this.#target("cancel", job), reasonOf(options));
  }

  /**
   * Delivers data from outside the flow to a slot of a running or paused job.
   *
   * @throws {StateError} when the job is pending or has ended
   */
  deliver<T>(job: JobState, slot: Slot<T>, data: NoInfer<T>): void;
  /** Delivers data to a slot that is given by the id of its routine and its own name. */
  deliver(job: JobState, routineId: string, slotName: string, data: unknown): void;
  deliver(job: JobState, ...args: never[]): void {
    const data = this.#target("deliver to", job);
    const action = `Cannot deliver to job "${job.jobId}"`;
    const [to, value] = deliveryOf(action, args);
    this.#runner.deliver(data, this.#route(action, to), value);
  }

  /**
   * Drops failures of a job: a redrive does not put them back, and what their tasks hold is let go of.
   *
   * @throws {StateError} for a task of which the job has no failure, and for a job of the store that is not live here
   * @throws {TypeError} for a choice of another kind
   */
  discard(job: JobState, failures: FailureChoice): void {
    this.#runner.discard(this.#target("discard failures of", job), resolveFailures(job, failures));
  }

  /**
   * Waits for the end of a job; with `until: "idle"`, also until it waits for an answer from outside.
   *
   * @returns true when the job has completed, failed or been cancelled; false when the time is up, the job is at rest, or it waits for
   * an answer
   * @throws {TypeError} for an option of an unknown name, and for another word than `ended` and `idle`
   * @throws {RangeError} for a time out of range
   */
  waitForCompletion(job: JobState, options: CompletionOptions = {}): Promise<boolean> {
    const data = this.#target("wait for", job);
    checkWait(options, { onProgress: true, until: true });
    const { until = "ended", onProgress } = options;
    const isIdle = checkUntil(until) === "idle";
    const { timers } = this.#host;
    return this.#follow(data, () => waitForRest(data, executionOf(data), timers, options, onProgress, isIdle));
  }

  /**
   * Waits for the end of a job, and gives its result: what a handler has set by `ctx.result`.
   *
   * @throws {JobFailedError} when the job has failed; its `cause` is the error
   * @throws {CancelledError} when the job was cancelled
   * @throws {StateError} when the job is at rest, and has not ended
   * @throws {TimeoutError} when the time of the wait is up
   * @throws the signal's reason when it is aborted
   */
  async result<R>(job: JobState<R>, options: WaitOptions = {}): Promise<R> {
    const data = this.#target("wait for", job);
    checkWait(options);
    const { timeoutMs: most = Infinity } = options;
    const { timers } = this.#host;
    const begin = timers.elapsed();
    for (let timeoutMs = most; !await this.waitForCompletion(job, { ...options, timeoutMs });) {
      if (executionOf(data) === undefined) break;
      // It has come to rest and was resumed since, or the time is up.
      timeoutMs = most - (timers.elapsed() - begin);
      if (timeoutMs <= 0) throw new TimeoutError(`Job "${job.jobId}"`, most);
    }
    return resultOfJob(job);
  }

  /**
   * Waits until a condition holds.
   *
   * @param condition called at once and after each commit
   * @returns true when the condition holds; false when the time is up, or the job ends or comes to rest first
   * @throws whatever the condition throws, and TypeError for one that answers with a promise
   */
  waitUntil(job: JobState, condition: (job: JobState) => boolean, options: WaitOptions = {}): Promise<boolean> {
    const data = this.#target("wait for", job);
    checkCondition(condition, options);
    const { timers } = this.#host;
    return this.#follow(data, () => waitForCondition(executionOf(data), timers, options, () => condition(job)));
  }

  /**
   * Waits until all due tasks of a job have run: for hosts that live for one request.
   *
   * @returns the job's status, and the instant at which its next task is due
   * @throws {TypeError} for an option of an unknown name
   * @throws {RangeError} for a time out of range
   */
  settle(job: JobState, options: WaitOptions = {}): Promise<SettleResult> {
    const data = this.#target("settle", job);
    checkWait(options);
    return this.#follow(data, () => waitUntilIdle(data, executionOf(data), this.#host.timers, options));
  }

  /** Iterates over the job's outputs: first the kept ones, then each new one after its commit, until the job ends or rests. */
  outputs(job: JobState): AsyncIterableIterator<JobOutput, void, undefined> {
    const data = this.#target("read outputs of", job);
    return streamOutputs(data, executionOf(data)?.listeners, (output) => viewOutput(output, this.registry));
  }

  /**
   * Checks whether a job can be resumed by this flow, or without a job what the flow leaves unconnected. Nothing is changed.
   *
   * @returns of a job the obstacles, none when `resume` would succeed; of the flow the events that go nowhere and the slots that no
   * event reaches, which may be meant so, and cycles of failures
   */
  check(job?: JobState): readonly PreflightFinding[] {
    return job === undefined ? looseEnds(this) : this.#runner.findings(this.#target("resume", job));
  }

  /**
   * Moves a job at rest, which was made by another version of this flow, to this one: routines get other ids, slots and events other
   * names, or routines go with all that the job holds for them. All checks of `resume` come first; a job that is in a store goes on with the flow of its start.
   *
   * @returns what stands in the way, for `dryRun`; otherwise nothing
   * @throws {PreflightError} when the job does not fit the flow then, with all findings; the job is unchanged
   * @throws {StateError} for a job that is live, or in a store
   * @throws {TypeError} for an option of an unknown name or the wrong kind, and a new id or name that is not in the flow
   *
   * @example
   * ```ts
   * import { type Context, Flow, JobState, Registry, Routine } from "@routilux/routilux";
   *
   * class Ask extends Routine {
   *   readonly trigger = this.addSlot("trigger", (_: unknown, ctx: Context) => ctx.expect("answer"));
   *   readonly answer = this.addSlot("answer", () => {});
   * }
   * const before = new Flow({ id: "asking" });
   * const job = await before.run(before.addRoutine(new Ask(), "ask"), {}, { until: "idle" });
   * await before.pause(job);
   *
   * const flow = new Flow({ id: "asking" });
   * flow.addRoutine(new Ask(), "question");
   * const moved = JobState.fromText(job.toText(), new Registry());
   * flow.adopt(moved, { dryRun: true }).map(({ code }) => code); // ["unknown_routine", "unknown_routine"]
   * flow.adopt(moved, { rename: { ask: "question" } });
   * moved.awaiting[0]?.routine; // "question"
   * ```
   */
  adopt(job: JobState, options: AdoptOptions = {}): readonly PreflightFinding[] {
    return adoptJob(this.#target("adopt", job), this, this.#host.store?.session, options);
  }

  /**
   * Refuses further jobs, and brings the live ones to rest. They run their due tasks first, unless `drain` is false; then
   * the unfinished ones are paused, and can be resumed elsewhere; with a store they are released, for workers elsewhere. Those that
   * workers have taken go on: `engine.shutdown` stops workers.
   *
   * @throws the signal's reason when the signal is aborted before all jobs are at rest
   */
  async shutdown(options: ShutdownOptions = {}): Promise<void> {
    checkWait(options, { drain: true }, "Cannot shut down");
    const { drain = true, ...wait } = options;
    await this.#runner.shutDown(drain, wait);
  }

  #create(entry: EntryPoint, params: unknown, options: CreateOptions, startAt?: number): JobState<Result> {
    const made = checkCreate(`Cannot execute flow "${this.id}"`, options, this.executionStrategy);
    const job = this.#runner.create(this.#entry(entry), params, { ...made, startAt });
    return jobStateOf<Result>(job, this.registry);
  }

  #read<O extends object>(rest: readonly unknown[], known: OptionNames<O>): [params: unknown, options: O] {
    return readArguments(`Cannot execute flow "${this.id}"`, rest, known);
  }

  #access(action: string): StoreAccess {
    const access = storeAccess.get(this.#host);
    if (access !== undefined) return access(action);
    throw new TypeError(`Cannot ${action}: flow "${this.id}" has no engine with a store; give new Flow() one`);
  }

  async #startAll(
    entry: EntryPoint,
    jobs: readonly StartedItem[],
    ifExists?: "join" | "throw",
  ): Promise<readonly StartedJob<Result>[]> {
    const access = this.#access("start a job");
    const create: CreateJob = (...job) => jobOf(this.#create(entry, ...job));
    return await access.start(this, this.#entry(entry), jobs, create, ifExists);
  }

  /**
   * `execute` joins a job of the same id that is live here already.
   *
   * @throws {StateError} when that is a job of another flow
   */
  #live({ jobId, ...listen }: ExecuteOptions): JobState<Result> | undefined {
    const job = jobId === undefined ? undefined : this.#host.liveJob(jobId);
    if (job === undefined) return undefined;
    if (job.flowId !== this.id) throw refuse("execute", job, `its id is taken by a job of flow "${job.flowId}"`);
    const state = jobStateOf<Result>(job, this.registry);
    const execution = executionOf(job);
    if (execution === undefined) return hasEnded(job.status) ? state : this.#start(state, "join", listen);
    new JobNotifier(job, this.#host, this.#callbacks(listen)).listenTo(execution.listeners);
    if (listen.signal !== undefined) execution.listeners.onRest(this.#cancelWith(state, listen.signal));
    return state;
  }

  #callbacks({ onOutput, onReport }: ListenOptions): JobCallbacks {
    return { onOutput: onOutput && ((output) => onOutput(viewOutput(output, this.registry))), onReport };
  }

  #start<J extends JobState>(job: J, how: Redrive | "join" | undefined, listen: ListenOptions): J {
    const data = this.#target("resume", job);
    const onRest = listen.signal && this.#cancelWith(job, listen.signal);
    const callbacks = { ...this.#callbacks(listen), onRest };
    try {
      if (how === "join") this.#runner.join(data, callbacks);
      else this.#runner.resume(data, how, callbacks);
    } catch (error) {
      onRest?.();
      throw error;
    }
    return job;
  }

  /** Cancels a job when a signal is aborted, until the returned function is called. */
  #cancelWith(job: JobState, signal: AbortSignal): () => void {
    const data = this.#target("resume", job);
    // It may have ended, while its last commit is being stored. What a listener throws would end the process.
    const cancel = () => {
      if (!isOfRest(signal.reason) && !hasEnded(statusOf(data))) this.#runner.cancel(data, textOfReason(signal.reason));
    };
    signal.addEventListener("abort", cancel);
    return () => signal.removeEventListener("abort", cancel);
  }

  /**
   * Waits for a job that can be followed here; whoever waits for one that cannot is told the same, each. A job at rest that a command is
   * just changing is looked at when that is stored.
   */
  #follow<T>(job: Job, wait: () => Promise<T>): Promise<T> {
    if (executionOf(job) !== undefined) return wait();
    const session = this.#host.store?.session;
    const loss = session?.lossOf(job);
    if (loss !== undefined) return Promise.reject(loss);
    const stored = session?.journals.get(job)?.resting.passed;
    return stored === undefined ? wait() : stored.then(() => this.#follow(job, wait));
  }

  /** The data of a job of this flow. */
  #target(event: string, job: JobState): Job {
    checkJob(event, job);
    const data = jobOf(job);
    if (data.flowId !== this.id && event !== "resume") {
      throw new TypeError(
        `Cannot ${event} job "${data.jobId}": its flow_id "${data.flowId}" does not match flow "${this.id}"; use the flow that made it`,
      );
    }
    return data;
  }

  #entry(entry: EntryPoint): Route {
    return this.#route(`Cannot execute flow "${this.id}"`, entry);
  }

  #route(action: string, target: EntryPoint | ConnectionTarget): Route {
    const { routine, slot } = entryTarget(action, this, target);
    return this.#runner.routeTo(routine, slot);
  }
}
