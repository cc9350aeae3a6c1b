import { hashText } from "../base/text_hash.ts";
import { addSurvivor, enterOwner, leaseEndOf, leaveOwner, type OwnerState, renewOwner } from "../ports/lease_kit.ts";
import type {
  CreateAnswer,
  Incarnation,
  JobLife,
  JobPage,
  JobRecord,
  NewJob,
  SendAnswer,
  Store,
  StoredCommand,
  StoredJob,
  TakeAnswer,
  TakenJob,
} from "../ports/store.ts";
import {
  appendTo,
  checkAppend,
  claimFor,
  dueOfAll,
  endsUnread,
  isHeld,
  isMeant,
  isPurged,
  type KeptRecord,
  nextDueOfAll,
  pageOfAll,
  recordOf,
  StoreWatchers,
} from "../ports/store_kit.ts";

interface Kept {
  record: KeptRecord;
  readonly token: string;
  readonly flow: string;
  snapshot: string;
  snapshotRevision: number;
  entries: string[];
  /** The commands that are not consumed. */
  inbox: StoredCommand[];
  /** The hashes of the commands by their keys, and when they were consumed. */
  readonly keys: Map<string, { readonly sequence: number; readonly hash: string; usedAt: number | undefined }>;
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

class MemoryStore implements Store {
  readonly #jobs: Map<string, Kept> = new Map();
  readonly #owners: Map<string, OwnerState> = new Map();
  readonly #watchers: StoreWatchers = new StoreWatchers();
  #survived: readonly number[] = [];
  #lives = 0;
  #incarnations = 0;
  #isClosed = false;

  create(jobs: readonly NewJob[]): readonly CreateAnswer[] {
    return jobs.map((job) => {
      const taken = this.#find(job.jobId);
      if (taken !== undefined) return { isNew: taken.token === job.token, record: this.#read(taken.record) };
      const { token, flow, snapshot, dueAt } = job;
      const record = recordOf(job, ++this.#lives);
      const kept = { record, token, flow, snapshot, snapshotRevision: 0, entries: [], inbox: [], keys: new Map() };
      this.#jobs.set(job.jobId, kept);
      if (record.owner === undefined && dueAt !== undefined) this.#watchers.tell({ type: "due", at: dueAt });
      return { isNew: true, record: this.#read(record) };
    });
  }

  find(jobId: string): JobRecord | undefined {
    const job = this.#find(jobId);
    return job && this.#read(job.record);
  }

  load(jobId: string): StoredJob | undefined {
    const job = this.#find(jobId);
    return job && this.#copy(job);
  }

  append(...[claim, expectedRevision, entries, head]: Parameters<Store["append"]>): "stored" | "unread" {
    const job = this.#find(claim.jobId);
    const before = job?.record;
    checkAppend(before, claim, expectedRevision, entries, head);
    // Unreachable: the check has found its record.
    if (job === undefined) return "stored";
    if (endsUnread(before, head)) return "unread";
    job.entries.push(...entries);
    job.record = appendTo(before, entries, head);
    if (head === undefined) return "stored";
    if (head.consumed > before.consumed) {
      job.inbox = job.inbox.filter(({ sequence }) => sequence > head.consumed);
      for (const key of job.keys.values()) if (key.sequence <= head.consumed) key.usedAt ??= head.at;
    }
    this.#watchers.tellOfAppend(before, job.record);
    return "stored";
  }

  compact(life: JobLife, revision: number, snapshot: string): void {
    const job = this.#findLife(life);
    if (job === undefined || revision <= job.snapshotRevision || revision > job.record.revision) return;
    job.entries = job.entries.slice(revision - job.snapshotRevision);
    job.snapshot = snapshot;
    job.snapshotRevision = revision;
  }

  send(...[{ jobId, life }, command]: Parameters<Store["send"]>): SendAnswer {
    const { key, text, reopens, now, keyRetentionMs, room } = command;
    const job = this.#find(jobId);
    if (job === undefined || (life !== undefined && job.record.life !== life)) return "unknown";
    const hash = hashText(text);
    const known = job.keys.get(key);
    if (known !== undefined) return known.hash === hash ? "known" : "differs";
    if (job.record.endedAt !== undefined && !reopens) return "ended";
    if (job.inbox.length >= room) return "full";
    for (const [old, { usedAt = Infinity }] of job.keys) {
      if (usedAt + keyRetentionMs > now) break;
      job.keys.delete(old);
    }
    const sequence = job.record.sent + 1;
    job.record = { ...job.record, sent: sequence };
    job.inbox.push({ sequence, key, text });
    job.keys.set(key, { sequence, hash, usedAt: undefined });
    this.#watchers.tell({ type: "command", jobId });
    return "stored";
  }

  inbox(life: JobLife, after: number, now: number): { now: number; commands: readonly StoredCommand[] } {
    const commands = this.#findLife(life)?.inbox.filter(({ sequence }) => sequence > after) ?? [];
    return { now, commands };
  }

  commands(...[owner, now]: Parameters<Store["commands"]>): ReturnType<Store["commands"]> {
    const jobs = this.#heldBy(owner).filter(({ inbox }) => inbox.length > 0);
    return {
      now,
      jobs: jobs.map(({ record: { jobId, life }, inbox }) => ({ jobId, life, commands: [...inbox] })),
    };
  }

  enter(...[query]: Parameters<Store["enter"]>): ReturnType<Store["enter"]> {
    this.#open();
    const { owner, now, again } = query;
    const state = enterOwner(this.#owners.get(owner), query, () => ++this.#incarnations);
    this.#survived = addSurvivor(this.#survived, again);
    if (state !== undefined) this.#owners.set(owner, state);
    return { now, incarnation: state?.incarnation };
  }

  renew(...[{ owner, incarnation }, leaseMs, now]: Parameters<Store["renew"]>): ReturnType<Store["renew"]> {
    this.#open();
    const state = renewOwner(this.#owners.get(owner), incarnation, leaseMs, now);
    if (state !== undefined) this.#owners.set(owner, state);
    return { now, isHeld: state !== undefined };
  }

  leave({ owner, incarnation }: Incarnation): void {
    this.#open();
    const state = this.#owners.get(owner);
    if (state !== undefined) this.#owners.set(owner, leaveOwner(state, incarnation));
  }

  held(owner: Incarnation): readonly { readonly jobId: string; readonly epoch: number }[] {
    return this.#heldBy(owner).map(({ record: { jobId, epoch } }) => ({ jobId, epoch }));
  }

  take(...[query]: Parameters<Store["take"]>): TakeAnswer {
    return this.#claim(query, () => dueOfAll(this.#records(), query));
  }

  claim(...[query]: Parameters<Store["claim"]>): TakeAnswer {
    return this.#claim(query, () =>
      query.jobs.flatMap(({ jobId, epoch }) => {
        const record = this.find(jobId);
        if (record === undefined || record.epoch !== epoch) return [];
        const isOwn = record.owner === query.owner && record.incarnation === query.incarnation;
        return isOwn || !isHeld(record, query.now) ? [record] : [];
      }));
  }

  nextDueAt(...[query]: Parameters<Store["nextDueAt"]>): number | undefined {
    return nextDueOfAll(this.#records(), query);
  }

  watch(...[onEvent]: Parameters<NonNullable<Store["watch"]>>): () => void {
    return this.#watchers.watch(onEvent);
  }

  list(query: Parameters<Store["list"]>[0] = {}): JobPage {
    return pageOfAll(this.#records(), query);
  }

  count(filter: Parameters<Store["count"]>[0] = {}): number {
    return this.#records().filter((it) => isMeant(it, filter)).length;
  }

  delete(life: JobLife): boolean {
    return this.#findLife(life) !== undefined && this.#jobs.delete(life.jobId);
  }

  purge(...[query]: Parameters<Store["purge"]>): number {
    this.#open();
    const purged = [...this.#jobs.values()].filter(({ record }) => isPurged(record, query)).slice(0, query.limit);
    for (const { record } of purged) this.#jobs.delete(record.jobId);
    return purged.length;
  }

  close(): void {
    this.#isClosed = true;
  }

  #open(): void {
    if (this.#isClosed) throw new Error("The memory store is closed");
  }

  #find(jobId: string): Kept | undefined {
    this.#open();
    return this.#jobs.get(jobId);
  }

  #findLife({ jobId, life }: JobLife): Kept | undefined {
    const job = this.#find(jobId);
    return job?.record.life === life ? job : undefined;
  }

  #heldBy({ owner, incarnation }: Incarnation): readonly Kept[] {
    this.#open();
    const isOwn = ({ record }: Kept) => record.owner === owner && record.incarnation === incarnation;
    return [...this.#jobs.values()].filter(isOwn);
  }

  #claim(query: Incarnation & { readonly now: number }, choose: () => readonly JobRecord[]): TakeAnswer {
    const { owner, incarnation, now } = query;
    this.#open();
    const state = this.#owners.get(owner);
    const mayClaim = state?.incarnation === incarnation && state.until > now;
    const jobs = !mayClaim ? [] : choose().flatMap(({ jobId }): TakenJob[] => {
      const job = this.#jobs.get(jobId);
      // Unreachable: the chosen ones are there.
      if (job === undefined) return [];
      const formerIncarnation = job.record.incarnation;
      job.record = claimFor(job.record, query);
      return [{ ...this.#copy(job), formerIncarnation }];
    });
    return { now, jobs, survived: this.#survived };
  }

  #copy({ record, flow, snapshot, snapshotRevision, entries }: Kept): StoredJob {
    return { record: this.#read(record), flow, snapshot, snapshotRevision, entries: [...entries] };
  }

  #records(): readonly JobRecord[] {
    this.#open();
    return Array.from(this.#jobs.values(), ({ record }) => this.#read(record));
  }

  #read(record: KeptRecord): JobRecord {
    const { owner, incarnation } = record;
    if (owner === undefined || incarnation === undefined) return { ...record, heldUntil: undefined };
    return { ...record, heldUntil: leaseEndOf(this.#owners.get(owner), incarnation) };
  }
}
