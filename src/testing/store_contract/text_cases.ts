import type { CreateAnswer, Incarnation, JobClaim } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { check, checkSame, errorOf } from "./checks.ts";
import {
  addJob,
  createJob,
  enter,
  HEAD,
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

const TEXTS: readonly string[] = [
  "",
  " ",
  "plain",
  "\u0000",
  "before\u0000after",
  "line\u2028separator\u2029paragraph",
  "\r\n\ttabs\u0085",
  "\ufeffmark",
  "\ufeff",
  "\ud800",
  "\udc00 low before high \ud800",
  "high \ud83d and no low",
  "\u{1d11e} \u{1f3f3}\ufe0f\u200d\u{1f308} \u{10ffff}",
  "e\u0301 is not \u00e9",
  "\u05d0\u05d1 \u0628\u0629",
  `quotes ' " \` \\ and \\u0041`,
  "'; DROP TABLE jobs; --",
  "100%_*?[a-z]{}$1",
];
const LONG = "long".repeat(300_000) + "\u{1f680}";
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

/** Texts and ids may be any text. */
export const textCases: readonly Case[] = [
  {
    name: "every text is returned unchanged: documents, entries, commands, keys, and all that a record has",
    async run(scope) {
      const store = await scope.open();
      const jobs = [];
      for (const [index, text] of [...TEXTS, LONG].entries()) {
        const name = text === LONG ? "long" : text;
        const labels = { flowId: name, flowHash: name, queue: name, parentId: name, tags: { [name]: name } };
        const claim = await enter(store, name, { token: name });
        const more = { ...labels, status: name, token: name, flow: text, snapshot: text, claim };
        const job = await addJob(store, sampleJob(`job-${index}`, more));
        await store.append(job, 0, [text, ...TEXTS.slice(0, 3), text]);
        await sendNew(store, job.jobId, text, name);
        checkSame(await send(store, job, text, name), "known", "send under the same key");
        checkSame(await send(store, job, `${text} `, name), "differs", "send of another text under the same key");
        jobs.push({ job, text, name, claim, labels });
      }
      const later = await scope.reopen();
      for (const { job, text, name, claim, labels } of jobs) {
        const { jobId } = job;
        const stored = await later.load(jobId);
        checkSame([stored?.flow, stored?.snapshot], [text, text], "flow and snapshot");
        checkSame(stored?.entries, [text, ...TEXTS.slice(0, 3), text], "the entries");
        const { flowId, flowHash, queue, parentId, tags, status, owner } = stored?.record ?? {};
        checkSame({ flowId, flowHash, queue, parentId, tags }, labels, "the labels");
        checkSame([status, owner], [name, name], "status and owner");
        const commands = [{ sequence: 1, key: name, text }];
        checkSame(await inboxOf(later, job), commands, "the inbox");
        checkSame((await later.commands(claim, NOW)).jobs, [{ jobId, life: job.life, commands }], "the commands");
        checkSame(await later.held(claim), [{ jobId, epoch: 1 }], "held");
        for (
          const filter of [{ ...labels, flowHash: undefined, status: name }, { tags: labels.tags }, { queue: name }]
        ) {
          const found = (await later.list(filter)).jobs.map((it) => it.jobId);
          checkSame(found, [jobId], `the list by ${Object.keys(filter)}`);
        }
        checkSame((await later.create([sampleJob(jobId, { token: name })]))[0]?.isNew, true, "create with its token");
        if (scope.keepsLeases) checkSame(await enter(later, name, { token: name }), claim, "enter with its token");
        await later.compact(job, 5, text + text);
        checkSame((await later.load(jobId))?.snapshot, text + text, "the snapshot after compact");
        await later.append(job, 5, [], { ...HEAD, status: `${name}!`, dueAt: 1, consumed: 1, releases: true });
        checkSame((await later.find(jobId))?.status, `${name}!`, "the status after an append");
      }
    },
  },
  withStore("take goes by any flow, hash, queue and id", async (store) => {
    const owner = await enter(store, "engine");
    for (const text of TEXTS) {
      const others = new Set(TEXTS.filter((it) => it !== text));
      const job = { flowId: text, flowHash: text, queue: text, dueAt: 1 };
      const { jobId, life } = await createJob(store, "job", 0, job);
      const what = JSON.stringify(text);
      for (const query of [{ flows: [...others] }, { queues: [...others] }, { exceptFlows: new Set([text]) }]) {
        checkSame(await store.nextDueAt({ ...query, now: NOW }), undefined, `nextDueAt for others than ${what}`);
        checkSame(idsOf(await take(store, owner, query)), [], `take for others than ${what}`);
      }
      const query = { flows: [text, "other"], queues: [text], exceptFlows: others, exceptJobs: others };
      check(await store.nextDueAt({ ...query, now: NOW }) !== undefined, `nextDueAt for ${what} must find something`);
      checkSame(idsOf(await take(store, owner, query)), ["job"], `take for ${what}`);
      await store.delete({ jobId, life });
    }
  }),
  {
    name: "job ids may be any text, and all are distinct",
    async run(scope) {
      const store = await scope.open();
      const owner = await enter(store, "engine", { leaseMs: LATER });
      const lives = new Map<string, number>();
      for (const [index, jobId] of IDS.entries()) {
        const job = await addJob(store, sampleJob(jobId, { status: String(index), claim: owner }));
        lives.set(jobId, job.life);
        await store.append(job, 0, [`entry of ${index}`]);
        await sendNew(store, jobId, `command of ${index}`, "key");
      }
      const later = await scope.reopen();
      const listed = (await listAll(later, { limit: 7 })).map((it) => it.jobId);
      checkSame([...listed].sort(), [...IDS].sort(), "the ids in the list");
      for (const [index, jobId] of IDS.entries()) {
        const stored = await later.load(jobId);
        checkSame([stored?.record.jobId, stored?.record.status], [jobId, String(index)], "the record");
        checkSame(stored?.snapshot, sampleJob(jobId).snapshot, "the snapshot");
        checkSame(stored?.entries, [`entry of ${index}`], "the entries");
        const commands = [{ sequence: 1, key: "key", text: `command of ${index}` }];
        checkSame(await inboxOf(later, { jobId, life: lives.get(jobId) ?? -1 }), commands, "the inbox");
      }
      const held = (await later.held(owner)).map((it) => it.jobId);
      checkSame(held.toSorted(), IDS.toSorted(), "the ids that the owner holds");
      const addressed = (await later.commands(owner, NOW)).jobs.map((it) => it.jobId);
      checkSame(addressed.toSorted(), IDS.toSorted(), "the ids that have commands");
      const [gone, kept] = [IDS.filter((_id, index) => index % 2 === 0), IDS.filter((_id, index) => index % 2 === 1)];
      for (const jobId of gone) {
        const life = lives.get(jobId) ?? -1;
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
      checkSame(await store.held(claim), [{ jobId: name, epoch: 1 }], "held");
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
  withStore("numbers are returned unchanged: times, priorities, fractions of milliseconds", async (store) => {
    const instants = [0, 1, 1_700_000_000_000.25, 8_640_000_000_000_000];
    for (const [index, at] of instants.entries()) {
      const claim = await enter(store, `owner ${index}`, { now: at, leaseMs: 0.5 });
      const priority = [-(2 ** 31), -1, 0, 2 ** 31 - 1][index] ?? 0;
      const job = await createJob(store, `job-${index}`, 0, { createdAt: at, dueAt: at, priority, claim });
      const record = await store.find(`job-${index}`);
      checkSame([record?.createdAt, record?.dueAt, record?.priority], [at, at, priority], "the job");
      checkSame(record?.heldUntil, at + 0.5, "heldUntil");
      await store.append(job, 0, ["end"], { ...HEAD, status: "completed", endedAt: at, releases: true });
      checkSame((await store.find(`job-${index}`))?.endedAt, at, "endedAt");
      await store.append(job, 1, ["on"], { ...HEAD, dueAt: at });
    }
    const [before, after] = [1_700_000_000_000, 1_700_000_000_001];
    checkSame(await store.count({ createdBefore: before }), 2, "how many were created before the fraction");
    checkSame(await store.count({ createdBefore: after }), 3, "how many were created after it");
    checkSame(
      await store.nextDueAt({ now: before, exceptJobs: new Set(["job-0", "job-1"]) }),
      1_700_000_000_000.25,
      "next",
    );
    const owner = await enter(store, "engine", { now: before });
    checkSame((await take(store, owner, { now: before })).length, 2, "how many are due before the fraction");
    checkSame((await take(store, owner, { now: after })).length, 1, "how many are due after it");
  }),
];
