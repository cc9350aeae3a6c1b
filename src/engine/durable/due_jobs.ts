import type { DueQuery, Incarnation, TakenJob, TakeQuery } from "../../ports/store.ts";
import { EnginePermits } from "./queue_permits.ts";
import type { StoreSession } from "./store_session.ts";

/** How long jobs and flows that could not be worked on here are left to other engines, at first and at most, in milliseconds. */
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 60_000;

const NONE: ReadonlySet<string> = new Set();

/** How many of these are remembered, of jobs and of flows. */
const MOST_AVOIDED = 1_000;

/** The jobs and flows that are left to other engines until an elapsed time; afterwards they are taken when nothing else is due. */
interface Avoided {
  readonly until: number;
  readonly delayMs: number;
  /** Whether it may go on here by now, as far as that shows without taking it: a job that is taken counts as a start of its queue. */
  readonly isMended: () => boolean;
}

/** Says whether a flow can be built here that is stored with a job. */
type CanBuild = (stored: Pick<TakenJob, "flow" | "record">) => boolean;

/** Which of the due jobs are asked for. */
export type DueFilter = Pick<DueQuery, "flows" | "queues" | "exceptJobs" | "unread">;

interface Exceptions {
  readonly exceptJobs: ReadonlySet<string>;
  readonly exceptFlows: ReadonlySet<string>;
}

/** Takes the jobs in an engine's store that are due. Those that cannot go on here are let go, and left to others for a while. */
export class DueJobs {
  /** The permits for jobs of queues with limits over all workers. */
  readonly permits: EnginePermits;
  readonly #session: StoreSession;
  readonly #jobs: Map<string, Avoided> = new Map();
  /** Flows that cannot be built here, by their hashes. */
  readonly #flows: Map<string, Avoided> = new Map();
  /** The end of the last call: one after the other asks, so that none is given what another has just been given. */
  #last: Promise<unknown> = Promise.resolve();

  /** Makes the view of a session's due jobs. */
  constructor(session: StoreSession) {
    this.#session = session;
    this.permits = new EnginePermits(session);
  }

  /**
   * Claims jobs that are due, at most `limit`, by permits if they are needed, and returns those that may be taken up. Those that could
   * not go on here before come last: they must not take the place of others, however seldom somebody asks. `onClaimed` is told how many
   * were claimed.
   *
   * @throws what the store throws
   */
  take(
    limit: number,
    filter: DueFilter = {},
    permit?: TakeQuery["permit"],
    onClaimed: (count: number) => void = () => {},
  ): Promise<readonly TakenJob[]> {
    const taken = this.#last.then(() => this.#take({ ...filter, limit, permit }, onClaimed));
    this.#last = taken.then(() => {}, () => {});
    return taken;
  }

  async #take(
    { limit, permit, ...filter }: DueFilter & Pick<TakeQuery, "limit" | "permit">,
    onClaimed: (count: number) => void,
  ): Promise<readonly TakenJob[]> {
    const session = this.#session;
    let jobs = await this.#ask({ limit, permit, ...this.#query(filter, () => true) });
    if (permit !== undefined && jobs.length === 0) this.#avoidAgain();
    if (jobs.length === 0 && this.#isPast()) {
      jobs = await this.#ask({ limit, permit, ...this.#query(filter) });
      // The other jobs have ended, or another engine has them.
      if (jobs.length < limit) this.#forgetPast();
    }
    if (filter.unread === true) { for (const taken of jobs) session.served.add(taken); }
    onClaimed(jobs.length);
    return jobs.filter((taken) => session.mayTakeUp(taken));
  }

  async #ask(query: Omit<TakeQuery, "now" | keyof Incarnation>): Promise<readonly TakenJob[]> {
    const { store, timers, ownership } = this.#session;
    const lease = await ownership.enter();
    const { jobs, survived } = await store.take({ ...lease, ...query, now: timers.now() });
    this.#session.addSurvivors(survived);
    return jobs;
  }

  /** Whether a job or a flow has been left to others for long enough. */
  #isPast(): boolean {
    const elapsed = this.#session.timers.elapsed();
    return [...this.#jobs.values(), ...this.#flows.values()].some(({ until }) => until <= elapsed);
  }

  #forgetPast(): void {
    const elapsed = this.#session.timers.elapsed();
    for (const all of [this.#jobs, this.#flows]) {
      for (const [id, { until, delayMs }] of all) if (until + delayMs < elapsed) all.delete(id);
    }
  }

  /**
   * Returns the instant at which `take` finds something, if nothing happens until then. Others are told, by `tells`, that nothing is due
   * yet, unless something is left out here that they may take.
   */
  async nextDueAt(filter: DueFilter = {}, tells?: string): Promise<number | undefined> {
    const { store, timers, ownership } = this.#session;
    const now = timers.now();
    const query = this.#query(filter);
    if (query.exceptJobs.size === 0 && query.exceptFlows.size === 0) {
      return await store.nextDueAt({ ...query, now, tells });
    }
    const exceptIncarnation = ownership.lease()?.incarnation;
    const exceptJobs = new Set(query.exceptJobs);
    // The store leaves out those that this lease holds by itself, at a cost that does not grow with their number.
    for (const journal of this.#session.heldJournals()) {
      if (journal.isOf(exceptIncarnation)) exceptJobs.delete(journal.claim.jobId);
    }
    return await store.nextDueAt({ ...query, now, exceptJobs, exceptIncarnation });
  }

  #query({ exceptJobs = NONE, ...filter }: DueFilter, isAvoided = this.#isStillAvoided()): Exceptions & DueFilter {
    const avoided = (all: Map<string, Avoided>) => [...all].flatMap(([id, it]) => isAvoided(it) ? [id] : []);
    return {
      ...filter,
      exceptJobs: new Set([...this.#session.liveIds, ...avoided(this.#jobs), ...exceptJobs]),
      exceptFlows: new Set(avoided(this.#flows)),
    };
  }

  #isStillAvoided(): (avoided: Avoided) => boolean {
    const elapsed = this.#session.timers.elapsed();
    return ({ until }) => until > elapsed;
  }

  /** Leaves flows to other engines that cannot be built here yet. */
  #avoidAgain(): void {
    const elapsed = this.#session.timers.elapsed();
    for (const [id, { until, isMended }] of [...this.#flows]) {
      if (until <= elapsed && !isMended()) avoid(this.#flows, id, elapsed, isMended);
    }
  }

  /**
   * Lets go of a job that cannot go on here, and says why to the observer, once; with `canBuild`, which says whether its flow can be built by
   * then, no job of that flow can.
   */
  async letGo(taken: TakenJob, canBuild: CanBuild | undefined, error: unknown): Promise<void> {
    const { jobId, flowHash } = taken.record;
    const [all, id] = canBuild === undefined ? [this.#jobs, jobId] : [this.#flows, flowHash];
    if (!all.has(id)) this.#session.onRefused(taken.record, error);
    avoid(all, id, this.#session.timers.elapsed(), mendedWhen(taken, canBuild));
    await this.#session.letGo(taken);
  }

  /** Tries again all jobs and flows that could not go on before. */
  forgive(): void {
    this.#jobs.clear();
    this.#flows.clear();
  }
}

function avoid(all: Map<string, Avoided>, id: string, elapsed: number, isMended: () => boolean): void {
  const { delayMs = FIRST_DELAY_MS / 2 } = all.get(id) ?? {};
  const next = Math.min(delayMs * 2, LONGEST_DELAY_MS);
  all.delete(id);
  all.set(id, { delayMs: next, until: elapsed + next, isMended });
  const [oldest] = all.keys();
  if (all.size > MOST_AVOIDED && oldest !== undefined) all.delete(oldest);
}

/** Says later whether a job may go on; nobody knows that of a job whose texts cannot be read. */
function mendedWhen(taken: TakenJob, canBuild: CanBuild = () => true): () => boolean {
  try {
    const { flow, record } = taken;
    return () => canBuild({ flow, record });
  } catch {
    return () => true;
  }
}
