import type { JobClaim, JobLife, Store, StoredJob } from "../../src/ports/mod.ts";
import { HEAD, sampleJob } from "../../src/testing/store_contract/sample_jobs.ts";

/** The expected state of a job: writes that the store has confirmed must be there, writes it was asked for may be. */
interface Known {
  /** Names the job's creation. */
  readonly token: string;
  /** The right to write the job, as soon as it is known. */
  claim: JobClaim | undefined;
  mustExist: boolean;
  mayExist: boolean;
  confirmed: number;
  asked: number;
  /** The revisions between appends. */
  readonly whole: Set<number>;
  confirmedSnapshot: number;
  askedSnapshot: number;
  /** The number of the flow; 0 for the first one. */
  confirmedFlow: number;
  askedFlow: number;
  confirmedCommands: Set<string>;
  askedCommands: Set<string>;
}

function claimOf({ claim }: Known, jobId: string): JobClaim {
  if (claim === undefined) throw new Error(`The creation of ${jobId} has not been confirmed`);
  return claim;
}

function hashOf(flow: number): string {
  return String(flow);
}

function textOf(flow: number): string {
  return `{"flow":${flow},"text":"${"f".repeat(700)}"}`;
}

async function keysOf(store: Store, job: JobLife): Promise<string[]> {
  return (await store.inbox(job, 0, HEAD.at)).commands.map(({ key }) => key);
}

/** Writes to a store, and tracks which states another process may find in it afterwards. */
export class StoreStateTracker {
  readonly #jobs = new Map<string, Known>();
  readonly #filler: string;
  #creations = 0;

  /** Makes texts of which each ends with a filler. */
  constructor(filler = "") {
    this.#filler = filler;
  }

  /** Creates a job. */
  async create(store: Store, jobId: string): Promise<void> {
    const known: Known = {
      token: `creation ${++this.#creations}`,
      claim: undefined,
      mustExist: false,
      mayExist: true,
      confirmed: 0,
      asked: 0,
      whole: new Set([0]),
      confirmedSnapshot: 0,
      askedSnapshot: 0,
      confirmedFlow: 0,
      askedFlow: 0,
      confirmedCommands: new Set(),
      askedCommands: new Set(),
    };
    this.#jobs.set(jobId, known);
    const [answer] = await store.create([
      sampleJob(jobId, { token: known.token, flow: textOf(0), flowHash: hashOf(0), snapshot: this.#snapshotAt(0) }),
    ]);
    known.claim = answer?.record;
    known.mustExist = true;
  }

  /** Appends a number of entries; the head tells the revision that it came with. */
  async append(store: Store, jobId: string, count: number, hasHead: boolean): Promise<void> {
    const known = this.#at(jobId);
    const from = known.asked;
    known.asked += count;
    known.whole.add(known.asked);
    const texts = Array.from({ length: count }, (_, index) => this.#entryAt(from + index + 1));
    await store.append(claimOf(known, jobId), from, texts, hasHead ? { ...HEAD, dueAt: from + count } : undefined);
    known.confirmed = from + count;
  }

  /** Compacts up to a revision. */
  async compact(store: Store, jobId: string, revision: number): Promise<void> {
    const known = this.#at(jobId);
    known.askedSnapshot = revision;
    await store.compact(claimOf(known, jobId), revision, this.#snapshotAt(revision, known.confirmedFlow));
    if (revision <= known.confirmed) known.confirmedSnapshot = revision;
  }

  /** Gives a job its next flow, at the revision that is confirmed. */
  async replaceFlow(store: Store, jobId: string): Promise<void> {
    const known = this.#at(jobId);
    const [revision, flow] = [known.confirmed, ++known.askedFlow];
    known.askedSnapshot = revision;
    const replaced = { flowHash: hashOf(flow), flow: textOf(flow), snapshot: this.#snapshotAt(revision, flow) };
    await store.replaceFlow?.(claimOf(known, jobId), revision, replaced);
    known.confirmedFlow = flow;
    known.confirmedSnapshot = revision;
  }

  /** Sends a command whose key is its text. */
  async send(store: Store, jobId: string, key: string): Promise<void> {
    const known = this.#at(jobId);
    known.askedCommands.add(key);
    const command = { key, text: key + this.#filler, reopens: false, now: HEAD.at, keyRetentionMs: 1_000, room: 1_000 };
    await store.send({ jobId }, command);
    known.confirmedCommands.add(key);
  }

  /** Deletes a job. */
  async delete(store: Store, jobId: string): Promise<void> {
    const known = this.#at(jobId);
    known.mustExist = false;
    await store.delete(claimOf(known, jobId));
    known.mayExist = false;
  }

  /** How a store that was opened later differs from the tracked states. */
  async findings(store: Store): Promise<string[]> {
    const found: string[] = [];
    for (const [jobId, known] of this.#jobs) {
      const job = await store.load(jobId);
      if (job === undefined) {
        if (known.mustExist) found.push(`${jobId} is gone`);
      } else if (!known.mayExist) found.push(`${jobId} is back`);
      else {
        found.push(...this.#findingsOf(job, known).map((finding) => `${jobId}: ${finding}`));
        const keys = await keysOf(store, job.record);
        if (!keys.every((key) => known.askedCommands.has(key))) found.push(`${jobId} has commands that nobody sent`);
        for (const key of known.confirmedCommands) if (!keys.includes(key)) found.push(`${jobId} has lost ${key}`);
      }
    }
    return found;
  }

  /** Takes the state of a store that was opened later as confirmed. */
  async adopt(store: Store): Promise<void> {
    for (const [jobId, known] of this.#jobs) {
      const record = await store.find(jobId);
      known.mustExist = known.mayExist = record !== undefined;
      known.claim = record;
      known.asked = known.confirmed = record?.revision ?? 0;
      known.askedFlow = known.confirmedFlow = Number(record?.flowHash ?? 0);
    }
  }

  /** The changes of a store that is still open and has reported that it could not make them. */
  async changes(store: Store): Promise<string[]> {
    const found: string[] = [];
    for (const [jobId, { confirmed, confirmedCommands }] of this.#jobs) {
      const record = await store.find(jobId);
      if (record === undefined) continue;
      if (record.revision !== confirmed) found.push(`${jobId} is at ${record.revision}, ${confirmed} was confirmed`);
      const keys = await keysOf(store, record);
      for (const key of keys) if (!confirmedCommands.has(key)) found.push(`${jobId} has ${key}, which was refused`);
    }
    return found;
  }

  /** The ids of jobs that are there. */
  get jobIds(): string[] {
    return [...this.#jobs].filter(([, { mustExist }]) => mustExist).map(([jobId]) => jobId);
  }

  #findingsOf({ record, flow, snapshot, snapshotRevision, entries }: StoredJob, known: Known): string[] {
    const { revision, dueAt = 0 } = record;
    const number = Number(record.flowHash);
    const expected = Array.from(
      { length: revision - snapshotRevision },
      (_, index) => this.#entryAt(snapshotRevision + index + 1),
    );
    const hasSnapshot = snapshot === this.#snapshotAt(snapshotRevision, number);
    return [
      ...number < known.confirmedFlow ? [`has flow ${number}, ${known.confirmedFlow} was confirmed`] : [],
      ...number > known.askedFlow ? [`has flow ${number}, which nobody gave`] : [],
      ...flow === textOf(number) ? [] : [`has the flow ${flow.slice(0, 100)}, but the hash of ${number}`],
      ...revision < known.confirmed ? [`is at ${revision}, ${known.confirmed} was confirmed`] : [],
      ...known.whole.has(revision) ? [] : [`is at ${revision}, in the middle of an append`],
      ...dueAt <= revision ? [] : [`has a head of ${dueAt} at ${revision}`],
      ...snapshotRevision >= known.confirmedSnapshot ? [] : [`has a snapshot at ${snapshotRevision}`],
      ...snapshotRevision <= known.askedSnapshot ? [] : [`has a snapshot at ${snapshotRevision}, which nobody gave`],
      ...hasSnapshot ? [] : [`has the snapshot ${snapshot.slice(0, 100)} at ${snapshotRevision}`],
      ...JSON.stringify(entries) === JSON.stringify(expected)
        ? []
        : [`has the entries ${entries.join().slice(0, 300)}`],
    ];
  }

  /** Long enough to lie across several sectors of a disk. */
  #entryAt(revision: number): string {
    return `{"revision":${revision},"text":"${"e".repeat(revision * 17 % 90)}${this.#filler}"}`;
  }

  #snapshotAt(revision: number, flow = 0): string {
    return `{"snapshot":${revision},"flow":${flow},"text":"${"s".repeat(150)}${this.#filler}"}`;
  }

  #at(jobId: string): Known {
    const known = this.#jobs.get(jobId);
    if (known === undefined) throw new Error(`${jobId} was not created`);
    return known;
  }
}
