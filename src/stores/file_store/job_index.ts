import type { JobFilter, JobPage, JobRecord, ListQuery, PurgeQuery } from "../../ports/store.ts";
import {
  compareByAge,
  isMeant,
  isPurged,
  type KeptRecord,
  type ListPosition,
  PAGE_LENGTH,
  pageOf,
  positionOf,
} from "../../ports/store_kit.ts";
import { DueIndex, type IndexedJob, type Place } from "./due_index.ts";
import { SortedList } from "./sorted_list.ts";

/** An index of all jobs in memory: by id, by creation time, and by what is to be done for them. */
export class JobIndex<J extends IndexedJob> {
  /** The jobs by what is to be done for them. */
  readonly due: DueIndex<J>;
  readonly #read: (record: KeptRecord) => JobRecord;
  readonly #byId = new Map<string, Place<J>>();
  readonly #byAge = new SortedList<Place<J>>(compareByAge);

  /** Makes an empty index. The functions say until when a job is held, and when a lease ends. */
  constructor(
    read: (record: KeptRecord) => JobRecord,
    leaseEndOf: (owner: string, incarnation: number) => number | undefined,
  ) {
    this.#read = read;
    this.due = new DueIndex(read, leaseEndOf);
  }

  /** Returns the job with an id. */
  get(jobId: string): J | undefined {
    return this.#byId.get(jobId)?.job;
  }

  /** Adds a job. */
  add(job: J): void {
    const place = this.due.add(job);
    this.#byId.set(place.jobId, place);
    this.#byAge.add(place);
  }

  /** Updates the index after a change of the job. */
  update({ record: { jobId } }: J): void {
    const place = this.#byId.get(jobId);
    if (place !== undefined) this.due.update(place);
  }

  /** Puts a job that has another flow among those of that flow. */
  regroup(job: J): void {
    this.remove(job);
    this.add(job);
  }

  /** Notes whether a claim of the job is being written: meanwhile it is not due. */
  setClaiming({ record: { jobId } }: J, isClaiming: boolean): void {
    const place = this.#byId.get(jobId);
    if (place === undefined) return;
    place.isClaiming = isClaiming;
    this.due.update(place);
  }

  /** Removes a job. */
  remove({ record: { jobId } }: J): void {
    const place = this.#byId.get(jobId);
    if (place === undefined) return;
    this.#byId.delete(jobId);
    this.#byAge.delete(place);
    this.due.remove(place);
  }

  /** Returns a page of jobs. */
  list(query: ListQuery): JobPage {
    const { limit = PAGE_LENGTH, cursor, newestFirst } = query;
    const position = cursor === undefined ? undefined : positionOf(cursor);
    const found = newestFirst === true
      ? this.#searchBack(query, limit + 1, position)
      : this.#search(query, limit + 1, position);
    return pageOf(found.map(({ record }) => this.#read(record)), limit);
  }

  /** Returns how many jobs match a filter. */
  count(filter: JobFilter): number {
    return this.#search(filter, Infinity, undefined).length;
  }

  /** Returns the jobs that `purge` deletes. */
  purged(query: PurgeQuery): J[] {
    const found: J[] = [];
    for (const { job } of this.#byAge.from(() => false)) {
      if (found.length >= query.limit) break;
      if (isPurged(job.record, query)) found.push(job);
    }
    return found;
  }

  /** Returns the first jobs after a position that match a filter. */
  #search(filter: JobFilter, limit: number, after: ListPosition | undefined): J[] {
    const { createdBefore = Infinity } = filter;
    const found: J[] = [];
    const isBefore = (place: Place<J>): boolean => after !== undefined && compareByAge(place, after) <= 0;
    for (const { job } of this.#byAge.from(isBefore)) {
      if (found.length >= limit || job.record.createdAt >= createdBefore) break;
      if (isMeant(job.record, filter)) found.push(job);
    }
    return found;
  }

  /** Returns the last jobs before a position that match a filter, the newest first. */
  #searchBack(filter: JobFilter, limit: number, before: ListPosition | undefined): J[] {
    const found: J[] = [];
    for (const { job } of this.#byAge.backFrom((it) => before === undefined || compareByAge(it, before) < 0)) {
      if (found.length >= limit) break;
      if (isMeant(job.record, filter)) found.push(job);
    }
    return found;
  }
}
