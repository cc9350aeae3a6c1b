import type { DueQuery, Incarnation, JobClaim, JobRecord, NextDueQuery, TakeQuery } from "../../ports/store.ts";
import { compareByAge, dueSince, type KeptRecord, type ListPosition } from "../../ports/store_kit.ts";
import { SortedList } from "./sorted_list.ts";

/** A job as the index sees it. */
export interface IndexedJob {
  /** The job's record. */
  readonly record: KeptRecord;
}

/** Where the index has a job. */
export interface Place<J> extends ListPosition {
  readonly job: J;
  readonly group: Group<J>;
  /** Who has claimed the job. */
  holder: Holder<J> | undefined;
  /** The instant since which the job counts as due, if nobody holds it; by it the job is in its group. */
  since: number | undefined;
  /** Whether the job is due whatever that instant is: it has commands, or its owner has lost it. Its creator's clock may have been ahead. */
  isReady: boolean;
  /** Whether a claim of the job is being written. */
  isClaiming: boolean;
}

/** The jobs with the same labels. */
interface Group<J> {
  readonly key: string;
  readonly labels: Pick<JobRecord, "priority" | "queue" | "flowId" | "flowHash">;
  /** How many jobs there are. */
  size: number;
  /** Those that are free and due at once, and those that are due at some instant, in the order in which they are taken. */
  readonly ready: SortedList<Place<J>>;
  readonly places: SortedList<Place<J>>;
}

/** The jobs that an incarnation has claimed. */
interface Holder<J> extends Incarnation {
  readonly places: Set<Place<J>>;
  /** Those with commands that are not consumed. */
  readonly unread: Set<Place<J>>;
  /** Whether the lease was found to have ended, so that the jobs are in their groups. */
  isOver: boolean;
}

/**
 * An index of the jobs by what is to be done for them: those that are free by the instant at which they are due, those that are
 * claimed by their owner. A question costs as much as its answer is long, and a few steps per group and owner.
 */
export class DueIndex<J extends IndexedJob> {
  readonly #read: (record: KeptRecord) => JobRecord;
  readonly #leaseEndOf: (owner: string, incarnation: number) => number | undefined;
  readonly #groups = new Map<string, Group<J>>();
  /** The groups with jobs that are free and due at some instant. */
  readonly #waiting = new Set<Group<J>>();
  readonly #holders = new Map<number, Holder<J>>();

  /** Makes an empty index. The functions say until when a job is held, and when a lease ends. */
  constructor(
    read: (record: KeptRecord) => JobRecord,
    leaseEndOf: (owner: string, incarnation: number) => number | undefined,
  ) {
    this.#read = read;
    this.#leaseEndOf = leaseEndOf;
  }

  /** Adds a job. */
  add(job: J): Place<J> {
    const { jobId, createdAt, priority, queue, flowId, flowHash } = job.record;
    const labels = { priority, queue, flowId, flowHash };
    const key = JSON.stringify(labels);
    const group = this.#groups.get(key) ??
      { key, labels, size: 0, ready: sortedPlaces<J>(), places: sortedPlaces<J>() };
    if (group.size++ === 0) this.#groups.set(key, group);
    const state = { holder: undefined, since: undefined, isReady: false, isClaiming: false };
    const place: Place<J> = { jobId, createdAt, job, group, ...state };
    this.update(place);
    return place;
  }

  /** Puts a job where it belongs after a change. */
  update(place: Place<J>): void {
    const { record } = place.job;
    const { owner, incarnation, sent, consumed } = record;
    if (place.holder?.incarnation !== incarnation) {
      this.#leave(place);
      if (owner !== undefined && incarnation !== undefined) this.#enter(place, { owner, incarnation });
    }
    const { holder } = place;
    if (holder !== undefined && sent > consumed) holder.unread.add(place);
    else holder?.unread.delete(place);
    const isFree = !place.isClaiming && (holder === undefined || holder.isOver);
    const isReady = holder !== undefined || sent > consumed;
    this.#move(place, isFree ? dueSince(this.#read(record), Infinity) : undefined, isReady);
  }

  /** Removes a job. */
  remove(place: Place<J>): void {
    const { group } = place;
    this.#leave(place);
    this.#move(place, undefined, false);
    if (--group.size === 0) this.#groups.delete(group.key);
  }

  /** Notes that the leases of an owner have changed. */
  leasesChanged(owner: string): void {
    for (const holder of this.#holders.values()) {
      if (holder.owner === owner && holder.isOver) this.#setOver(holder, false);
    }
  }

  /** Returns the jobs that `take` claims. */
  due(query: TakeQuery): J[] {
    this.#endLeases(query.now);
    const groups = this.#groupsFor(query).filter(({ ready, places }) =>
      !ready.isEmpty || (places.first?.since ?? Infinity) <= query.now
    );
    const priorities = [...new Set(groups.map(({ labels }) => labels.priority))].sort((a, b) => a - b);
    const found: J[] = [];
    for (const priority of priorities) {
      const left = query.limit - found.length;
      if (left === 0) break;
      const places = groups.flatMap((it) => it.labels.priority === priority ? firstDue(it, query, left) : []);
      found.push(...places.sort(compareByInstant).slice(0, left).map(({ job }) => job));
    }
    return found;
  }

  /** Returns the instant at which `due` finds something, if nothing happens until then. */
  nextDueAt(query: NextDueQuery): number | undefined {
    this.#endLeases(query.now);
    let next = Infinity;
    for (const { ready, places } of this.#groupsFor(query)) {
      for (const list of [ready, places]) {
        const first = firstOf(list, query);
        const at = list === ready ? Math.min(first, query.now) : first;
        if (first !== Infinity) next = Math.min(next, at);
      }
    }
    for (const { owner, incarnation, isOver, places } of this.#holders.values()) {
      if (incarnation === query.exceptIncarnation) continue;
      const end = isOver ? Infinity : this.#leaseEndOf(owner, incarnation) ?? Infinity;
      if (end < next && hasAskedFor(places, query)) next = end;
    }
    return next === Infinity ? undefined : next;
  }

  /** The claims of an incarnation. */
  claimsOf(owner: Incarnation): JobClaim[] {
    return this.heldBy(owner, "places").map(({ record: { jobId, life, epoch } }) => ({ jobId, life, epoch }));
  }

  /** The jobs that an incarnation has claimed, or those of them with commands that are not consumed. */
  heldBy({ owner, incarnation }: Incarnation, which: "places" | "unread"): J[] {
    const holder = this.#holders.get(incarnation);
    return holder?.owner === owner ? Array.from(holder[which], ({ job }) => job) : [];
  }

  #groupsFor(query: DueQuery): Group<J>[] {
    return [...this.#waiting].filter((group) => isAskedFor(group, query));
  }

  /** Frees the jobs of the leases that have ended at an instant, which may be before that of the last call. */
  #endLeases(now: number): void {
    for (const holder of this.#holders.values()) {
      const isOver = (this.#leaseEndOf(holder.owner, holder.incarnation) ?? 0) <= now;
      if (isOver !== holder.isOver) this.#setOver(holder, isOver);
    }
  }

  #setOver(holder: Holder<J>, isOver: boolean): void {
    holder.isOver = isOver;
    for (const place of holder.places) this.update(place);
  }

  #enter(place: Place<J>, by: Incarnation): void {
    const known = this.#holders.get(by.incarnation);
    const holder = known ?? { ...by, places: new Set(), unread: new Set(), isOver: false };
    holder.places.add(place);
    place.holder = holder;
    if (known === undefined) this.#holders.set(by.incarnation, holder);
  }

  #leave(place: Place<J>): void {
    const { holder } = place;
    if (holder === undefined) return;
    holder.places.delete(place);
    holder.unread.delete(place);
    if (holder.places.size === 0) this.#holders.delete(holder.incarnation);
    place.holder = undefined;
  }

  #move(place: Place<J>, since: number | undefined, isReady: boolean): void {
    if (since === place.since && isReady === place.isReady) return;
    const { group } = place;
    if (place.since !== undefined) listOf(place).delete(place);
    place.since = since;
    place.isReady = isReady;
    if (since !== undefined) listOf(place).add(place);
    if (group.ready.isEmpty && group.places.isEmpty) this.#waiting.delete(group);
    else this.#waiting.add(group);
  }
}

function sortedPlaces<J>(): SortedList<Place<J>> {
  return new SortedList(compareByInstant);
}

/** The list of its group that a job is in. */
function listOf<J>({ group, isReady }: Place<J>): SortedList<Place<J>> {
  return isReady ? group.ready : group.places;
}

/** The order within a group: by the instant since which a job is due; among equals, the oldest job is first. */
function compareByInstant<J>(a: Place<J>, b: Place<J>): number {
  return (a.since ?? 0) - (b.since ?? 0) || compareByAge(a, b);
}

function isAskedFor<J>({ labels: { flowId, flowHash, queue } }: Group<J>, query: DueQuery): boolean {
  const { flows, exceptFlows, queues } = query;
  return exceptFlows?.has(flowHash) !== true && flows?.includes(flowId) !== false && queues?.includes(queue) !== false;
}

function isMeant<J extends IndexedJob>(
  { holder, jobId, job: { record } }: Place<J>,
  { exceptIncarnation, exceptJobs, unread }: NextDueQuery,
): boolean {
  if (exceptIncarnation !== undefined && holder?.incarnation === exceptIncarnation) return false;
  return exceptJobs?.has(jobId) !== true && (unread !== true || record.sent > record.consumed);
}

function hasAskedFor<J extends IndexedJob>(places: Iterable<Place<J>>, query: NextDueQuery): boolean {
  for (const place of places) {
    if (isAskedFor(place.group, query) && isMeant(place, query)) return true;
  }
  return false;
}

/** The instant since which the first job of a list is due that is asked for; `Infinity` if there is none. */
function firstOf<J extends IndexedJob>(list: SortedList<Place<J>>, query: NextDueQuery): number {
  for (const place of list.from(() => false)) if (isMeant(place, query)) return place.since ?? Infinity;
  return Infinity;
}

/** The first of a group that are due: at most `limit` from each of its lists. */
function firstDue<J extends IndexedJob>(
  { ready, places }: Group<J>,
  query: DueQuery,
  limit: number,
): Place<J>[] {
  return [ready, places].flatMap((list) => {
    const found: Place<J>[] = [];
    for (const place of list.from(() => false)) {
      if (found.length === limit || (list === places && (place.since ?? 0) > query.now)) break;
      if (isMeant(place, query)) found.push(place);
    }
    return found;
  });
}
