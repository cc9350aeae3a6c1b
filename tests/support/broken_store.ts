import type { JobRecord, MaybePromise, Store, TakeAnswer, TakeQuery } from "../../src/ports/mod.ts";
import { dueOfAll } from "../../src/ports/mod.ts";

/** A store that breaks one rule of the store contract, and the contract's tests that must fail. */
export interface BrokenStore {
  /** The broken rule. */
  readonly what: string;
  /** The names of the tests. */
  readonly noticedBy: readonly string[];
  /** The broken methods of a handle, which replace those of a good store; handles are counted from 0. */
  readonly methods: (store: Store, handle: number) => Partial<Store>;
}

/** Waits for a number of microtasks. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await undefined;
}

/** Methods that change each record that a store returns. */
export function changeRecords(store: Store, change: (record: JobRecord) => JobRecord): Partial<Store> {
  const changeEach = <T extends { readonly record: JobRecord }>(jobs: readonly T[]): T[] =>
    jobs.map((job) => ({ ...job, record: change(job.record) }));
  const changeJobs = async (taken: MaybePromise<TakeAnswer>): Promise<TakeAnswer> => {
    const answer = await taken;
    return { ...answer, jobs: changeEach(answer.jobs) };
  };
  return {
    create: async (jobs) => changeEach(await store.create(jobs)),
    async find(jobId) {
      const record = await store.find(jobId);
      return record && change(record);
    },
    async load(jobId) {
      const job = await store.load(jobId);
      return job && { ...job, record: change(job.record) };
    },
    async list(query) {
      const page = await store.list(query);
      return { ...page, jobs: page.jobs.map(change) };
    },
    take: (query) => changeJobs(store.take(query)),
    claim: (query) => changeJobs(store.claim(query)),
  };
}

/** The records of all jobs. */
export async function recordsOf(store: Store): Promise<readonly JobRecord[]> {
  return (await store.list({ limit: Infinity })).jobs;
}

/** The ids of jobs whose records fulfil a condition. */
export async function idsWhere(store: Store, isMeant: (record: JobRecord) => boolean): Promise<Set<string>> {
  return new Set((await recordsOf(store)).filter(isMeant).map(({ jobId }) => jobId));
}

/** A `take` that chooses among the jobs that are due, and claims the chosen ones in that order. */
export function takeChosen(
  store: Store,
  choose: (due: readonly JobRecord[], query: TakeQuery) => readonly JobRecord[],
): Store["take"] {
  return async (query) => {
    const due = dueOfAll(await recordsOf(store), { ...query, limit: Infinity });
    const answers: TakeAnswer[] = [await store.take({ ...query, flows: [] })];
    for (const { jobId } of choose(due, query)) {
      const exceptJobs = await idsWhere(store, (it) => it.jobId !== jobId);
      answers.push(
        await store.take({ ...query, exceptJobs, flows: undefined, queues: undefined, exceptFlows: undefined }),
      );
    }
    return { now: query.now, survived: answers[0]?.survived ?? [], jobs: answers.flatMap(({ jobs }) => jobs) };
  };
}
