import { type Case, withStore } from "./case.ts";
import { checkSame } from "./checks.ts";
import { createJob, ENDED, enter, HEAD, inboxOf, LATER, NOW, sampleEntries, send, sendNew } from "./sample_jobs.ts";

/** Commands that are not consumed, and the end of jobs. */
export const unreadCases: readonly Case[] = [
  {
    name: "a job that has ended takes other commands after one that reopens it, until that is consumed",
    async run(scope) {
      const store = await scope.open();
      const owner = await enter(store, "engine", { leaseMs: LATER });
      const job = await createJob(store, "job", 0, { claim: owner });
      await sendNew(store, "job", "early");
      await store.append(job, 0, ["end"], { ...ENDED, consumed: 1, releases: false });
      checkSame(await send(store, job, "text", "1"), "ended", "send to the ended job");
      checkSame(await send(store, job, "redrive", "2", { reopens: true }), "stored", "send of one that reopens it");
      checkSame(await send(store, job, "text", "3"), "stored", "send after it");
      const later = await scope.reopen();
      checkSame(await send(later, job, "text", "4"), "stored", "send when the store was opened again");
      const keys = (await inboxOf(later, job, 1)).map(({ key }) => key);
      checkSame(keys, ["2", "3", "4"], "the inbox");
      await later.append(job, 1, [], { ...ENDED, consumed: 2, releases: false });
      checkSame(await send(later, job, "text", "5"), "ended", "send when it was consumed and the job has not gone on");
    },
  },
  withStore("a job that has ended takes a command only if it reopens", async (store) => {
    const job = await createJob(store, "job", 0);
    await sendNew(store, "job", "before");
    await store.append(job, 0, sampleEntries(0, 1), { ...ENDED, consumed: 1 });
    checkSame(await send(store, job, "late", "late"), "ended", "send");
    checkSame(await send(store, job, "before", "before"), "known", "send under a known key");
    checkSame(await send(store, job, "other", "before"), "differs", "send of another text under a known key");
    checkSame((await store.find("job"))?.sent, 1, "sent");
    checkSame(await send(store, job, "late", "late", { reopens: true }), "stored", "send of a command that reopens");
    checkSame(await inboxOf(store, job, 1), [{ sequence: 2, key: "late", text: "late" }], "inbox");
    await store.append(job, 1, sampleEntries(1, 2), { ...HEAD, consumed: 2 });
    checkSame(await send(store, job, "again", "again"), "stored", "send to the job that runs again");
  }),
  withStore(
    "an append that ends the job is unread while the inbox has commands beyond those consumed",
    async (store) => {
      const job = await createJob(store, "job", 1, { claim: await enter(store, "engine") });
      await sendNew(store, "job", "first");
      await sendNew(store, "job", "second");
      const before = await store.load("job");
      for (const [consumed, entries] of [[0, ["end"]], [1, ["end"]], [1, []]] as const) {
        const answer = await store.append(job, 1, entries, { ...ENDED, consumed });
        checkSame(answer, "unread", `the answer to an end that has consumed ${consumed} of 2`);
        checkSame(await store.load("job"), before, "the job after it");
        checkSame((await inboxOf(store, job)).length, 2, "how many commands there are");
      }
      checkSame(await store.append(job, 1, ["end"], { ...ENDED, consumed: 2 }), "stored", "an end with all consumed");
      const record = await store.find("job");
      checkSame([record?.status, record?.endedAt, record?.owner], ["completed", NOW, undefined], "the record");
    },
  ),
  withStore("an append that does not end the job is stored whatever the inbox has", async (store) => {
    const job = await createJob(store, "job", 0, { claim: await enter(store, "engine") });
    await sendNew(store, "job", "first");
    checkSame(await store.append(job, 0, ["on"]), "stored", "an append without a head");
    checkSame(await store.append(job, 1, ["on"], HEAD), "stored", "an append with a head");
    await store.append(job, 2, ["end"], { ...ENDED, consumed: 1, releases: false });
    checkSame(await send(store, job, "redrive", "redrive", { reopens: true }), "stored", "a command that reopens");
    const releasing = await store.append(job, 3, [], { ...ENDED, consumed: 1 });
    checkSame(releasing, "stored", "the release of a job that has ended");
    checkSame((await store.find("job"))?.owner, undefined, "its owner");
    checkSame((await inboxOf(store, job, 1)).length, 1, "how many commands there are");
  }),
  withStore(
    "commands returns the commands that are not consumed, of the jobs that an incarnation has claimed",
    async (store) => {
      const [own, former, other] = [
        await enter(store, "own"),
        await enter(store, "former"),
        await enter(store, "other"),
      ];
      checkSame(await store.commands(own, 77), { now: 77, jobs: [] }, "the commands of no job");
      const job = await createJob(store, "job", 0, { claim: own });
      const ended = await createJob(store, "ended", 0, { claim: own });
      await createJob(store, "without", 0, { claim: own });
      await createJob(store, "of another", 0, { claim: other });
      await createJob(store, "of a former one", 0, { claim: former });
      await createJob(store, "of nobody", 0);
      const again = await enter(store, "former");
      await store.append(ended, 0, ["end"], { ...ENDED, releases: false });
      for (const jobId of ["job", "of another", "of a former one", "of nobody"]) {
        for (const text of ["1", "2", "3"]) await sendNew(store, jobId, text);
      }
      await send(store, ended, "redrive", "redrive", { reopens: true });
      await store.append(job, 0, ["on"], { ...HEAD, consumed: 1 });
      const answer = await store.commands(own, NOW);
      checkSame(answer.now, NOW, "the time of the answer");
      const expected = [
        { jobId: "ended", life: ended.life, commands: [{ sequence: 1, key: "redrive", text: "redrive" }] },
        {
          jobId: "job",
          life: job.life,
          commands: ["2", "3"].map((it) => ({ sequence: Number(it), key: it, text: it })),
        },
      ];
      checkSame(answer.jobs.toSorted((a, b) => a.jobId < b.jobId ? -1 : 1), expected, "the commands");
      checkSame((await store.commands(again, NOW)).jobs, [], "the commands of the next incarnation");
      checkSame((await store.commands(former, NOW)).jobs.length, 1, "how many jobs of the former one have commands");
      await store.append(job, 1, ["on"], { ...HEAD, consumed: 3, releases: true });
      await sendNew(store, "job", "4");
      checkSame((await store.commands(own, NOW)).jobs.map(({ jobId }) => jobId), ["ended"], "the jobs, one released");
    },
  ),
];
