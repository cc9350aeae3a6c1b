import { callGuarded } from "../../base/thenable.ts";
import { writeJob } from "../../documents/job.ts";
import type { Job } from "../../job/job.ts";
import type { JobLife, StoredJob } from "../../ports/store.ts";
import type { StoreSession } from "./store_session.ts";

/** The part of a job's journal that its store has. */
export type KeptJournal = Pick<StoredJob, "record" | "snapshot" | "entries">;

/** Decides when a job's journal has grown so long that a new snapshot is written. */
export class Snapshots {
  readonly #job: Job;
  readonly #session: StoreSession;
  /** Characters of entries since the last snapshot, and how many make the next one due. */
  #length: number;
  #dueAt: number;

  /** Makes the snapshots of a job of which the store has a snapshot, and entries since: whoever had it before may have added some. */
  constructor(job: Job, session: StoreSession, { snapshot, entries }: KeptJournal) {
    this.#job = job;
    this.#session = session;
    this.#length = entries.reduce((length, entry) => length + entry.length, 0);
    this.#dueAt = Math.max(session.settings.snapshotLength, snapshot.length);
  }

  /** An entry of a length has been handed in. */
  add(length: number): void {
    this.#length += length;
  }

  /** Takes a snapshot, if it is due, of the job at a revision. The returned function stores it: once that revision is stored. */
  take(life: JobLife, revision: number): (() => void) | undefined {
    if (this.#length < this.#dueAt) return undefined;
    const { store, settings } = this.#session;
    const text = writeJob(this.#job);
    this.#length = 0;
    this.#dueAt = Math.max(settings.snapshotLength, text.length);
    const onError = (error: unknown) => this.#session.onStoreError(this.#job, error);
    return () => callGuarded(() => store.compact(life, revision, text), onError);
  }
}
