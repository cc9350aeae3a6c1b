import { type Case, withStore } from "./case.ts";
import type { JobHead } from "../../ports/store.ts";
import { check, checkSame } from "./checks.ts";
import { createJob, HEAD, sampleEntries, sampleJob, sortedIds } from "./sample_jobs.ts";

/** Jobs that are due. */
export const dueCases: readonly Case[] = [
  withStore("a job is due once its wakeAt has passed", async (store) => {
    await createJob(store, "early", 0, { wakeAt: 1_000 });
    await createJob(store, "late", 0, { wakeAt: 2_000, owner: "engine" });
    await createJob(store, "never", 0);
    const expected = [[999, []], [1_000, ["early"]], [1_999, ["early"]], [2_000, ["early", "late"]]] as const;
    for (const [now, ids] of expected) checkSame(sortedIds(await store.due({ now })), ids, `due at ${now}`);
    const [record] = await store.due({ now: 1_000 });
    checkSame(record, await store.find("early"), "the record");
  }),
  withStore("due uses the latest head: a later wakeAt, and none", async (store) => {
    await createJob(store, "job", 0, { wakeAt: 1_000 });
    await store.append("job", 0, sampleEntries(0, 1), { ...HEAD, wakeAt: 5_000 });
    checkSame(sortedIds(await store.due({ now: 4_999 })), [], "due before the later instant");
    checkSame(sortedIds(await store.due({ now: 5_000 })), ["job"], "due at the later instant");
    await store.append("job", 1, sampleEntries(1, 2), { ...HEAD, status: "completed" });
    checkSame(sortedIds(await store.due({ now: Number.MAX_SAFE_INTEGER })), [], "due when the job has ended");
  }),
  withStore(
    "a job with an unconsumed command is due, whatever its owner and its wakeAt",
    async (store) => {
      await createJob(store, "job", 0, { wakeAt: 9_000, owner: "engine" });
      await createJob(store, "other", 0);
      checkSame(sortedIds(await store.due({ now: 0 })), [], "due before");
      await store.send("job", "first", "1");
      await store.send("job", "second", "2");
      checkSame(sortedIds(await store.due({ now: 0 })), ["job"], "due with two commands");
      await store.append("job", 0, sampleEntries(0, 1), { ...HEAD, consumed: 1 });
      checkSame(sortedIds(await store.due({ now: 0 })), ["job"], "due with one command consumed");
      await store.append("job", 1, sampleEntries(1, 2));
      checkSame(sortedIds(await store.due({ now: 0 })), ["job"], "due after an append without a head");
      await store.append("job", 2, sampleEntries(2, 3), { ...HEAD, consumed: 2 });
      checkSame(sortedIds(await store.due({ now: 0 })), [], "due with both consumed");
      await store.send("job", "third", "3");
      checkSame(sortedIds(await store.due({ now: 0 })), ["job"], "due with a third command");
    },
  ),
  withStore("a job of the asking owner is due before its lease ends, another owner's is not", async (store) => {
    await createJob(store, "own", 0, { owner: "host-1", wakeAt: 9_000 });
    await createJob(store, "other", 0, { owner: "host-10", wakeAt: 9_000 });
    await createJob(store, "none", 0);
    await createJob(store, "past", 0, { owner: "host-2", wakeAt: 10 });
    checkSame(sortedIds(await store.due({ now: 10 })), ["past"], "due without an owner");
    checkSame(sortedIds(await store.due({ now: 10, owner: "host-1" })), ["own", "past"], "due for host-1");
    checkSame(sortedIds(await store.due({ now: 10, owner: "host" })), ["past"], "due for host");
  }),
  withStore("a job that has ended is not due: no wakeAt, no owner, all commands consumed", async (store) => {
    await createJob(store, "job", 0, { owner: "engine", wakeAt: 10 });
    await store.send("job", "cancel", "1");
    await store.append("job", 0, sampleEntries(0, 1), { ...HEAD, status: "cancelled", consumed: 1 });
    checkSame(await store.due({ now: Number.MAX_SAFE_INTEGER, owner: "engine" }), [], "due");
  }),
  withStore("due lists a job once, and no more than its limit", async (store) => {
    for (let index = 0; index < 6; index++) {
      await createJob(store, `${index}-due`, 0, { owner: "engine", wakeAt: 10 });
      await store.send(`${index}-due`, "command", "key");
      await createJob(store, `${index}-idle`, 0, { owner: "other", wakeAt: 1_000 });
    }
    const all = ["0-due", "1-due", "2-due", "3-due", "4-due", "5-due"];
    checkSame(sortedIds(await store.due({ now: 10, owner: "engine" })), all, "due without a limit");
    for (const limit of [1, 4, 6, 7]) {
      const ids = sortedIds(await store.due({ now: 10, owner: "engine", limit }));
      checkSame(ids.length, Math.min(limit, 6), `how many are due with limit ${limit}`);
      check(new Set(ids).size === ids.length, `due with limit ${limit} must list a job once, got ${ids.join()}`);
      check(ids.every((jobId) => all.includes(jobId)), `due with limit ${limit} must list due jobs, got ${ids.join()}`);
    }
  }),
  withStore("those that have been due for longest come first", async (store) => {
    const add = (jobId: string, createdAt: number, head: Partial<JobHead>) =>
      store.create(sampleJob(jobId, head, { createdAt }));
    await add("new", 400, { wakeAt: 430 });
    await add("owned", 420, { owner: "engine", wakeAt: 9_000 });
    await add("addressed", 410, {});
    await add("lapsed", 100, { owner: "other", wakeAt: 405 });
    await add("old", 200, { wakeAt: 430 });
    await store.send("addressed", "command", "1");
    const order = ["lapsed", "addressed", "owned", "old", "new"];
    for (const limit of [undefined, 5, 4, 3, 2, 1]) {
      const due = await store.due({ now: 500, owner: "engine", limit });
      checkSame(due.map(({ jobId }) => jobId), order.slice(0, limit), `due with limit ${limit}`);
    }
    const strangers = await store.due({ now: 500 });
    checkSame(strangers.map(({ jobId }) => jobId), ["lapsed", "addressed", "old", "new"], "due without an owner");
  }),
  withStore("due leaves out the excepted jobs, which do not count against the limit", async (store) => {
    const long = "long".repeat(100);
    const odd = ["a\0b", "\ud800", '"', "%", ""];
    const ids = ["1-waits", "2-waits", "3-addressed", "4-owned", "5-waits", long, ...odd];
    for (const [index, jobId] of ids.entries()) {
      const head = jobId === "4-owned" ? { owner: "engine" } : jobId === "3-addressed" ? {} : { wakeAt: 10 };
      await store.create(sampleJob(jobId, head, { createdAt: index }));
    }
    await store.send("3-addressed", "command", "1");
    const dueExcept = async (limit: number | undefined, ...except: string[]) => {
      const due = await store.due({ now: 10, owner: "engine", limit, except: new Set(except) });
      return due.map(({ jobId }) => jobId);
    };
    checkSame((await dueExcept(undefined)).sort(), ids.toSorted(), "due without exceptions");
    checkSame((await dueExcept(undefined, "unknown")).sort(), ids.toSorted(), "due except an unknown job");
    for (const jobId of ids) {
      const others = ids.filter((it) => it !== jobId);
      checkSame((await dueExcept(undefined, jobId)).sort(), others.toSorted(), `due except ${JSON.stringify(jobId)}`);
      checkSame(await dueExcept(1, ...others), [jobId], `due except all but ${JSON.stringify(jobId)}`);
    }
    checkSame(await dueExcept(2, "1-waits", "3-addressed"), ["4-owned", "2-waits"], "due with limit 2 except two");
    checkSame(await dueExcept(3, ...ids), [], "due except all");
  }),
];
