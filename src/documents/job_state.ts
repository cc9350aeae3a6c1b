import type { ClassTable } from "../values/class_table.ts";
import { DEFAULT_VALUE_LIMITS, type Payload, type ValueLimits, valueOf, wireOf } from "../values/payload.ts";
import { formatInstant } from "../base/instant.ts";
import { checkOptions } from "../base/options.ts";
import { describeValue } from "../base/path.ts";
import { Registry } from "../values/registry.ts";
import { recordOf } from "../job/history.ts";
import { type Job, type JobStatus, statusOf } from "../job/job.ts";
import { shownData, type Task } from "../job/task.ts";
import { decodeJob, type DroppedCounts, droppedOf, encodeJob, type JobDocument, readJob, writeJob } from "./job.ts";
import {
  type AwaitedDelivery,
  type ChildJob,
  compact,
  type ExecutionRecord,
  type JobError,
  type JobFailure,
  type JobOutput,
  type PendingTask,
  type RoutineProgress,
  viewAwaited,
  viewChild,
  viewError,
  viewOutput,
} from "./job_views.ts";
import { task as taskCodec } from "./task.ts";

/** The options of `JobState.fromJSON` and `JobState.fromText`. */
export interface JobReadOptions {
  /** How deep and how large one value may be. A job of a flow with larger limits needs them here too. */
  readonly limits?: Partial<ValueLimits>;
}

/** The data of a job state: for the library's own floors. */
export let jobOf: (state: JobState) => Job;

/** The job state that shows the data: for the library's own floors. */
export let jobStateOf: <Result = unknown>(job: Job, classes: ClassTable) => JobState<Result>;

/**
 * One execution of a flow. A job changes while its flow works on it; `toJSON` gives a consistent snapshot at any moment. A
 * restored job is at rest until `flow.resume`. Jobs are made by `flow.execute`, `flow.create` and `JobState.fromJSON`.
 *
 * @example
 * ```ts
 * import { Flow, JobState, Registry, Routine } from "@routilux/routilux";
 *
 * class Greeter extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.greet);
 *   greet(): void {}
 * }
 * const registry = new Registry({ Greeter });
 * const flow = new Flow({ id: "greeting", registry });
 * const job = flow.create(flow.addRoutine(new Greeter(), "greeter"));
 * const copy = JobState.fromText(job.toText(), registry);
 * flow.resume(copy);
 * await flow.waitForCompletion(copy);
 * ```
 */
export class JobState<out Result = unknown> {
  readonly #job: Job;
  readonly #classes: ClassTable;

  static {
    jobOf = (state) => state.#job;
    jobStateOf = <Result>(job: Job, classes: ClassTable) => new JobState<Result>(job, classes);
  }

  private constructor(job: Job, classes: ClassTable) {
    this.#job = job;
    this.#classes = classes;
  }

  /**
   * Reads a job's document, which is not changed. Nothing runs until `flow.resume`. `toJSON` writes the same document again,
   * except for empty optional parts, the order of tasks, and the sign of -0.
   *
   * @param json the parsed document, as `toJSON` wrote it
   * @param registry the classes that the document's values name
   * @throws {SerializationError} naming the path, what was expected and what came
   */
  static fromJSON(json: unknown, registry: Registry, options: JobReadOptions = {}): JobState {
    return new JobState(decodeJob(json, checkRead(registry, options)), registry);
  }

  /**
   * Reads the text of a job's document, as `fromJSON` reads the parsed one, in less time and memory: the parsed values are
   * not copied. Of two equal keys `JSON.parse` keeps the last.
   *
   * @param text the document, as `toText` or `JSON.stringify` wrote it
   * @param registry the classes that the document's values name
   * @throws {SerializationError} when the text is no JSON, and for the reasons of `fromJSON`
   */
  static fromText(text: string, registry: Registry, options: JobReadOptions = {}): JobState {
    return new JobState(readJob(text, checkRead(registry, options)), registry);
  }

  /** The job's id, unique in its store. */
  get jobId(): string {
    return this.#job.jobId;
  }

  /** The id of the job's flow; only a flow of this id can resume the job. */
  get flowId(): string {
    return this.#job.flowId;
  }

  /** The job's current status. */
  get status(): JobStatus {
    return statusOf(this.#job);
  }

  /** The error that failed or cancelled the job, with the task whose failure it was; `undefined` in any other status. */
  get error(): JobError | undefined {
    return viewError(this.#job);
  }

  /**
   * The result that a handler has set by `ctx.result`; `undefined` before. The type is that of the flow's `result` schema, for jobs
   * that have completed.
   */
  get result(): Result | undefined {
    return this.#decode(this.#job.result) as Result | undefined;
  }

  /** The instant at which the job was made, in ISO 8601. */
  get createdAt(): string {
    return formatInstant(this.#job.createdAt);
  }

  /** The instant of the job's last change, in ISO 8601. */
  get updatedAt(): string {
    return formatInstant(this.#job.time.at);
  }

  /** The instant at which the job ends at the latest, in ISO 8601; `undefined` for a job without `deadlineMs`. */
  get deadlineAt(): string | undefined {
    const { deadline } = this.#job;
    return deadline && formatInstant(deadline.until);
  }

  /** The deliveries from outside that the job waits for, with their deadlines, in the order in which they were asked for. */
  get awaiting(): readonly AwaitedDelivery[] {
    const tasks = Array.from(this.#job.awaiting.values()).flatMap((waiting) => [...waiting]);
    return Object.freeze(tasks.sort((a, b) => a.id - b.id).map(viewAwaited));
  }

  /** The jobs that handlers have started by `ctx.child`, and that have not ended, in the order in which they were asked for. */
  get children(): readonly ChildJob[] {
    return Array.from(this.#job.children ?? [], (child) => {
      const view = viewChild(child);
      return child.inner === undefined ? view : { ...view, job: new JobState(child.inner.job, this.#classes) };
    });
  }

  /** The tasks that have not ended, by id. */
  get pendingTasks(): readonly PendingTask[] {
    return Object.freeze(Array.from(this.#job.tasks, (task) => this.#task(task)));
  }

  /** The execution history, oldest record first, up to the flow's limit; `dropped` counts the removed records. */
  get executionHistory(): readonly ExecutionRecord[] {
    return this.history();
  }

  /** How many older entries of the bounded lists were removed. */
  get dropped(): DroppedCounts {
    return droppedOf(this.#job);
  }

  /** The state and the outcome of each routine, by id. */
  get routineStates(): Readonly<Record<string, RoutineProgress>> {
    const states = Array.from(this.#job.routineStates, ([id, { status, retries, state, version }]) => {
      return [id, { status, retries, state: this.#values(state), version }] as const;
    });
    return Object.freeze(Object.fromEntries(states));
  }

  /** The values that all routines share, as `ctx.shared` holds them. */
  get sharedData(): Readonly<Record<string, unknown>> {
    return this.#values(this.#job.sharedData);
  }

  /** The entries that handlers made with `ctx.log`, oldest first, up to the flow's limit. */
  get sharedLog(): readonly { readonly at: string; readonly entry: unknown; readonly routine: string }[] {
    const entries = this.#job.sharedLog.toArray().map(({ at, entry, routine }) => {
      return { at: formatInstant(at), entry: this.#decode(entry), routine };
    });
    return Object.freeze(entries);
  }

  /** The outputs that handlers made with `ctx.output`, oldest first, up to the flow's limit. */
  get outputLog(): readonly JobOutput[] {
    return Object.freeze(this.#job.outputs.toArray().map((output) => viewOutput(output, this.#classes)));
  }

  /** The tasks that ended in an error or a skip, with their errors, oldest first, up to the flow's limit. */
  get failures(): readonly JobFailure[] {
    const failures = this.#job.failures.map(({ at, error, isHandled, task }): JobFailure => {
      const failure = { at: formatInstant(at), error, task: this.#task(task) };
      return isHandled ? { ...failure, handled: true } : failure;
    });
    return Object.freeze(failures);
  }

  /** The pauses of the job so far, oldest first: the last 1,000. */
  get pausePoints(): readonly { readonly at: string; readonly checkpoint?: unknown; readonly reason?: string }[] {
    return this.#job.pausePoints.map(({ at, checkpoint, reason }) => {
      return compact({ at: formatInstant(at), checkpoint: this.#decode(checkpoint), reason });
    });
  }

  /** The events of `ctx.defer`, which are sent before the job completes, when no other task is left. */
  get deferredEvents(): readonly { readonly data?: unknown; readonly event: string; readonly routine: string }[] {
    return this.#job.deferredEvents.map(({ routine, event, data }) => {
      return compact({ data: this.#decode(data), event, routine });
    });
  }

  /**
   * The execution history of one routine, oldest record first.
   *
   * @param routineId the routine's id in the flow; without it, the history of all routines
   */
  history(routineId?: string): readonly ExecutionRecord[] {
    const records = this.#job.history.toArray().map(recordOf);
    const own = records.filter(({ routine }) => routineId === undefined || routine === routineId);
    return Object.freeze(own.map(({ at, data, event, routine, type }) => {
      return compact({ at: formatInstant(at), data: this.#decode(data), event, routine, type });
    }));
  }

  /** How often tasks of a routine were tried again: waiting and ended ones. */
  retryCount(routineId: string): number {
    let count = this.#job.routineStates.get(routineId)?.retries ?? 0;
    for (const { route, details } of this.#job.tasks) if (route.routine === routineId) count += details?.attempt ?? 0;
    return count;
  }

  /**
   * The job's document: a consistent snapshot, also while handlers run. Texts are written as they were emitted, without
   * normalisation; `JSON.stringify` escapes lone surrogates, so that its text is valid UTF-8.
   */
  toJSON(): JobDocument {
    return encodeJob(this.#job);
  }

  /** The text of the job's document, equal to `JSON.stringify(job)`, in about half the time: the document is not built as an object. */
  toText(): string {
    return writeJob(this.#job);
  }

  #task(task: Task): PendingTask {
    const { data: _data, progress: _progress, merged: _merged, ...rest } = taskCodec.write(task, wireOf);
    return compact({ ...rest, data: this.#decode(shownData(task)), progress: this.#decode(task.details?.progress) });
  }

  #values(map: Iterable<readonly [string, Payload | undefined]> = []): Readonly<Record<string, unknown>> {
    return Object.freeze(Object.fromEntries(Array.from(map, ([key, value]) => [key, this.#decode(value)])));
  }

  #decode(payload: Payload | undefined): unknown {
    return valueOf(payload, this.#classes);
  }
}

function checkRead(registry: unknown, options: JobReadOptions): ValueLimits {
  checkOptions("Cannot read routilux/job", options, { limits: true });
  if (!(registry instanceof Registry)) {
    throw new TypeError(
      `Cannot read routilux/job: expected a Registry as the second argument, got ${describeValue(registry)}`,
    );
  }
  return { ...DEFAULT_VALUE_LIMITS, ...options.limits };
}
