import { groupBy } from "../../base/group_by.ts";
import type { Incarnation, JobClaim, MaybePromise, QueueLimits, TakeAnswer, TakeQuery } from "../../ports/store.ts";
import type { Journal } from "./journal.ts";
import type { StoreSession } from "./store_session.ts";

/** How many jobs are claimed at once only for the sake of their commands. */
export const MOST_SERVED = 20;

type Permit = NonNullable<TakeQuery["permit"]>;

/** The result of taking jobs from a queue with limits. */
export interface Catch {
  /** How many jobs were claimed. */
  readonly claimed: number;
  /** The ids of those that are taken up now. */
  readonly jobIds: readonly string[];
}

/** The jobs that an incarnation may have claimed in the store without knowing it. */
class Doubts {
  /** Jobs of which the ids are known. */
  readonly jobIds: Set<string> = new Set();
  /** How many others. */
  others = 0;

  get areNone(): boolean {
    return this.jobIds.size === 0 && this.others === 0;
  }
}

/**
 * This engine's permits for jobs of one queue with limits over all workers. The store is told how many it keeps, not how many more or
 * less: so an answer that is lost does no harm.
 */
export class QueuePermits {
  readonly queue: string;
  readonly #session: StoreSession;
  /** The limits that a worker here has stated last. */
  #limits: QueueLimits = {};
  /** Jobs that were claimed and are not taken up yet. */
  readonly #claimed: Set<string> = new Set();
  #doubts: Doubts = new Doubts();
  #call = 0;
  /** The incarnation that has asked last. */
  #incarnation: number | undefined;
  /** How many permits the store may have given it. */
  #given = 0;
  /** How many jobs were taken by the permits that were given last. */
  #started = 0;
  #last: Promise<unknown> = Promise.resolve();
  #settling: Promise<void> | undefined;

  /** Makes the permits of a queue: none. */
  constructor(session: StoreSession, queue: string) {
    this.#session = session;
    this.queue = queue;
  }

  /**
   * Lets `take` claim jobs within limits, at most `wanted`; without a permit, it may claim jobs whose commands are to be carried out, and which
   * are let go then. Returns when it is worth trying again, if there is less than wanted and that is known.
   *
   * @throws what the store throws, and what `take` throws
   */
  catch(
    wanted: number,
    limits: QueueLimits,
    take: (most: number, permit: Permit) => Promise<Catch>,
  ): Promise<number | undefined> {
    return this.#inTurn(async () => {
      this.#limits = limits;
      const { granted, freeAt } = await this.#ask(wanted, limits);
      // The number counts until the outcome of the call is known.
      this.#started = granted;
      try {
        const { claimed, jobIds } = await take(granted, { queue: this.queue, call: this.#call });
        if (granted > 0) this.#started = claimed;
        for (const jobId of jobIds) this.#claimed.add(jobId);
        this.#doubts.others += claimed - jobIds.length;
      } catch (error) {
        this.#doubts.others += granted === 0 ? MOST_SERVED : granted;
        throw error;
      }
      if (granted === 0) return wanted === 0 ? undefined : freeAt ?? Infinity;
      const { globalConcurrency, rate } = limits;
      // The store learns at once how many permits were used, so that other engines can have the rest.
      if (rate !== undefined || (globalConcurrency !== undefined && this.#started < granted)) await this.#giveBack();
      return freeAt;
    });
  }

  /** A claimed job was taken up, or let go. */
  takenUp(jobId: string): void {
    this.#claimed.delete(jobId);
  }

  /** The engine has no more to do with a job. */
  left(jobId: string, journal: Journal | undefined): void {
    // Its lease may seem to have ended here, and be renewed all the same.
    const mayBeClaimed = journal?.lost !== undefined && this.#incarnation !== undefined &&
      journal.isOf(this.#incarnation);
    if (mayBeClaimed) this.#doubts.jobIds.add(jobId);
    // A worker that has room for another job may need the permit at once.
    this.#session.timers.soon(() => void this.settle());
  }

  /** A claimed job could not be let go: it is this engine's until it is found in the store. */
  notLetGo(jobId: string): void {
    this.#doubts.jobIds.add(jobId);
  }

  /** Finds out what this engine has, if that is in doubt, and gives back the permits that are not needed; no effect when the store fails. */
  settle(): Promise<void> {
    return this.#settling ??= this.#settle().finally(() => this.#settling = undefined);
  }

  async #settle(): Promise<void> {
    const isTold = await this.#inTurn(() => this.#giveBack());
    // Calls before the one just made claim nothing any more: what the store has now is all.
    const doubts = this.#doubts;
    const [others, jobIds] = [doubts.others, [...doubts.jobIds]];
    if (!isTold || doubts.areNone || !await this.#session.reconcile()) return;
    doubts.others -= others;
    for (const jobId of jobIds) doubts.jobIds.delete(jobId);
    await this.#inTurn(() => this.#giveBack());
  }

  /** Asks for permits for live jobs that a new incarnation is going to claim again. Returns those that it may claim: the first ones. */
  askAgain(jobIds: readonly string[]): Promise<readonly string[]> {
    return this.#inTurn(async () => {
      const { globalConcurrency } = this.#limits;
      const { granted } = await this.#ask(jobIds.length, { globalConcurrency }, jobIds.length);
      const permitted = jobIds.slice(0, granted);
      for (const jobId of permitted) this.#claimed.add(jobId);
      return permitted;
    });
  }

  /**
   * The jobs were claimed again, or it is not known whether they were. In that case, and where this engine has no more to do with
   * them, the store is asked which jobs it has.
   */
  claimedAgain(jobIds: readonly string[], isAnswered: boolean): void {
    const live = new Set(isAnswered ? this.#session.jobsIn(this.queue) : []);
    for (const jobId of jobIds) {
      this.#claimed.delete(jobId);
      if (!live.has(jobId)) this.#doubts.jobIds.add(jobId);
    }
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const done = this.#last.then(run);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Tells the store what is kept. Returns false when it does not know that now. */
  async #giveBack(): Promise<boolean> {
    if (this.#session.ownership.lease()?.incarnation !== this.#incarnation) return false;
    if (this.#given <= this.#kept() && this.#started === 0 && this.#doubts.areNone) return true;
    try {
      await this.#ask(0, {});
      return true;
    } catch (error) {
      // It is tried again when the worker looks for jobs next.
      this.#session.onError(error);
      return false;
    }
  }

  async #ask(
    wanted: number,
    limits: QueueLimits,
    without: number = 0,
  ): Promise<{ readonly granted: number; readonly freeAt: number | undefined }> {
    const { store, ownership, timers } = this.#session;
    const lease: Incarnation = await ownership.enter();
    if (lease.incarnation !== this.#incarnation) {
      this.#started = this.#given = 0;
      this.#doubts = new Doubts();
    }
    this.#incarnation = lease.incarnation;
    const kept = this.#kept() - without;
    const [call, started, given] = [++this.#call, this.#started, this.#given];
    this.#given = Math.max(given, kept + wanted);
    const query = { ...lease, now: timers.now(), queue: this.queue, call, kept, started, wanted, limits };
    // Unreachable default: a worker with such limits is refused by a store without permits.
    const { granted, freeAt } = await store.permit?.(query) ?? { granted: 0, freeAt: undefined };
    if (this.#incarnation === lease.incarnation) [this.#given, this.#started] = [kept + granted, 0];
    return { granted, freeAt };
  }

  /** How many permits are needed for the jobs that this engine has, or may have. */
  #kept(): number {
    const { jobIds, others } = this.#doubts;
    return new Set([...this.#claimed, ...jobIds, ...this.#session.jobsIn(this.queue)]).size + others;
  }
}

/** This engine's permits, by the queues that have limits over all workers. */
export class EnginePermits {
  readonly #session: StoreSession;
  readonly #queues: Map<string, QueuePermits> = new Map();

  /** Makes the permits of an engine: none. */
  constructor(session: StoreSession) {
    this.#session = session;
    session.permitsIn = (queue) => queue === undefined ? undefined : this.#queues.get(queue);
  }

  /** The permits of a queue for which a worker states limits. */
  of(queue: string): QueuePermits {
    const permits = this.#queues.get(queue) ?? new QueuePermits(this.#session, queue);
    this.#queues.set(queue, permits);
    return permits;
  }
}

/**
 * Has live jobs claimed again for a new incarnation: only those for which the limits of their queues leave room, as others may have taken
 * some meanwhile.
 *
 * @throws what the store throws
 */
export async function claimPermitted(
  claims: readonly JobClaim[],
  permitsOf: (jobId: string) => QueuePermits | undefined,
  claim: (jobs: readonly JobClaim[]) => MaybePromise<TakeAnswer>,
): Promise<TakeAnswer> {
  const groups = groupBy(claims, ({ jobId }) => permitsOf(jobId));
  const permitted = [...groups.get(undefined) ?? []];
  const asked: [permits: QueuePermits, jobIds: readonly string[]][] = [];
  let isAnswered = false;
  try {
    for (const [permits, group] of groups) {
      if (permits === undefined) continue;
      const jobIds = await permits.askAgain(group.map(({ jobId }) => jobId));
      asked.push([permits, jobIds]);
      permitted.push(...group.slice(0, jobIds.length));
    }
    const answer = await claim(permitted);
    isAnswered = true;
    return answer;
  } finally {
    for (const [permits, jobIds] of asked) permits.claimedAgain(jobIds, isAnswered);
  }
}
