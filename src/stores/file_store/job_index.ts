import type { DueQuery, JobPage, JobRecord, ListQuery } from "../../ports/store.ts";
import {
  comparePlaces,
  isDue,
  isListed,
  type JobPlace,
  PAGE_LENGTH,
  pageOf,
  placeOf,
} from "../../ports/store_lists.ts";

/** What the index knows of a job. */
export interface IndexedJob {
  /** What the lists show. */
  readonly record: JobRecord;
  /** Whether it has commands that are not consumed. */
  readonly isAddressed: boolean;
}

/** The jobs in memory: by id, by age, and those that may be due. */
export class JobIndex<J extends IndexedJob> {
  readonly #byId = new Map<string, J>();
  readonly #byAge: J[] = [];
  readonly #waiting = new Set<J>();

  /** The job of an id. */
  get(jobId: string): J | undefined {
    return this.#byId.get(jobId);
  }

  /** All jobs. */
  all(): Iterable<J> {
    return this.#byId.values();
  }

  /** Adds a job. */
  add(job: J): void {
    this.#byId.set(job.record.jobId, job);
    this.#byAge.splice(this.#indexOf(job.record), 0, job);
    this.update(job);
  }

  /** Takes note of what has changed. */
  update(job: J): void {
    const { wakeAt, owner } = job.record;
    if (wakeAt !== undefined || owner !== undefined || job.isAddressed) this.#waiting.add(job);
    else this.#waiting.delete(job);
  }

  /** Removes a job. */
  remove(job: J): void {
    this.#byId.delete(job.record.jobId);
    this.#byAge.splice(this.#indexOf(job.record), 1);
    this.#waiting.delete(job);
  }

  /** Jobs that must be looked at, oldest first. */
  due(query: DueQuery): JobRecord[] {
    const due = Array.from(this.#waiting).filter((job) => job.isAddressed || isDue(job.record, query));
    return due.map(({ record }) => record).sort(comparePlaces).slice(0, query.limit);
  }

  /** A page of jobs, oldest first. */
  list(query: ListQuery): JobPage {
    const { createdBefore = Infinity, limit = PAGE_LENGTH, cursor } = query;
    const before = cursor === undefined ? undefined : placeOf(cursor);
    const found: JobRecord[] = [];
    for (let at = before === undefined ? 0 : this.#indexOf(before); found.length <= limit; at++) {
      const record = this.#byAge[at]?.record;
      if (record === undefined || record.createdAt >= createdBefore) break;
      if (!isListed(record, query) || before !== undefined && comparePlaces(record, before) === 0) continue;
      found.push(record);
    }
    return pageOf(found, limit);
  }

  /** Where a place is among the ages, or would be. */
  #indexOf(place: JobPlace): number {
    let [low, high] = [0, this.#byAge.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const record = this.#byAge[middle]?.record;
      if (record !== undefined && comparePlaces(record, place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
