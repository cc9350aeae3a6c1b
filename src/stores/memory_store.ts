/**
 * The store in memory, which ends with its process: for tests, and as the reference for others.
 *
 * @module
 */
import { hashText } from "../base/text_hash.ts";
import {
  addSurvivor,
  endLease,
  enterOwner,
  hasLease,
  leaseEndOf,
  leaveOwner,
  mayForget,
  type OwnerState,
  renewOwner,
} from "../ports/lease_kit.ts";
import type {
  AppendHead,
  Incarnation,
  JobLife,
  JobRecord,
  Store,
  StoredCommand,
  StoredJob,
  TakeAnswer,
  TakenJob,
} from "../ports/store.ts";
import { isPermitted, permit, type QueueState } from "../ports/permit_kit.ts";
import {
  appendTo,
  checkAppend,
  checkClaim,
  claimFor,
  dueOfAll,
  endsUnread,
  holdersOf,
  isFreeFor,
  isMeant,
  isOwnedBy,
  isPurged,
  type KeptRecord,
  nextDueOfAll,
  outcomeOf,
  pageOfAll,
  recordOf,
  refusalsIn,
  StoreWatchers,
} from "../ports/store_kit.ts";

/** What is remembered of a command. */
interface SentKey {
  readonly sequence: number;
  readonly hash: string;
  /** Whether a job that has ended takes it. */
  readonly reopens: boolean;
  /** When it was consumed. */
  usedAt: number | undefined;
  /** Why it could not be carried out. */
  refusal: string | undefined;
}

interface Kept {
  /** Entries without a head change its revision in place: that is the most frequent write. */
  record: Omit<KeptRecord, "revision"> & { revision: number };
  readonly token: string;
  flow: string;
  snapshot: string;
  snapshotRevision: number;
  entries: string[];
  /** The commands that are not consumed. */
  inbox: StoredCommand[];
  /** The commands by their keys. */
  readonly keys: Map<string, SentKey>;
}

/**
 * A store in the memory of this process, for tests and development, and the simplest implementation of the port. Jobs
 * survive their engines, but not the process. All methods answer synchronously.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@routilux/routilux/stores/memory";
 *
 * const store = memoryStore();
 * await store.list({ status: "running" }); // { jobs: [] }
 * ```
 */
export function memoryStore(): Store {
  return new MemoryStore();
}

/** Its methods are bound, so that they work in a copy made by spreading, too. */
class MemoryStore implements Store {
  readonly #jobs: Map<string, Kept> = new Map();
  readonly #owners: Map<string, OwnerState> = new Map();
  readonly #queues: Map<string, QueueState> = new Map();
  readonly #watchers: StoreWatchers = new StoreWatchers();
  #survived: readonly number[] = [];
  #lives = 0;
  #incarnations = 0;
  #isClosed = false;

  readonly create: Store["create"] = (jobs) =>
    jobs.map((job) => {
      const taken = this.#find(job.jobId);
      if (taken !== undefined) return { isNew: taken.token === job.token, record: this.#read(taken.record) };
      const { token, flow, snapshot, dueAt } = job;
      const record = recordOf(job, ++this.#lives);
      const kept = { record, token, flow, snapshot, snapshotRevision: 0, entries: [], inbox: [], keys: new Map() };
      this.#jobs.set(job.jobId, kept);
      if (record.owner === undefined && dueAt !== undefined) this.#watchers.tell({ type: "due", at: dueAt });
      return { isNew: true, record: this.#read(record) };
    });

  readonly find: Store["find"] = (jobId) => {
    const job = this.#find(jobId);
    return job && this.#read(job.record);
  };

  readonly load: Store["load"] = (jobId) => {
    const job = this.#find(jobId);
    return job && this.#copy(job);
  };

  readonly append: Store["append"] = (claim, expectedRevision, entries, head) => {
    const job = this.#find(claim.jobId);
    checkAppend(job?.record, claim, expectedRevision, entries, head);
    // Unreachable: the check has found its record.
    if (job === undefined || endsUnread(job.record, head)) return "unread";
    for (const entry of entries) job.entries.push(entry);
    if (head === undefined) job.record.revision += entries.length;
    else this.#replaceHead(job, appendTo(job.record, entries, head), head);
    return "stored";
  };

  readonly compact: Store["compact"] = (life, revision, snapshot) => {
    const job = this.#findLife(life);
    if (job === undefined || revision <= job.snapshotRevision || revision > job.record.revision) return;
    job.entries = job.entries.slice(revision - job.snapshotRevision);
    job.snapshot = snapshot;
    job.snapshotRevision = revision;
  };

  readonly replaceFlow: NonNullable<Store["replaceFlow"]> = (claim, expectedRevision, { flow, flowHash, snapshot }) => {
    const job = this.#find(claim.jobId);
    checkClaim(job?.record, claim, expectedRevision);
    // Unreachable: the check has found its record.
    if (job === undefined) return;
    job.record = { ...job.record, flowHash };
    job.flow = flow;
    job.snapshot = snapshot;
    job.snapshotRevision = expectedRevision;
    job.entries = [];
  };

  readonly send: Store["send"] = ({ jobId, life }, { key, text, reopens, now, keyRetentionMs, room }) => {
    const job = this.#find(jobId);
    if (job === undefined || (life !== undefined && job.record.life !== life)) return "unknown";
    const hash = hashText(text);
    const known = job.keys.get(key);
    if (known !== undefined) return known.hash === hash ? "known" : "differs";
    const isReopened = reopens || job.inbox.some((it) => job.keys.get(it.key)?.reopens);
    if (job.record.endedAt !== undefined && !isReopened) return "ended";
    if (job.inbox.length >= room) return "full";
    for (const [old, { usedAt = Infinity }] of job.keys) {
      if (usedAt + keyRetentionMs > now) break;
      job.keys.delete(old);
    }
    const sequence = job.record.sent + 1;
    job.record = { ...job.record, sent: sequence };
    job.inbox.push({ sequence, key, text });
    job.keys.set(key, { sequence, hash, reopens, usedAt: undefined, refusal: undefined });
    this.#watchers.tell({ type: "command", jobId });
    return "stored";
  };

  readonly outcome: Store["outcome"] = ({ jobId, life }, key) => {
    const job = life === undefined ? this.#find(jobId) : this.#findLife({ jobId, life });
    const sent = job?.keys.get(key);
    return job && sent && outcomeOf(job.record, sent.sequence, sent.refusal);
  };

  readonly inbox: Store["inbox"] = (life, after, now) => {
    const commands = this.#findLife(life)?.inbox.filter(({ sequence }) => sequence > after) ?? [];
    return { now, commands };
  };

  readonly commands: Store["commands"] = (owner, now) => {
    const jobs = this.#claimedBy(owner).filter(({ inbox }) => inbox.length > 0);
    return {
      now,
      jobs: jobs.map(({ record: { jobId, life }, inbox }) => ({ jobId, life, commands: [...inbox] })),
    };
  };

  readonly enter: Store["enter"] = (query) => {
    this.#checkOpen();
    const { owner, now, again } = query;
    const state = enterOwner(this.#owners.get(owner), query, () => ++this.#incarnations);
    this.#survived = addSurvivor(this.#survived, again);
    if (state !== undefined) this.#owners.set(owner, state);
    for (const [name, other] of this.#owners) if (mayForget(other, now)) this.#owners.delete(name);
    return { now, incarnation: state?.incarnation };
  };

  readonly renew: Store["renew"] = ({ owner, incarnation }, leaseMs, now) => {
    this.#checkOpen();
    const { state, isHeld } = renewOwner(this.#owners.get(owner), incarnation, leaseMs, now);
    if (state !== undefined) this.#owners.set(owner, state);
    return { now, isHeld };
  };

  readonly leave: Store["leave"] = ({ owner, incarnation }) => {
    this.#checkOpen();
    const state = this.#owners.get(owner);
    if (state !== undefined) this.#owners.set(owner, leaveOwner(state, incarnation));
  };

  readonly held: Store["held"] = (owner) =>
    this.#claimedBy(owner).map(({ record: { jobId, life, epoch } }) => ({ jobId, life, epoch }));

  readonly take: Store["take"] = (query) =>
    this.#claim(
      query,
      () => isPermitted(this.#queues.get(query.permit?.queue ?? ""), query) ? dueOfAll(this.#records(), query) : [],
    );

  readonly claim: Store["claim"] = (query) =>
    this.#claim(query, () =>
      query.jobs.flatMap((claim) => {
        const job = this.#findLife(claim);
        if (job === undefined || job.record.epoch !== claim.epoch) return [];
        const record = this.#read(job.record);
        return isFreeFor(record, query, query.now) ? [record] : [];
      }));

  readonly nextDueAt: Store["nextDueAt"] = (query) =>
    this.#watchers.tellOfLook(nextDueOfAll(this.#records(), query), query);

  readonly permit: NonNullable<Store["permit"]> = (query) => {
    const { queue, now } = query;
    this.#checkOpen();
    if (!this.#hasLease(query, now)) return this.#watchers.tellOfPermit(undefined, now);
    const leaseEnd = (it: Incarnation) => leaseEndOf(this.#owners.get(it.owner), it.incarnation);
    const permitted = permit(this.#queues.get(queue), query, now, leaseEnd);
    for (const holder of permitted.lapsed) this.#endLease(holder, now);
    this.#queues.set(queue, permitted.state);
    return this.#watchers.tellOfPermit(permitted, now);
  };

  readonly watch: NonNullable<Store["watch"]> = (onEvent) => this.#watchers.watch(onEvent);

  readonly list: Store["list"] = (query = {}) => pageOfAll(this.#records(), query);

  readonly count: Store["count"] = (filter = {}) => this.#records().filter((it) => isMeant(it, filter)).length;

  readonly delete: Store["delete"] = (life) => this.#findLife(life) !== undefined && this.#jobs.delete(life.jobId);

  readonly purge: Store["purge"] = (query) => {
    this.#checkOpen();
    const purged = [...this.#jobs.values()].filter(({ record }) => isPurged(record, query)).slice(0, query.limit);
    for (const { record } of purged) this.#jobs.delete(record.jobId);
    return purged.length;
  };

  readonly close: Store["close"] = () => void (this.#isClosed = true);

  #checkOpen(): void {
    if (this.#isClosed) throw new Error("The memory store is closed; close it last, by engine.close()");
  }

  #find(jobId: string): Kept | undefined {
    this.#checkOpen();
    return this.#jobs.get(jobId);
  }

  #findLife({ jobId, life }: JobLife): Kept | undefined {
    const job = this.#find(jobId);
    return job?.record.life === life ? job : undefined;
  }

  #claimedBy(owner: Incarnation): readonly Kept[] {
    this.#checkOpen();
    return [...this.#jobs.values()].filter(({ record }) => isOwnedBy(record, owner));
  }

  #replaceHead(job: Kept, next: KeptRecord, head: AppendHead): void {
    const before = job.record;
    const { consumed } = next;
    job.record = next;
    if (consumed > before.consumed) {
      const refusals = refusalsIn(before, head);
      for (const { key, sequence } of job.inbox) {
        const use = sequence > consumed ? undefined : job.keys.get(key);
        if (use === undefined) continue;
        use.usedAt = head.at;
        use.refusal = refusals.get(sequence);
      }
      job.inbox = job.inbox.filter(({ sequence }) => sequence > consumed);
    }
    this.#watchers.tellOfAppend(before, next);
  }

  #claim(query: Incarnation & { readonly now: number }, choose: () => readonly JobRecord[]): TakeAnswer {
    const { now } = query;
    this.#checkOpen();
    const chosen = this.#hasLease(query, now) ? choose() : [];
    for (const former of holdersOf(chosen)) this.#endLease(former, now);
    const jobs = chosen.flatMap(({ jobId }): TakenJob[] => {
      const job = this.#jobs.get(jobId);
      // Unreachable: the chosen ones are there.
      if (job === undefined) return [];
      const formerIncarnation = job.record.incarnation;
      job.record = claimFor(job.record, query);
      return [{ ...this.#copy(job), formerIncarnation }];
    });
    return { now, jobs, survived: this.#survived };
  }

  #hasLease({ owner, incarnation }: Incarnation, now: number): boolean {
    return hasLease(this.#owners.get(owner), incarnation, now);
  }

  #endLease({ owner, incarnation }: Incarnation, now: number): void {
    const state = endLease(this.#owners.get(owner), incarnation, now);
    if (state !== undefined) this.#owners.set(owner, state);
  }

  #copy({ record, flow, snapshot, snapshotRevision, entries }: Kept): StoredJob {
    return { record: this.#read(record), flow, snapshot, snapshotRevision, entries: [...entries] };
  }

  #records(): readonly JobRecord[] {
    this.#checkOpen();
    return Array.from(this.#jobs.values(), ({ record }) => this.#read(record));
  }

  #read(record: KeptRecord): JobRecord {
    const { owner, incarnation } = record;
    const state = owner === undefined ? undefined : this.#owners.get(owner);
    return { ...record, heldUntil: incarnation === undefined ? undefined : leaseEndOf(state, incarnation) };
  }
}
