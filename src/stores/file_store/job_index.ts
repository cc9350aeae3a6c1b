import type { DueQuery, JobPage, JobRecord, ListQuery } from "../../ports/store.ts";
import {
  compareByAge,
  type DueCandidate,
  dueOfAll,
  isListed,
  type ListPosition,
  PAGE_LENGTH,
  pageOf,
  positionOf,
} from "../../ports/store_kit.ts";

/** An index of all jobs in memory: by id, by creation time, and those that may be due. */
export class JobIndex<J extends DueCandidate> {
  readonly #byId = new Map<string, J>();
  readonly #byAge: J[] = [];
  readonly #waiting = new Set<J>();

  /** Returns the job with an id. */
  get(jobId: string): J | undefined {
    return this.#byId.get(jobId);
  }

  /** Adds a job. */
  add(job: J): void {
    this.#byId.set(job.record.jobId, job);
    this.#byAge.splice(this.#indexOf(job.record), 0, job);
    this.update(job);
  }

  /** Updates the index after a change of the job. */
  update(job: J): void {
    const { wakeAt, owner } = job.record;
    if (wakeAt !== undefined || owner !== undefined || job.hasCommands) this.#waiting.add(job);
    else this.#waiting.delete(job);
  }

  /** Removes a job. */
  remove(job: J): void {
    this.#byId.delete(job.record.jobId);
    this.#byAge.splice(this.#indexOf(job.record), 1);
    this.#waiting.delete(job);
  }

  /** Returns the jobs that are due. */
  due(query: DueQuery): JobRecord[] {
    return dueOfAll(this.#waiting, query);
  }

  /** Returns a page of jobs, oldest first. */
  list(query: ListQuery): JobPage {
    const { createdBefore = Infinity, limit = PAGE_LENGTH, cursor } = query;
    const before = cursor === undefined ? undefined : positionOf(cursor);
    const found: JobRecord[] = [];
    for (let at = before === undefined ? 0 : this.#indexOf(before); found.length <= limit; at++) {
      const record = this.#byAge[at]?.record;
      if (record === undefined || record.createdAt >= createdBefore) break;
      if (!isListed(record, query) || before !== undefined && compareByAge(record, before) === 0) continue;
      found.push(record);
    }
    return pageOf(found, limit);
  }

  /** Binary search: the index in `#byAge` of the first job at or after a position. */
  #indexOf(position: ListPosition): number {
    let [low, high] = [0, this.#byAge.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const record = this.#byAge[middle]?.record;
      if (record !== undefined && compareByAge(record, position) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
