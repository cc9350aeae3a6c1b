import { type Case, withStore } from "./case.ts";
import { check, checkSame } from "./checks.ts";
import { createJob, HEAD, sampleEntries } from "./sample_jobs.ts";

/** Inboxes: commands from anybody but the owner. */
export const inboxCases: readonly Case[] = [
  withStore("send adds commands to the inbox, numbered from 1, and does not change the revision", async (store) => {
    await createJob(store, "job", 1, { owner: "engine" });
    await createJob(store, "other", 1);
    const record = await store.find("job");
    for (const text of ["first", "second", "third"]) checkSame(await store.send("job", text, text), true, "send");
    await store.send("other", "for the other", "first");
    const commands = [
      { sequence: 1, key: "first", text: "first" },
      { sequence: 2, key: "second", text: "second" },
      { sequence: 3, key: "third", text: "third" },
    ];
    checkSame(await store.inbox("job", 0), commands, "inbox after 0");
    checkSame(await store.inbox("job", 1), commands.slice(1), "inbox after 1");
    checkSame(await store.inbox("job", 3), [], "inbox after 3");
    checkSame(await store.inbox("job", 10), [], "inbox after 10");
    checkSame(await store.find("job"), record, "the record");
    await store.append("job", 1, sampleEntries(1, 2));
    const inbox = [{ sequence: 1, key: "first", text: "for the other" }];
    checkSame(await store.inbox("other", 0), inbox, "the inbox of the other job");
  }),
  withStore("a second command with the same key is ignored", async (store) => {
    await createJob(store, "job", 0);
    checkSame(await store.send("job", "first", "key"), true, "send");
    checkSame(await store.send("job", "again", "key"), true, "send under the same key");
    await store.send("job", "other", "Key");
    const commands = [{ sequence: 1, key: "key", text: "first" }, { sequence: 2, key: "Key", text: "other" }];
    checkSame(await store.inbox("job", 0), commands, "inbox");
  }),
  withStore("a key is still known when its command was consumed and a snapshot was taken", async (store) => {
    await createJob(store, "job", 0);
    await store.send("job", "first", "key");
    await store.append("job", 0, sampleEntries(0, 1), { ...HEAD, consumed: 1 });
    await store.compact("job", 1, "snapshot at 1");
    checkSame(await store.send("job", "again", "key"), true, "send under the same key");
    checkSame(await store.inbox("job", 1), [], "inbox after 1");
    checkSame((await store.due({ now: 0 })).length, 0, "how many jobs are due");
    await store.send("job", "second", "other");
    checkSame(await store.inbox("job", 1), [{ sequence: 2, key: "other", text: "second" }], "inbox after another send");
  }),
  withStore("send to an unknown job returns false, and its inbox is empty", async (store) => {
    checkSame(await store.send("nobody", "command", "key"), false, "send");
    checkSame(await store.inbox("nobody", 0), [], "inbox");
    await createJob(store, "nobody", 0);
    checkSame(await store.inbox("nobody", 0), [], "the inbox of the job made later");
  }),
  {
    name: "an inbox survives closing and reopening the store",
    async run(scope) {
      const store = await scope.open();
      await createJob(store, "job", 0);
      await store.send("job", "first", "key");
      const later = await scope.reopen();
      await later.send("job", "again", "key");
      await later.send("job", "second", "other");
      const commands = [{ sequence: 1, key: "key", text: "first" }, { sequence: 2, key: "other", text: "second" }];
      checkSame(await later.inbox("job", 0), commands, "inbox");
    },
  },
  withStore(
    "watch, if the store has it, reports commands that this process sends, until it is stopped",
    async (store) => {
      if (store.watch === undefined) return;
      await createJob(store, "job", 0);
      await createJob(store, "last", 0);
      let tell = (_jobId: string) => {};
      const told = new Promise<string>((resolve) => tell = resolve);
      const early: string[] = [];
      const stop = store.watch((jobId) => void early.push(jobId));
      stop();
      const stopLast = store.watch(tell);
      await store.send("job", "command", "key");
      checkSame(await told, "job", "the job that was told of");
      stopLast();
      check(early.length === 0, `a watcher that was told to stop has heard of ${early.join()}`);
    },
  ),
];
