import type { DueQuery, TakenJob } from "../../ports/store.ts";
import type { StoreSession } from "./store_session.ts";

/** How long what could not be worked on here is left to others at first, and at most, in milliseconds. */
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 60_000;

const NONE: ReadonlySet<string> = new Set();

/** What is left to others until a moment of elapsed time. */
interface Avoided {
  readonly until: number;
  readonly delayMs: number;
}

/** Which of the due jobs are asked for. */
export type DueFilter = Pick<DueQuery, "flows" | "queues" | "exceptJobs">;

/** Takes the jobs in an engine's store that are due. Those that cannot go on here are let go, and left to others for a while. */
export class DueJobs {
  readonly #session: StoreSession;
  readonly #jobs: Map<string, Avoided> = new Map();
  /** Flows that cannot be built here, by their hashes. */
  readonly #flows: Map<string, Avoided> = new Map();
  /** The end of the last call: one after the other asks, so that none is given what another has just been given. */
  #last: Promise<unknown> = Promise.resolve();

  /** Makes the view of a session's due jobs. */
  constructor(session: StoreSession) {
    this.#session = session;
  }

  /**
   * Claims jobs that are due, at most `limit`.
   *
   * @throws what the store throws
   */
  take(limit: number, filter: DueFilter = {}): Promise<readonly TakenJob[]> {
    const taken = this.#last.then(() => this.#take(limit, filter));
    this.#last = taken.then(() => {}, () => {});
    return taken;
  }

  async #take(limit: number, filter: DueFilter): Promise<readonly TakenJob[]> {
    const session = this.#session;
    const { store, timers, ownership } = session;
    const lease = await ownership.enter();
    const { jobs, survived } = await store.take({ ...lease, limit, ...this.#query(filter), now: timers.now() });
    session.addSurvivors(survived);
    return jobs.filter((taken) => session.mayTakeUp(taken));
  }

  /** Returns the instant at which `take` finds something, if nothing happens until then. */
  async nextDueAt(filter: DueFilter = {}): Promise<number | undefined> {
    const { store, timers } = this.#session;
    return await store.nextDueAt({ ...this.#query(filter), now: timers.now() });
  }

  #query({ exceptJobs = NONE, ...filter }: DueFilter): Omit<DueQuery, "now"> {
    const elapsed = this.#session.timers.elapsed();
    const avoided = (all: Map<string, Avoided>) => [...all].flatMap(([id, { until }]) => until > elapsed ? [id] : []);
    return {
      ...filter,
      exceptJobs: new Set([...this.#session.liveIds, ...avoided(this.#jobs), ...exceptJobs]),
      exceptFlows: new Set(avoided(this.#flows)),
    };
  }

  /** Lets go of a job that cannot go on here, and says why to the observer, once; with `isFlow`, no job of its flow can. */
  async letGo(taken: TakenJob, isFlow: boolean, error: unknown): Promise<void> {
    const { jobId, flowHash } = taken.record;
    const [all, id] = isFlow ? [this.#flows, flowHash] : [this.#jobs, jobId];
    if (!all.has(id)) this.#session.onRefused(taken.record, error);
    avoid(all, id, this.#session.timers.elapsed());
    await this.#session.letGo(taken);
  }

  /** Looks again at all that could not go on before. */
  forgive(): void {
    this.#jobs.clear();
    this.#flows.clear();
  }
}

function avoid(all: Map<string, Avoided>, id: string, elapsed: number): void {
  for (const [other, { until, delayMs }] of all) {
    if (other !== id && until + delayMs < elapsed) all.delete(other);
  }
  const { delayMs = FIRST_DELAY_MS / 2 } = all.get(id) ?? {};
  const next = Math.min(delayMs * 2, LONGEST_DELAY_MS);
  all.set(id, { delayMs: next, until: elapsed + next });
}
