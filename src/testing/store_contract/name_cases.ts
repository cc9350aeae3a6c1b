import type { CreateAnswer, Incarnation, JobClaim } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { check, checkSame, errorOf } from "./checks.ts";
import {
  addJob,
  createJob,
  enter,
  HEAD,
  heldBy,
  idsOf,
  inboxOf,
  LATER,
  listAll,
  NOW,
  sampleEntries,
  sampleJob,
  send,
  sendNew,
  take,
} from "./sample_jobs.ts";

const IDS: readonly string[] = [
  ...["job", "Job", "JOB", "job.", "job ", " job", "jo", "jobs", "job\u0000", "job\n", "j\u200bob"],
  ...[
    "..",
    ".",
    "../x",
    "../../etc/passwd",
    "/",
    "a/b",
    "a\\b",
    "a%2Fb",
    "a%2fb",
    "C:\\x",
    "a:b",
    "~",
    "-rf",
    "a",
    "a/",
  ],
  ...[
    "CON",
    "con",
    "nul.txt",
    "lpt1",
    "0",
    "00",
    "1e3",
    "null",
    "undefined",
    "toString",
    "hasOwnProperty",
    "*",
    "?",
    "%",
    "_",
  ],
  ...["\u00e9", "e\u0301", "\u{1f680}", "\u{1f3f3}\ufe0f\u200d\u{1f308}", "\ufffd", "\uffff", "\u{10ffff}", "\u2028"],
  ...["x".repeat(300), "x".repeat(300) + "y", "X".repeat(300), "\u00e9".repeat(300), "\u{1f680}".repeat(300)],
];

/** Ids and names may be any text. */
export const nameCases: readonly Case[] = [
  {
    name: "job ids may be any text, and all are distinct",
    async run(scope) {
      const store = await scope.open();
      const owner = await enter(store, "engine", { leaseMs: LATER });
      const jobs: JobClaim[] = [];
      for (const [index, jobId] of IDS.entries()) {
        const job = await addJob(store, sampleJob(jobId, { status: String(index), claim: owner }));
        jobs.push(job);
        await store.append(job, 0, [`entry of ${index}`]);
        await sendNew(store, jobId, `command of ${index}`, "key");
      }
      const later = await scope.reopen();
      const listed = (await listAll(later, { limit: 7 })).map((it) => it.jobId);
      checkSame([...listed].sort(), [...IDS].sort(), "the ids in the list");
      for (const [index, job] of jobs.entries()) {
        const { jobId } = job;
        const stored = await later.load(jobId);
        checkSame([stored?.record.jobId, stored?.record.status], [jobId, String(index)], "the record");
        checkSame(stored?.snapshot, sampleJob(jobId).snapshot, "the snapshot");
        checkSame(stored?.entries, [`entry of ${index}`], "the entries");
        const commands = [{ sequence: 1, key: "key", text: `command of ${index}` }];
        checkSame(await inboxOf(later, job), commands, "the inbox");
      }
      const held = (await later.held(owner)).map((it) => it.jobId);
      checkSame(held.toSorted(), IDS.toSorted(), "the ids that the owner holds");
      const addressed = (await later.commands(owner, NOW)).jobs.map((it) => it.jobId);
      checkSame(addressed.toSorted(), IDS.toSorted(), "the ids that have commands");
      const [gone, kept] = [jobs.filter((_job, index) => index % 2 === 0), IDS.filter((_id, index) => index % 2 === 1)];
      for (const { jobId, life } of gone) {
        checkSame(await later.delete({ jobId, life }), true, `delete of ${JSON.stringify(jobId)}`);
      }
      checkSame((await listAll(later, {})).map((it) => it.jobId).sort(), [...kept].sort(), "the ids that are left");
    },
  },
  withStore("ids that are not well-formed Unicode are refused or distinct", async (store) => {
    const ids = ["\ud83d", "\ude80", "a\ud83d", "a\ud83e", "\ufffd"];
    const kept: JobClaim[] = [];
    for (const jobId of ids) {
      let answers: readonly CreateAnswer[] = [];
      const error = await errorOf(async () => answers = await store.create([sampleJob(jobId)]));
      if (error !== undefined) continue;
      check(answers[0]?.isNew === true, `the id ${JSON.stringify(jobId)} was taken for another`);
      kept.push({ ...answers[0].record, jobId });
    }
    for (const job of kept) {
      checkSame((await store.find(job.jobId))?.jobId, job.jobId, "the id of the record");
      await store.append(job, 0, sampleEntries(0, 1));
    }
    const listed = (await listAll(store, { limit: 2 })).map((it) => it.jobId);
    checkSame(listed.toSorted(), kept.map((it) => it.jobId).toSorted(), "the list");
  }),
  withStore("names of 1 KiB are kept apart: ids, keys, owners, flows, queues, tags", async (store) => {
    const names = ["x".repeat(1_023), "\u00e9".repeat(511), "\u{1f680}".repeat(255), "\0".repeat(1_023)]
      .flatMap((it) => [`${it}a`, `${it}b`]);
    const owners: Incarnation[] = [];
    for (const name of names) {
      const claim = await enter(store, name, { token: name });
      owners.push(claim);
      const labels = { flowId: name, flowHash: name, queue: name, parentId: name, tags: { [name]: name } };
      const job = await createJob(store, name, 1, { ...labels, status: name, token: name, claim });
      for (const key of names) checkSame(await send(store, job, "command", key), "stored", "send");
      checkSame(await heldBy(store, claim), [`${name} at epoch 1`], "held");
      await store.append(job, 1, [], { ...HEAD, status: name, consumed: names.length, dueAt: 1, releases: true });
    }
    for (const it of owners) checkSame((await store.renew(it, LATER, NOW)).isHeld, true, "renew");
    const owner = await enter(store, "engine");
    for (const name of names) {
      const { jobs } = await store.list({ flowId: name, queue: name, parentId: name, tags: { [name]: name } });
      checkSame(jobs.map((it) => it.jobId), [name], "the list by all of them");
      for (const key of names) checkSame(await send(store, { jobId: name }, "command", key), "known", "send again");
      const query = { flows: [name], queues: [name], exceptFlows: new Set(names.filter((it) => it !== name)) };
      checkSame(idsOf(await take(store, owner, query)), [name], "take");
    }
  }),
];
