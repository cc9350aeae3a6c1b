import { type Case, withStore } from "./case.ts";
import { checkSame } from "./checks.ts";
import { createJob, ENDED, enter, HEAD, inboxOf, LATER, NOW, send, sendNew, sortedIds, take } from "./sample_jobs.ts";

/** Purging. */
export const purgeCases: readonly Case[] = [
  withStore(
    "purge deletes jobs that have ended before an instant, with everything that belongs to them",
    async (store) => {
      const jobs = [];
      for (const endedAt of [1, 2, 3]) {
        const job = await createJob(store, `ended at ${endedAt}`, 1);
        await sendNew(store, job.jobId, "command", "key");
        await store.append(job, 1, ["end"], { ...ENDED, endedAt, consumed: 1 });
        jobs.push(job);
      }
      await createJob(store, "running", 1, { dueAt: 1 });
      checkSame(await store.purge({ endedBefore: 1, limit: 10 }), 0, "how many have ended before the first");
      checkSame(await store.purge({ endedBefore: 3, limit: 10 }), 2, "how many have ended before the third");
      checkSame(sortedIds((await store.list()).jobs), ["ended at 3", "running"], "list");
      checkSame(await store.count(), 2, "count");
      checkSame(await store.load("ended at 1"), undefined, "load");
      checkSame(await send(store, { jobId: "ended at 1" }, "command", "key"), "unknown", "send");
      const anew = await createJob(store, "ended at 1", 0);
      checkSame((await store.load("ended at 1"))?.entries, [], "the entries of the job made anew");
      checkSame(await inboxOf(store, anew), [], "the inbox of the job made anew");
      checkSame(await send(store, anew, "new", "key"), "stored", "send under a key of the one before");
    },
  ),
  withStore("purge goes by status, and deletes no more than its limit", async (store) => {
    for (let index = 0; index < 8; index++) {
      const status = index % 2 === 0 ? "completed" : "failed";
      await createJob(store, `job-${index}`, 0, { status, endedAt: NOW });
    }
    const purge = async (limit: number) => await store.purge({ endedBefore: NOW + 1, status: "failed", limit });
    checkSame(await purge(3), 3, "how many of 4 are deleted by a purge of 3");
    checkSame(await store.count({ status: "failed" }), 1, "how many are left");
    checkSame(await purge(3), 1, "how many the next one deletes");
    checkSame(await purge(3), 0, "how many the last one deletes");
    checkSame(await store.count({ status: "completed" }), 4, "how many of another status are left");
    checkSame(await store.purge({ endedBefore: NOW + 1, status: "", limit: 3 }), 0, "purge of an empty status");
  }),
  withStore(
    "purge leaves alone jobs that have commands which are not consumed, that somebody has claimed, or that are due",
    async (store) => {
      const owner = await enter(store, "engine");
      const query = { endedBefore: NOW + 1, limit: 10 };
      const job = await createJob(store, "job", 0, { claim: owner });
      await store.append(job, 0, ["end"], { ...ENDED, releases: false });
      checkSame(await store.purge(query), 0, "purge of a job that its owner holds");
      await store.leave(owner);
      checkSame(await store.purge(query), 0, "purge of a job whose owner has left");
      await send(store, job, "redrive", "redrive", { reopens: true });
      await store.append(job, 1, [], ENDED);
      checkSame(await store.purge(query), 0, "purge of a job with a command");
      const [taken] = await take(store, await enter(store, "other"));
      checkSame(taken?.record.jobId, "job", "the job that is taken");
      await store.append({ ...job, epoch: 2 }, 1, [], { ...ENDED, consumed: 1 });
      checkSame(await store.purge(query), 1, "purge of the job that was released with all consumed");
      const again = await createJob(store, "job", 0, { endedAt: NOW });
      await store.append(again, 0, [], { ...ENDED, dueAt: LATER });
      checkSame(await store.purge(query), 0, "purge of a job that has ended, and has something left to do");
      await store.append(again, 0, [], HEAD);
      checkSame(await store.purge(query), 0, "purge of a job that runs again");
    },
  ),
];
