import { hasEnded, type Job } from "../../job/job.ts";
import type { AppendHead, JobRecord, StoredJob, StoreTransaction } from "../../ports/store.ts";
import type { Consumption } from "./consumption.ts";
import { placeOf } from "./place.ts";

/** The content of one write. */
export interface JournalWrite {
  readonly entries: readonly string[];
  readonly head: AppendHead | undefined;
  /** The head without the last entry, which ends the job. */
  readonly headBefore: AppendHead | undefined;
  /** What is called when it is stored. */
  readonly after: readonly (() => void)[];
  /** The transaction that is committed with it. */
  readonly within?: StoreTransaction | undefined;
}

/** How a job rests after the last entry that was handed in. */
export interface JournalRest {
  /** Whether the engine lets go of it. */
  readonly releases: boolean;
  /** What had been consumed before that entry. */
  readonly consumedBefore: number;
  /** How long nothing can be done for it, in milliseconds. */
  readonly idleMs?: number | undefined;
}

/** The head that a write at an instant states for a job whose status was `statusBefore` before the last entry. */
export function headsOf(
  job: Job,
  at: number,
  consumption: Consumption,
  statusBefore: string,
  rest: JournalRest | undefined,
): Pick<JournalWrite, "head" | "headBefore"> {
  const { status } = job;
  const consumed = consumption.last;
  const refused = consumption.takeRefused();
  // While an engine has the job, the job is found by its owner; its due time matters only afterwards.
  const held = { status, dueAt: undefined, endedAt: undefined, consumed, at, releases: false, refused };
  const headBefore = { ...held, status: statusBefore, consumed: rest?.consumedBefore ?? consumed };
  const head = rest === undefined && !hasEnded(status)
    ? held
    : { ...held, ...placeOf(job, at + (rest?.idleMs ?? 0)), releases: rest?.releases === true };
  return { head, headBefore };
}

/** What has become of a write to a life of a job. */
export interface FoundWrite extends Partial<Pick<JobRecord, "epoch" | "revision">> {
  /** Whether it has had its effect. */
  readonly isWritten: boolean;
  /** Whether it was to let go of the job, and that is so. */
  readonly isLetGo: boolean;
}

/** Finds a write from a revision on whose answer was not heard, or was a refusal that its own arrival explains; `stored` is the job. */
export function findWrite(
  { entries, head }: JournalWrite,
  life: number,
  revision: number,
  stored: StoredJob | undefined,
): FoundWrite {
  if (stored?.record.life !== life) return { isWritten: false, isLetGo: false };
  const from = revision - stored.snapshotRevision;
  const releases = head?.releases === true;
  // Another engine that has claimed the job since found it released, or with an ended lease; both lead to the same claim.
  const isWritten = entries.length === 0 ? releases : entries.every((entry, i) => stored.entries[from + i] === entry);
  return { isWritten, isLetGo: isWritten && releases, epoch: stored.record.epoch, revision: stored.record.revision };
}
