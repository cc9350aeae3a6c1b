import { checkDuration, checkOptions } from "./options.ts";
import { shorten } from "./text.ts";

/**
 * The base of every error that callers may want to tell apart: `code` is a literal, the details are fields.
 *
 * @example Branch by `code`
 * ```ts
 * import { Flow, JobState, Registry, RoutiluxError } from "@routilux/routilux";
 *
 * try {
 *   JobState.fromText("not a document", new Registry());
 * } catch (error) {
 *   if (!(error instanceof RoutiluxError)) throw error;
 *   error.code; // "SERIALIZATION"
 * }
 * ```
 */
export abstract class RoutiluxError extends Error {
  /** The kind of error, stable across versions and minifiers. */
  abstract readonly code: string;

  /** Makes the error; of a message of more than 4,000 characters the middle is left out. */
  constructor(message?: string, options?: ErrorOptions) {
    super(message === undefined ? undefined : shorten(message), options);
  }
}

/**
 * Why the store, or the place where a job is, does not allow a call: the store has no such job (`unknown`), its id is that of another
 * job (`taken`), the job is live in another engine or only in the store (`elsewhere`), it has ended (`ended`), its inbox is full
 * (`full`), or something else was asked with the same key (`differs`).
 */
export type StateReason = "unknown" | "taken" | "elsewhere" | "ended" | "full" | "differs";

/**
 * A call that the job's status (or the flow's) does not allow.
 *
 * @see `docs/errors/STATE.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { Flow, Routine, StateError } from "@routilux/routilux";
 *
 * class Hello extends Routine {
 *   readonly trigger = this.addSlot("trigger", () => {});
 * }
 * const flow = new Flow();
 * const job = await flow.run(flow.addRoutine(new Hello()));
 * try {
 *   flow.resume(job);
 * } catch (error) {
 *   if (!(error instanceof StateError)) throw error;
 *   [error.event, error.status]; // ["resume", "completed"]
 * }
 * ```
 */
export class StateError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "StateError";
  /** The kind of error. */
  readonly code = "STATE" as const;
  /** The status in which the call came. */
  readonly status: string;
  /** What was asked for, such as `"resume"`. */
  readonly event: string;

  /** Why it is not allowed, where it is not the status that forbids it. */
  readonly reason: StateReason | undefined;

  /** Makes the error from the refused `event`, the `status` it met and what to do about it. */
  constructor(event: string, status: string, message: string, reason?: StateReason) {
    super(message);
    this.event = event;
    this.status = status;
    this.reason = reason;
  }
}

/**
 * Data or a document that cannot be written or read: `document` and `path` say where.
 *
 * @see `docs/errors/SERIALIZATION.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { JobState, Registry, SerializationError } from "@routilux/routilux";
 *
 * try {
 *   JobState.fromJSON({ format: "routilux/job", version: 1 }, new Registry());
 * } catch (error) {
 *   if (!(error instanceof SerializationError)) throw error;
 *   error.document; // "routilux/job"
 * }
 * ```
 */
export class SerializationError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "SerializationError";
  /** The kind of error. */
  readonly code = "SERIALIZATION" as const;
  /** Which document or value, such as `"routilux/job"` or `"data"`. */
  readonly document: string;
  /** The place inside it, such as `data.when[2]`; empty for the whole. */
  readonly path: string;

  /** Makes the error for a place in a document or value. */
  constructor(message: string, document: string, path: string, options?: ErrorOptions) {
    super(message, options);
    this.document = document;
    this.path = path;
  }
}

/** One thing that stands in the way of resuming a job or reading a flow. */
export interface PreflightFinding {
  /** The kind of obstacle, such as `"unknown_routine"`. */
  readonly code: string;
  /** The place in the document, such as `pendingTasks[3].slot`. */
  readonly path: string;
  /** What is wrong and what to do about it. */
  readonly message: string;
}

/**
 * A job that does not fit its flow: every finding at once, and nothing has changed.
 *
 * @see `docs/errors/PREFLIGHT.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { Flow, JobState, PreflightError, Routine } from "@routilux/routilux";
 *
 * class Hello extends Routine {
 *   readonly trigger = this.addSlot("trigger", () => {});
 * }
 * const flow = new Flow({ id: "hello" });
 * const job = flow.create(flow.addRoutine(new Hello(), "hello"));
 * const other = new Flow({ id: "other" });
 * try {
 *   other.resume(JobState.fromJSON(job.toJSON(), other.registry));
 * } catch (error) {
 *   if (!(error instanceof PreflightError)) throw error;
 *   error.findings.map(({ code }) => code); // ["flow_mismatch"]
 * }
 * ```
 */
export class PreflightError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "PreflightError";
  /** The kind of error. */
  readonly code = "PREFLIGHT" as const;
  /** All that was found. */
  readonly findings: readonly PreflightFinding[];

  /** Makes the error from what was found; `action` is what was refused, such as `Cannot resume job "j"`. */
  constructor(action: string, findings: readonly PreflightFinding[]) {
    const named = findings.slice(0, MOST_FINDINGS).map(({ path, message }) =>
      path === "" ? message : `${path}: ${message}`
    );
    if (findings.length > MOST_FINDINGS) named.push(`and ${findings.length - MOST_FINDINGS} more findings`);
    super(`${action}: ${named.join("; ")}`);
    this.findings = findings;
  }
}

/** How many findings a message names. */
const MOST_FINDINGS = 20;

const CANCELLED = "The job was cancelled";

/**
 * The error of a job that was cancelled, and the reason of its handlers' `ctx.signal`.
 *
 * @see `docs/errors/CANCELLED.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { type Context, Flow, Routine } from "@routilux/routilux";
 *
 * class Wait extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.wait);
 *   async wait(_params: unknown, ctx: Context): Promise<void> {
 *     await new Promise((_, reject) => ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason)));
 *   }
 * }
 * const flow = new Flow();
 * const job = flow.execute(flow.addRoutine(new Wait()));
 * flow.cancel(job, { reason: "no longer needed" });
 * job.error?.message; // "The job was cancelled: no longer needed"
 * ```
 */
export class CancelledError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "CancelledError";
  /** The kind of error. */
  readonly code = "CANCELLED" as const;
  /** Why, as given to `cancel`. */
  readonly reason: string | undefined;

  /** Makes the error with the reason given to `cancel`. */
  constructor(reason?: string) {
    super(reason === undefined ? CANCELLED : `${CANCELLED}: ${reason}`);
    this.reason = reason;
  }
}

/** Makes a `CancelledError` from its message, the only part that documents keep. */
export function reviveCancelled(message: string): CancelledError {
  return new CancelledError(message === CANCELLED ? undefined : message.slice(`${CANCELLED}: `.length));
}

/**
 * A handler, a job or an expected delivery that took longer than allowed.
 *
 * @see `docs/errors/TIMEOUT.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { ErrorHandler } from "@routilux/routilux";
 *
 * // A handler that takes too long is tried again, anything else that it throws is not.
 * new ErrorHandler({ strategy: "retry", retryableErrors: ["TimeoutError"] });
 * ```
 */
export class TimeoutError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "TimeoutError";
  /** The kind of error. */
  readonly code = "TIMEOUT" as const;
  /** The time that was allowed, in milliseconds. */
  readonly timeoutMs: number;

  /** Makes the error; `what` is the subject, such as `Slot "in" of routine "a"`, and `remedy` says what to do. */
  constructor(what: string, timeoutMs: number, remedy?: string) {
    super(`${what} took longer than ${timeoutMs} ms${remedy === undefined ? "" : `: ${remedy}`}`);
    this.timeoutMs = timeoutMs;
  }
}

/**
 * The reason of `ctx.signal` when a pause no longer waits for the handler. Its task stays pending.
 *
 * @see `docs/errors/PAUSED.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { type Context, PausedError, Routine } from "@routilux/routilux";
 *
 * class Download extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.load);
 *   async load({ url }: { url: string }, ctx: Context): Promise<void> {
 *     // The task runs again on resume: what was begun may be thrown away.
 *     ctx.signal.addEventListener("abort", () => ctx.signal.reason instanceof PausedError && console.log("paused", url));
 *     await fetch(url, { signal: ctx.signal });
 *   }
 * }
 * new Download();
 * ```
 */
export class PausedError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "PausedError";
  /** The kind of error. */
  readonly code = "PAUSED" as const;

  /** Makes the error for a pause that waited `graceMs`. */
  constructor(graceMs: number) {
    super(`The job was paused and the handler did not return within ${graceMs} ms; its task runs again on resume`);
  }
}

/**
 * A job that made more tasks than its flow's `limits.steps` allows: most often a cycle without an end.
 *
 * @see `docs/errors/STEP_LIMIT.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { type Context, Flow, Routine } from "@routilux/routilux";
 *
 * class Endless extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.again);
 *   readonly output = this.addEvent("output");
 *   again(_data: unknown, ctx: Context): void {
 *     ctx.emit(this.output, {});
 *   }
 * }
 * const flow = new Flow({ limits: { steps: 100 } });
 * const endless = flow.addRoutine(new Endless());
 * flow.connect(endless.output, endless.trigger);
 * const job = await flow.run(endless);
 * job.error?.name; // "StepLimitError"
 * ```
 */
export class StepLimitError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "StepLimitError";
  /** The kind of error. */
  readonly code = "STEP_LIMIT" as const;
  /** The most tasks that the job may make. */
  readonly limit: number;

  /** Makes the error for a limit. */
  constructor(limit: number) {
    super(`The job would make more than ${limit} tasks; look for a cycle without an end, or raise limits.steps`);
    this.limit = limit;
  }
}

/** The task whose failure has failed a job. */
export interface FailurePlace {
  /** The id of its routine. */
  readonly routineId: string;
  /** The name of its slot. */
  readonly slotName: string;
  /** The id of the task. */
  readonly taskId: number;
  /** How often its handler was tried. */
  readonly attempts: number;
}

/**
 * A job that has failed, for those who wait for its result. `cause` is the error that failed it. The place is that of the task; a job
 * that failed as a whole, because its time was up or it had no result, has none.
 *
 * @see `docs/errors/JOB_FAILED.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { Flow, JobFailedError, Routine } from "@routilux/routilux";
 *
 * class Charge extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.charge);
 *   charge(): void {
 *     throw new Error("declined");
 *   }
 * }
 * const flow = new Flow();
 * const job = flow.execute(flow.addRoutine(new Charge(), "charge"));
 * const error = await flow.result(job).catch((error: unknown) => error);
 * error instanceof JobFailedError && [error.routineId, error.attempts]; // ["charge", 1]
 * ```
 */
export class JobFailedError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "JobFailedError";
  /** The kind of error. */
  readonly code = "JOB_FAILED" as const;
  /** The job. */
  readonly jobId: string;
  /** The id of the routine. */
  readonly routineId: string | undefined;
  /** The name of the slot. */
  readonly slotName: string | undefined;
  /** The id of the task. */
  readonly taskId: number | undefined;
  /** How often the task's handler was tried. */
  readonly attempts: number | undefined;

  /** Makes the error of a job; `cause` is the error that failed it. */
  constructor(jobId: string, place: Partial<FailurePlace>, cause: Error) {
    const { routineId, slotName, taskId, attempts } = place;
    const at = taskId === undefined
      ? ""
      : ` in slot "${slotName}" of routine "${routineId}" (task ${taskId}, attempt ${attempts})`;
    super(`Job "${jobId}" failed${at}: ${cause.message}`, { cause });
    this.jobId = jobId;
    this.routineId = routineId;
    this.slotName = slotName;
    this.taskId = taskId;
    this.attempts = attempts;
  }
}

/** The options of a `RetryError`. */
export interface RetryErrorOptions extends ErrorOptions {
  /** How long to wait before the next attempt, in milliseconds. @default {as the error handler says} */
  readonly delayMs?: number;
  /** What is wrong. @default {the message of the cause} */
  readonly message?: string;
}

/**
 * Thrown by a handler that wants to be tried again, whatever the strategy and `retryableErrors` of its error handler are: as often as
 * that one's `maxRetries` says.
 *
 * @see `docs/errors/RETRY.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { RetryError } from "@routilux/routilux";
 *
 * // In a handler that is told to come back in a minute:
 * const error = new RetryError({ delayMs: 60_000, message: "rate limit" });
 * error.code; // "RETRY"
 * ```
 */
export class RetryError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "RetryError";
  /** The kind of error. */
  readonly code = "RETRY" as const;
  /** How long to wait before the next attempt, in milliseconds; `undefined`: as the error handler says. */
  readonly delayMs: number | undefined;

  /**
   * Makes the error.
   *
   * @throws {RangeError} for a delay out of range
   * @throws {TypeError} for an option of an unknown name, and for a text in the place of the options
   */
  constructor(options: RetryErrorOptions = {}) {
    checkOptions("Cannot create RetryError", options, { delayMs: true, message: true, cause: true });
    const { cause, delayMs, message } = options;
    super(message ?? (cause instanceof Error ? cause.message : "The handler asks to be tried again"), options);
    this.delayMs = delayMs === undefined ? undefined : checkDuration("Cannot create RetryError", "delayMs", delayMs);
  }
}

/**
 * Thrown by a handler that another attempt cannot help: its task ends as if its retries were spent.
 *
 * @see `docs/errors/NON_RETRYABLE.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { NonRetryableError } from "@routilux/routilux";
 *
 * // In a handler whose input will never be right:
 * const error = new NonRetryableError("no such account");
 * error.code; // "NON_RETRYABLE"
 * ```
 */
export class NonRetryableError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "NonRetryableError";
  /** The kind of error. */
  readonly code = "NON_RETRYABLE" as const;
}

/**
 * A task with which no engine gets any further: several in a row have died, or lost their lease, where it was.
 *
 * @see `docs/errors/POISON.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { type JobState } from "@routilux/routilux";
 *
 * // Jobs whose handlers end the process are set aside; somebody looks at them before they are redriven.
 * const isPoisoned = (job: JobState): boolean => job.failures.some(({ error }) => error.code === "POISON");
 * typeof isPoisoned; // "function"
 * ```
 */
export class PoisonError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "PoisonError";
  /** The kind of error. */
  readonly code = "POISON" as const;
  /** How many recoveries have found the task where it was, after its process had died. */
  readonly recoveries: number;
  /** How many engines have lost the task's job, where it was, and lived on. */
  readonly survived: number;

  /** Makes the error for a number of processes that have died, and one of engines that have lived on. */
  constructor(recoveries: number, survived: number = 0) {
    super(
      survived <= recoveries
        ? `${recoveries} processes in a row have died with the task where it was; its handler may end the process`
        : `${
          recoveries + survived
        } engines in a row have lost their lease with the task where it was; its handler may block ` +
          "the event loop for longer than `durability.leaseMs`: give it pauses, or the engine a longer lease",
    );
    this.recoveries = recoveries;
    this.survived = survived;
  }
}

/**
 * A write to a job that somebody else has changed since: whoever wrote is no longer its owner.
 *
 * @see `docs/errors/FENCED.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { Engine, FencedError, Registry } from "@routilux/routilux";
 * import { memoryStore } from "@routilux/routilux/stores/memory";
 *
 * const engine = new Engine({
 *   registry: new Registry(),
 *   store: memoryStore(),
 *   observer(event) {
 *     // Another engine goes on with the job: there is nothing to repair.
 *     if (event.type === "lost" && event.error instanceof FencedError) console.log(`${event.jobId} has moved`);
 *   },
 * });
 * await engine.close();
 * ```
 */
export class FencedError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "FencedError";
  /** The kind of error. */
  readonly code = "FENCED" as const;
  /** The job. */
  readonly jobId: string;
  /** The revision that the writer believed in; `undefined` when it had not seen the job yet. */
  readonly expectedRevision: number | undefined;
  /** The revision that the store has, if it is known; `undefined` when the job is gone. */
  readonly revision: number | undefined;

  /** Makes the error from the revision that was expected and the one that is there; or `why` says in other words what is wrong. */
  constructor(jobId: string, expectedRevision: number | undefined, revision: number | undefined, why?: string) {
    const found = revision === undefined
      ? "has none of it"
      : revision === expectedRevision
      ? "has given it to another claim"
      : `is at revision ${revision}`;
    const wanted = expectedRevision === undefined ? "in another state" : `at revision ${expectedRevision}`;
    super(
      why === undefined
        ? `Cannot write job "${jobId}" ${wanted}: the store ${found}; another engine owns it now`
        : `Cannot write job "${jobId}": ${why}`,
    );
    this.jobId = jobId;
    this.expectedRevision = expectedRevision;
    this.revision = revision;
  }
}

const STOPPED = "the job has stopped, engine.recover() goes on from what is stored";

/**
 * A store that failed again and again: the job stopped, and goes on from what is stored by `engine.recover()`.
 *
 * @see `docs/errors/STORE.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { type Flow, type JobState, StoreError } from "@routilux/routilux";
 *
 * async function finish(flow: Flow, job: JobState): Promise<void> {
 *   try {
 *     await flow.waitForCompletion(job);
 *   } catch (error) {
 *     if (!(error instanceof StoreError)) throw error;
 *     console.error(`${error.jobId} goes on when its store works again`, error.cause);
 *   }
 * }
 * typeof finish; // "function"
 * ```
 */
export class StoreError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "StoreError";
  /** The kind of error. */
  readonly code = "STORE" as const;
  /** The job. */
  readonly jobId: string;

  /** Makes the error for a job whose commits could not be stored; `cause` is what the store said last, `outcome` what has become of it. */
  constructor(jobId: string, attempts: number, options: ErrorOptions, outcome: string = STOPPED) {
    super(`Cannot store job "${jobId}": the store failed ${attempts} times; ${outcome}`, options);
    this.jobId = jobId;
  }
}

/**
 * Something was asked of a job whose store has failed since: it may have been accepted or not.
 *
 * @see `docs/errors/OUTCOME_UNKNOWN.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { type JobHandle, UnknownOutcomeError } from "@routilux/routilux";
 *
 * async function approve(job: JobHandle): Promise<void> {
 *   const to = { routine: "approval", slot: "answer" };
 *   try {
 *     await job.deliver(to, { approved: true }, { key: "approval-17" });
 *   } catch (error) {
 *     if (!(error instanceof UnknownOutcomeError)) throw error;
 *     await job.deliver(to, { approved: true }, { key: error.key }); // counts once, however often it is asked
 *   }
 * }
 * typeof approve; // "function"
 * ```
 */
export class UnknownOutcomeError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "UnknownOutcomeError";
  /** The kind of error. */
  readonly code = "OUTCOME_UNKNOWN" as const;
  /** The job. */
  readonly jobId: string;
  /** The key of what was asked: asked again with it, it counts once. */
  readonly key: string;

  /** Makes the error of a call, such as `pause`; `cause` is what the store said last. */
  constructor(call: string, jobId: string, key: string, options: ErrorOptions) {
    super(
      `Cannot tell whether the call to ${call} job "${jobId}" was accepted: the store has failed; ` +
        `call again with { key: ${JSON.stringify(key)} }, and it counts once`,
      options,
    );
    this.jobId = jobId;
    this.key = key;
  }
}
