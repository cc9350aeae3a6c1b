import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { TimeoutError } from "../../mod.ts";
import { exportJobs } from "../../src/cli/export_jobs.ts";
import { type ExportedJob, readExportedJob } from "../../src/cli/exported_job.ts";
import { failureOf, reasonOf } from "../../src/cli/failure.ts";
import { loadFor } from "../../src/cli/load_for.ts";
import { shortened } from "../../src/cli/printable.ts";
import { Progress } from "../../src/cli/progress.ts";
import { JobImport } from "../../src/cli/import_jobs.ts";
import { type JobChange, watchJob } from "../../src/cli/watch_job.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { type ManualTimers, manualTimers } from "../../src/testing/mod.ts";
import { fullJob } from "../support/full_job_document.ts";
import { barsIn, inOwnFolder, NOW, runCommand } from "./run_command.ts";
import { sampleDocuments } from "./sample_documents.ts";
import { inStore, makeStore, sampleEngine } from "./sample_store.ts";

/** Runs a test with a store of one job, whose address it gets. */
function withJob(use: (store: string, path: (name: string) => string) => Promise<void>): Promise<void> {
  return inOwnFolder(async (path) => {
    await makeStore(path("jobs.db"), async ({ start }) => void await start("j"));
    await use(`sqlite:${path("jobs.db")}`, path);
  });
}

function exported(jobId: string, entries: readonly string[]): ExportedJob {
  const labels = {
    createdAt: NOW,
    flowId: "f",
    flowHash: "h",
    queue: "default",
    priority: 1,
    tags: {},
    parentId: undefined,
  };
  const head = { status: "running", dueAt: undefined, endedAt: undefined };
  return {
    format: "routilux/stored-job",
    version: 1,
    jobId,
    labels,
    head,
    flow: "{}",
    snapshot: "{}",
    entries,
    commands: [],
  };
}

test("instants may be days, instants and ages, and nothing else", () =>
  withJob(async (store) => {
    for (const when of ["2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z", "90s", "15m", "12h", "30d"]) {
      const { exit } = await runCommand(["count", "--created-before", when, "--store", store]);
      assertEquals(exit, 0, when);
    }
    for (const when of ["yesterday", "2026-02-30", "1w", ""]) {
      const { errors, exit } = await runCommand(["count", `--created-before=${when}`, "--store", store]);
      assertEquals(exit, 2, when);
      assertMatch(
        errors,
        /--created-before is ".*", and must be an instant like 2026-01-31 .*, or an age like 12h or 30d/,
      );
    }
  }));

test("tags, ids and numbers of another form are refused", () =>
  withJob(async (store) => {
    const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [["count", "--tag", "team"], /--tag is "team", and must be NAME=VALUE/],
      [["jobs", "list", "--limit", "0"], /--limit is "0", and must be a whole number of at least 1/],
      [["fork", "j", "1.5"], /the REVISION is "1.5", and must be a whole number of at least 0/],
      [["fork", "j", "1", "--id", "__proto__"], /fork: the --id must be a non-empty string \(and none of __proto__,/],
      [
        ["fork", "j", "1", "--id", "x".repeat(1_025)],
        /fork: the --id must have at most 1024 bytes of UTF-8, it has 1025/,
      ],
      [["jobs", "pause", "j", "--key", ""], /jobs pause: the --key must be a non-empty string/],
      [
        ["jobs", "cancel", "j", "--reason", "-5"],
        /ambiguous; a value that begins with a dash is written as in --reason=-5; see/,
      ],
      [["jobs", "deliver", "j", "r", "s", "-5"], /'-5'; an argument that begins with a dash stands after --; see/],
      [["jobs", "purge", "--ended-before", "999999999d"], /"999999999d", and must be an instant like/],
    ];
    for (const [args, message] of cases) {
      const { errors, exit } = await runCommand([...args, "--store", store]);
      assertEquals(exit, 2);
      assertMatch(errors, message);
    }
  }));

test("a fork without an id gets one of its own", () =>
  withJob(async (store) => {
    const { jobId } = JSON.parse((await runCommand(["fork", "j", "1", "--json", "--store", store])).output);
    assertMatch(jobId, /^[0-9a-f-]{36}$/);
  }));

test("a held job is shown with its holder", () =>
  inOwnFolder(async (path) => {
    await inStore(path("jobs.db"), async (store) => {
      const { engine, start } = sampleEngine(store);
      await start("j");
      const address = `sqlite:${path("jobs.db")}`;
      const { output } = await runCommand(["jobs", "list", "--store", address]);
      assertMatch(output, /^j .* at \d+ \d+|^j +running +office +default +\S+ +\S*.*$/m);
      assertMatch((await runCommand(["jobs", "show", "j", "--store", address])).output, /queue default, held by .+$/m);
      const { errors, exit } = await runCommand(["jobs", "delete", "j", "--store", address]);
      assertEquals(exit, 4);
      assertMatch(errors, /it is live in the engine of owner/);
      await engine.close();
    });
  }));

test("a pause may give handlers time, and a purge has a status and a limit", () =>
  withJob(async (store) => {
    assertEquals(
      (await runCommand(["jobs", "pause", "j", "--grace-ms", "5", "--store", store])).output,
      "the pause is stored\n",
    );
    const args = ["jobs", "purge", "--ended-before", "2027-01-01", "--status", "failed", "--limit", "5"];
    assertEquals((await runCommand([...args, "--store", store])).output, "0 jobs are deleted\n");
    const bad = await runCommand([...args, "--status", "running", "--store", store]);
    assertEquals(bad.exit, 2);
  }));

test("a delivery is checked by the schema of its slot where the classes are known", () =>
  withJob(async (store, path) => {
    const library = new URL("../../mod.ts", import.meta.url).href;
    await writeFile(
      path("registry.ts"),
      `import { Registry, Routine } from "${library}";
       const schema = { "~standard": { version: 1, vendor: "test", validate: (value) =>
         typeof value.n === "number" ? { value } : { issues: [{ message: "n is no number" }] } } };
       class Office extends Routine {
         readonly trigger = this.addSlot("trigger", this.begin);
         readonly item = this.addSlot("item", this.work);
         readonly answer = this.addSlot("answer", this.end, { schema });
         readonly output = this.addEvent("output");
         begin() {} work() {} end() {}
       }
       export default new Registry({ Office });`,
    );
    const args = ["jobs", "deliver", "j", "office", "answer"];
    const deliver = (data: string) => runCommand([...args, data, "--registry", path("registry.ts"), "--store", store]);
    const { errors, exit } = await deliver('{"n":"x"}');
    assertEquals(exit, 4);
    assertMatch(errors, /n is no number/);
    assertEquals((await deliver('{"n":1}')).output, "the delivery is stored\n");
  }));

test("a module without exports is no registry", () =>
  inOwnFolder(async (path) => {
    await writeFile(path("empty.ts"), "export {};");
    const { errors } = await runCommand(["check", "-", "--registry", path("empty.ts")], {
      input: JSON.stringify(fullJob()),
    });
    assertMatch(errors, /it exports nothing/);
  }));

test("an import tells which jobs it has left out, but not of hundreds", () =>
  inOwnFolder(async (path) => {
    const lines = (entry: string) =>
      Array.from({ length: 25 }, (_, n) => `${JSON.stringify(exported(`job ${n}`, [entry]))}\n`);
    const store = ["--store", `sqlite:${path("jobs.db")}`];
    await runCommand(["import", ...store], { input: lines("{}").join("") });
    const few = await runCommand(["import", ...store], { input: lines("{ }").slice(0, 2).join("") });
    assertEquals([few.exit, few.output], [1, "standard input: 0 jobs are stored\n"]);
    assertEquals(few.errors, "2 jobs are left out, because other jobs have these ids: job 0, job 1\n");
    const many = await runCommand(["import", ...store], { input: lines("{ }").join("") });
    assertMatch(many.errors, /^25 jobs are left out, .*job 19, …\n$/);
    const json = await runCommand(["import", "--json", ...store], { input: lines("{ }").join("") });
    const { ids, stored, taken } = JSON.parse(json.output);
    assertEquals([json.exit, json.errors, ids.length, stored, taken], [1, "", 20, 0, 25]);
  }));

test("history shows entries of every kind, and names a damaged one", () =>
  inOwnFolder(async (path) => {
    const entries = ['{"kind":"claim","owner":"o"}', '{"kind":"deliver","task":{"id":7}}', "1"];
    const input = [exported("odd", entries), exported("damaged", ["{"])].map((it) => JSON.stringify(it)).join("\n");
    const store = ["--store", `sqlite:${path("jobs.db")}`];
    await runCommand(["import", ...store], { input });
    const { output } = await runCommand(["history", "odd", ...store]);
    assertMatch(output, /^2 +undefined +claim +by o\n3 +undefined +deliver +task 7\n4 /m);
    const { errors, exit } = await runCommand(["history", "damaged", ...store]);
    assertEquals(exit, 4);
    assertMatch(errors, /the entry of revision 2 of job "damaged" is damaged: /);
    const shown = await runCommand(["jobs", "show", "odd", ...store]);
    assertEquals(shown.exit, 4);
    assertEquals(shown.errors.split("\n").length, 2);
  }));

test("an export that is interrupted leaves its file to be gone on with", () =>
  withJob(async (store, path) => {
    const interruption = new AbortController();
    interruption.abort();
    const { errors, exit } = await runCommand(["export", path("a.jsonl"), "--store", store], {
      signal: interruption.signal,
    });
    assertEquals([exit, errors], [130, ""]);
    const resumed = await runCommand(["export", path("a.jsonl"), "--resume", "--json", "--store", store]);
    assertEquals(JSON.parse(resumed.output), { path: path("a.jsonl"), written: 1, held: 0, before: 0 });
    const nowhere = await runCommand(["export", path("no/such/folder.jsonl"), "--store", store]);
    assertEquals(nowhere.exit, 3);
    assertMatch(nowhere.errors, /folder\.jsonl: the file cannot be written: there is no such folder; make it first/);
  }));

/** Lets time pass until a promise has settled. */
async function whileTimePasses<T>(timers: ManualTimers, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const over = promise.finally(() => isOver = true);
  over.catch(() => {});
  while (!isOver) await timers.advance(500);
  return await over;
}

/** Watches the one job of a store that waits; `begun` resolves when the watcher has seen it. */
async function watchSample() {
  const store = memoryStore();
  const sample = sampleEngine(store);
  await sample.start("j");
  const timers = manualTimers(NOW);
  const changes: JobChange[] = [];
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  const host = { signal: new AbortController().signal, timers };
  const watched = watchJob(store, "j", host, (change) => Promise.resolve(resolve(void changes.push(change))));
  await begun;
  return { store, sample, timers, changes, watched };
}

test("a watcher says nothing while nothing changes, and hears of the end", async () => {
  const { changes, sample, timers, watched } = await watchSample();
  for (let n = 0; n < 3; n++) await timers.advance(500);
  assertEquals(changes.length, 1);
  await sample.engine.handle("j").cancel();
  await sample.recover();
  await sample.engine.shutdown({ drain: false });
  assertEquals(await whileTimePasses(timers, watched), "cancelled");
  assertEquals(changes.some(({ message }) => message === "the job went from running to cancelled"), true);
});

test("a watcher returns when a job has ended whose failures are to be discarded, and waits where it is to be redriven", async () => {
  const { changes, sample, store, timers, watched } = await watchSample();
  const handle = sample.engine.handle("j");
  await handle.cancel();
  await sample.recover();
  await sample.engine.shutdown({ drain: false });
  await whileTimePasses(timers, watched);
  const asking = sampleEngine(store);
  const watch = () => {
    const host = { signal: new AbortController().signal, timers };
    return watchJob(store, "j", host, (change) => Promise.resolve(void changes.push(change)));
  };
  const record = await store.find("j");
  assert(record !== undefined);
  const sent = { key: "unreadable", text: "no JSON", reopens: true, keyRetentionMs: 1_000, room: 10, now: NOW };
  assertEquals(await store.send(record, sent), "stored");
  await asking.engine.handle("j").discard(true);
  assertEquals(await watch(), "cancelled");
  await asking.engine.handle("j").redrive();
  let isOver = false;
  const redriven = watch().finally(() => isOver = true);
  for (let n = 0; n < 5; n++) await timers.advance(500);
  assertEquals(isOver, false);
  await asking.recover();
  await asking.engine.handle("j").deliver({ routine: "office", slot: "answer" }, {});
  await asking.recover();
  await asking.engine.shutdown({ drain: false });
  assertEquals(await whileTimePasses(timers, redriven), "completed");
});

test("a watcher says when the job is gone", async () => {
  const { sample, store, timers, watched } = await watchSample();
  await sample.engine.shutdown({ drain: false });
  const record = await store.find("j");
  assertEquals(record === undefined ? false : await store.delete(record), true);
  await assertRejects(() => whileTimePasses(timers, watched), Error, 'the store has no job "j"');
});

test("jobs watch answers in JSON, a line for each change, and says by its exit code how the job has ended", () =>
  inOwnFolder(async (path) => {
    await makeStore(path("jobs.db"), async ({ engine, recover, start }) => {
      await start("j");
      await engine.handle("j").cancel();
      await recover();
    });
    const { exit, output } = await runCommand(["jobs", "watch", "j", "--json", "--store", `sqlite:${path("jobs.db")}`]);
    assertEquals(exit, 1);
    assertEquals(JSON.parse(output).path, "");
  }));

test("a job that is deleted while others are exported is left out; one without a journal is stored at once", async () => {
  const store = memoryStore();
  const importing = new JobImport(store, manualTimers(NOW), () => "t");
  const whole = exported("whole", []);
  const outcomes = await importing.add([whole, exported("gone", []), {
    ...whole,
    jobId: "child",
    labels: { ...whole.labels, parentId: "whole" },
  }]);
  assertEquals(outcomes.map(({ outcome }) => outcome), ["stored", "stored", "stored"]);
  await importing.end();
  const deleting: Store = {
    ...store,
    list: async (query) => {
      const page = await store.list(query);
      const gone = page.jobs.find(({ jobId }) => jobId === "gone");
      if (gone !== undefined) await store.delete(gone);
      return page;
    },
  };
  const jobs: ExportedJob[] = [];
  for await (const { job } of exportJobs(deleting, undefined, () => NOW)) jobs.push(job);
  assertEquals(jobs.map(({ jobId, labels }) => [jobId, labels.parentId]), [["child", "whole"], ["whole", undefined]]);
  assertEquals(jobs.map(readExportedJob), jobs);
  assertEquals(readExportedJob({ ...whole, labels: 1 }), "labels.createdAt: expected a whole number of milliseconds");
});

test("documents may stand alone in an object, and a flow beside another job", () =>
  inOwnFolder(async (path) => {
    const { after, flow } = await sampleDocuments();
    await writeFile(path("both.json"), JSON.stringify({ flow, job: fullJob() }));
    const alone = await runCommand(["inspect", "-"], { input: JSON.stringify({ flow }) });
    assertMatch(alone.output, /^flow 3 routines, 2 connections/);
    const lonely = await runCommand(["inspect", "-"], {
      input: JSON.stringify({ flow: { ...flow, connections: [] } }),
    });
    assertEquals(lonely.output.includes("connected to"), false);
    const drawn = await runCommand(["diagram", "-", "--flow", path("both.json")], {
      input: JSON.stringify({ jobState: after }),
    });
    assertMatch(drawn.output, /1 awaiting/);
    const list = await runCommand(["diagram", "-", "--flow", path("list.json")], { input: JSON.stringify(after) });
    assertEquals(list.exit, 3);
    await writeFile(path("list.json"), "[]");
    const other = await runCommand(["diagram", "-", "--flow", path("list.json")], { input: JSON.stringify(after) });
    assertMatch(other.errors, /expected an object, got an array/);
    await writeFile(path("other.json"), '{"a":1}');
    const odd = await runCommand(["diagram", "-", "--flow", path("other.json")], { input: JSON.stringify(after) });
    assertMatch(odd.errors, /format: expected "routilux\/flow", got nothing/);
  }));

test("a class that cannot be built is a finding", () =>
  inOwnFolder(async (path) => {
    const { flow } = await sampleDocuments();
    const library = new URL("../../mod.ts", import.meta.url).href;
    await writeFile(
      path("registry.ts"),
      `import { Registry, Routine } from "${library}";
       class Intake extends Routine { constructor() { super(); throw new RangeError("not today"); } }
       class Stock extends Routine {}
       class Payment extends Routine {}
       export const registry = new Registry({ Intake, Stock, Payment });`,
    );
    const { exit, output } = await runCommand(["check", "-", "--registry", path("registry.ts")], {
      input: JSON.stringify(flow),
    });
    assertEquals(exit, 1);
    assertMatch(output, /not today/);
  }));

test("a report cuts very long values off", async () => {
  const input = JSON.stringify({ ...fullJob(), sharedData: { long: "x".repeat(30_000) } });
  const { output } = await runCommand(["report", "-"], { input });
  assertMatch(output, /x{100}… \(30002 characters\)/);
});

test("failures of every kind become one line and an exit code", () => {
  assertEquals(failureOf(new TimeoutError("a job", 5)).exit, 4);
  assertEquals(failureOf("thrown\ntext"), {
    exit: 70,
    line: "A fault of routilux, please report it: string: thrown\\ntext",
  });
  assertEquals(failureOf(new RangeError("odd")).line, "A fault of routilux, please report it: RangeError: odd");
  assertEquals(reasonOf(7), "7");
  assertEquals([shortened("abcdef", 4), shortened("abc\t", 9)], ["abc…", "abc\\t"]);
});

test("a module that is missing is named, with the remedy", async () => {
  await assertRejects(
    () => loadFor("./no_such_module.ts", "install it"),
    Error,
    "./no_such_module.ts cannot be loaded; install it",
  );
});

test("a watched job has a bar on a terminal, which goes before each line", () =>
  inOwnFolder(async (path) => {
    await makeStore(path("jobs.db"), async ({ engine, recover, start }) => {
      await start("j");
      await engine.handle("j").cancel();
      await recover();
      await start("waiting");
    });
    const watch = (jobId: string, isTerminal: boolean, signal?: AbortSignal) =>
      runCommand(["jobs", "watch", jobId, "--store", `sqlite:${path("jobs.db")}`], {
        isTerminal,
        ...(signal === undefined ? {} : { signal }),
      });
    assertEquals(barsIn((await watch("j", true)).errors), [`${"█".repeat(18)}${"░".repeat(6)} 75 %, 3 of 4 tasks`]);
    assertEquals((await watch("j", false)).errors, "");
    const interrupted = await watch("waiting", true, AbortSignal.abort());
    assertEquals(barsIn(interrupted.errors).at(-1)?.endsWith("75 %, 3 of 4 tasks"), true);
  }));

test("a purge of many jobs shows how many are deleted, and ends when it is interrupted", () =>
  inOwnFolder(async (path) => {
    await makeStore(path("jobs.db"), async ({ engine, recover, start }) => {
      for (const jobId of ["a", "b", "c"]) {
        await start(jobId);
        await engine.handle(jobId).cancel();
      }
      await recover();
    });
    const purge = (args: readonly string[], signal?: AbortSignal) =>
      runCommand(["jobs", "purge", "--ended-before", "2026-02-01", ...args, "--store", `sqlite:${path("jobs.db")}`], {
        isTerminal: true,
        ...(signal === undefined ? {} : { signal }),
      });
    const interrupted = await purge([], AbortSignal.abort());
    assertEquals([interrupted.exit, interrupted.output, interrupted.errors], [130, "", ""]);
    assertEquals((await purge(["--limit", "2"])).output, "2 jobs are deleted\n");
    const { errors, output } = await purge([]);
    assertEquals([barsIn(errors), output], [["1 jobs"], "1 job is deleted\n"]);
  }));

test("progress is a line for each ten thousand where nobody looks, and elsewhere a bar that is taken away at the end", async () => {
  const count = async (isTerminal: boolean, total: number | undefined, steps: number) => {
    let text = "";
    const progress = new Progress(
      { errors: { isTerminal, write: (part) => Promise.resolve(void (text += part)) } },
      "jobs",
      total,
    );
    for (let n = 0; n < steps; n++) await progress.step();
    await progress.end();
    return text;
  };
  assertEquals(await count(false, undefined, 20_001), "10000 jobs\n20000 jobs\n");
  assertEquals(await count(false, 10_000, 10_000), "10000 of 10000 jobs\n");
  assertEquals(barsIn(await count(true, undefined, 2)), ["1 jobs", "2 jobs"]);
  assertEquals(barsIn(await count(true, 2, 1)), [`${"█".repeat(12)}${"░".repeat(12)} 50 %, 1 of 2 jobs`]);
});

test("nobody who reads a bar any more ends no command", async () => {
  const closed = { isTerminal: true, write: () => Promise.reject(new Error("EPIPE")) };
  const progress = new Progress({ errors: closed }, "jobs", 2);
  await progress.step();
  await progress.step();
  await progress.end();
  assertEquals(progress.done, 2);
});
