import { dueSince, isHeld } from "../../src/ports/mod.ts";
import type { ClaimQuery, JobRecord, TakenJob } from "../../src/ports/mod.ts";
import { type BrokenStore, turns } from "./broken_store.ts";

/** A store that claims only those of the given jobs of which a condition holds. */
function claimsOnly(
  what: string,
  noticedBy: string,
  isClaimed: (record: JobRecord, query: ClaimQuery) => boolean,
): BrokenStore {
  return {
    what,
    noticedBy: [noticedBy],
    methods: (store) => ({
      async claim(query) {
        const jobs = [];
        for (const job of query.jobs) {
          const record = await store.find(job.jobId);
          if (record !== undefined && isClaimed(record, query)) jobs.push(job);
        }
        return await store.claim({ ...query, jobs });
      },
    }),
  };
}

/** Stores that get claims wrong. */
export const BROKEN_CLAIMS: readonly BrokenStore[] = [
  claimsOnly(
    "claims of due jobs only",
    "claim claims a job of the given epoch that nobody holds, due or not, and returns it whole",
    (record, { now }) => dueSince(record, now) !== undefined,
  ),
  claimsOnly(
    "claims of others' jobs only",
    "claim of one's own job raises its epoch, so that what was sent before is refused",
    (record, { owner }) => record.owner !== owner,
  ),
  {
    what: "claims at any epoch",
    noticedBy: ["claim claims a job of the given epoch that nobody holds, due or not, and returns it whole"],
    methods: (store) => ({
      async claim(query) {
        const jobs = [];
        for (const { jobId, life, epoch } of query.jobs) {
          jobs.push({ jobId, life, epoch: (await store.find(jobId))?.epoch ?? epoch });
        }
        return await store.claim({ ...query, jobs });
      },
    }),
  },
  {
    what: "claims of any life",
    noticedBy: ["a claim of a job that was deleted and created anew under its id is refused, at any epoch"],
    methods: (store) => ({
      async claim(query) {
        const jobs = [];
        for (const { jobId, life, epoch } of query.jobs) {
          jobs.push({ jobId, life: (await store.find(jobId))?.life ?? life, epoch });
        }
        return await store.claim({ ...query, jobs });
      },
    }),
  },
  {
    what: "claims that take a job from who holds it",
    noticedBy: ["claim of a job that another one holds is refused until that one's lease has ended"],
    methods: (store) => ({
      async claim(query) {
        for (const { jobId } of query.jobs) {
          const { owner, incarnation } = await store.find(jobId) ?? {};
          if (owner !== undefined && incarnation !== undefined) await store.leave({ owner, incarnation });
        }
        return await store.claim(query);
      },
    }),
  },
  {
    what: "a claim of all or none",
    noticedBy: ["claim claims several jobs at once, each for itself"],
    methods: (store) => ({
      async claim(query) {
        const records = await Promise.all(query.jobs.map(({ jobId }) => store.find(jobId)));
        const areFree = records.every((it) => it !== undefined && !isHeld(it, query.now));
        return await store.claim(areFree ? query : { ...query, jobs: [] });
      },
    }),
  },
  {
    what: "former incarnations that a release does not clear",
    noticedBy: ["a job that was released has no former incarnation"],
    methods(store) {
      const last = new Map<string, number | undefined>();
      const withLast = (job: TakenJob): TakenJob => {
        const { jobId, incarnation } = job.record;
        const formerIncarnation = last.get(jobId);
        last.set(jobId, incarnation);
        return { ...job, formerIncarnation };
      };
      return {
        async take(query) {
          const answer = await store.take(query);
          return { ...answer, jobs: answer.jobs.map(withLast) };
        },
      };
    },
  },
  {
    what: "held jobs without those that have ended",
    noticedBy: ["held lists what an incarnation has claimed and not released, also when its lease has ended"],
    methods: (store) => ({
      async held(owner) {
        const records = await Promise.all((await store.held(owner)).map(({ jobId }) => store.find(jobId)));
        return records.flatMap((it) => it !== undefined && it.endedAt === undefined ? [it] : [])
          .map(({ jobId, life, epoch }) => ({ jobId, life, epoch }));
      },
    }),
  },
  {
    what: "held jobs with the life that they had under their id before",
    noticedBy: ["held tells which life of a job is held, when that was deleted and created anew"],
    methods: (store) => {
      const lives = new Map<string, number>();
      return {
        async held(owner) {
          const held = await store.held(owner);
          return held.map((it) => {
            const life = lives.get(it.jobId) ?? it.life;
            lives.set(it.jobId, life);
            return { ...it, life };
          });
        },
      };
    },
  },
  {
    what: "two claims that both say yes",
    noticedBy: ["of two claims at the same epoch exactly one succeeds, in each of many rounds"],
    methods: (store) => ({
      async claim(query) {
        const epochs = new Map<string, number | undefined>();
        for (const { jobId } of query.jobs) epochs.set(jobId, (await store.find(jobId))?.epoch);
        await turns(3);
        const answer = await store.claim(query);
        const jobs: TakenJob[] = [];
        for (const { jobId, epoch } of query.jobs) {
          const job = await store.load(jobId);
          if (job !== undefined && epochs.get(jobId) === epoch) jobs.push({ ...job, formerIncarnation: undefined });
        }
        return { ...answer, jobs };
      },
    }),
  },
];
