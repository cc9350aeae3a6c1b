import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { appendFile, readFile, truncate, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { exportJobs } from "../../src/cli/export_jobs.ts";
import type { ExportedJob } from "../../src/cli/exported_job.ts";
import { JobImport } from "../../src/cli/import_jobs.ts";
import type { Store, StoredJob } from "../../src/ports/mod.ts";
import { fileStore } from "../../src/stores/file_store.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { HOSTILE_TEXTS } from "../support/hostile_texts.ts";
import { barsIn, inOwnFolder, NOW, runCommand } from "./run_command.ts";
import { inStore, makeStore, sampleEngine } from "./sample_store.ts";

const DAY_MS = 86_400_000;

/** A store with a job that waits and was asked something, one that has ended, and one that nobody has begun. */
async function sampleJobs(): Promise<{ readonly store: Store; readonly lines: readonly ExportedJob[] }> {
  const store = memoryStore();
  const { engine, flow, start } = sampleEngine(store);
  await start("waiting", { items: 3 }, { queue: "slow", tags: { a: "b" } });
  await start("done", { asks: false });
  await flow.start(flow.slot("office", "trigger"), {}, { jobId: "new" });
  await engine.shutdown({ drain: false });
  const { engine: asking } = sampleEngine(store, NOW + 1);
  await asking.handle("waiting").deliver({ routine: "office", slot: "answer" }, { n: 6 }, { key: "k" });
  return { store, lines: await linesOf(store) };
}

/** Whether this process has a file open; nobody can tell outside of Linux. */
function isOpen(path: string): boolean {
  const folder = "/proc/self/fd";
  if (!existsSync(folder)) return false;
  return readdirSync(folder).some((number) => {
    try {
      return readlinkSync(`${folder}/${number}`) === path;
    } catch {
      // The folder's own number is gone by now.
      return false;
    }
  });
}

async function linesOf(store: Store): Promise<ExportedJob[]> {
  const lines: ExportedJob[] = [];
  for await (const { job } of exportJobs(store, undefined, () => NOW)) lines.push(job);
  return lines;
}

/** What a store has of its jobs, but for who has had them and by which numbers. */
async function contentOf(store: Store): Promise<readonly object[]> {
  // Stores list the jobs of one instant in an order of their own.
  const jobs = (await store.list()).jobs.toSorted((a, b) => a.jobId < b.jobId ? -1 : 1);
  return await Promise.all(jobs.map(async ({ jobId, life }) => {
    const { entries, flow, record, snapshot } = await store.load(jobId) as StoredJob;
    const { epoch: _epoch, heldUntil: _held, incarnation: _incarnation, life: _life, revision: _revision, ...others } =
      record;
    const { commands } = await store.inbox({ jobId, life }, record.consumed, NOW);
    return { ...others, entries, flow, snapshot, commands: commands.map(({ key, text }) => ({ key, text })) };
  }));
}

function importInto(store: Store, lines: readonly ExportedJob[], now: number = NOW): Promise<unknown> {
  const jobs = new JobImport(store, manualTimers(now), () => `token ${now}`);
  return jobs.add(lines).finally(() => jobs.end());
}

test("what was imported is what was exported: documents, journals, labels, and what was asked", async () => {
  const { lines, store } = await sampleJobs();
  const other = memoryStore();
  await importInto(other, lines);
  assertEquals(await contentOf(other), await contentOf(store));
  assertEquals(await linesOf(other), lines);
});

test("imported jobs go on where they were, and their histories are there", async () => {
  const { lines } = await sampleJobs();
  const store = memoryStore();
  await importInto(store, lines);
  const { engine, recover } = sampleEngine(store, NOW + 2);
  await recover();
  const job = await engine.handle("waiting").read();
  assertEquals([job.status, job.sharedData["sum"], job.outputLog.length], ["completed", 12, 5]);
  assertEquals((await engine.handle("new").read()).pendingTasks.map(({ slot }) => slot), ["answer"]);
  let revisions = 0;
  for await (const { job } of engine.history("waiting")) if (job.status !== "completed") revisions++;
  assertEquals(revisions > 5, true);
  await engine.close();
});

/** A store that dies at a call: before it does anything, or after. */
function dyingStore(
  store: Store,
  atCall: number,
  does: boolean,
): { readonly store: Store; readonly hasDied: () => boolean } {
  let calls = 0;
  const proxy = new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]) => {
        if (calls >= atCall) throw new Error("dead");
        if (++calls < atCall) return await method.apply(target, args);
        if (does) await method.apply(target, args);
        throw new Error("dead");
      };
    },
  });
  return { store: proxy, hasDied: () => calls >= atCall };
}

test("an import that died at any call is completed by the next one", async () => {
  const { lines, store: original } = await sampleJobs();
  const expected = await contentOf(original);
  let deaths = 0;
  for (const does of [false, true]) {
    for (let atCall = 1, died = true; died; atCall++) {
      const store = memoryStore();
      const dying = dyingStore(store, atCall, does);
      await importInto(dying.store, lines).catch(() => {});
      died = dying.hasDied();
      if (died) deaths++;
      await importInto(store, lines, NOW + 1_000);
      assertEquals(await contentOf(store), expected, `died at call ${atCall}, ${does ? "after" : "before"} it`);
    }
  }
  assertEquals(deaths > 10, true);
});

test("a store with a job that is half there is not exported", async () => {
  const { lines } = await sampleJobs();
  const store = memoryStore();
  await importInto(dyingStore(store, 3, false).store, lines).catch(() => {});
  await assertRejects(
    () => linesOf(store),
    Error,
    "is only half there: its import was interrupted; run that import again",
  );
});

test("nobody goes on with a job that is half there, however long the import stays interrupted", async () => {
  const { lines } = await sampleJobs();
  for (const does of [false, true]) {
    for (let atCall = 1, died = true; died; atCall++) {
      const store = memoryStore();
      const dying = dyingStore(store, atCall, does);
      await importInto(dying.store, lines).catch(() => {});
      died = dying.hasDied();
      const early = sampleEngine(store, NOW + 30 * DAY_MS);
      await early.recover().catch(() => {});
      await early.engine.shutdown({ drain: false });
      await importInto(store, lines, NOW + 31 * DAY_MS);
      const { engine, recover } = sampleEngine(store, NOW + 32 * DAY_MS);
      await recover();
      const job = await engine.handle("waiting").read();
      const outputs = job.outputLog.map(({ type }) => type).sort();
      assertEquals([job.status, job.sharedData["sum"]], ["completed", 12], `died at call ${atCall}`);
      assertEquals(outputs, ["answered", "worked", "worked", "worked", "worked"], `died at call ${atCall}`);
      await engine.close();
    }
  }
});

test("an id that another job has is left out, and told", async () => {
  const { lines } = await sampleJobs();
  const store = memoryStore();
  const { start } = sampleEngine(store);
  await start("done", { items: 1, asks: false });
  const before = await store.load("done");
  const jobs = new JobImport(store, manualTimers(NOW), () => "t");
  const outcomes = lines.map(({ jobId }) => ({
    jobId,
    outcome: jobId === "done" ? "taken" as const : "stored" as const,
  }));
  assertEquals(await jobs.add(lines), outcomes);
  assertEquals((await store.load("done"))?.entries, before?.entries);
});

test("two commands bring all jobs from a database into a folder, and back", () =>
  inOwnFolder(async (file) => {
    const [from, to, back] = [file("from.db"), file("to"), file("back.db")];
    await makeStore(from, async ({ start }) => {
      for (const [index, text] of HOSTILE_TEXTS.entries()) await start(`${index} ${text}`, { items: index % 3 });
    });
    const lines = file("jobs.jsonl");
    const exported = await runCommand(["export", lines, "--store", `sqlite:${from}`]);
    assertEquals([exported.exit, exported.output, exported.errors], [0, `${lines}: 26 jobs are written\n`, ""]);
    const imported = await runCommand(["import", lines, "--store", `file:${to}`]);
    assertEquals([imported.exit, imported.output, imported.errors], [0, `${lines}: 26 jobs are stored\n`, ""]);
    const piped = await runCommand(["export", "--store", `file:${to}`]);
    assertEquals([piped.exit, piped.errors], [0, "26 jobs are written\n"]);
    assertEquals(linesIn(piped.output), linesIn(await readFile(lines, "utf8")));
    const { exit, output } = await runCommand(["import", "--json", "--store", `sqlite:${back}`], {
      input: piped.output,
    });
    assertEquals([exit, JSON.parse(output)], [0, { stored: 26, taken: 0, ids: [] }]);
    const again = await runCommand(["import", lines, "--store", `sqlite:${back}`]);
    assertEquals([again.exit, again.output], [0, `${lines}: 26 jobs are stored\n`]);
    assertEquals(await inStore(back, contentOf), await inStore(from, contentOf));
    const folder = fileStore(to);
    assertEquals(await contentOf(folder), await inStore(from, contentOf));
    await folder.close();
  }));

/** The lines of an export as values, in an order that does not depend on the store. */
function linesIn(text: string): unknown[] {
  return text.split("\n").filter((line) => line !== "").sort().map((line) => JSON.parse(line));
}

test("an export that was cut short anywhere goes on with its file", () =>
  inOwnFolder(async (file) => {
    const path = file("from.db");
    await makeStore(path, async ({ start }) => {
      for (let n = 0; n < 5; n++) await start(`job ${n}`, { items: n });
    });
    const args = ["export", file("all.jsonl"), "--store", `sqlite:${path}`];
    await runCommand(args);
    const whole = await readFile(file("all.jsonl"));
    for (const part of [0, 0.1, 0.35, 0.5, 0.77, 1]) {
      const bytes = Math.floor(whole.length * part);
      await writeFile(file("part.jsonl"), whole);
      await truncate(file("part.jsonl"), bytes);
      const { exit } = await runCommand(["export", file("part.jsonl"), "--resume", "--store", `sqlite:${path}`]);
      assertEquals(exit, 0);
      assertEquals(await readFile(file("part.jsonl"), "utf8"), new TextDecoder().decode(whole));
    }
    // The last job that was written is gone: those of its instant are written again, and known again where they go.
    await truncate(file("part.jsonl"), whole.indexOf(0x0a) + 1);
    await runCommand(["jobs", "delete", "job 0", "--store", `sqlite:${path}`]);
    await runCommand(["export", file("part.jsonl"), "--resume", "--store", `sqlite:${path}`]);
    assertEquals(await readFile(file("part.jsonl"), "utf8"), new TextDecoder().decode(whole));
    const over = await runCommand(args);
    assertEquals(over.exit, 3);
    assertMatch(over.errors, /all\.jsonl: .*the file is there already; remove it, or go on with it by --resume/);
    const nameless = await runCommand(["export", "--resume", "--store", `sqlite:${path}`]);
    assertEquals(nameless.exit, 2);
    await writeFile(file("other.jsonl"), "{}\n");
    const other = await runCommand(["export", file("other.jsonl"), "--resume", "--store", `sqlite:${path}`]);
    assertEquals(other.exit, 3);
    assertMatch(
      other.errors,
      /other\.jsonl: line 1: format: expected "routilux\/stored-job", got undefined; it is no export/,
    );
    assertEquals(await readFile(file("other.jsonl"), "utf8"), "{}\n");
  }));

test("an export says how many of the jobs somebody works on", () =>
  inOwnFolder(async (file) => {
    const path = file("from.db");
    await inStore(path, async (store) => {
      const { engine, start } = sampleEngine(store);
      await start("j");
      const { errors, exit } = await runCommand(["export", file("a.jsonl"), "--store", `sqlite:${path}`]);
      assertEquals(exit, 0);
      assertMatch(errors, /^1 of the jobs is held by engines at work: .*; stop the workers, and export again\n$/);
      // Whoever had it is not where it is going: there, it is due.
      const [line = ""] = (await readFile(file("a.jsonl"), "utf8")).split("\n");
      assertEquals(JSON.parse(line).head.dueAt, NOW);
      await engine.close();
    });
  }));

test("a line that is wrong is named, and what came before it is stored", () =>
  inOwnFolder(async (file) => {
    const { lines } = await sampleJobs();
    const good = lines.map((line) => `${JSON.stringify(line)}\n`);
    const cases: readonly (readonly [text: string, message: RegExp])[] = [
      ["{\n", /line 4: /],
      ["\n\n{}\n", /line 6: format: expected "routilux\/stored-job", got undefined/],
      [JSON.stringify({ ...lines[0], version: 2 }), /line 4: version: expected 1, got 2; a newer routilux may read it/],
      [JSON.stringify({ ...lines[0], entries: [1] }), /line 4: entries: expected a list of texts/],
      ["[1]", /line 4: expected an object/],
    ];
    for (const [index, [text, message]] of cases.entries()) {
      const path = file(`${index}.jsonl`);
      await writeFile(path, good.join(""));
      await appendFile(path, text);
      const { errors, exit } = await runCommand(["import", path, "--store", `sqlite:${file(`${index}.db`)}`]);
      assertEquals(exit, 3);
      assertEquals(errors.startsWith(`error: ${path}: line `), true, errors);
      assertMatch(errors, message);
      assertEquals(errors.split("\n").length, 2);
    }
    await writeFile(file("bytes.jsonl"), new Uint8Array([0x7b, 0xff, 0x7d, 0x0a]));
    const bytes = await runCommand(["import", file("bytes.jsonl"), "--store", `sqlite:${file("bytes.db")}`]);
    assertEquals(bytes.exit, 3);
    assertMatch(
      bytes.errors,
      /bytes\.jsonl: line 1: .*; give the lines that `routilux export` has written, in UTF-8$/m,
    );
    const missing = await runCommand(["import", file("none.jsonl"), "--store", `sqlite:${file("none.db")}`]);
    assertEquals(missing.exit, 3);
    assertMatch(missing.errors, /none\.jsonl: the file cannot be read: there is no such file/);
    assertEquals(existsSync(file("none.db")), false);
    const folder = await runCommand(["import", file("."), "--store", `sqlite:${file("none.db")}`]);
    assertMatch(folder.errors, /: the file cannot be read: it is a folder; name a file in it/);
    assertEquals(isOpen(file(".")), false);
    const refused = await runCommand(["import", file("bytes.jsonl"), "--store", "oracle:x"]);
    assertEquals(refused.exit, 2);
  }));

test("a bar shows on a terminal how far an export has come", () =>
  inOwnFolder(async (file) => {
    const path = file("from.db");
    await makeStore(path, async ({ start }) => void await start("j"));
    const { errors } = await runCommand(["export", file("a.jsonl"), "--store", `sqlite:${path}`], { isTerminal: true });
    assertEquals(barsIn(errors), [`${"█".repeat(24)} 100 %, 1 of 1 jobs`]);
  }));
