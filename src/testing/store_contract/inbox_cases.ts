import { type Case, withStore } from "./case.ts";
import { check, checkSame } from "./checks.ts";
import { createJob, enter, HEAD, inboxOf, LATER, NOW, sampleEntries, send, sendNew } from "./sample_jobs.ts";

/** Inboxes: commands from anybody but the owner. */
export const inboxCases: readonly Case[] = [
  withStore("send adds commands to the inbox, numbered from 1, and does not change the revision", async (store) => {
    const job = await createJob(store, "job", 1, { claim: await enter(store, "engine") });
    const other = await createJob(store, "other", 1);
    const record = await store.find("job");
    for (const text of ["first", "second", "third"]) checkSame(await send(store, job, text, text), "stored", "send");
    await sendNew(store, "other", "for the other", "first");
    const commands = [
      { sequence: 1, key: "first", text: "first" },
      { sequence: 2, key: "second", text: "second" },
      { sequence: 3, key: "third", text: "third" },
    ];
    checkSame(await store.inbox(job, 0, NOW), { now: NOW, commands }, "inbox after 0");
    checkSame(await inboxOf(store, job, 1), commands.slice(1), "inbox after 1");
    checkSame(await inboxOf(store, job, 3), [], "inbox after 3");
    checkSame(await inboxOf(store, job, 10), [], "inbox after 10");
    checkSame(await store.find("job"), { ...record, sent: 3 }, "the record");
    await store.append(job, 1, sampleEntries(1, 2), HEAD);
    checkSame((await store.find("job"))?.sent, 3, "sent after an append with a head");
    checkSame(await inboxOf(store, job), commands, "inbox after an append");
    const inbox = [{ sequence: 1, key: "first", text: "for the other" }];
    checkSame(await inboxOf(store, other), inbox, "the inbox of the other job");
  }),
  withStore("a key is sent once: with the same text it is known, with another one it differs", async (store) => {
    const job = await createJob(store, "job", 0);
    checkSame(await send(store, job, "first", "key"), "stored", "send");
    checkSame(await send(store, job, "first", "key"), "known", "send of the same");
    checkSame(await send(store, job, "other", "key"), "differs", "send of another text under the same key");
    checkSame(await send(store, job, "First", "key"), "differs", "send of another case under the same key");
    checkSame(await send(store, job, "first", "Key"), "stored", "send of the same text under another key");
    const commands = [{ sequence: 1, key: "key", text: "first" }, { sequence: 2, key: "Key", text: "first" }];
    checkSame(await inboxOf(store, job), commands, "inbox");
    checkSame((await store.find("job"))?.sent, 2, "sent");
  }),
  withStore(
    "a key is remembered from send until its retention has passed since its command was consumed",
    async (store) => {
      const job = await createJob(store, "job", 0);
      const keyRetentionMs = 100;
      for (const key of ["first", "second"]) await send(store, job, `text of ${key}`, key, { now: 0, keyRetentionMs });
      await store.append(job, 0, sampleEntries(0, 1), { ...HEAD, consumed: 1, at: 5_000 });
      await store.compact(job, 1, "snapshot at 1");
      await store.append(job, 1, sampleEntries(1, 2), { ...HEAD, consumed: 1, at: 5_050 });
      for (const now of [5_000, 5_050, 5_099]) {
        // A store may forget other keys whenever a command is sent.
        await send(store, job, "another", `another at ${now}`, { now, keyRetentionMs });
        const known = { now, keyRetentionMs };
        checkSame(await send(store, job, "text of first", "first", known), "known", `the consumed key at ${now}`);
        checkSame(await send(store, job, "new text", "first", known), "differs", `the consumed key's text at ${now}`);
      }
      const late = { now: LATER, keyRetentionMs };
      await send(store, job, "another", "another, later", late);
      checkSame(
        await send(store, job, "text of second", "second", late),
        "known",
        "a key that was not consumed, later",
      );
      await store.append(job, 2, sampleEntries(2, 3), { ...HEAD, consumed: 2, at: LATER });
      const last = { now: LATER + 99, keyRetentionMs };
      checkSame(await send(store, job, "text of second", "second", last), "known", "that key after it was consumed");
      const texts = (await inboxOf(store, job, 2)).map(({ text }) => text);
      checkSame(texts, ["another", "another", "another", "another"], "inbox after 2");
    },
  ),
  withStore(
    "sequences go on when all commands were consumed, a snapshot was taken, and keys were forgotten",
    async (store) => {
      const job = await createJob(store, "job", 0);
      for (let at = 0; at < 5; at++) {
        const more = { now: at * 1_000, keyRetentionMs: 1 };
        checkSame(await send(store, job, `text ${at}`, `key ${at}`, more), "stored", "send");
        const expected = [{ sequence: at + 1, key: `key ${at}`, text: `text ${at}` }];
        checkSame(await inboxOf(store, job, at), expected, `inbox after ${at}`);
        await store.append(job, at, sampleEntries(at, at + 1), { ...HEAD, consumed: at + 1, at: at * 1_000 });
        await store.compact(job, at + 1, "snapshot");
        checkSame(await inboxOf(store, job, at + 1), [], `inbox after ${at + 1}`);
      }
    },
  ),
  withStore("send to an unknown job or another life is answered so, and its inbox is empty", async (store) => {
    checkSame(await send(store, { jobId: "nobody" }, "command", "key"), "unknown", "send");
    checkSame(await inboxOf(store, { jobId: "nobody", life: 1 }), [], "inbox");
    const former = await createJob(store, "nobody", 0);
    checkSame(await inboxOf(store, former), [], "the inbox of the job made later");
    await store.delete(former);
    const job = await createJob(store, "nobody", 0);
    checkSame(await send(store, former, "command", "key"), "unknown", "send to the former life");
    checkSame(await inboxOf(store, job), [], "the inbox of the present life");
    checkSame(await send(store, { jobId: "nobody" }, "command", "key"), "stored", "send to any life");
    checkSame(await send(store, job, "command", "key"), "known", "send to the present life");
    checkSame(await inboxOf(store, former), [], "the inbox of the former life");
    checkSame((await inboxOf(store, job)).length, 1, "how many commands the present life has");
  }),
  withStore("an inbox is full with as many commands as there is room for that are not consumed", async (store) => {
    const job = await createJob(store, "job", 0);
    const room = 2;
    for (const key of ["1", "2"]) checkSame(await send(store, job, key, key, { room }), "stored", `send of ${key}`);
    checkSame(await send(store, job, "3", "3", { room }), "full", "send without room");
    checkSame(await send(store, job, "2", "2", { room }), "known", "send under a known key without room");
    checkSame(await send(store, job, "x", "2", { room }), "differs", "send of another text without room");
    checkSame((await inboxOf(store, job)).length, 2, "how many commands there are");
    await store.append(job, 0, sampleEntries(0, 1), { ...HEAD, consumed: 1 });
    checkSame(await send(store, job, "3", "3", { room }), "stored", "send with room for one");
    checkSame(await send(store, job, "4", "4", { room }), "full", "send without room again");
    checkSame(await send(store, job, "4", "4", { room: 3 }), "stored", "send with more room");
    const keys = (await inboxOf(store, job, 1)).map(({ sequence, key }) => [sequence, key]);
    checkSame(keys, [[2, "2"], [3, "3"], [4, "4"]], "inbox");
  }),
  {
    name: "an inbox survives closing and reopening the store",
    async run(scope) {
      const store = await scope.open();
      const job = await createJob(store, "job", 0);
      for (const key of ["consumed", "key"]) await sendNew(store, "job", `text of ${key}`, key);
      await store.append(job, 0, sampleEntries(0, 1), { ...HEAD, consumed: 1 });
      const later = await scope.reopen();
      for (const key of ["consumed", "key"]) {
        checkSame(await send(later, job, `text of ${key}`, key), "known", `send under the key ${key}`);
        checkSame(await send(later, job, "another", key), "differs", `send of another text under the key ${key}`);
      }
      checkSame(await send(later, job, "third", "other"), "stored", "send under another key");
      const commands = [{ sequence: 2, key: "key", text: "text of key" }, { sequence: 3, key: "other", text: "third" }];
      checkSame(await inboxOf(later, job, 1), commands, "inbox");
      check((await later.find("job"))?.sent === 3, "sent must go on");
    },
  },
];
