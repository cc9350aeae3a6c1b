import type { ClassTable } from "../values/class_table.ts";
import { DEFAULT_VALUE_LIMITS, type Payload, type ValueLimits, valueOf, wireOf } from "../values/payload.ts";
import type { ErrorData } from "../values/error_data.ts";
import { formatInstant } from "../base/instant.ts";
import { describeValue } from "../base/path.ts";
import { Registry } from "../values/registry.ts";
import { recordOf } from "../job/history.ts";
import { type Job, type JobStatus, statusOf } from "../job/job.ts";
import { shownData, type Task } from "../job/task.ts";
import { decodeJob, encodeJob, type JobDocument, readJob, writeJob } from "./job.ts";
import {
  compact,
  type ExecutionRecord,
  type JobOutput,
  type PendingTask,
  type RoutineProgress,
  viewOutput,
} from "./job_views.ts";
import { task as taskCodec } from "./task.ts";

/** How a job is read. */
export interface JobReadOptions {
  /** How deep and how large one value may be; a flow with larger limits of its own needs them here too. */
  readonly limits?: Partial<ValueLimits>;
}

/** The data behind a job state: for the library's own floors. */
export let jobOf: (state: JobState) => Job;

/**
 * One execution of a flow. It changes while the flow works on it; `toJSON` gives a consistent snapshot at any moment. A
 * restored one is at rest until `flow.resume`.
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
export class JobState {
  readonly #job: Job;
  readonly #classes: ClassTable;

  static {
    jobOf = (state) => state.#job;
  }

  /** Use `flow.execute`, `flow.create` or `JobState.fromJSON`. */
  constructor(job: Job, classes: ClassTable) {
    this.#job = job;
    this.#classes = classes;
  }

  /**
   * Reads a job's document, which is not changed. Nothing runs until `flow.resume`. All that is in it is written again but
   * what says nothing: optional parts that are empty, the order of tasks, the sign of -0.
   *
   * @throws {SerializationError} naming the path, what was expected and what came
   */
  static fromJSON(json: unknown, registry: Registry, options: JobReadOptions = {}): JobState {
    return new JobState(decodeJob(json, checkRead(registry, options)), registry);
  }

  /**
   * Reads the text of a job's document: as `fromJSON` of what `JSON.parse` makes of it, in less time and memory, for nothing
   * is copied. Of two equal keys `JSON.parse` keeps the last.
   *
   * @throws {SerializationError} when the text is no JSON, and as `fromJSON`
   */
  static fromText(text: string, registry: Registry, options: JobReadOptions = {}): JobState {
    return new JobState(readJob(text, checkRead(registry, options)), registry);
  }

  /** The job's id. */
  get jobId(): string {
    return this.#job.jobId;
  }

  /** The id of the flow that it belongs to. */
  get flowId(): string {
    return this.#job.flowId;
  }

  /** Where it stands. */
  get status(): JobStatus {
    return statusOf(this.#job);
  }

  /** Why it failed or was cancelled. */
  get error(): ErrorData | undefined {
    return this.#job.error;
  }

  /** When it was made, in ISO 8601. */
  get createdAt(): string {
    return formatInstant(this.#job.createdAt);
  }

  /** When it last changed, in ISO 8601. */
  get updatedAt(): string {
    return formatInstant(this.#job.time.at);
  }

  /** The tasks that have not ended, by id. */
  get pendingTasks(): readonly PendingTask[] {
    return Array.from(this.#job.tasks, (task) => this.#task(task));
  }

  /** What has happened, oldest first; older records than the flow's limit are gone, see `dropped`. */
  get executionHistory(): readonly ExecutionRecord[] {
    return this.history();
  }

  /** How many older entries of the bounded lists are gone. */
  get dropped(): { readonly executionHistory: number; readonly outputLog: number; readonly sharedLog: number } {
    const { history, outputs, sharedLog } = this.#job;
    return { executionHistory: history.dropped, outputLog: outputs.dropped, sharedLog: sharedLog.dropped };
  }

  /** How each routine has fared, by id. */
  get routineStates(): Readonly<Record<string, RoutineProgress>> {
    const states = Array.from(this.#job.routineStates, ([id, { status, retries, state, version }]) => {
      return [id, { status, retries, state: this.#values(state), version }] as const;
    });
    return Object.fromEntries(states);
  }

  /** What all routines share. */
  get sharedData(): Readonly<Record<string, unknown>> {
    return this.#values(this.#job.sharedData);
  }

  /** What routines have logged, oldest first. */
  get sharedLog(): readonly { readonly at: string; readonly entry: unknown; readonly routine: string }[] {
    return this.#job.sharedLog.toArray().map(({ at, entry, routine }) => {
      return { at: formatInstant(at), entry: this.#decode(entry), routine };
    });
  }

  /** What routines have put out, oldest first. */
  get outputLog(): readonly JobOutput[] {
    return this.#job.outputs.toArray().map((output) => viewOutput(output, this.#classes));
  }

  /** Tasks that ended in an error or a skip. */
  get failures(): readonly { readonly at: string; readonly error: ErrorData; readonly task: PendingTask }[] {
    return this.#job.failures.map(({ at, error, task }) => ({ at: formatInstant(at), error, task: this.#task(task) }));
  }

  /** Marks of pauses, oldest first. */
  get pausePoints(): readonly { readonly at: string; readonly checkpoint?: unknown; readonly reason?: string }[] {
    return this.#job.pausePoints.map(({ at, checkpoint, reason }) => {
      return compact({ at: formatInstant(at), checkpoint: this.#decode(checkpoint), reason });
    });
  }

  /** Events that are sent on resume, or before the job completes. */
  get deferredEvents(): readonly { readonly data?: unknown; readonly event: string; readonly routine: string }[] {
    return this.#job.deferredEvents.map(({ routine, event, data }) => {
      return compact({ data: this.#decode(data), event, routine });
    });
  }

  /** What has happened, of one routine or of all, oldest first. */
  history(routineId?: string): readonly ExecutionRecord[] {
    return this.#job.history.toArray().map(recordOf).filter(({ routine }) =>
      routineId === undefined || routine === routineId
    )
      .map(({ at, data, event, routine, type }) => {
        return compact({ at: formatInstant(at), data: this.#decode(data), event, routine, type });
      });
  }

  /** How often tasks of a routine were tried again: those that wait, and those that have ended. */
  retryCount(routineId: string): number {
    let count = this.#job.routineStates.get(routineId)?.retries ?? 0;
    for (const { route, details } of this.#job.tasks) if (route.routine === routineId) count += details?.attempt ?? 0;
    return count;
  }

  /**
   * The job's document: a consistent snapshot, whatever is under way. Texts in it are as they were emitted, nothing is
   * normalised; `JSON.stringify` escapes surrogates that stand alone, so that the text is valid UTF-8.
   */
  toJSON(): JobDocument {
    return encodeJob(this.#job);
  }

  /** The text of the job's document: as `JSON.stringify` of the job, which takes up to twice the time to freeze and to write. */
  toText(): string {
    return writeJob(this.#job);
  }

  #task(task: Task): PendingTask {
    const { data: _data, progress: _progress, merged: _merged, ...rest } = taskCodec.write(task, wireOf);
    return compact({ ...rest, data: this.#decode(shownData(task)), progress: this.#decode(task.details?.progress) });
  }

  #values(map: Iterable<readonly [string, Payload | undefined]> = []): Readonly<Record<string, unknown>> {
    return Object.fromEntries(Array.from(map, ([key, value]) => [key, this.#decode(value)]));
  }

  #decode(payload: Payload | undefined): unknown {
    return valueOf(payload, this.#classes);
  }
}

function checkRead(registry: unknown, { limits }: JobReadOptions): ValueLimits {
  if (!(registry instanceof Registry)) {
    throw new TypeError(
      `Cannot read routilux/job: expected a Registry as the second argument, got ${describeValue(registry)}`,
    );
  }
  return { ...DEFAULT_VALUE_LIMITS, ...limits };
}
