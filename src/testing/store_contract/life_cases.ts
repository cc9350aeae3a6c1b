import type { JobLife, Store } from "../../ports/store.ts";
import type { Case } from "./case.ts";
import { check, checkFenced, checkSame } from "./checks.ts";
import { REVISIONS, takeOver } from "./fence_cases.ts";
import { addJob, createJob, HEAD, sampleJob } from "./sample_jobs.ts";

/** Lives: a job that is created again under its id is another one. */
export const lifeCases: readonly Case[] = [
  {
    name: "a former owner that writes to a deleted job is refused, and does not recreate it",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      const [former, present] = await takeOver(first, second);
      checkSame(await second.delete(present), true, "delete");
      for (const revision of REVISIONS) {
        const write = () => first.append(former, revision, ["late"], HEAD);
        await checkFenced(write, "job", revision, undefined, `a write at ${revision} to a job that is gone`);
      }
      checkSame(await first.find("job"), undefined, "find");
      checkSame(await first.list(), { jobs: [] }, "list");
    },
  },
  {
    name: "a former life that writes, compacts or deletes does not touch the job that was created anew under its id",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      const former = await createJob(first, "job", 2);
      await second.delete(former);
      const present = await createJob(second, "job", 2);
      check(former.life !== present.life, "the job that was created anew must have another life");
      const before = await second.load("job");
      for (const revision of REVISIONS) {
        const write = () => first.append(former, revision, ["late"], HEAD);
        await checkFenced(write, "job", revision, undefined, `a write of the former life at ${revision}`);
      }
      await first.compact(former, 1, "late");
      checkSame(await first.delete(former), false, "delete of the former life");
      checkSame(await second.load("job"), before, "the job made anew");
    },
  },
  {
    name: "lives are numbered in order over all jobs, also over those that are gone",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      const lives: number[] = [];
      const add = async (store: Store, jobId: string): Promise<JobLife> => {
        const job = await addJob(store, sampleJob(jobId));
        lives.push(job.life);
        return job;
      };
      for (const store of [first, second, first]) {
        await add(store, `job-${lives.length}`);
        await store.delete(await add(store, "again"));
      }
      const later = await scope.reopen();
      await later.delete(await add(later, "again"));
      await add(later, "again");
      checkSame(lives, [...new Set(lives)].toSorted((a, b) => a - b), "the lives, each above those before");
    },
  },
];
