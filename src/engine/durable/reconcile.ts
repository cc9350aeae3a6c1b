import { FencedError } from "../../base/errors.ts";
import type { JobClaim } from "../../ports/store.ts";
import type { Journal } from "./journal.ts";
import type { StoreSession } from "./store_session.ts";

/** Whether a claim on a job has been followed by another one, of the same life or a later one, or is that one. */
export function isPast({ life, epoch }: JobClaim, last: JobClaim | undefined): boolean {
  return last !== undefined && (last.life === life ? last.epoch >= epoch : last.life > life);
}

/**
 * The calls of an engine that claim jobs without knowing which, and take them up one after the other. Meanwhile the engine may have such a
 * job by a newer claim, and let go of it: then the older one is over.
 */
export class ClaimingCalls {
  /** The calls, each with the epochs of the claims that are over since it began, by the lives of their jobs. */
  readonly #calls: Map<Promise<unknown>, Map<number, number>> = new Map();

  /** Those that run now, in the order in which they began. */
  get running(): readonly Promise<unknown>[] {
    return [...this.#calls.keys()];
  }

  /** Runs such a call. */
  async run<T>(run: () => Promise<T>): Promise<T> {
    const call = run();
    this.#calls.set(call, new Map());
    try {
      return await call;
    } finally {
      this.#calls.delete(call);
    }
  }

  /** A claim is over by which the engine had a job. */
  ended({ life, epoch }: JobClaim): void {
    for (const epochs of this.#calls.values()) epochs.set(life, Math.max(epoch, epochs.get(life) ?? 0));
  }

  /** Whether a claim that one of the calls has been given is over, or an older one than one that is. */
  isOver({ life, epoch }: JobClaim): boolean {
    return [...this.#calls.values()].some((epochs) => (epochs.get(life) ?? 0) >= epoch);
  }
}

/**
 * Takes up jobs that the store has given to this engine in a claim whose answer was lost, and gives up those of the given journals
 * that were deleted, or that another engine has claimed. `claims` tells the calls whose jobs have not been taken up yet: none of them
 * may await this function. Returns false when it is not known now which jobs this engine has.
 */
export async function reconcile(
  session: StoreSession,
  journals: readonly Journal[],
  claims: () => readonly Promise<unknown>[],
): Promise<boolean> {
  const { store, ownership, timers } = session;
  const lease = ownership.lease();
  if (lease === undefined) return false;
  const isOver = () => ownership.lease()?.incarnation !== lease.incarnation;
  // Those of an incarnation before are being claimed again.
  const own = journals.filter((it) => it.isOf(lease.incarnation));
  const before = own.map((journal) => ({ journal, claim: journal.claim }));
  try {
    const held = await store.held(lease);
    if (isOver()) return false;
    const lives = new Map(held.map(({ jobId, life }) => [jobId, life]));
    for (const { journal, claim } of before) {
      // The job may have been deleted, and created anew under its id.
      const isGone = lives.get(claim.jobId) !== claim.life && journal.claim === claim && !journal.isReleased;
      if (isGone) journal.lose(new FencedError(claim.jobId, undefined, undefined));
    }
    const isUnknown = ({ jobId, life }: JobClaim) => {
      const job = session.liveJob(jobId);
      return job === undefined || (session.journals.get(job)?.claim.life ?? life) !== life;
    };
    const unknown = new Map(held.filter(isUnknown).map((claim) => [claim.life, claim.epoch]));
    if (unknown.size === 0) return true;
    // The store may have carried out a claim whose jobs have not been taken up yet; some of them may be let go again by then.
    await Promise.allSettled(claims());
    const left = (await store.held(lease)).filter(isUnknown);
    if (isOver()) return false;
    if (left.length === 0) return true;
    const jobs = left.filter(({ life, epoch }) => unknown.get(life) === epoch);
    const claim = async () => {
      const answer = await store.claim({ ...lease, now: timers.now(), jobs });
      if (isOver()) return;
      for (const taken of answer.jobs) if (session.mayTakeUp(taken)) session.onTaken(taken);
    };
    if (jobs.length > 0) await session.claiming(claim);
    // Another call may have claimed some of them, and its answer is under way: the next look finds all of them known.
    return false;
  } catch (error) {
    session.onError(error);
    return false;
  }
}
