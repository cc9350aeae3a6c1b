import { hashText } from "../base/text_hash.ts";
import type { Incarnation, JobClaim, JobRecord, NewJob, Store } from "../ports/store.ts";
import { isOwnedBy } from "../ports/store_kit.ts";
import type { Timers } from "../ports/timers.ts";
import { type ExportedJob, UNFINISHED } from "./exported_job.ts";

/** The name under which jobs are brought in. A second import in the same store takes over what an interrupted one has left. */
const OWNER = "routilux import";
/** How long a job that is only half there is kept from everybody else, in milliseconds: until somebody imports again. */
const LEASE_MS = 7 * 86_400_000;
/** For how long keys of commands are remembered, in milliseconds. */
const KEY_RETENTION_MS = 86_400_000;
/** The entry that stands for the snapshot, until the snapshot itself takes its place. */
const PLACEHOLDER = "{}";

/** What has become of a job that was to be imported: it is there now, or another one has its id. */
export interface ImportedJob {
  readonly jobId: string;
  readonly outcome: "stored" | "taken";
}

/**
 * Brings jobs into a store. A job is stored as a whole, or no engine can work on it. An import that is repeated after an
 * interruption completes such jobs, and does not store a job twice that the store has from the same line.
 */
export class JobImport {
  readonly #store: Store;
  readonly #timers: Timers;
  readonly #createId: () => string;
  #owner: Incarnation | undefined;

  /** Begins an import. */
  constructor(store: Store, timers: Timers, createId: () => string) {
    this.#store = store;
    this.#timers = timers;
    this.#createId = createId;
  }

  /** Stores jobs, each for itself, and returns what has become of each. */
  async add(jobs: readonly ExportedJob[]): Promise<readonly ImportedJob[]> {
    const owner = jobs.every(isWhole) ? undefined : await this.#enter();
    const answers = await this.#store.create(jobs.map((job) => newJob(job, owner)));
    // Side by side: a store may write what is asked for at once together.
    return await Promise.all(answers.map(async ({ isNew, record }, index): Promise<ImportedJob> => {
      const { jobId } = record;
      const job = jobs[index];
      if (!isNew) return { jobId, outcome: "taken" };
      if (job !== undefined && owner !== undefined && !isWhole(job)) await this.#complete(job, record, owner);
      return { jobId, outcome: "stored" };
    }));
  }

  /** Ends the import: what it has is given back. */
  async end(): Promise<void> {
    if (this.#owner !== undefined) await this.#store.leave(this.#owner);
  }

  async #enter(): Promise<Incarnation> {
    if (this.#owner !== undefined) return this.#owner;
    const entered = await this.#store.enter({
      owner: OWNER,
      leaseMs: LEASE_MS,
      now: this.#timers.now(),
      token: this.#createId(),
      takesOver: true,
    });
    // Unreachable: only who wants to be let in again can be refused.
    if (entered.incarnation === undefined) throw new Error("The store refuses to be entered for an import");
    return this.#owner = { owner: OWNER, incarnation: entered.incarnation };
  }

  /** Adds to a job what `create` cannot: its journal and its inbox. */
  async #complete(job: ExportedJob, record: JobRecord, owner: Incarnation): Promise<void> {
    const claim = await this.#claim(record, owner);
    if (claim === undefined) return;
    const head = { ...job.head, dueAt: job.head.dueAt, endedAt: job.head.endedAt, consumed: 0, at: this.#timers.now() };
    let { revision } = claim;
    if (revision === 0) {
      const entries = [PLACEHOLDER, ...job.entries];
      await this.#store.append(claim, 0, entries, { ...head, releases: false });
      revision = entries.length;
    }
    for (const command of job.commands) {
      const limits = {
        reopens: head.endedAt !== undefined,
        keyRetentionMs: KEY_RETENTION_MS,
        room: Number.MAX_SAFE_INTEGER,
      };
      await this.#store.send(claim, { ...command, ...limits, now: this.#timers.now() });
    }
    await this.#store.compact(claim, 1, job.snapshot);
    await this.#store.append(claim, revision, [], { ...head, releases: true });
  }

  /** The claim on a job that is not whole yet; none when it is whole. */
  async #claim(record: JobRecord, owner: Incarnation): Promise<(JobClaim & { readonly revision: number }) | undefined> {
    if (record.revision === 0 && isOwnedBy(record, owner)) return record;
    const stored = await this.#store.load(record.jobId);
    // It was deleted, or is whole.
    if (stored === undefined || (stored.snapshot !== UNFINISHED && stored.record.owner !== OWNER)) return undefined;
    const now = this.#timers.now();
    const { jobId, life, epoch } = stored.record;
    const { jobs } = await this.#store.claim({ ...owner, now, jobs: [{ jobId, life, epoch }] });
    return jobs[0]?.record;
  }
}

/** Whether `create` stores all of a job. */
function isWhole({ commands, entries }: ExportedJob): boolean {
  return entries.length === 0 && commands.length === 0;
}

function newJob(job: ExportedJob, owner: Incarnation | undefined): NewJob {
  const { flow, head, jobId, labels, snapshot } = job;
  const { createdAt, flowHash, flowId, parentId, priority, queue, tags, ...others } = labels;
  const known = { createdAt, flowHash, flowId, parentId, priority, queue, tags };
  // By the token, the store knows a job of the same line again. Another state of the same job has another token.
  const token = `import ${hashText(JSON.stringify([jobId, head, snapshot, job.entries, job.commands]))}`;
  const { dueAt, endedAt, status } = head;
  const common = { ...others, ...known, jobId, flow, token, status };
  return isWhole(job)
    ? { ...common, dueAt, endedAt, snapshot, claim: undefined }
    : { ...common, dueAt: undefined, endedAt: undefined, snapshot: UNFINISHED, claim: owner };
}
