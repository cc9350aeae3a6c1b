import type {
  AppendHead,
  CommandsAnswer,
  EnterQuery,
  Incarnation,
  JobClaim,
  JobRecord,
  ListQuery,
  NewCommand,
  NewJob,
  SendAnswer,
  Store,
  TakenJob,
  TakeQuery,
} from "../../ports/store.ts";
import { check, checkSame } from "./checks.ts";

const MOST_PAGES = 1_000;

/** An instant at which nothing that the cases make is due. */
export const NOW = 10_000;

/** An instant after all others of the cases. */
export const LATER = 1_000_000_000;

/** How long the leases of the cases last. */
export const LEASE_MS = 1_000;

/** The head of a job that runs, with nothing due. */
export const HEAD: AppendHead = {
  status: "running",
  dueAt: undefined,
  endedAt: undefined,
  consumed: 0,
  at: NOW,
  releases: false,
};

/** The head of a job that has ended, and that its owner lets go of. */
export const ENDED: AppendHead = { ...HEAD, status: "completed", endedAt: NOW, releases: true };

/** Makes a job that nobody has claimed; the second argument overrides its defaults. */
export function sampleJob(jobId: string, more: Partial<NewJob> = {}): NewJob {
  return {
    ...{ jobId, createdAt: 1_000, flowId: "flow", flowHash: "hash", queue: "default", priority: 0, tags: {} },
    ...{ parentId: undefined, status: "running", dueAt: undefined, endedAt: undefined },
    token: `token of ${jobId}`,
    flow: `{"id":"flow","of":${JSON.stringify(jobId)}}`,
    snapshot: `{"revision":0,"of":${JSON.stringify(jobId)}}`,
    claim: undefined,
    ...more,
  };
}

/** Returns the record of a new job, without its life. */
export function newRecord(job: NewJob, heldUntil?: number): Omit<JobRecord, "life"> {
  const { token: _token, flow: _flow, snapshot: _snapshot, claim, ...rest } = job;
  return {
    ...{ ...rest, consumed: 0, sent: 0, revision: 0, epoch: claim === undefined ? 0 : 1 },
    ...{ owner: claim?.owner, incarnation: claim?.incarnation, heldUntil },
  };
}

/** Makes the entries between two revisions, one text for each. */
export function sampleEntries(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `{"revision":${from + index + 1}}`);
}

/** Creates a new job; returns the right to write it. */
export async function addJob(store: Store, job: NewJob): Promise<JobClaim> {
  const [answer, ...more] = await store.create([job]);
  check(answer !== undefined && more.length === 0, "create must answer once for each job");
  check(answer.isNew, `create must say that the job ${JSON.stringify(job.jobId.slice(0, 20))} is new`);
  const { jobId, life, epoch } = answer.record;
  return { jobId, life, epoch };
}

/** Creates a job, and appends entries one by one until it is at a revision. */
export async function createJob(
  store: Store,
  jobId: string,
  revision: number,
  more: Partial<NewJob> = {},
): Promise<JobClaim> {
  const claim = await addJob(store, sampleJob(jobId, more));
  for (let at = 0; at < revision; at++) await store.append(claim, at, sampleEntries(at, at + 1));
  return claim;
}

/** Enters a store under a name; returns the new incarnation. */
export async function enter(store: Store, owner: string, more: Partial<EnterQuery> = {}): Promise<Incarnation> {
  const token = more.token ?? `token ${++tokens}`;
  const { incarnation } = await store.enter({ owner, leaseMs: LEASE_MS, now: NOW, takesOver: false, ...more, token });
  check(incarnation !== undefined, `enter as ${JSON.stringify(owner)} must give an incarnation`);
  return { owner, incarnation };
}

let tokens = 0;

/** Sends a command to a job, with plenty of room. */
export async function send(
  store: Store,
  job: { readonly jobId: string; readonly life?: number | undefined },
  text: string,
  key: string,
  more: Partial<NewCommand> = {},
): Promise<SendAnswer> {
  return await store.send(job, { key, text, reopens: false, now: NOW, keyRetentionMs: 1_000, room: 1_000, ...more });
}

/** Sends a command that must be stored. */
export async function sendNew(store: Store, jobId: string, text: string, key: string = text): Promise<void> {
  const answer = await send(store, { jobId }, text, key);
  check(answer === "stored", `send must store the command, got "${answer}"`);
}

/** Returns the commands in an inbox. */
export async function inboxOf(
  store: Store,
  job: { readonly jobId: string; readonly life: number },
  after = 0,
): Promise<CommandsAnswer["jobs"][number]["commands"]> {
  return (await store.inbox(job, after, NOW)).commands;
}

/** Takes jobs. */
export async function take(
  store: Store,
  owner: Incarnation,
  query: Partial<TakeQuery> = {},
): Promise<readonly TakenJob[]> {
  return (await store.take({ now: NOW, limit: 1_000, ...query, ...owner })).jobs;
}

/** Claims a job of a life at an epoch; returns it, or `undefined` when the claim was refused. */
export async function claimJob(
  store: Store,
  owner: Incarnation,
  job: JobClaim,
  now: number = NOW,
): Promise<TakenJob | undefined> {
  const { jobId, life, epoch } = job;
  const { jobs } = await store.claim({ ...owner, now, jobs: [{ jobId, life, epoch }] });
  check(jobs.length <= 1, `claim of one job must answer with one at most, got ${jobs.length}`);
  return jobs[0];
}

/** The right to write a job that was taken. */
export function claimOf({ record: { jobId, life, epoch } }: TakenJob): JobClaim {
  return { jobId, life, epoch };
}

/** The ids of taken jobs, in order. */
export function idsOf(jobs: readonly TakenJob[]): string[] {
  return jobs.map(({ record }) => record.jobId);
}

/** The jobs that an incarnation holds, each with its epoch, in order. */
export async function heldBy(store: Store, owner: Incarnation): Promise<string[]> {
  const held = await store.held(owner);
  for (const { jobId, life } of held) {
    checkSame(life, (await store.find(jobId))?.life, `the life of the job ${JSON.stringify(jobId)} that held tells of`);
  }
  return held.map(({ jobId, epoch }) => `${jobId} at epoch ${epoch}`).sort();
}

/** Reads all pages of a list; `between` runs after each. */
export async function listAll(
  store: Store,
  query: ListQuery,
  between: (page: readonly JobRecord[]) => Promise<void> = async () => {},
): Promise<JobRecord[]> {
  const all: JobRecord[] = [];
  let cursor: string | undefined;
  let pages = 0;
  do {
    check(++pages <= MOST_PAGES, `the pages must come to an end, got ${MOST_PAGES} and a cursor`);
    const page = await store.list(cursor === undefined ? query : { ...query, cursor });
    check(
      page.jobs.length <= (query.limit ?? 100),
      `a page must not hold more than its limit, got ${page.jobs.length}`,
    );
    check(page.cursor === undefined || page.jobs.length > 0, "a page with a cursor must not be empty");
    check(page.cursor === undefined || page.cursor !== cursor, "the cursor must move on from page to page");
    all.push(...page.jobs);
    cursor = page.cursor;
    await between(page.jobs);
  } while (cursor !== undefined);
  return all;
}

/** The sorted ids of records, for results whose order is not defined. */
export function sortedIds(records: readonly JobRecord[]): string[] {
  return records.map(({ jobId }) => jobId).sort();
}
