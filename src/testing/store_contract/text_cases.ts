import { type Case, withStore } from "./case.ts";
import { check, checkSame, errorOf } from "./checks.ts";
import { createJob, HEAD, listAll, sampleEntries, sampleJob } from "./sample_jobs.ts";

const TEXTS: readonly string[] = [
  "",
  " ",
  "plain",
  "\u0000",
  "before\u0000after",
  "line\u2028separator\u2029paragraph",
  "\r\n\ttabs\u0085",
  "\ufeffmark",
  "\u{1d11e} \u{1f3f3}\ufe0f\u200d\u{1f308} \u{10ffff}",
  "e\u0301 is not \u00e9",
  "\u05d0\u05d1 \u0628\u0629",
  `quotes ' " \` \\ and \\u0041`,
  "'; DROP TABLE jobs; --",
  "100%_*?[a-z]{}$1",
  "long".repeat(300_000) + "\u{1f680}",
];
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
    name: "every text is returned unchanged: documents, entries, commands, keys, flows, statuses, owners",
    async run(scope) {
      const store = await scope.open();
      for (const [index, text] of TEXTS.entries()) {
        const head = { ...HEAD, flowId: text, status: text, owner: text };
        await store.create(sampleJob(`job-${index}`, head, { flow: text, snapshot: text }));
        await store.append(`job-${index}`, 0, [text, ...TEXTS.slice(0, 3), text]);
        await store.send(`job-${index}`, text, text);
        await store.send(`job-${index}`, "again", text);
      }
      const later = await scope.reopen();
      for (const [index, text] of TEXTS.entries()) {
        const jobId = `job-${index}`;
        const stored = await later.load(jobId);
        checkSame([stored?.flow, stored?.snapshot], [text, text], "flow and snapshot");
        checkSame(stored?.entries, [text, ...TEXTS.slice(0, 3), text], "the entries");
        const record = stored?.record;
        checkSame([record?.flowId, record?.status, record?.owner], [text, text, text], "the head");
        checkSame(await later.inbox(jobId, 0), [{ sequence: 1, key: text, text }], "the inbox");
        const found = (await later.list({ flowId: text, status: text })).jobs.map((it) => it.jobId);
        checkSame(found, [jobId], "the list by flow and status");
        await later.compact(jobId, 5, text + text);
        checkSame((await later.load(jobId))?.snapshot, text + text, "the snapshot after compact");
      }
    },
  },
  {
    name: "job ids may be any text, and all are distinct",
    async run(scope) {
      const store = await scope.open();
      for (const [index, jobId] of IDS.entries()) {
        const isNew = await store.create(sampleJob(jobId, { owner: String(index) }));
        check(isNew, `the job ${JSON.stringify(jobId.slice(0, 20))} must not be taken for another one`);
        await store.append(jobId, 0, [`entry of ${index}`]);
        await store.send(jobId, `command of ${index}`, "key");
      }
      const later = await scope.reopen();
      const listed = (await listAll(later, { limit: 7 })).map((it) => it.jobId);
      checkSame([...listed].sort(), [...IDS].sort(), "the ids in the list");
      for (const [index, jobId] of IDS.entries()) {
        const stored = await later.load(jobId);
        checkSame([stored?.record.jobId, stored?.record.owner], [jobId, String(index)], "the record");
        checkSame(stored?.snapshot, sampleJob(jobId).snapshot, "the snapshot");
        checkSame(stored?.entries, [`entry of ${index}`], "the entries");
        const commands = [{ sequence: 1, key: "key", text: `command of ${index}` }];
        checkSame(await later.inbox(jobId, 0), commands, "the inbox");
      }
      const [gone, kept] = [IDS.filter((_id, index) => index % 2 === 0), IDS.filter((_id, index) => index % 2 === 1)];
      for (const jobId of gone) checkSame(await later.delete(jobId), true, `delete of ${JSON.stringify(jobId)}`);
      checkSame((await listAll(later, {})).map((it) => it.jobId).sort(), [...kept].sort(), "the ids that are left");
    },
  },
  withStore("ids that are not well-formed Unicode are refused or distinct", async (store) => {
    const ids = ["\ud83d", "\ude80", "a\ud83d", "a\ud83e", "\ufffd"];
    const kept: string[] = [];
    for (const jobId of ids) {
      let isNew: boolean | undefined;
      const error = await errorOf(async () => isNew = await store.create(sampleJob(jobId)));
      check(error !== undefined || isNew === true, `the id ${JSON.stringify(jobId)} was taken for another`);
      if (error === undefined) kept.push(jobId);
    }
    for (const jobId of kept) {
      checkSame((await store.find(jobId))?.jobId, jobId, "the id of the record");
      await store.append(jobId, 0, sampleEntries(0, 1));
    }
    checkSame((await listAll(store, { limit: 2 })).map((it) => it.jobId).sort(), [...kept].sort(), "the list");
  }),
  withStore("numbers are returned unchanged: times, epochs, fractions of milliseconds", async (store) => {
    const instants = [0, 1, 1_700_000_000_000.25, 8_640_000_000_000_000];
    for (const [index, at] of instants.entries()) {
      await createJob(store, `job-${index}`, 0, { wakeAt: at, epoch: 2 ** 31 + index });
      const record = await store.find(`job-${index}`);
      checkSame([record?.wakeAt, record?.epoch], [at, 2 ** 31 + index], "wakeAt and epoch");
    }
    checkSame((await store.due({ now: 1_700_000_000_000 })).length, 2, "how many are due before the fraction");
    checkSame((await store.due({ now: 1_700_000_000_001 })).length, 3, "how many are due after it");
  }),
];
