import { test } from "node:test";
import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { fileStore } from "../../../src/stores/file_store.ts";
import { createJob, enter, HEAD, send, sendNew } from "../../../src/testing/store_contract/sample_jobs.ts";
import { MemoryDisk, systemError } from "../../support/memory_disk.ts";

// The file that says which commands to a job could not be carried out.

const REFUSALS = "/jobs/job/refusals.jsonl";

for (const sync of ["full", "none"] as const) {
  const open = (disk: MemoryDisk) => fileStore("/jobs", { sync, files: disk });

  test(`a refusal whose head was never written does not count when the command is done later: sync "${sync}"`, async () => {
    const disk = new MemoryDisk();
    const store = open(disk);
    const job = await createJob(store, "job", 1, { claim: await enter(store, "engine") });
    for (const key of ["1", "2"]) await sendNew(store, "job", key);
    disk.onCall = ({ name, path }) => {
      if (name === "writeSync" && path.endsWith("journal.jsonl")) {
        throw systemError("ENOSPC", "no space left on device");
      }
    };
    const refused = [{ sequence: 1, reason: "why" }];
    await assertRejects(
      async () => await store.append(job, 1, ["a"], { ...HEAD, consumed: 2, refused }),
      Error,
      "ENOSPC",
    );
    disk.onCall = () => {};
    assert(disk.has(REFUSALS));
    assertEquals(await store.outcome(job, "1"), { status: "stored" });
    const killed = disk.afterKill();
    // The owner of the lock is this process, which is still running.
    killed.rmSync("/jobs/.lock", { recursive: false, force: true });
    for (const current of [store, open(killed)]) {
      const own = current === store ? job : { ...job, ...await current.find("job") };
      await current.append(own, 1, ["a"], { ...HEAD, consumed: 2 });
      for (const key of ["1", "2"]) assertEquals(await current.outcome(job, key), { status: "done" });
      await current.close();
    }
    const later = open(disk);
    for (const key of ["1", "2"]) assertEquals(await later.outcome(job, key), { status: "done" });
    await later.close();
  });
}

test("the file is rewritten without the commands whose keys are forgotten", async () => {
  const disk = new MemoryDisk();
  const store = fileStore("/jobs", { sync: "none", files: disk });
  const job = await createJob(store, "job", 0, { claim: await enter(store, "engine") });
  const reason = "x".repeat(1_000);
  for (let sequence = 1; sequence <= 1_000; sequence++) {
    const now = sequence * 100;
    await send(store, job, reason, `${sequence}`, { now, keyRetentionMs: 1_000 });
    await store.append(job, 0, [], { ...HEAD, at: now, consumed: sequence, refused: [{ sequence, reason }] });
  }
  assertLess(disk.readFileSync(REFUSALS).length, 300_000);
  await store.close();
  const later = fileStore("/jobs", { sync: "none", files: disk });
  const statuses = new Set<string | undefined>();
  for (let sequence = 1; sequence <= 1_000; sequence++) statuses.add((await later.outcome(job, `${sequence}`))?.status);
  assertEquals(statuses, new Set([undefined, "refused"]));
  await later.close();
});
