import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { fileStore } from "../../src/stores/file_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { inOwnFolder, NOW, runCommand } from "./run_command.ts";
import { inStore, makeStore, sampleEngine } from "./sample_store.ts";

/** Runs a test with a store of three jobs: one waits, one has completed, one has failed. */
function withSample(
  use: (store: string, path: string, file: (name: string) => string) => Promise<void>,
): Promise<void> {
  return inOwnFolder(async (file) => {
    const path = file("jobs.db");
    await makeStore(path, async ({ engine, recover, start }) => {
      await start("waiting", {}, { queue: "slow", tags: { team: "a=b" } });
      await start("done", { asks: false });
      await start("failed");
      await engine.handle("failed").deliver({ routine: "office", slot: "answer" }, { n: 3 });
      await recover();
    });
    await use(`sqlite:${path}`, path, file);
  });
}

/** Lets an engine take up what is due. */
async function goOn(path: string): Promise<void> {
  await makeStore(path, async ({ recover }) => void await recover());
}

async function answer(...args: readonly string[]) {
  const { errors, exit, output } = await runCommand([...args, "--json"]);
  assertEquals([exit, errors], [0, ""]);
  return JSON.parse(output);
}

test("jobs list shows the jobs that fit its filters, page by page", () =>
  withSample(async (store) => {
    const ids = async (...args: readonly string[]) => {
      const { jobs } = await answer("jobs", "list", "--store", store, ...args);
      return jobs.map(({ jobId }: { jobId: string }) => jobId).sort();
    };
    assertEquals(await ids(), ["done", "failed", "waiting"]);
    assertEquals(await ids("--status", "failed"), ["failed"]);
    assertEquals(await ids("--queue", "slow"), ["waiting"]);
    assertEquals(await ids("--tag", "team=a=b"), ["waiting"]);
    assertEquals(await ids("--flow", "other"), []);
    assertEquals(await ids("--created-before", "2025-12-31"), []);
    assertEquals(await ids("--ended-before", "2026-01-02T00:00:00Z"), ["done", "failed"]);
    const first = await runCommand(["jobs", "list", "--store", store, "--limit", "2"]);
    assertMatch(first.output, /^job +status +flow +queue +created +due or ended +held by\n/);
    const cursor = /There are more: add --cursor (".*")/.exec(first.errors)?.[1] ?? '""';
    const second = await runCommand(["jobs", "list", "--store", store, "--cursor", JSON.parse(cursor)]);
    assertEquals([first.output.split("\n").length, second.output.split("\n").length, second.errors], [4, 3, ""]);
    const bad = await runCommand(["jobs", "list", "--store", store, "--cursor", "odd"]);
    assertEquals(bad.exit, 2);
    assertMatch(bad.errors, /^error: .*cursor/);
  }));

test("count counts the jobs that fit its filters", () =>
  withSample(async (store) => {
    assertEquals((await runCommand(["count", "--store", store])).output, "3\n");
    assertEquals(await answer("count", "--store", store, "--status", "completed"), { count: 1 });
  }));

test("the store may be named by the environment", () =>
  withSample(async (store) => {
    assertEquals((await runCommand(["count"], { variables: { ROUTILUX_STORE: store } })).output, "3\n");
  }));

test("jobs show shows a job, and its JSON goes into the commands for documents", () =>
  withSample(async (store) => {
    const { output } = await runCommand(["jobs", "show", "waiting", "--store", store]);
    assertMatch(output, /^status {3}running$/m);
    assertMatch(output, /answer +awaiting/);
    assertMatch(output, /stored +revision \d+, queue slow, held by nobody/);
    const input = (await runCommand(["jobs", "show", "waiting", "--store", store, "--json"])).output;
    for (
      const [args, expected] of [
        [["inspect"], /^job +waiting\n/],
        [["check"], /flow and job without a fault/],
        [["diagram"], /awaited/],
        [["report"], /<!DOCTYPE html>/],
      ] as const
    ) {
      const piped = await runCommand([...args, "-"], { input });
      assertEquals(piped.exit, 0);
      assertMatch(piped.output, expected);
    }
  }));

test("history lists the revisions of a job, show shows it as it was, and fork starts a new one from there", () =>
  withSample(async (store, path) => {
    const { begins, revisions } = await answer("history", "failed", "--store", store);
    assertEquals(begins, 0);
    assertMatch((await runCommand(["history", "failed", "--store", store])).output, /^0 +snapshot +the state/m);
    const { revision } = revisions.find(({ entry }: { entry: { kind: string } }) => entry.kind === "deliver");
    const before = await answer("jobs", "show", "failed", "--store", store, "--revision", String(revision - 1));
    assertEquals(before.job.status, "running");
    const forked = await answer("fork", "failed", String(revision - 1), "--id", "second", "--store", store);
    assertEquals(forked, { jobId: "second", from: { jobId: "failed", revision: revision - 1 }, status: "running" });
    await runCommand(["jobs", "deliver", "second", "office", "answer", '{"n":4}', "--store", store]);
    await goOn(path);
    const { job } = await answer("jobs", "show", "second", "--store", store);
    assertEquals([job.status, job.sharedData.sum], ["completed", 6]);
    const again = await runCommand(["fork", "failed", "0", "--id", "second", "--store", store]);
    assertEquals(again.exit, 4);
    assertMatch(again.errors, /the store has a job "second" already/);
    const last = String(revisions.at(-1).revision);
    assertMatch((await runCommand(["fork", "failed", last, "--store", store])).errors, /had ended at revision/);
    assertMatch(
      (await runCommand(["fork", "failed", "999", "--store", store])).errors,
      /no revision 999: its revisions 0 to/,
    );
    assertEquals((await runCommand(["fork", "failed", "x", "--store", store])).exit, 2);
  }));

test("what is asked of a job is stored, and carried out by the engine that takes it", () =>
  withSample(async (store, path) => {
    const status = async (id: string) => (await answer("jobs", "show", id, "--store", store)).job.status;
    const asked = await answer("jobs", "pause", "waiting", "--reason", "lunch", "--key", "k", "--store", store);
    assertEquals(asked, { jobId: "waiting", stored: "pause", key: "k" });
    await goOn(path);
    assertEquals(await status("waiting"), "paused");
    await answer("jobs", "resume", "waiting", "--store", store);
    await answer("jobs", "deliver", "waiting", "office", "answer", '{"n":8}', "--store", store);
    await goOn(path);
    assertEquals(await status("waiting"), "completed");
    await answer("jobs", "redrive", "failed", "--store", store);
    await goOn(path);
    assertEquals(await status("failed"), "failed");
    assertEquals(
      (await answer("history", "failed", "--store", store)).revisions.some(({ entry }: { entry: { redrive?: true } }) =>
        entry.redrive
      ),
      true,
    );
  }));

test("jobs redrive takes single failures, with other data; jobs discard drops them", () =>
  withSample(async (store, path) => {
    const failures = async () => {
      const { job } = await answer("jobs", "show", "failed", "--store", store);
      return [job.status, (job.failures ?? []).map(({ task }: { task: { id: number } }) => task.id)];
    };
    const [, [task]] = await failures();
    const redrive = (...args: readonly string[]) =>
      runCommand(["jobs", "redrive", "failed", "--store", store, ...args]);
    for (const args of [["--data", "{}"], ["--task", "1", "--task", "2", "--data", "{}"]]) {
      const refused = await redrive(...args);
      assertEquals(refused.exit, 2);
      assertMatch(refused.errors, /--data is for one task; name it by --task/);
    }
    assertMatch((await redrive("--task", "one")).errors, /--task is "one", and must be a whole number of at least 1/);
    assertMatch((await redrive("--task", "99")).errors, /no failure of task 99/);
    assertMatch(
      (await redrive("--task", String(task), "--data", "{n")).errors,
      /redrive: the data is no JSON: .*; quote it/,
    );
    assertMatch((await redrive("--max-retries", "-1")).errors, /--max-retries/);
    assertEquals((await redrive("--task", String(task), "--max-retries", "2")).output, "the redrive is stored\n");
    await goOn(path);
    const { revisions } = await answer("history", "failed", "--store", store);
    assertMatch(JSON.stringify(revisions), /"maxRetries":2/);
    const [again, [next]] = await failures();
    assertEquals([again, next], ["failed", task]);
    assertEquals((await redrive("--task", String(task), "--data", '{"n":4}')).exit, 0);
    await goOn(path);
    assertEquals(await failures(), ["completed", []]);
    const { jobId } = await answer("fork", "failed", "0", "--store", store);
    assertEquals((await runCommand(["jobs", "discard", jobId, "--task", "7", "--store", store])).exit, 4);
  }));

test("jobs discard drops failures, so that no redrive puts them back", () =>
  withSample(async (store, path) => {
    const discarded = await answer("jobs", "discard", "failed", "--key", "k", "--store", store);
    assertEquals(discarded, { jobId: "failed", stored: "discarding", key: "k" });
    await goOn(path);
    assertEquals((await answer("jobs", "show", "failed", "--store", store)).job.failures, undefined);
  }));

test("jobs deliver reads data from the standard input, also as Windows writes it", () =>
  withSample(async (store, path) => {
    const args = ["jobs", "deliver", "waiting", "office", "answer", "-", "--store", store];
    const broken = await runCommand(args, { input: "{\r\n" });
    assertEquals(broken.exit, 2);
    assertEquals((await runCommand(args, { input: '\ufeff{\r\n  "n": 8\r\n}\r\n' })).exit, 0);
    await goOn(path);
    assertEquals((await answer("jobs", "show", "waiting", "--store", store)).job.status, "completed");
  }));

test("jobs cancel ends a job, with the reason", () =>
  withSample(async (store, path) => {
    await answer("jobs", "cancel", "waiting", "--reason", "not needed", "--store", store);
    await goOn(path);
    const { job } = await answer("jobs", "show", "waiting", "--store", store);
    assertEquals([job.status, job.error.name], ["cancelled", "CancelledError"]);
    assertMatch(job.error.message, /not needed/);
  }));

test("what a job cannot do is refused in one line, and nothing is stored", () =>
  withSample(async (store) => {
    const cases: readonly (readonly [args: readonly string[], exit: number, message: RegExp])[] = [
      [["jobs", "resume", "done"], 4, /it has ended/],
      [["jobs", "redrive", "done"], 4, /it has no failures, and nothing is pending/],
      [["jobs", "deliver", "waiting", "office", "nothing"], 4, /has no slot "nothing"/],
      [
        ["jobs", "deliver", "waiting", "office", "answer", "{"],
        2,
        /jobs deliver: the data is no JSON: .*; quote it for the shell, as in '{"n":1}'; see/,
      ],
      [["jobs", "list", "--cursor", "odd"], 2, /--cursor is "odd", and must be one that an earlier page has named/],
      [["jobs", "pause", "waiting", "--grace-ms", "-1"], 2, /grace-ms/],
      ...["show", "watch", "pause", "resume", "cancel", "redrive", "discard", "delete"].map((it) =>
        [["jobs", it, "no such job"], 4, /no such job|none of this id/] as const
      ),
      [["history", "no such job"], 4, /the store has no job "no such job"/],
      [["fork", "no such job", "1"], 4, /the store has no job "no such job"/],
    ];
    for (const [args, exit, message] of cases) {
      const result = await runCommand([...args, "--store", store]);
      assertEquals([result.exit, result.output], [exit, ""], args.join(" "));
      assertMatch(result.errors, message);
      assertEquals(result.errors.split("\n").length, 2);
    }
  }));

test("jobs delete and jobs purge take jobs out of the store", () =>
  withSample(async (store) => {
    assertEquals(await answer("jobs", "delete", "done", "--store", store), { jobId: "done", deleted: true });
    const unsaid = await runCommand(["jobs", "purge", "--store", store]);
    assertEquals(unsaid.exit, 2);
    assertMatch(unsaid.errors, /--ended-before is missing/);
    assertEquals(await answer("jobs", "purge", "--ended-before", "12h", "--store", store), { purged: 0 });
    assertEquals(await answer("jobs", "purge", "--ended-before", "2026-02-01", "--store", store), { purged: 1 });
    assertEquals(await answer("count", "--store", store), { count: 1 });
  }));

test("jobs watch follows a job until it has ended, a line for each change", () =>
  inOwnFolder(async (file) => {
    const path = file("jobs.db");
    await inStore(path, async (store) => {
      const sample = sampleEngine(store);
      await sample.start("j");
      const timers = manualTimers(NOW);
      let lines = 0;
      let seen: () => void = () => {};
      const started = new Promise<void>((resolve) => seen = resolve);
      const watched = runCommand(["jobs", "watch", "j", "--store", `sqlite:${path}`], {
        timers,
        onOutput: () => {
          lines++;
          seen();
        },
      });
      await started;
      await timers.advance(5_000);
      assertEquals(lines, 1, "nothing has changed");
      await sample.engine.handle("j").deliver({ routine: "office", slot: "answer" }, { n: 4 });
      await sample.recover();
      await sample.engine.close();
      // Another connection tells nothing of it: the watcher looks when it is time.
      let ended = false;
      const result = watched.finally(() => ended = true);
      while (!ended) await timers.advance(500);
      const { errors, exit, output } = await result;
      assertEquals([exit, errors], [0, ""]);
      assertMatch(
        output,
        /^2026-01-01T00:00:00\.000Z {2}the job is running, with 0 pending, 0 waiting, 1 awaiting and 0 failed tasks\n/,
      );
      assertMatch(output, /the job went from running to completed\n/);
      assertMatch(output, /task 4 \(office\.answer\) went from awaiting to ended\n/);
    });
  }));

test("jobs watch ends when it is interrupted", () =>
  withSample(async (store) => {
    const interruption = new AbortController();
    const onOutput = () => interruption.abort();
    const { errors, exit } = await runCommand(["jobs", "watch", "waiting", "--store", store], {
      signal: interruption.signal,
      onOutput,
    });
    assertEquals([exit, errors], [130, ""]);
  }));

test("a store that is not there is not made by a look into it", () =>
  inOwnFolder(async (file) => {
    for (
      const [store, message] of [
        [`sqlite:${file("jobs.db")}`, /jobs\.db: there is no such file/],
        [`file:${file("jobs")}`, /jobs: there is no such folder/],
      ] as const
    ) {
      for (let again = 0; again < 2; again++) {
        const { errors, exit } = await runCommand(["count", "--store", store]);
        assertEquals(exit, 4);
        assertMatch(errors, message);
      }
    }
  }));

test("what is no store is refused", () =>
  inOwnFolder(async (file) => {
    await writeFile(file("text.db"), "this is no database, but long enough to be taken for something else ".repeat(20));
    assertMatch(
      (await runCommand(["count", "--store", `sqlite:${file("text.db")}`])).errors,
      /text\.db: the store cannot be opened: .*; PATH must be a database of SQLite, in a folder that is there$/m,
    );
    for (const store of ["jobs.db", "oracle:x", "sqlite:", "constructor:x"]) {
      const { errors, exit } = await runCommand(["count", "--store", store]);
      assertEquals(exit, 2);
      assertMatch(
        errors,
        /is no store; a store is sqlite:PATH, file:FOLDER, postgres:\/\/USER@HOST\/DATABASE or redis:/,
      );
    }
    assertMatch((await runCommand(["count"])).errors, /no store is named; add --store /);
  }));

test("a database of somebody else is left as it is", () =>
  inOwnFolder(async (file) => {
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(file("other.db"));
    database.exec("CREATE TABLE mine (a)");
    const { errors, exit } = await runCommand(["count", "--store", `sqlite:${file("other.db")}`]);
    assertEquals(exit, 4);
    assertMatch(errors, /other\.db: the database has no jobs of routilux/);
    assertEquals(database.prepare("SELECT count(*) AS n FROM sqlite_master").get()?.["n"], 1);
    database.close();
  }));

test("a database that is damaged is told in one line", () =>
  inOwnFolder(async (file) => {
    await makeStore(file("jobs.db"), ({ start }) => start("j"));
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(file("jobs.db"));
    database.exec("PRAGMA foreign_keys = OFF; DROP TABLE routilux_jobs");
    database.close();
    const { errors, exit } = await runCommand(["jobs", "list", "--store", `sqlite:${file("jobs.db")}`]);
    assertEquals(exit, 4);
    assertMatch(errors, /^error: sqlite:[^\n]*jobs\.db: no such table: routilux_jobs\n$/);
  }));

test("a folder of files is a store too, for one process at a time", () =>
  inOwnFolder(async (file) => {
    const folder = file("jobs");
    const store = fileStore(folder, { sync: "none" });
    const sample = sampleEngine(store);
    await sample.start("j");
    const locked = await runCommand(["count", "--store", `file:${folder}`]);
    assertEquals(locked.exit, 4);
    assertMatch(locked.errors, /jobs: the store cannot be opened: .* has it open/);
    await sample.engine.close();
    assertEquals((await runCommand(["count", "--store", `file:${folder}`])).output, "1\n");
  }));
