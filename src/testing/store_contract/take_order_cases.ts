import type { DueQuery, NewJob, TakeQuery } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { check, checkSame, existing } from "./checks.ts";
import {
  claimOf,
  createJob,
  ENDED,
  enter,
  HEAD,
  idsOf,
  LATER,
  LEASE_MS,
  NOW,
  send,
  sendNew,
  take,
} from "./sample_jobs.ts";
import { takeAndRelease } from "./take_cases.ts";

/** The order in which due jobs are taken, and which of them. */
export const takeOrderCases: readonly Case[] = [
  withStore("those of a smaller priority come first, then those that have been due for longest", async (store) => {
    const lapsed = await enter(store, "lapsed", { now: 0, leaseMs: 405 });
    const owner = await enter(store, "engine");
    const jobs: Readonly<Record<string, Partial<NewJob>>> = {
      "new": { createdAt: 400, dueAt: 430 },
      "urgent": { createdAt: 600, dueAt: 700, priority: -1 },
      "old": { createdAt: 200, dueAt: 430 },
      "lapsed": { createdAt: 100, dueAt: LATER, claim: lapsed },
      "addressed": { createdAt: 410 },
      "slow": { createdAt: 1, dueAt: 1, priority: 10 },
      "twin b": { createdAt: 500, dueAt: 500 },
      "twin a": { createdAt: 500, dueAt: 500 },
      "addressed and due": { createdAt: 420, dueAt: 1 },
    };
    const order = [
      ...["urgent", "lapsed", "addressed", "addressed and due", "old", "new", "twin a", "twin b", "slow"],
    ];
    for (const limit of [order.length, 1, 3, 5, 8]) {
      for (const [jobId, more] of Object.entries(jobs)) await createJob(store, jobId, 0, more);
      for (const jobId of ["addressed", "addressed and due"]) await sendNew(store, jobId, "command");
      const taken: string[] = [];
      for (let round = 0; round < order.length; round++) taken.push(...idsOf(await take(store, owner, { limit })));
      checkSame(taken, order, `take, ${limit} at a time`);
      for (const { life, jobId } of (await store.list()).jobs) await store.delete({ jobId, life });
    }
  }),
  withStore("a job whose owner has lost its lease counts as due since then", async (store) => {
    const lapsed = await enter(store, "lapsed", { now: 0, leaseMs: 405 });
    const owner = await enter(store, "engine");
    await createJob(store, "lapsed", 0, { createdAt: 100, claim: lapsed });
    await createJob(store, "after it", 0, { createdAt: 1, dueAt: 406 });
    await createJob(store, "before it", 0, { createdAt: 200, dueAt: 404 });
    checkSame(idsOf(await take(store, owner)), ["before it", "lapsed", "after it"], "the order");
  }),
  withStore("a job that is due again comes after those that have been due since before", async (store) => {
    const owner = await enter(store, "engine");
    for (const [index, jobId] of ["a", "b", "c"].entries()) await createJob(store, jobId, 0, { dueAt: 1 + index });
    const taken: string[] = [];
    for (let round = 0; round < 9; round++) {
      const [job] = await take(store, owner, { limit: 1 });
      const claim = claimOf(existing(job, `a due job in round ${round}`));
      taken.push(claim.jobId);
      await store.append(claim, 0, [], { ...HEAD, dueAt: 10 + round, releases: true });
    }
    checkSame(taken.join(" "), "a b c a b c a b c", "the order");
  }),
  withStore("jobs that are left out do not count against the limit", async (store) => {
    const owner = await enter(store, "engine");
    const ids = ["1", "2", "3", "4", "long".repeat(200), "a\0b", '"', "%", ""];
    for (const [index, jobId] of ids.entries()) {
      await createJob(store, jobId, 0, { createdAt: index, dueAt: index === 2 ? LATER : 10 });
    }
    await sendNew(store, "3", "command");
    const except = async (limit: number, ...left: string[]) =>
      await takeAndRelease(store, owner, { limit, exceptJobs: new Set(left) });
    checkSame((await except(100)).length, ids.length, "how many are taken without exceptions");
    checkSame((await except(100, "unknown")).length, ids.length, "how many are taken except an unknown one");
    for (const jobId of ids) {
      const others = ids.filter((it) => it !== jobId);
      checkSame(await except(1, ...others), [jobId], `take except all but ${JSON.stringify(jobId)}`);
      checkSame((await except(100, jobId)).toSorted(), others.toSorted(), `take except ${JSON.stringify(jobId)}`);
    }
    checkSame(await except(2, "3", "1"), ["2", "4"], "take of two except two");
    checkSame(await except(3, ...ids), [], "take except all");
  }),
  withStore(
    "take goes by flow, by the flow's hash and by queue, and the others do not count against the limit",
    async (store) => {
      const owner = await enter(store, "engine");
      const kinds = ["a", "b", "A", ""].flatMap((flow) => ["x", "y", ""].map((queue) => ({ flow, queue })));
      type Kind = { readonly flow: string; readonly queue: string };
      for (const [index, { flow, queue }] of kinds.entries()) {
        const jobId = `${flow}/${queue}`;
        const more = { flowId: flow, flowHash: `hash of ${flow}`, queue, createdAt: index };
        await createJob(store, jobId, 0, index % 3 === 0 ? more : { ...more, dueAt: index });
        if (index % 3 === 0) await sendNew(store, jobId, "command");
      }
      const queries: readonly [Omit<DueQuery, "now">, (kind: Kind) => boolean][] = [
        [{ flows: ["a"] }, ({ flow }) => flow === "a"],
        [{ flows: ["", "b", "c"] }, ({ flow }) => flow === "" || flow === "b"],
        [{ flows: [] }, () => false],
        [{ flows: ["c"] }, () => false],
        [{ exceptFlows: new Set() }, () => true],
        [{ exceptFlows: new Set(["hash of a", "hash of A"]) }, ({ flow }) => flow !== "a" && flow !== "A"],
        [{ exceptFlows: new Set(["a"]) }, () => true],
        [{ queues: ["x"] }, ({ queue }) => queue === "x"],
        [{ queues: ["y", ""] }, ({ queue }) => queue !== "x"],
        [{ queues: [] }, () => false],
        [
          { flows: ["a", "b"], exceptFlows: new Set(["hash of b"]), queues: ["y"] },
          ({ flow, queue }) => flow === "a" && queue === "y",
        ],
        [{ flows: ["a"], exceptJobs: new Set(["a/x"]) }, ({ flow, queue }) => flow === "a" && queue !== "x"],
      ];
      for (const [query, isMeant] of queries) {
        const { exceptFlows, exceptJobs, ...rest } = query;
        const what = JSON.stringify({
          ...rest,
          exceptFlows: [...exceptFlows ?? []],
          exceptJobs: [...exceptJobs ?? []],
        });
        const expected = kinds.filter(isMeant).map(({ flow, queue }) => `${flow}/${queue}`);
        checkSame((await takeAndRelease(store, owner, query)).toSorted(), expected.toSorted(), `take of ${what}`);
        const some = await takeAndRelease(store, owner, { ...query, limit: 2 });
        checkSame(some.length, Math.min(2, expected.length), `how many a take of two of ${what} finds`);
        const next = await store.nextDueAt({ ...query, now: NOW });
        checkSame(next === undefined, expected.length === 0, `whether nextDueAt(${what}) finds nothing, got ${next}`);
      }
    },
  ),
  withStore("take and nextDueAt with unread go by jobs with commands that are not consumed only", async (store) => {
    const lapsed = await enter(store, "lapsed", { now: 0, leaseMs: 405 });
    const owner = await enter(store, "engine");
    const holder = await enter(store, "holder");
    const nextUnread = async (what: string, query: Partial<DueQuery> = {}) => {
      const at = await store.nextDueAt({ now: NOW, unread: true, ...query });
      checkSame(at !== undefined && at <= NOW, what === "some", `whether nextDueAt finds ${what}, got ${at}`);
    };
    const makes: readonly [jobId: string, more: Partial<NewJob>][] = [
      ["due", { createdAt: 1, dueAt: 1 }],
      ["due and lapsed", { createdAt: 1, dueAt: 1, claim: lapsed }],
      ["first", { createdAt: 10 }],
      ["second", { createdAt: 20, dueAt: 1 }],
      ["third", { createdAt: 30, dueAt: LATER, queue: "other" }],
      ["fourth", { createdAt: 1, priority: 3 }],
      ["lapsed", { createdAt: 40, claim: lapsed }],
      ["held", { createdAt: 1, claim: holder }],
    ];
    for (const [jobId, more] of makes) await createJob(store, jobId, 0, more);
    checkSame(idsOf(await take(store, owner, { unread: true })), [], "take of unread jobs when there are none");
    await nextUnread("none");
    for (const jobId of ["first", "second", "third", "fourth", "lapsed", "held"]) await sendNew(store, jobId, "text");
    const ended = await createJob(store, "ended", 0, { createdAt: 50 });
    await store.append(ended, 0, ["end"], ENDED);
    await send(store, ended, "redrive", "redrive", { reopens: true });
    await nextUnread("some");
    const order = ["first", "second", "third", "lapsed", "ended", "fourth"];
    const unread = async (query: Partial<TakeQuery>) => await takeAndRelease(store, owner, { unread: true, ...query });
    checkSame(await unread({ limit: 2 }), order.slice(0, 2), "the first two unread jobs");
    checkSame(await unread({ queues: ["other"] }), ["third"], "the unread jobs of a queue");
    checkSame(await unread({ exceptJobs: new Set(order.slice(0, 5)) }), ["fourth"], "the unread jobs except five");
    await nextUnread("none", { exceptJobs: new Set(order) });
    const taken = await take(store, owner, { unread: true });
    const isOrder = idsOf(taken).filter((it) =>
      it !== "lapsed"
    ).join() === order.filter((it) => it !== "lapsed").join();
    check(isOrder, `take of all unread jobs, got ${idsOf(taken).join()}`);
    await nextUnread("none");
    for (const job of taken) {
      const { status, endedAt, revision } = job.record;
      await store.append(claimOf(job), revision, [], {
        ...HEAD,
        status,
        endedAt,
        dueAt: 1,
        consumed: 1,
        releases: true,
      });
    }
    checkSame(await unread({}), [], "the unread jobs when all was consumed");
    checkSame((await takeAndRelease(store, owner)).length, 8, "how many are due all the same");
    checkSame(await store.nextDueAt({ now: NOW, unread: true }), NOW + LEASE_MS, "nextDueAt: that of the held one");
  }),
];
