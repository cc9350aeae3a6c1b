import { hashText } from "./base/text_hash.ts";
import {
  checkDuration,
  checkInteger,
  checkName,
  checkOptions,
  checkRange,
  checkSignal,
  checkWord,
  type OptionNames,
} from "./base/options.ts";
import { describeValue } from "./base/path.ts";
import type { DueJobs } from "./engine/durable/due_jobs.ts";
import type { StoreSession } from "./engine/durable/store_session.ts";
import type { EngineHost } from "./engine/execution/engine_host.ts";
import { type Execution, executionOf } from "./engine/execution/execution.ts";
import { bringToRest } from "./engine/execution/waits.ts";
import type { Flow } from "./flow.ts";
import { StoreWatch } from "./job_watch.ts";
import type { Job } from "./job/job.ts";
import { FlowGraph } from "./model/flow_graph.ts";
import type { TakenJob } from "./ports/store.ts";
import { type AdoptingFlow, adoptingOf, type AdoptionHost } from "./stored_adoption.ts";
import type { CancelTimer, Timers } from "./ports/timers.ts";
import { nextDueAt } from "./job/ready_queue.ts";
import { checkQueues } from "./queue_options.ts";
import { LEAST_WAIT_MS, LimitedQueue, OpenQueues, type QueuePlan, type WorkSource } from "./work_sources.ts";
import type { Worker, WorkOptions, WorkSummary } from "./work_options.ts";

/** How many times in a row, about, a worker leaves it to others to look: what they tell may be wrong. */
const MOST_SKIPPED = 9;

/** Why a wait has ended: the store has told something, the next known instant has come, or nobody has looked for a while. */
type WaitEnd = "told" | "due" | "unseen";

/** How a worker moves jobs, by the word for it. */
const CHOICES = { stored: undefined, adopt: () => ({}) } as const;
const OPTIONS: OptionNames<WorkOptions> = {
  ...{ concurrency: true, drainMs: true, flows: true, idleMs: true },
  ...{ onChange: true, pollMs: true, queues: true, signal: true },
};

/** What a worker needs of its engine. */
export interface WorkHost extends AdoptionHost {
  readonly host: EngineHost;
  readonly session: StoreSession;
  readonly due: DueJobs;
  /** Goes on with a claimed job. @throws why that is not possible: then it has been let go */
  takeUp(taken: TakenJob): Promise<unknown>;
}

/** The loop of `engine.work`. */
export class StoreWorker implements Worker {
  readonly #engine: WorkHost;
  readonly #options: Required<Omit<WorkOptions, "flows" | "queues" | "signal" | "onChange">>;
  /** The flows to which jobs of a lower version are moved, by their ids. */
  readonly #adopting: ReadonlyMap<string, AdoptingFlow>;
  /** Those from which jobs were taken last come last. */
  readonly #sources: WorkSource[];
  readonly #jobs: Set<Job> = new Set();
  readonly #watch: StoreWatch;
  readonly #onStop: () => void;
  readonly #stopUse: () => void;
  readonly #stopSignal: () => void;
  /** Ends when it takes no more jobs. */
  readonly loop: Promise<void>;
  #stopped: Promise<WorkSummary> | undefined;
  #taken = 0;
  /** The job that is being taken up. */
  #takenId: string | undefined;
  #refused = 0;
  /** Whether the store has told that something is due since jobs were taken last. */
  #isDue = false;
  /** Names what this worker looks for: others that look for the same tell it that there is nothing. */
  readonly #looksFor: string;
  /** When one of them has told that last, in elapsed time. */
  #lookedAt = 0;
  /** Whether the last look has failed, perhaps because others were to be told of it. */
  #hasFailed = false;

  /** Begins to work; `onStop` is called when it takes no more jobs. */
  constructor(engine: WorkHost, options: WorkOptions, onStop: () => void) {
    const action = "Cannot work";
    checkOptions<WorkOptions>(action, options, OPTIONS);
    const { concurrency = 100, pollMs = 1_000, drainMs = 10_000, idleMs = 5_000, signal, flows, queues } = options;
    const { onChange = "stored" } = options;
    checkSignal(action, signal);
    signal?.throwIfAborted();
    if (engine.host.isShutDown) throw new TypeError(`${action}: the engine has been shut down; make a new one`);
    const ids = flows === undefined ? undefined : idsOf(action, flows);
    const plans = queues === undefined ? undefined : checkQueues(action, queues);
    for (const [name, list] of [["flows", ids], ["queues", plans]] as const) {
      if (list?.length !== 0) continue;
      throw new TypeError(`${action}: ${name} is empty, so nothing would be taken; leave it out to take from all`);
    }
    this.#engine = engine;
    this.#onStop = onStop;
    this.#options = {
      concurrency: checkInteger(action, "concurrency", concurrency),
      pollMs: checkRange(action, "pollMs", pollMs, 1, Number.MAX_SAFE_INTEGER),
      drainMs: checkDuration(action, "drainMs", drainMs, Infinity),
      idleMs: checkDuration(action, "idleMs", idleMs, Infinity),
    };
    const isChosen = typeof onChange === "function";
    const choose = isChosen ? onChange : CHOICES[checkWord(action, "onChange", onChange, ["stored", "adopt"])];
    this.#adopting = choose === undefined ? new Map() : adoptingOf(action, engine, choose, flows);
    this.#sources = sourcesOf(action, engine, ids, plans);
    this.#looksFor = hashText(JSON.stringify([ids, queues]));
    this.#watch = new StoreWatch(engine.session, (event) => {
      this.#isDue ||= event.type === "due" && event.at <= engine.host.timers.now();
      if (event.type === "looked" && event.by === this.#looksFor) this.#lookedAt = engine.host.timers.elapsed();
      // What is due needs room. The end of a job makes nothing due.
      return event.type === "command" || event.type === "due" && this.#room > 0;
    });
    this.#stopUse = engine.session.ownership.use();
    this.loop = this.#run();
    const abort = () => void this.stop();
    signal?.addEventListener("abort", abort);
    this.#stopSignal = () => signal?.removeEventListener("abort", abort);
  }

  get size(): number {
    return this.#jobs.size;
  }

  stop(): Promise<WorkSummary> {
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<WorkSummary> {
    this.#stopSignal();
    this.#watch.wake();
    await this.loop;
    this.#onStop();
    const { host } = this.#engine;
    // Unreachable default: a job that has left is not among these any more.
    const executions = [...this.#jobs].flatMap((job) => executionOf(job) ?? []);
    await bringToRest(executions, host.timers, undefined, { drain: true, timeoutMs: this.#options.drainMs });
    for (const source of this.#sources) await source.settle();
    this.#watch.stop();
    this.#stopUse();
    return { taken: this.#taken, refused: this.#refused };
  }

  async #run(): Promise<void> {
    while (this.#stopped === undefined && !this.#engine.host.isShutDown) {
      if (this.#room <= 0 && !await this.#hasUnread()) continue;
      if (await this.#engine.session.claiming(() => this.#takeRound())) {
        await this.#engine.host.pacer.breathe();
      } else if (this.#room > 0) await this.#wait();
    }
  }

  /** Waits, without room for jobs, until there may be some, or commands to be carried out, which need none: returns whether there are. */
  async #hasUnread(): Promise<boolean> {
    await this.#watch.changed(undefined, this.#options.pollMs);
    return this.#room <= 0 && await this.#nextAt(false) <= this.#engine.host.timers.now();
  }

  get #room(): number {
    return this.#options.concurrency - this.#jobs.size;
  }

  /** Takes jobs from each source. Returns whether there may be more. */
  async #takeRound(): Promise<boolean> {
    let isMore = false;
    this.#isDue = false;
    for (const source of [...this.#sources]) {
      const room = Math.min(this.#room, source.room);
      // Each catch leaves the others their share.
      const limit = Math.max(0, Math.ceil(room / 4));
      try {
        const jobs = await source.take(limit);
        if (jobs.length === 0) continue;
        isMore ||= jobs.length >= limit;
        this.#sources.push(...this.#sources.splice(this.#sources.indexOf(source), 1));
        await this.#takeUp(source, jobs);
      } catch (error) {
        this.#engine.session.onError(error);
      }
    }
    return isMore;
  }

  async #takeUp(source: WorkSource, jobs: readonly TakenJob[]): Promise<void> {
    for (const taken of jobs) {
      await this.#engine.host.pacer.breathe();
      this.#taken++;
      this.#takenId = taken.record.jobId;
      try {
        await this.#engine.takeUp(taken);
      } catch {
        this.#refused++;
      }
      source.takenUp(taken);
    }
    this.#takenId = undefined;
  }

  /** Whether the worker has taken this job, and is just about to go on with it. */
  hasTaken(jobId: string): boolean {
    return jobId === this.#takenId;
  }

  /** The flow to which jobs of a flow are moved, unless their version is not lower, and how. */
  adopting(flowId: string): AdoptingFlow | undefined {
    return this.#adopting.get(flowId);
  }

  /** Has a job that has gone live: until it ends, or is let go. */
  adopt(job: Job): void {
    const execution = executionOf(job);
    // With a store that answers at once, a job of which only the commands were carried out has been let go by now.
    if (execution === undefined) return;
    this.#jobs.add(job);
    const { records, settings } = this.#engine.session;
    const { queue, dueAt } = records.get(job) ?? {}; // Unreachable default: a job that a worker has is in the store.
    const uncounts = this.#sources.map((it) => it.count(job, queue));
    // By the store's clock, what is due soon may be due, above all what it was taken for: it would be taken again at once.
    const leastMs = (due: number) => due === dueAt ? settings.leaseMs / 10 : LEAST_WAIT_MS;
    const stop = passivate(execution, this.#engine.host.timers, this.#options.idleMs, leastMs);
    execution.listeners.onRest(() => {
      stop();
      this.#jobs.delete(job);
      for (const uncount of uncounts) uncount();
      this.#watch.wake();
    });
  }

  /** Waits until something may be due: the store tells, the next known instant comes, or it has been a while. */
  async #wait(): Promise<void> {
    const { pollMs } = this.#options;
    const { host } = this.#engine;
    let ended: WaitEnd | undefined;
    while (this.#stopped === undefined) {
      const left = await this.#nextAt(ended === "unseen") - host.timers.now();
      if (left <= 0 && ended === "told") return;
      // Workers that were started together must not ask together for ever.
      const jitter = parseInt(hashText(host.ids.id()).slice(0, 4), 16) / 0xffff;
      // What is due by this clock may not be due by the store's: asking again at once would keep the event loop.
      ended = await this.#pause(Math.max(left, LEAST_WAIT_MS), pollMs * (0.75 + jitter / 2));
      if (this.#isDue || ended === "due" || this.#sources.some(({ isBlocked }) => isBlocked)) return;
    }
  }

  /** Waits, for `left` milliseconds at the most, and no longer than nobody has looked for `ms`. */
  async #pause(left: number, ms: number): Promise<WaitEnd> {
    const { timers } = this.#engine.host;
    const begin = timers.elapsed();
    for (;;) {
      const now = timers.elapsed();
      const seen = Math.min(Math.max(begin, this.#lookedAt), begin + MOST_SKIPPED * ms);
      if (begin + left <= now) return "due";
      if (seen + ms <= now) return "unseen";
      // In whole milliseconds: what is left may be a rounding error, by which a clock does not move.
      if (await this.#watch.changed(undefined, Math.ceil(Math.min(begin + left, seen + ms) - now))) return "told";
    }
  }

  /** The next instant at which something may be taken; `Infinity` when none is known. */
  async #nextAt(tellsOthers: boolean): Promise<number> {
    let next = Infinity;
    const tells = tellsOthers && this.#sources.length === 1 && !this.#hasFailed ? this.#looksFor : undefined;
    this.#hasFailed = false;
    for (const source of this.#sources) {
      try {
        next = Math.min(next, await source.nextAt(tells, this.#room > 0) ?? Infinity);
      } catch (error) {
        this.#hasFailed = true;
        this.#engine.session.onError(error);
      }
    }
    return next;
  }
}

function idsOf(action: string, flows: readonly (string | Flow)[]): readonly string[] {
  // A text has `includes`, too.
  const ids = Array.isArray(flows) ? flows.map((it) => it instanceof FlowGraph ? it.id : it) : undefined;
  if (ids?.every((it) => typeof it === "string") !== true) {
    throw new TypeError(`${action}: flows must be a list of names or flows, got ${describeValue(flows)}`);
  }
  ids.forEach((id, index) => {
    checkName(action, `flows[${index}]`, id);
    if (ids.indexOf(id) < index) throw new TypeError(`${action}: flow "${id}" is in flows twice; give it one entry`);
  });
  return ids;
}

/** A queue with limits is taken from alone, all others together. */
function sourcesOf(
  action: string,
  { due, host, session }: WorkHost,
  flows: readonly string[] | undefined,
  plans: readonly QueuePlan[] | undefined,
): WorkSource[] {
  const filter = flows === undefined ? {} : { flows };
  if (plans === undefined) return [new OpenQueues(due, host.timers, filter)];
  const open: string[] = [];
  const sources: WorkSource[] = [];
  for (const plan of plans) {
    const { name, concurrency, limits } = plan;
    if (limits !== undefined && session.store.permit === undefined) {
      const limit = limits.rate === undefined ? "globalConcurrency" : "rate";
      throw new TypeError(
        `${action}: queue "${name}" has a ${limit}, and this store has no permits, which limits over all workers need; ` +
          "use another store, or concurrency, which is per worker",
      );
    }
    if (limits === undefined && concurrency === Infinity) open.push(name);
    else sources.push(new LimitedQueue(due, host.timers, filter, plan, limits && due.permits.of(name)));
  }
  return open.length > 0 ? [new OpenQueues(due, host.timers, { ...filter, queues: open }), ...sources] : sources;
}

/**
 * Lets go of a live job that only waits, and has nothing due for a while: it takes no memory then, and its place in the store says
 * when it is due. `leastMs` is how long it must have until then. Returns the function that ends that.
 */
function passivate(execution: Execution, timers: Timers, idleMs: number, leastMs: (due: number) => number): () => void {
  let stopTimer: CancelTimer | undefined;
  const stop = () => {
    stopTimer?.();
    stopTimer = undefined;
  };
  const release = () => {
    stopTimer = undefined;
    const due = nextDueAt(execution.job, timers.now());
    // Another execution may have taken the place of the first one.
    if (due === undefined || due > timers.now()) executionOf(execution.job)?.rest(undefined, 0);
  };
  const idle = () => {
    stop();
    const due = nextDueAt(execution.job, timers.now()) ?? Infinity;
    if (due - timers.now() > Math.max(idleMs, leastMs(due))) stopTimer = timers.after(idleMs, release);
  };
  if (idleMs === Infinity) return stop;
  const stopIdle = execution.listeners.onIdle(idle);
  const stopCommit = execution.listeners.onCommit(stop);
  // It may be idle already: then it says so again.
  execution.poll();
  return () => {
    stop();
    stopIdle();
    stopCommit();
  };
}
