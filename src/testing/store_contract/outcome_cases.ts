import type { CommandOutcome, Store } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { checkFenced, checkSame } from "./checks.ts";
import { createJob, enter, HEAD, sampleEntries, send, sendNew } from "./sample_jobs.ts";

const DONE = { status: "done" };
const STORED = { status: "stored" };
const KEYS = ["1", "2", "3", "4"];

async function outcomesOf(store: Store, job: Parameters<Store["outcome"]>[0]): Promise<(CommandOutcome | undefined)[]> {
  return await Promise.all(KEYS.map(async (key) => await store.outcome(job, key)));
}

/** What has become of commands. */
export const outcomeCases: readonly Case[] = [
  withStore("a command is stored, then done or refused, as the head says that consumes it", async (store) => {
    const job = await createJob(store, "job", 0, { claim: await enter(store, "engine") });
    for (const key of KEYS) await sendNew(store, "job", `text of ${key}`, key);
    checkSame(await outcomesOf(store, job), [STORED, STORED, STORED, STORED], "what is stored");
    checkSame(await store.outcome(job, "5"), undefined, "the outcome of a key that was not sent");
    const first = { sequence: 1, reason: "it has \u0000 ended \ud800" };
    const early = { sequence: 3, reason: "not consumed yet" };
    await store.append(job, 0, sampleEntries(0, 1), { ...HEAD, consumed: 2, refused: [first, early] });
    const refused = { status: "refused", reason: first.reason };
    checkSame(await outcomesOf(store, job), [refused, DONE, STORED, STORED], "what two were consumed of");
    const late = { sequence: 2, reason: "consumed before" };
    await store.append(job, 1, [], { ...HEAD, consumed: 3, refused: [late] });
    checkSame(await outcomesOf(store, { jobId: "job" }), [refused, DONE, DONE, STORED], "what three were consumed of");
    await store.append(job, 1, [], { ...HEAD, consumed: 4, refused: [{ sequence: 4, reason: "" }] });
    await store.compact(job, 1, "snapshot");
    const last = { status: "refused", reason: "" };
    checkSame(await outcomesOf(store, job), [refused, DONE, DONE, last], "what all were consumed of");
  }),
  withStore("an append that is refused says nothing of the commands that it would consume", async (store) => {
    const job = await createJob(store, "job", 0, { claim: await enter(store, "engine") });
    for (const key of KEYS) await sendNew(store, "job", key);
    const head = { ...HEAD, consumed: 2, refused: [{ sequence: 1, reason: "late" }, { sequence: 2, reason: "late" }] };
    await checkFenced(() => store.append(job, 5, ["late"], head), "job", 5, 0, "a write at another revision");
    checkSame(await store.append(job, 0, ["end"], { ...head, endedAt: 1 }), "unread", "an end with commands");
    checkSame(await outcomesOf(store, job), [STORED, STORED, STORED, STORED], "what is stored");
    await store.append(job, 0, sampleEntries(0, 1), { ...HEAD, consumed: 1 });
    checkSame(await outcomesOf(store, job), [DONE, STORED, STORED, STORED], "what was consumed by another append");
  }),
  withStore("the outcome of a command to another life, or to no job, is unknown", async (store) => {
    checkSame(await store.outcome({ jobId: "job" }, "key"), undefined, "of no job");
    const former = await createJob(store, "job", 0);
    await sendNew(store, "job", "command", "key");
    checkSame(await store.outcome(former, "key"), STORED, "of the present life");
    await store.delete(former);
    const job = await createJob(store, "job", 0);
    for (const one of [former, job, { jobId: "job" }]) {
      checkSame(await store.outcome(one, "key"), undefined, "after delete");
    }
    await sendNew(store, "job", "command", "key");
    checkSame(await store.outcome(former, "key"), undefined, "of the former life");
    checkSame(await store.outcome({ jobId: "job" }, "key"), STORED, "of any life");
  }),
  withStore(
    "the outcome of a command is remembered as long as its key, however many others there are",
    async (store) => {
      const job = await createJob(store, "job", 0, { claim: await enter(store, "engine") });
      const keyRetentionMs = 100;
      for (let count = 1; count <= 300; count++) {
        const at = count * 10;
        await send(store, job, "text", `${count}`, { now: at, keyRetentionMs });
        const refused = count % 2 === 0 ? [{ sequence: count, reason: `${count} ${"x".repeat(1_000)}` }] : [];
        await store.append(job, 0, [], { ...HEAD, consumed: count, at, refused });
        if (count % 50 !== 0) continue;
        for (let back = 0; back < 8; back++) {
          const outcome = await store.outcome(job, `${count - back}`);
          const isRefused = (count - back) % 2 === 0;
          checkSame(outcome?.status, isRefused ? "refused" : "done", `the outcome of ${count - back} after ${count}`);
        }
      }
    },
  ),
  {
    name: "the outcome of a command survives closing and reopening the store",
    async run(scope) {
      const store = await scope.open();
      const job = await createJob(store, "job", 0, { claim: await enter(store, "engine") });
      for (const key of KEYS) await sendNew(store, "job", key);
      const refused = [{ sequence: 1, reason: "why" }];
      await store.append(job, 0, sampleEntries(0, 1), { ...HEAD, consumed: 3, refused });
      await store.compact(job, 1, "snapshot");
      const outcomes = [{ status: "refused", reason: "why" }, DONE, DONE, STORED];
      checkSame(await outcomesOf(await scope.reopen(), job), outcomes, "the outcomes");
    },
  },
];
