import type { Case } from "./case.ts";
import { checkFails, checkSame, existing } from "./checks.ts";
import {
  createJob,
  enter,
  HEAD,
  idsOf,
  inboxOf,
  NOW,
  sampleEntries,
  sampleJob,
  send,
  sendNew,
  take,
} from "./sample_jobs.ts";

/** Handles: opening, closing, reopening. */
export const lifecycleCases: readonly Case[] = [
  {
    name: "everything stored survives closing and reopening the store",
    async run(scope) {
      const store = await scope.open();
      const owner = await enter(store, "engine");
      const job = await createJob(store, "job", 4, {
        dueAt: 1,
        tags: { of: "user" },
        parentId: "parent",
        queue: "slow",
      });
      await createJob(store, "other", 1, { claim: owner, status: "paused", priority: 3 });
      await store.compact(job, 2, "snapshot at 2");
      await store.leave(owner);
      const before = [await store.load("job"), await store.load("other"), await store.list(), await store.held(owner)];
      const later = await scope.reopen();
      const after = [await later.load("job"), await later.load("other"), await later.list(), await later.held(owner)];
      checkSame(after, before, "what is stored");
      await later.append(job, 4, sampleEntries(4, 5));
      const last = await scope.reopen();
      checkSame((await last.load("job"))?.entries, sampleEntries(2, 5), "the entries after a second time");
      checkSame(idsOf(await take(last, await enter(last, "another"))).toSorted(), ["job", "other"], "take");
    },
  },
  {
    name: "one handle sees what another has stored",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      const owner = await enter(second, "engine");
      const job = await createJob(first, "job", 1);
      await second.append(job, 1, sampleEntries(1, 2), { ...HEAD, status: "paused", dueAt: 1 });
      checkSame((await first.find("job"))?.status, "paused", "the head");
      await first.compact(job, 2, "snapshot at 2");
      checkSame((await second.load("job"))?.snapshot, "snapshot at 2", "the snapshot");
      await sendNew(second, "job", "command");
      checkSame((await inboxOf(first, job)).length, 1, "how many commands there are");
      checkSame(idsOf(await take(first, owner)), ["job"], "take for an owner that has entered elsewhere");
      checkSame((await second.commands(owner, NOW)).jobs.length, 1, "how many of its jobs have commands");
      checkSame((await first.renew(owner, 5_000, NOW)).isHeld, true, "renew");
      checkSame((await second.find("job"))?.heldUntil, NOW + 5_000, "heldUntil");
      checkSame(await first.delete(job), true, "delete");
      checkSame(await second.find("job"), undefined, "find");
      checkSame(await second.held(owner), [], "held");
    },
  },
  {
    name: "after close every call fails, and changes nothing",
    async run(scope) {
      const store = await scope.open();
      const owner = await enter(store, "engine");
      const job = await createJob(store, "job", 1, { dueAt: 1 });
      await scope.reopen();
      const query = { ...owner, now: NOW };
      const calls: Readonly<Record<string, () => unknown>> = {
        create: () => store.create([sampleJob("late")]),
        find: () => store.find("job"),
        load: () => store.load("job"),
        append: () => store.append(job, 1, ["late"]),
        compact: () => store.compact(job, 1, "late"),
        send: () => send(store, job, "late", "key"),
        inbox: () => store.inbox(job, 0, NOW),
        commands: () => store.commands(owner, NOW),
        enter: () => store.enter({ owner: "engine", leaseMs: 1, now: NOW, token: "late", takesOver: false }),
        renew: () => store.renew(owner, 1, NOW),
        leave: () => store.leave(owner),
        held: () => store.held(owner),
        take: () => store.take({ ...query, limit: 1 }),
        claim: () => store.claim({ ...query, jobs: [job] }),
        nextDueAt: () => store.nextDueAt({ now: NOW }),
        list: () => store.list(),
        count: () => store.count(),
        delete: () => store.delete(job),
        purge: () => store.purge({ endedBefore: NOW, limit: 1 }),
      };
      for (const [name, call] of Object.entries(calls)) await checkFails(call, `${name} after close`);
      const later = await scope.reopen();
      const stored = await later.load("job");
      const { snapshot } = sampleJob("job");
      checkSame([stored?.snapshot, stored?.entries], [snapshot, sampleEntries(0, 1)], "the job");
      checkSame([stored?.record.epoch, await later.count()], [0, 1], "its epoch, and how many jobs there are");
      checkSame(await inboxOf(later, job), [], "the inbox");
      if (scope.keepsLeases) checkSame((await later.renew(owner, 1, NOW)).isHeld, true, "renew");
    },
  },
  {
    name: "close waits for pending calls",
    async run(scope) {
      const store = await scope.open();
      const owner = await enter(store, "engine");
      const job = await createJob(store, "job", 0);
      const other = await createJob(store, "other", 0);
      const due = await createJob(store, "due", 0, { dueAt: 1 });
      const writes = [
        store.append(job, 0, sampleEntries(0, 1)),
        store.append(other, 0, sampleEntries(0, 1), { ...HEAD, status: "paused" }),
        send(store, job, "command", "key"),
        store.create([sampleJob("new")]),
        store.claim({ ...owner, now: NOW, jobs: [due] }),
        store.renew(owner, 5_000, NOW),
      ];
      const later = await scope.reopen();
      await Promise.all(writes);
      checkSame((await later.find("job"))?.revision, 1, "the revision");
      checkSame((await later.find("other"))?.status, "paused", "the status");
      checkSame((await inboxOf(later, job)).length, 1, "how many commands there are");
      checkSame((await later.find("new"))?.revision, 0, "the revision of the new job");
      const { epoch, heldUntil } = existing(await later.find("due"), "the claimed job");
      checkSame(epoch, 1, "the epoch of the claimed job");
      if (scope.keepsLeases) checkSame(heldUntil, NOW + 5_000, "heldUntil of the claimed job");
    },
  },
];

/** For stores that one process at a time may open. */
export const exclusiveCases: readonly Case[] = [
  {
    name: "a place that is open cannot be opened again until it is closed",
    async run(scope) {
      const store = await scope.open();
      const job = await createJob(store, "job", 1);
      await checkFails(() => scope.open(), "opening a second handle");
      await store.append(job, 1, sampleEntries(1, 2));
      checkSame((await (await scope.reopen()).find("job"))?.revision, 2, "the revision");
    },
  },
];
