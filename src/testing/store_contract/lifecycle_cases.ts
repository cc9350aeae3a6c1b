import type { Case } from "./case.ts";
import { checkFails, checkSame } from "./checks.ts";
import { createJob, HEAD, sampleEntries, sampleJob, sortedIds } from "./sample_jobs.ts";

/** Handles: opening, closing, reopening. */
export const lifecycleCases: readonly Case[] = [
  {
    name: "everything stored survives closing and reopening the store",
    async run(scope) {
      const store = await scope.open();
      await createJob(store, "job", 4);
      await createJob(store, "other", 1, { wakeAt: 5, owner: "engine", epoch: 2, status: "paused" });
      await store.compact("job", 2, "snapshot at 2");
      const before = [await store.load("job"), await store.load("other"), await store.list()];
      const later = await scope.reopen();
      checkSame([await later.load("job"), await later.load("other"), await later.list()], before, "what is stored");
      checkSame(sortedIds(await later.due({ now: 5 })), ["other"], "due");
      await later.append("job", 4, sampleEntries(4, 5));
      const last = await (await scope.reopen()).load("job");
      checkSame(last?.entries, sampleEntries(2, 5), "the entries after a second time");
    },
  },
  {
    name: "one handle sees what another has stored",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      await createJob(first, "job", 1);
      await second.append("job", 1, sampleEntries(1, 2), { ...HEAD, status: "paused" });
      checkSame((await first.find("job"))?.status, "paused", "the head");
      await first.compact("job", 2, "snapshot at 2");
      checkSame((await second.load("job"))?.snapshot, "snapshot at 2", "the snapshot");
      await second.send("job", "command", "key");
      checkSame((await first.inbox("job", 0)).length, 1, "how many commands there are");
      await first.delete("job");
      checkSame(await second.find("job"), undefined, "find");
    },
  },
  {
    name: "after close every call fails, and changes nothing",
    async run(scope) {
      const store = await scope.open();
      await createJob(store, "job", 1);
      await scope.reopen();
      const calls: Readonly<Record<string, () => unknown>> = {
        create: () => store.create(sampleJob("late")),
        find: () => store.find("job"),
        load: () => store.load("job"),
        append: () => store.append("job", 1, ["late"]),
        compact: () => store.compact("job", 1, "late"),
        send: () => store.send("job", "late", "key"),
        inbox: () => store.inbox("job", 0),
        due: () => store.due({ now: 0 }),
        list: () => store.list(),
        delete: () => store.delete("job"),
      };
      for (const [name, call] of Object.entries(calls)) await checkFails(call, `${name} after close`);
      const later = await scope.reopen();
      const stored = await later.load("job");
      const { snapshot } = sampleJob("job");
      checkSame([stored?.snapshot, stored?.entries], [snapshot, sampleEntries(0, 1)], "the job");
      checkSame((await later.list()).jobs.length, 1, "how many jobs there are");
      checkSame(await later.inbox("job", 0), [], "the inbox");
    },
  },
  {
    name: "close waits for pending calls",
    async run(scope) {
      const store = await scope.open();
      await createJob(store, "job", 0);
      await createJob(store, "other", 0);
      const writes = [
        store.append("job", 0, sampleEntries(0, 1)),
        store.append("other", 0, sampleEntries(0, 1), { ...HEAD, status: "paused" }),
        store.send("job", "command", "key"),
        store.create(sampleJob("new")),
      ];
      const later = await scope.reopen();
      await Promise.all(writes);
      checkSame((await later.find("job"))?.revision, 1, "the revision");
      checkSame((await later.find("other"))?.status, "paused", "the status");
      checkSame((await later.inbox("job", 0)).length, 1, "how many commands there are");
      checkSame((await later.find("new"))?.revision, 0, "the revision of the new job");
    },
  },
];

/** For stores that one process at a time may open. */
export const exclusiveCases: readonly Case[] = [
  {
    name: "a place that is open cannot be opened again until it is closed",
    async run(scope) {
      const store = await scope.open();
      await createJob(store, "job", 1);
      await checkFails(() => scope.open(), "opening a second handle");
      await store.append("job", 1, sampleEntries(1, 2));
      checkSame((await (await scope.reopen()).find("job"))?.revision, 2, "the revision");
    },
  },
];
