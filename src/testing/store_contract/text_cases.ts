import { type Case, withStore } from "./case.ts";
import { check, checkSame, existing } from "./checks.ts";
import {
  addJob,
  createJob,
  enter,
  HEAD,
  heldBy,
  idsOf,
  inboxOf,
  NOW,
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
        const stored = existing(await later.load(jobId), "the job");
        checkSame([stored.flow, stored.snapshot], [text, text], "flow and snapshot");
        checkSame(stored.entries, [text, ...TEXTS.slice(0, 3), text], "the entries");
        const { flowId, flowHash, queue, parentId, tags, status, owner } = stored.record;
        checkSame({ flowId, flowHash, queue, parentId, tags }, labels, "the labels");
        checkSame([status, owner], [name, name], "status and owner");
        const commands = [{ sequence: 1, key: name, text }];
        checkSame(await inboxOf(later, job), commands, "the inbox");
        checkSame((await later.commands(claim, NOW)).jobs, [{ jobId, life: job.life, commands }], "the commands");
        checkSame(await heldBy(later, claim), [`${jobId} at epoch 1`], "held");
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
  withStore("numbers are returned unchanged: times, priorities, fractions of milliseconds", async (store) => {
    const numbers = [
      { at: 0, priority: -(2 ** 31) },
      { at: 1, priority: -1 },
      { at: 1_700_000_000_000.25, priority: 0 },
      { at: 8_640_000_000_000_000, priority: 2 ** 31 - 1 },
    ];
    for (const [index, { at, priority }] of numbers.entries()) {
      const claim = await enter(store, `owner ${index}`, { now: at, leaseMs: 0.5 });
      const job = await createJob(store, `job-${index}`, 0, { createdAt: at, dueAt: at, priority, claim });
      const record = await store.find(`job-${index}`);
      checkSame([record?.createdAt, record?.dueAt, record?.priority], [at, at, priority], "the job");
      checkSame(record?.heldUntil, at + 0.5, "heldUntil");
      await store.append(job, 0, ["end"], { ...HEAD, status: "completed", endedAt: at });
      checkSame((await store.find(`job-${index}`))?.endedAt, at, "endedAt");
      await store.append(job, 1, ["on"], { ...HEAD, dueAt: at, releases: true });
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
