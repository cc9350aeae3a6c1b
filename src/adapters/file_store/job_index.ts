import type { DueQuery, JobPage, JobRecord, ListQuery } from "../../ports/store.ts";

/** What the index knows of a job. */
export interface IndexedJob {
  /** What the lists show. */
  readonly record: JobRecord;
  /** Whether it has commands that are not consumed. */
  readonly isAddressed: boolean;
}

const PAGE = 100;

/** The jobs in memory: by id, by age, and those that may be due. */
export class JobIndex<J extends IndexedJob> {
  readonly #byId = new Map<string, J>();
  readonly #byAge: { readonly cursor: string; readonly job: J }[] = [];
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
    const cursor = cursorOf(job.record);
    this.#byId.set(job.record.jobId, job);
    this.#byAge.splice(this.#placeOf(cursor), 0, { cursor, job });
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
    this.#byAge.splice(this.#placeOf(cursorOf(job.record)), 1);
    this.#waiting.delete(job);
  }

  /** Jobs that must be looked at, oldest first. */
  due({ now, owner: own, limit }: DueQuery): JobRecord[] {
    const isDue = ({ record: { wakeAt, owner }, isAddressed }: J) =>
      isAddressed || (wakeAt !== undefined && wakeAt <= now) || (owner !== undefined && owner === own);
    const due = Array.from(this.#waiting).filter(isDue).map(({ record }) => ({ record, cursor: cursorOf(record) }));
    return due.sort((a, b) => a.cursor < b.cursor ? -1 : 1).slice(0, limit).map(({ record }) => record);
  }

  /** A page of jobs, oldest first. */
  list({ flowId, status, createdBefore = Infinity, limit = PAGE, cursor }: ListQuery): JobPage {
    const jobs: JobRecord[] = [];
    let last: string | undefined;
    // No text lies between a cursor and the same with a character more.
    for (let at = cursor === undefined ? 0 : this.#placeOf(`${cursor}\0`); at < this.#byAge.length; at++) {
      const { cursor: own = "", job } = this.#byAge[at] ?? {};
      if (job === undefined || job.record.createdAt >= createdBefore) break;
      if (flowId !== undefined && job.record.flowId !== flowId) continue;
      if (status !== undefined && job.record.status !== status) continue;
      if (jobs.length >= limit) return last === undefined ? { jobs } : { jobs, cursor: last };
      jobs.push(job.record);
      last = own;
    }
    return { jobs };
  }

  /** Where a cursor stands, or would. */
  #placeOf(cursor: string): number {
    let [low, high] = [0, this.#byAge.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#byAge[middle]?.cursor ?? "") < cursor) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Sorts by creation, then by id. */
function cursorOf({ createdAt, jobId }: JobRecord): string {
  return `${String(createdAt).padStart(16, "0")} ${jobId}`;
}
