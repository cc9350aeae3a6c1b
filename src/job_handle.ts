import type { AdoptOptions } from "./adoption.ts";
import {
  type PreflightFinding,
  StateError,
  type StateReason,
  TimeoutError,
  UnknownOutcomeError,
} from "./base/errors.ts";
import { type AskedCommand, type AskOptions, checkAskOptions, targetOf } from "./ask_options.ts";
import { checkDuration, checkInteger, checkName, checkOptions, checkText } from "./base/options.ts";
import { unlessAborted } from "./base/thenable.ts";
import { encodeCommand } from "./documents/command.ts";
import type { JobState } from "./documents/job_state.ts";
import { jobOf } from "./documents/job_state.ts";
import { type JobOutput, viewOutput } from "./documents/job_views.ts";
import { delayAfter } from "./engine/durable/durability_settings.ts";
import { pauseAfter } from "./engine/durable/retry_pause.ts";
import { executionOf } from "./engine/execution/execution.ts";
import { checkRedrive, type Redrive } from "./engine/execution/redrive.ts";
import { checkWait, type WaitOptions } from "./engine/execution/waits.ts";
import type { Flow } from "./flow.ts";
import type { HandleHost } from "./handle_host.ts";
import { resultOfJob } from "./job_result.ts";
import { type FailureChoice, type RedriveChoice, resolveFailures, resolveRedrive } from "./repair.ts";
import { isAtItsEnd, StoreWatch } from "./job_watch.ts";
import type { OutputEntry } from "./job/job.ts";
import { type Follow, OutputFollower } from "./output_follower.ts";
import type { ConnectionTarget } from "./model/connection.ts";
import type { Slot } from "./model/slot.ts";
import type { CommandOutcome, JobRecord, SendAnswer, StoredJob } from "./ports/store.ts";
import { payloadOf } from "./values/encoder.ts";
import type { Payload } from "./values/payload.ts";
import { validate } from "./values/standard_schema.ts";

/** The options of `handle.outputs`. */
export interface OutputsOptions {
  /** The number of the first output, counted from 0 since the job began. @default {0} */
  readonly from?: number;
  /** Ends the iteration when aborted: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * A job in a store, wherever it is: live here, live in another process, or at rest. What is asked of it is stored in its inbox, and
 * carried out by whoever has the job, or takes it next, in the order in which it was stored.
 *
 * Each of `deliver`, `pause`, `resume`, `cancel` and `redrive` resolves when it is stored, and then has its effect exactly once. It
 * rejects, and nothing is stored, with a `StateError` when there is no such job, its id was given to another one since, it has ended, or
 * its inbox is full; and with an `UnknownOutcomeError` when the store has failed so often that it may be stored or not.
 *
 * @example
 * ```ts
 * import { type Context, Engine, Flow, Registry, Routine } from "@routilux/routilux";
 * import { memoryStore } from "@routilux/routilux/stores/memory";
 *
 * class Order extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.place);
 *   readonly paid = this.addSlot("paid", this.ship);
 *   place(_order: { item: string }, ctx: Context): void {
 *     ctx.expect(this.paid);
 *   }
 *   ship({ amount }: { amount: number }, ctx: Context): void {
 *     ctx.output("shipped for", amount);
 *   }
 * }
 * const registry = new Registry({ Order });
 * const engine = new Engine({ registry, store: memoryStore() });
 * const orders = new Flow({ id: "orders", registry, engine });
 * const order = orders.addRoutine(new Order(), "order");
 *
 * await orders.start(order.trigger, { item: "book" }, { jobId: "order-7" });
 * const worker = engine.work(); // often in another process
 *
 * const handle = engine.handle("order-7"); // in any process with this store
 * await handle.deliver({ routine: "order", slot: "paid" }, { amount: 12 }, { key: "payment-3" });
 * const { status, outputLog } = await handle.ended();
 * [status, outputLog[0]?.data]; // ["completed", 12]
 * await worker.stop();
 * await engine.close();
 * ```
 */
export interface JobHandle<out Result = unknown> {
  /** The job's id. */
  readonly jobId: string;
  /**
   * Delivers data to a slot.
   *
   * @throws {TypeError} for a slot that the job's flow does not have
   * @throws {SerializationError} naming the path of data that cannot travel
   * @throws {SchemaError} when the slot's schema refuses the data
   */
  deliver<T = unknown>(to: Slot<T> | ConnectionTarget, data: NoInfer<T>, options?: AskOptions): Promise<void>;
  /** Pauses the job: running handlers may go on for `graceMs` (by default 1,000). */
  pause(
    options?: AskOptions & { readonly reason?: string; readonly checkpoint?: unknown; readonly graceMs?: number },
  ): Promise<void>;
  /** Lets a paused job go on. */
  resume(options?: AskOptions): Promise<void>;
  /** Ends the job in status `cancelled`. */
  cancel(options?: AskOptions & { readonly reason?: string }): Promise<void>;
  /**
   * Lets a job that has ended go on: its failures become tasks again, all that are not handled, or those that `failures` chooses among
   * the ones that the job has now. `maxRetries` is how often each may be tried again, in place of what its error handler says.
   *
   * @throws {StateError} for a job that has not ended or has nothing to go on with, and for a task of which it has no failure
   */
  redrive(options?: AskOptions & { readonly failures?: RedriveChoice; readonly maxRetries?: number }): Promise<void>;
  /**
   * Drops failures of the job, also of one that has ended: a redrive does not put them back.
   *
   * @throws {StateError} for a task of which the job has no failure
   */
  discard(failures: FailureChoice, options?: AskOptions): Promise<void>;
  /**
   * Moves the job to the version of the flow that has made this handle, when nobody works on it: it is paused, has ended, or waits for an
   * instant or a command. The job is then wholly in that version, or as it was; a job that is in that version already is left as it is.
   * All checks of `resume` come first, and commands that nobody has carried out must name slots of that version.
   *
   * @param options as those of `flow.adopt`
   * @returns what stands in the way, for `dryRun`; otherwise nothing
   * @throws {PreflightError} when the job does not fit the flow then, with all findings; the job is unchanged
   * @throws {StateError} when there is no such job, or somebody works on it: pause it first
   * @throws {StoreError} when the store keeps failing: the job may be moved or not; ask again
   * @throws {TypeError} for a handle of `engine.handle`, for options that do not fit the flow, and a store that cannot do so
   */
  adopt(options?: AdoptOptions): Promise<readonly PreflightFinding[]>;
  /**
   * Says what has become of what was asked of the job with a key: it is `stored`, `done`, or was `refused`, since the job could not
   * carry it out, with the reason; `undefined` when nothing was asked with it, or that is no longer remembered: see
   * `durability.keyRetentionMs`.
   *
   * @throws {StateError} when there is no such job
   */
  command(key: string): Promise<CommandOutcome | undefined>;
  /**
   * Reads the job as it is stored now: a picture, which does not change.
   *
   * @throws {StateError} when there is no such job
   */
  read(): Promise<JobState<Result>>;
  /**
   * Waits until the job has ended, wherever it works, and reads it.
   *
   * @throws {StateError} when there is no such job, or it is deleted
   * @throws {TimeoutError} when the time is up
   * @throws the signal's reason when it is aborted
   */
  ended(options?: WaitOptions): Promise<JobState<Result>>;
  /**
   * Waits until the job has ended, wherever it works, and gives its result: what a handler has set by `ctx.result`.
   *
   * @throws {JobFailedError} when the job has failed; its `cause` is the error
   * @throws {CancelledError} when the job was cancelled
   * @throws as `ended`
   */
  result(options?: WaitOptions): Promise<Result>;
  /** Iterates over the job's outputs, from the stored ones on, until the job has ended: the same list for everybody. */
  outputs(options?: OutputsOptions): AsyncIterableIterator<JobOutput, void, undefined>;
}

/** What `flow.start` resolves with. */
export interface StartedJob<out Result = unknown> extends JobHandle<Result> {
  /** Whether the call has made the job; if not, it had been started before. */
  readonly isNew: boolean;
}

/** Why something was not stored. */
const REFUSALS: Readonly<Record<Exclude<SendAnswer, "stored" | "known">, string>> = {
  differs: "something else was asked of it with this key",
  ended: "it has ended; a redrive lets one go on that has failed or was cancelled",
  full: "its inbox is full; it takes more when what is in it has been carried out",
  unknown: "the store has none of this id, or it was deleted",
};

/** A handle of a job, by the engine that reaches its store. */
export class StoredJobHandle<Result> implements JobHandle<Result> {
  readonly jobId: string;
  readonly #host: HandleHost;
  readonly #flow: Flow<Result> | undefined;
  /** The life of the job that was first found: a handle stays with it. */
  #life: number | undefined;

  /** Makes a handle; `flow` is the one that the job must be of. */
  constructor(host: HandleHost, jobId: string, flow: Flow<Result> | undefined, life?: number) {
    this.jobId = checkName("Cannot make a handle", "jobId", jobId);
    this.#host = host;
    this.#flow = flow;
    this.#life = life;
  }

  async deliver<T = unknown>(
    to: Slot<T> | ConnectionTarget,
    data: NoInfer<T>,
    options: AskOptions = {},
  ): Promise<void> {
    const action = `Cannot deliver to job "${this.jobId}"`;
    const { routine, slot } = targetOf(action, to);
    const record = await this.#find("deliver to", options.signal);
    const flow = await this.#host.flowOf(record);
    if (flow === undefined && !await this.#host.hasSlot(record, { routine, slot })) {
      throw new TypeError(`${action}: its flow "${record.flowId}" has no slot "${slot}" of routine "${routine}"`);
    }
    const schema = flow?.slot(routine, slot).schema;
    if (schema !== undefined) validate(schema, data, `${action}: data for slot "${slot}" of routine "${routine}"`);
    const payload = this.#encode(action, "data", data, flow);
    await this.#ask("deliver to", record, { type: "deliver", routine, slot, data: payload }, options);
  }

  async pause(options: Parameters<JobHandle["pause"]>[0] = {}): Promise<void> {
    const action = `Cannot pause job "${this.jobId}"`;
    const { reason, checkpoint, graceMs } = options;
    if (graceMs !== undefined) checkDuration(action, "graceMs", graceMs);
    checkText(action, "reason", reason);
    const record = await this.#find("pause", options.signal);
    const payload = this.#encode(action, "checkpoint", checkpoint, this.#flow);
    await this.#ask("pause", record, { type: "pause", reason, checkpoint: payload, graceMs }, options);
  }

  async resume(options: AskOptions = {}): Promise<void> {
    await this.#ask(
      "resume",
      await this.#find("resume", options.signal),
      { type: "resume", redrive: false, tasks: undefined, maxRetries: undefined },
      options,
    );
  }

  async cancel(options: Parameters<JobHandle["cancel"]>[0] = {}): Promise<void> {
    checkText(`Cannot cancel job "${this.jobId}"`, "reason", options.reason);
    const record = await this.#find("cancel", options.signal);
    await this.#ask("cancel", record, { type: "cancel", reason: options.reason }, options);
  }

  async redrive(options: Parameters<JobHandle["redrive"]>[0] = {}): Promise<void> {
    const record = await this.#find("redrive", options.signal);
    const { failures = true, maxRetries, key } = options;
    // What was asked with a key may have been carried out already.
    if (key === undefined && record.endedAt === undefined) {
      throw this.#refuse("redrive", record.status, "only a job that has ended can be redriven");
    }
    const { registry, limits } = this.#flow ?? { registry: this.#host.registry, limits: undefined };
    if (maxRetries !== undefined) checkInteger(`Cannot redrive job "${this.jobId}"`, "maxRetries", maxRetries, 0);
    let redrive: Redrive = { tasks: undefined, maxRetries };
    if (key === undefined || failures !== true || record.status === "completed") {
      const job = await this.read();
      redrive = resolveRedrive(job, failures, maxRetries, registry, limits, key !== undefined);
      if (key === undefined) checkRedrive(jobOf(job), redrive, Infinity);
    }
    const { tasks } = redrive;
    if (await this.#isAsked(tasks, failures, key)) return;
    await this.#ask("redrive", record, { type: "resume", redrive: true, tasks, maxRetries }, options);
  }

  async discard(failures: FailureChoice, options: AskOptions = {}): Promise<void> {
    const record = await this.#find("discard failures of", options.signal);
    const tasks = resolveFailures(await this.read(), failures, options.key !== undefined);
    if (await this.#isAsked(tasks, failures, options.key)) return;
    await this.#ask("discard failures of", record, { type: "discard", tasks }, options);
  }

  async adopt(options: AdoptOptions = {}): Promise<readonly PreflightFinding[]> {
    return await this.#host.adopt(await this.#find("adopt"), this.#flow, options);
  }

  /**
   * Whether a choice finds no failures because a command with its key was carried out before. Ids of tasks are always sent again.
   */
  async #isAsked(
    found: readonly unknown[] | undefined,
    choice: RedriveChoice | FailureChoice,
    key: string | undefined,
  ): Promise<boolean> {
    if (key === undefined || found?.length !== 0 || Array.isArray(choice)) return false;
    return await this.command(key) !== undefined;
  }

  async command(key: string): Promise<CommandOutcome | undefined> {
    const call = "ask for a command to";
    checkName(`Cannot ${call} job "${this.jobId}"`, "key", key);
    const { life } = await this.#find(call);
    return await this.#host.session.store.outcome({ jobId: this.jobId, life }, key);
  }

  async read(): Promise<JobState<Result>> {
    return this.#host.read(await this.#load("read"), this.#flow);
  }

  async ended(options: WaitOptions = {}): Promise<JobState<Result>> {
    checkWait(options);
    const { timeoutMs = Infinity, signal } = options;
    signal?.throwIfAborted();
    const { session } = this.#host;
    const until = session.timers.elapsed() + timeoutMs;
    const watch = new StoreWatch(session, (event) => event.type === "ended" && event.jobId === this.jobId);
    const pause = async (ms: number) => {
      const left = until - session.timers.elapsed();
      if (left <= 0) throw new TimeoutError(`Job "${this.jobId}"`, timeoutMs);
      await watch.changed(signal, Math.min(left, ms));
    };
    const isOver = async () => await isAtItsEnd(session, await this.#find("wait for", signal), signal);
    try {
      while (!await this.#atLast(isOver, pause, signal)) await pause(1_000);
      return this.#host.read(await this.#atLast(() => this.#load("wait for", signal), pause, signal), this.#flow);
    } finally {
      watch.stop();
    }
  }

  async result(options: WaitOptions = {}): Promise<Result> {
    return resultOfJob(await this.ended(options));
  }

  outputs(options: OutputsOptions = {}): AsyncIterableIterator<JobOutput, void, undefined> {
    const action = `Cannot read the outputs of job "${this.jobId}"`;
    checkOptions(action, options, { from: true, signal: true });
    const { from = 0, signal } = options;
    checkInteger(action, "from", from, 0);
    const follow: Follow<OutputEntry> = (push, signal) => this.#follow(from, push, signal);
    return new OutputFollower(follow, (output) => viewOutput(output, this.#host.registry), signal);
  }

  async #follow(from: number, push: (output: OutputEntry) => void, signal: AbortSignal): Promise<void> {
    const { session } = this.#host;
    const call = "read the outputs of";
    let [next, revision] = [from, -1];
    let stopListening: (() => void) | undefined;
    const watch = new StoreWatch(session, (event) => event.type === "ended" && event.jobId === this.jobId);
    const pause = (ms: number) => watch.changed(signal, ms);
    try {
      for (;;) {
        const live = session.liveJob(this.jobId);
        // A job that is live here tells of each commit.
        stopListening = live && executionOf(live)?.listeners.onCommit(() => watch.wake());
        const record = await this.#atLast(() => this.#find(call, signal), pause, signal);
        if (record.revision !== revision) {
          revision = record.revision;
          const stored = await this.#atLast(() => this.#load(call, signal), pause, signal);
          const { outputs } = jobOf(this.#host.read(stored, this.#flow));
          const first = outputs.dropped;
          for (const output of outputs.toArray().slice(Math.max(0, next - first))) push(output);
          next = Math.max(next, first + outputs.size);
        }
        if (await this.#atLast(() => isAtItsEnd(session, record, signal), pause, signal)) return;
        await watch.changed(signal);
        stopListening?.();
      }
    } finally {
      stopListening?.();
      watch.stop();
    }
  }

  /** The job's record. */
  async #find(call: string, signal?: AbortSignal): Promise<JobRecord> {
    this.#checkOpen(call);
    await unlessAborted(this.#host.created(this.jobId), signal);
    return this.#check(call, await unlessAborted(this.#host.session.store.find(this.jobId), signal));
  }

  /** All that the store has of the job. */
  async #load(call: string, signal?: AbortSignal): Promise<StoredJob> {
    this.#checkOpen(call);
    const stored = await unlessAborted(this.#host.session.store.load(this.jobId), signal);
    this.#check(call, stored?.record);
    // Unreachable: the check has found its record.
    if (stored === undefined) throw this.#refuse(call, "unknown", REFUSALS.unknown, "unknown");
    return stored;
  }

  #checkOpen(call: string): void {
    this.#host.session.checkOpen(`Cannot ${call} job "${this.jobId}"`);
  }

  /** Checks that a record is of the life that this handle is for. */
  #check(call: string, record: JobRecord | undefined): JobRecord {
    if (record === undefined) throw this.#refuse(call, "unknown", REFUSALS.unknown, "unknown");
    this.#life ??= record.life;
    if (record.life !== this.#life) {
      throw this.#refuse(call, "unknown", "it was deleted, and its id is another job's", "taken");
    }
    if (this.#flow !== undefined && record.flowId !== this.#flow.id) {
      const why = `it is a job of flow "${record.flowId}", not of "${this.#flow.id}"`;
      throw this.#refuse(call, record.status, why, "taken");
    }
    return record;
  }

  /** Calls the store until it answers, however long it fails. `pause` waits between two calls, or throws to end the attempts. */
  async #atLast<T>(
    ask: () => Promise<T>,
    pause: (ms: number) => Promise<unknown>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const { session } = this.#host;
    for (let failures = 1;; failures++) {
      try {
        return await ask();
      } catch (error) {
        if (error instanceof StateError || session.isClosed || signal?.aborted === true) throw error;
        session.onError(error);
      }
      await pause(delayAfter(failures, session.settings));
    }
  }

  #encode(action: string, root: string, value: unknown, flow: Flow | undefined): Payload | undefined {
    return payloadOf(value, flow?.registry ?? this.#host.registry, { action, root }, flow?.limits);
  }

  /** Stores a command; as often as it takes, for the key makes it count once. */
  async #ask(call: string, { status }: JobRecord, command: AskedCommand, options: AskOptions): Promise<void> {
    checkAskOptions(`Cannot ${call} job`, command.type, options);
    const { key, signal } = options;
    const { session } = this.#host;
    const { settings, timers, store, createId } = session;
    const { keyRetentionMs, inboxLimit: room } = settings;
    const known = key === undefined ? createId() : checkName(`Cannot ${call} job "${this.jobId}"`, "key", key);
    const text = encodeCommand(command);
    const reopens = command.type === "discard" || (command.type === "resume" && command.redrive);
    for (let failures = 0;; failures++) {
      signal?.throwIfAborted();
      let answer: SendAnswer;
      try {
        const sent = { key: known, text, reopens, keyRetentionMs, room, now: timers.now() };
        answer = await unlessAborted(store.send({ jobId: this.jobId, life: this.#life }, sent), signal);
      } catch (error) {
        signal?.throwIfAborted();
        session.onError(error);
        if (failures + 1 >= settings.attempts) throw new UnknownOutcomeError(call, this.jobId, known, { cause: error });
        await pauseAfter(failures + 1, session, signal);
        continue;
      }
      if (answer === "stored" || answer === "known") return;
      // An earlier try may have been stored, and carried out, and its answer lost.
      if (failures > 0) throw new UnknownOutcomeError(call, this.jobId, known, { cause: REFUSALS[answer] });
      const why = answer === "differs" ? `${REFUSALS.differs}, ${JSON.stringify(known)}` : REFUSALS[answer];
      throw this.#refuse(call, status, why, answer);
    }
  }

  #refuse(call: string, status: string, why: string, reason?: StateReason): StateError {
    return new StateError(call, status, `Cannot ${call} job "${this.jobId}": ${why}`, reason);
  }
}
