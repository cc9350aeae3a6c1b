import type { JobRecord } from "../../ports/store.ts";
import type { StoreSession } from "./store_session.ts";

/** The jobs in an engine's store that are due and that nobody works on, a few at a time. */
export class DueJobs {
  readonly #session: StoreSession;
  /** Jobs that could not go on here. They are tried again when all others that are due have been visited. */
  readonly #passed: Set<string> = new Set();

  /** Makes the view of a session's due jobs. */
  constructor(session: StoreSession) {
    this.#session = session;
  }

  /** Calls `goOn` for as many jobs as `limit` says; it tells whether the job goes on here. */
  async visit(limit: number, goOn: (jobId: string) => Promise<boolean>): Promise<void> {
    const others = new Set<string>();
    if (limit === Infinity) this.#passed.clear();
    for (let [room, isAll] = [limit, false]; room > 0 && !isAll;) {
      const due = await this.#find(room, others);
      isAll = due.length < room;
      for (const record of due) {
        const { jobId } = record;
        others.add(jobId);
        if (this.#session.isElsewhere(record) || this.#session.liveJob(jobId) !== undefined) continue;
        room--;
        this.#passed.add(jobId);
        if (await goOn(jobId)) this.#passed.delete(jobId);
      }
      if (isAll) this.#passed.clear();
    }
  }

  /** Returns due jobs, except those that are live here, that were passed over, or that are among the given ones. */
  async #find(limit: number, others: Iterable<string>): Promise<JobRecord[]> {
    const { store, settings, timers, liveIds } = this.#session;
    const except = new Set([...liveIds, ...this.#passed, ...others]);
    const query = { now: timers.now(), owner: settings.owner, except };
    const due = await store.due(limit === Infinity ? query : { ...query, limit });
    // A store of an earlier version of the port does not know `except`, and ignores it.
    return due.filter(({ jobId }) => !except.has(jobId));
  }
}
