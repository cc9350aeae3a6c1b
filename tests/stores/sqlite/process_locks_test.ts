import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { sqliteStore } from "../../../src/stores/sqlite_store.ts";
import { createJob, enter, idsOf, NOW, take } from "../../../src/testing/store_contract/sample_jobs.ts";
import { HOLDING_PROCESS, holdingFlow } from "../../support/holding_process.ts";
import { withProcess } from "../../support/started_process.ts";

// Locks of the operating system tell that a process is gone: its jobs are free at once, though its lease runs for long.

const HOUR_MS = 3_600_000;

/** Runs something with the path of a database in a folder of its own. */
async function withPath(run: (path: string, files: () => string[]) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "routilux-test-"));
  try {
    await run(
      join(folder, "it's jobs.db"),
      () => readdirSync(folder).filter((name) => name.includes("-process-")).sort(),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function open(path: string) {
  const database = new DatabaseSync(path);
  return { database, store: sqliteStore(database) };
}

test("C480 the jobs of a process that was killed are taken at once, and those of one that lives are not", {
  timeout: 120_000,
}, () =>
  withPath(async (path) => {
    /** A process that looks for the first time: it looks again after a second only. */
    const recover = async () => {
      const { database, store } = open(path);
      const { engine } = holdingFlow(store, () => {});
      const { jobs } = await engine.recover();
      for (const { flow, job } of jobs) assertEquals(await flow.waitForCompletion(job, { timeoutMs: 60_000 }), true);
      await engine.close();
      database.close();
      return jobs.map(({ job }) => [job.jobId, job.status]);
    };
    await withProcess({ args: [HOLDING_PROCESS, path] }, async (holder) => {
      assertStringIncludes(await holder.line("its job"), "holding");
      assertEquals(await recover(), [], "while it lives");
    });
    assertEquals(await recover(), [["job", "completed"]], "when it was killed");
  }));

test("C480 a connection that is closed frees its jobs, and its file is used again", () =>
  withPath(async (path, files) => {
    const [first, second] = [open(path), open(path)];
    const lost = await enter(first.store, "lost", { leaseMs: HOUR_MS });
    await createJob(first.store, "job", 0, { claim: lost });
    const taker = await enter(second.store, "taker", { leaseMs: HOUR_MS });
    await createJob(second.store, "other", 0, { claim: taker });
    assertEquals([idsOf(await take(second.store, taker)), files().length], [[], 2]);

    first.database.close();
    const third = open(path);
    const heir = await enter(third.store, "heir", { leaseMs: HOUR_MS });
    assertEquals([idsOf(await take(third.store, heir)), files().length], [["job"], 2]);
    assertEquals(await third.store.renew(lost, HOUR_MS, NOW), { now: NOW, isHeld: false });

    third.database.close();
    const fourth = open(path);
    const last = await enter(fourth.store, "last", { leaseMs: HOUR_MS });
    assertEquals([idsOf(await take(fourth.store, last)), files().length], [["job"], 2]);
    assertEquals(idsOf(await take(fourth.store, last)), [], "the second one lives");
    await fourth.store.close();
    const fifth = open(path);
    const late = await enter(fifth.store, "late");
    assertEquals(
      [idsOf(await take(fifth.store, late)), files().length],
      [[], 2],
      "a store that was closed is not dead",
    );
    assertEquals((await fifth.store.renew(last, HOUR_MS, NOW)).isHeld, true);
    await fifth.store.close();
    await second.store.close();
    for (const { database } of [second, fourth, fifth]) database.close();
  }));

test("C480 a worker without work, which asks only when something is due, hears at once of the jobs of a process that is gone", () =>
  withPath(async (path) => {
    const first = open(path);
    const lost = await enter(first.store, "lost", { leaseMs: HOUR_MS });
    await createJob(first.store, "job", 0, { claim: lost });
    const [second, third] = [open(path), open(path)];
    assertEquals(await second.store.nextDueAt({ now: NOW }), NOW + HOUR_MS, "while it lives");
    first.database.close();
    assertEquals(await third.store.nextDueAt({ now: NOW }), 1_000, "when it is gone");
    for (const { store, database } of [second, third]) {
      await store.close();
      database.close();
    }
  }));

test("an owner that enters again, and one whose name was taken over, keep what is theirs", () =>
  withPath(async (path) => {
    const [first, second] = [open(path), open(path)];
    const before = await enter(first.store, "engine", { leaseMs: HOUR_MS });
    await createJob(first.store, "job", 0, { claim: before });
    const after = await enter(second.store, "engine", { leaseMs: HOUR_MS });
    assertEquals(idsOf(await take(second.store, after)), []);
    first.database.close();
    const third = open(path);
    assertEquals(
      idsOf(await take(third.store, await enter(third.store, "other"))),
      ["job"],
      "the first incarnation is gone",
    );
    assertEquals((await third.store.renew(after, HOUR_MS, NOW)).isHeld, true, "the second one is not");
    for (const { store, database } of [second, third]) {
      await store.close();
      database.close();
    }
  }));

test("where no file can be locked, leases tell as before", () =>
  withPath(async (path) => {
    const [first, second] = [open(path), open(path)];
    first.database.exec("BEGIN");
    const lost = await enter({ ...first.store }, "lost", { leaseMs: HOUR_MS }).catch(() => undefined);
    assertEquals(lost, undefined, "a transaction is open on the connection");
    first.database.exec("COMMIT");
    const owner = await enter(second.store, "owner", { leaseMs: HOUR_MS });
    await createJob(second.store, "job", 0, { claim: owner });
    second.database.exec("DROP TABLE routilux_processes");
    second.database.close();
    const third = open(path);
    assertEquals(idsOf(await take(third.store, await enter(third.store, "third"))), [], "nobody knows of its file");
    for (const { store, database } of [first, third]) {
      await store.close();
      database.close();
    }
  }));
