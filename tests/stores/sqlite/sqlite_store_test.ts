import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { type Context, FencedError, Registry, Routine, type Timers } from "../../../mod.ts";
import { type SqliteDatabase, sqliteStore } from "../../../src/stores/sqlite_store.ts";
import { rowOf } from "../../../src/stores/sqlite_store/database.ts";
import * as statements from "../../../src/stores/sqlite_store/statements.ts";
import { manualTimers } from "../../../src/testing/mod.ts";
import { HEAD, sampleJob } from "../../../src/testing/store_contract/sample_jobs.ts";
import { createSqlitePlace, type SqlitePlace } from "../../support/sqlite_store_place.ts";
import { createTestFlow } from "../../support/test_flow.ts";

async function inPlace(run: (place: SqlitePlace) => Promise<void>, busyTimeoutMs?: number): Promise<void> {
  const options = { synchronous: "normal", ...busyTimeoutMs === undefined ? {} : { busyTimeoutMs } } as const;
  const place = createSqlitePlace((path) => new DatabaseSync(path), options);
  try {
    await run(place);
  } finally {
    await place.dispose?.();
  }
}

/** Returns the single number of a statement. */
function numberIn(database: SqliteDatabase, sql: string): number {
  return Number(Object.values(rowOf(database.prepare(sql).get()) ?? {})[0]);
}

/** A database in memory that records the executed statements, and lets `fail` make them fail. */
function recordDatabase(fail: (sql: string, values: readonly unknown[]) => void = () => {}) {
  const inner = new DatabaseSync(":memory:");
  const ran: string[] = [];
  const database: SqliteDatabase = {
    exec: (sql) => inner.exec(sql),
    prepare(sql) {
      const statement = inner.prepare(sql);
      return {
        run(...values) {
          ran.push(sql);
          fail(sql, values);
          return statement.run(...values);
        },
        get: (...values) => statement.get(...values),
        all: (...values) => statement.all(...values),
      };
    },
  };
  return { database, ran };
}

test("an append of one entry without a head is one statement, and no transaction beside it", async () => {
  const { database, ran } = recordDatabase();
  const store = sqliteStore(database);
  await store.create(sampleJob("job"));
  ran.length = 0;
  await store.append("job", 0, ["entry"]);
  assertEquals(ran, [statements.ADD_FENCED_ENTRY]);
});

test("writes of one turn share a transaction, and a fenced write fails alone", async () => {
  const { database, ran } = recordDatabase();
  const store = sqliteStore(database);
  const ids = Array.from({ length: 100 }, (_, index) => `job-${index}`);
  await Promise.all(ids.map((jobId) => store.create(sampleJob(jobId))));
  assertEquals(ran.filter((sql) => sql.startsWith("BEGIN")).length, 1);
  ran.length = 0;
  const results = await Promise.allSettled(
    ids.map((jobId, index) => store.append(jobId, index % 10 === 0 ? 7 : 0, ["entry"])),
  );
  assertEquals(ran.filter((sql) => /^(BEGIN|COMMIT)/.test(sql)), ["BEGIN IMMEDIATE", "COMMIT"]);
  for (const [index, result] of results.entries()) {
    assertEquals(result.status, index % 10 === 0 ? "rejected" : "fulfilled");
    if (result.status === "rejected") assertInstanceOf(result.reason, FencedError);
    assertEquals((await store.find(`job-${index}`))?.revision, index % 10 === 0 ? 0 : 1);
  }
});

class Countdown extends Routine {
  readonly trigger = this.addSlot("trigger", this.count);
  readonly next = this.addEvent<{ n: number }>("next");
  count({ n }: { n: number }, ctx: Context): void {
    if (n > 1) ctx.emit(this.next, { n: n - 1 });
  }
}

test("jobs that run in turn share transactions, even across turns of the event loop", async () => {
  const { database, ran } = recordDatabase();
  const registry = new Registry({ Countdown });
  const timers = manualTimers();
  // Each reading of the clock advances it by a millisecond, so that slices end.
  let looks = 0;
  const clock: Timers = { ...timers, now: () => looks++ };
  const { flow } = createTestFlow({ registry }, { registry, store: sqliteStore(database), timers: clock, sliceMs: 50 });
  const countdown = flow.addRoutine(new Countdown(), "countdown");
  flow.connect(countdown.next, countdown.trigger);
  const jobs = Array.from({ length: 50 }, () => flow.execute(countdown.trigger, { n: 20 }));
  await timers.flush();
  assertEquals(new Set(jobs.map(({ status }) => status)), new Set(["completed"]));
  const entries = ran.filter((sql) => sql === statements.ADD_FENCED_ENTRY);
  // A statement outside of a transaction is its own transaction.
  const transactions = ran.join(";").replaceAll(/BEGIN.*?;COMMIT/gs, "transaction").split(";");
  assert(transactions.length * 10 < entries.length, `${entries.length} entries, ${transactions.length} transactions`);
});

test("a caller that writes in every microtask is answered meanwhile", async () => {
  const store = sqliteStore(new DatabaseSync(":memory:"));
  const writes: Promise<unknown>[] = [];
  let answers = 0;
  for (let i = 0; i < 3_000; i++) {
    writes.push(Promise.resolve(store.create(sampleJob(`job-${i}`))).then(() => answers++));
    await null;
  }
  assert(answers >= 1_000, `${answers} answers`);
  await Promise.all(writes);
  assertEquals(answers, 3_000);
});

test("a write that breaks the transaction is rolled back and fails alone", async () => {
  const { database } = recordDatabase((_sql, values) => {
    if (values.includes("broken")) throw new Error("No room for it");
  });
  const store = sqliteStore(database);
  for (const jobId of ["a", "b", "c"]) await store.create(sampleJob(jobId));
  const results = await Promise.allSettled([
    store.append("a", 0, ["entry"]),
    store.append("b", 0, ["first", "broken"], { ...HEAD, status: "changed" }),
    store.append("c", 5, ["entry"]),
    store.send("a", "command", "key"),
  ]);
  assertEquals(results.map(({ status }) => status), ["fulfilled", "rejected", "rejected", "fulfilled"]);
  const [, broken, fenced] = results.map((result) => result.status === "rejected" ? result.reason : undefined);
  assertEquals([broken?.message, fenced instanceof FencedError], ["No room for it", true]);
  assertEquals((await store.load("a"))?.entries, ["entry"]);
  assertEquals((await store.inbox("a", 0)).length, 1);
  const untouched = await store.load("b");
  assertEquals([untouched?.entries, untouched?.record.status, untouched?.record.revision], [[], "running", 0]);
});

test("a failed commit rejects all its writes, and has changed nothing", async () => {
  let isFull = false;
  const { database } = recordDatabase((sql) => {
    if (isFull && sql === "COMMIT") throw new Error("database or disk is full");
  });
  const store = sqliteStore(database);
  for (const jobId of ["a", "b"]) await store.create(sampleJob(jobId));
  isFull = true;
  const results = await Promise.allSettled([store.append("a", 0, ["entry"]), store.append("b", 0, ["entry"])]);
  assertEquals(results.map(({ status }) => status), ["rejected", "rejected"]);
  isFull = false;
  for (const jobId of ["a", "b"]) await store.append(jobId, 0, ["again"]);
  assertEquals((await store.load("a"))?.entries, ["again"]);
});

test("a number that was returned by a rolled back creation never leads to the job that has it now", async () => {
  let isFull = false;
  const { database } = recordDatabase((sql) => {
    if (isFull && sql === "COMMIT") throw new Error("database or disk is full");
  });
  const store = sqliteStore(database);
  isFull = true;
  const results = await Promise.allSettled([store.create(sampleJob("a")), store.append("a", 0, ["of a"])]);
  assertEquals(results.map(({ status }) => status), ["rejected", "rejected"]);
  isFull = false;
  await store.create(sampleJob("b"));
  await store.append("b", 0, ["of b"]);
  const refused = await assertRejects(async () => void await store.append("a", 1, ["late"]), FencedError);
  assertEquals([refused.revision, (await store.load("b"))?.entries], [undefined, ["of b"]]);
});

test("a job that another process has created again is written under its new number, and only by its new owner", () =>
  inPlace(async (place) => {
    const [mine, other] = [place.open(), place.open()];
    await mine.create(sampleJob("job"));
    await mine.append("job", 0, ["old"]);
    await other.delete("job");
    await other.create(sampleJob("job"));
    await other.append("job", 0, ["first"]);
    const refused = await assertRejects(async () => void await mine.append("job", 3, ["late"]), FencedError);
    assertEquals(refused.revision, 1);
    await mine.append("job", 1, ["second"]);
    assertEquals((await other.load("job"))?.entries, ["first", "second"]);
    for (const store of [mine, other]) await store.close();
  }));

test("a journal is limited to the revisions that fit into a position", async () => {
  const store = sqliteStore(new DatabaseSync(":memory:"));
  await store.create(sampleJob("job"));
  assertThrows(() => void store.append("job", 2 ** 32 - 2, ["one", "two"]), RangeError, 'Cannot append to job "job"');
  await assertRejects(async () => void await store.append("job", 2 ** 32 - 2, ["one"]), FencedError);
  await store.close();
});

test("a full disk is an error of the write, which changes nothing; the store works again when there is space", () =>
  inPlace(async (place) => {
    const store = place.open();
    const job = sampleJob("job");
    await store.create(job);
    await store.append("job", 0, ["small"]);
    await store.close();
    const database = place.connect();
    const full = sqliteStore(database);
    const pages = numberIn(database, "PRAGMA page_count");
    database.exec(`PRAGMA max_page_count = ${pages + 2}`);
    const large = "x".repeat(100_000);
    for (const entries of [[large], ["small", large]]) {
      const error = await assertRejects(
        async () => await full.append("job", 1, entries, { ...HEAD, status: "large" }),
        Error,
      );
      assertMatch(error.message, /full/);
      await assertRejects(async () => await full.append("job", 1, entries), Error, "full");
    }
    await assertRejects(async () => await full.compact("job", 1, large), Error, "full");
    const stored = await full.load("job");
    assertEquals([stored?.entries, stored?.snapshot, stored?.record.status], [
      ["small"],
      job.snapshot,
      job.head.status,
    ]);
    database.exec("PRAGMA max_page_count = 1000000");
    await full.append("job", 1, [large]);
    assertEquals((await full.find("job"))?.revision, 2);
  }));

test("a database locked by another process is an error after a bounded wait, and nothing has changed", () =>
  inPlace(async (place) => {
    const store = place.open();
    for (const jobId of ["a", "b"]) await store.create(sampleJob(jobId));
    const other = place.connect();
    other.exec("BEGIN IMMEDIATE");
    const writes = [
      () => store.append("a", 0, ["late"]),
      () => store.append("a", 0, ["late", "later"], { ...HEAD, status: "late" }),
      () => store.send("a", "late", "key"),
      () => store.compact("a", 0, "late"),
      () => store.create(sampleJob("c")),
      () => store.delete("b"),
    ];
    for (const write of writes) {
      const error = await assertRejects(async () => await write(), Error);
      assertEquals(error.message, "The database was locked by another process for more than 0 ms");
      assertInstanceOf(error.cause, Error);
    }
    const together = await Promise.allSettled([store.append("a", 0, ["late"]), store.append("b", 0, ["late"])]);
    assertEquals(together.map(({ status }) => status), ["rejected", "rejected"]);
    assertEquals((await store.list()).jobs.map(({ jobId, revision }) => [jobId, revision]), [["a", 0], ["b", 0]]);
    other.exec("ROLLBACK");
    await store.append("a", 0, ["now"]);
    assertEquals((await store.load("a"))?.entries, ["now"]);
    assertEquals(await store.inbox("a", 0), []);
  }, 0));

test("opening waits for a lock no longer than busyTimeoutMs", () =>
  inPlace(async (place) => {
    await place.open().close();
    place.connect().exec("BEGIN EXCLUSIVE");
    assertThrows(() => place.open(), Error, "The database was locked by another process for more than 0 ms");
  }, 0));

test("tables of a newer version are refused, and not changed", () =>
  inPlace(async (place) => {
    const store = place.open();
    await store.create(sampleJob("job"));
    await store.close();
    const database = place.connect();
    database.exec("UPDATE routilux_meta SET version = 2");
    const error = assertThrows(() => place.open(), Error);
    assertEquals(
      error.message,
      "Cannot open the SQLite store: its tables have version 2, this version of routilux supports 1; use the newer version that " +
        "created them",
    );
    database.exec("UPDATE routilux_meta SET version = 1");
    assertEquals((await place.open().find("job"))?.revision, 0);
  }));

test("a database may have other tables, and its own user_version", () =>
  inPlace(async (place) => {
    const database = place.connect();
    database.exec("CREATE TABLE jobs (id INTEGER); INSERT INTO jobs VALUES (1); PRAGMA user_version = 42");
    for (let round = 0; round < 2; round++) {
      const store = sqliteStore(database);
      await store.create(sampleJob(`job-${round}`));
      await store.close();
    }
    assertEquals(numberIn(database, "SELECT count(*) FROM jobs"), 1);
    assertEquals(numberIn(database, "PRAGMA user_version"), 42);
    assertEquals((await place.open().list()).jobs.length, 2);
  }));

test("a database without a write-ahead log, or one that is read-only, is refused", () =>
  inPlace(async (place) => {
    const database = place.connect();
    const withoutLog: SqliteDatabase = {
      exec: (sql) => database.exec(sql),
      prepare: (sql) => database.prepare(sql === "PRAGMA journal_mode = WAL" ? "SELECT 'delete' AS journal_mode" : sql),
    };
    const error = assertThrows(() => sqliteStore(withoutLog), Error);
    assertEquals(
      error.message,
      'Cannot open the SQLite store: the database needs a write-ahead log, its journal mode is "delete"',
    );
    await place.open().close();
    const readOnly = new DatabaseSync(place.path, { readOnly: true });
    const store = sqliteStore(readOnly);
    assertEquals(await store.list(), { jobs: [] });
    await assertRejects(async () => await store.create(sampleJob("job")), Error, "readonly");
    readOnly.close();
  }));

test("options out of range are refused", () => {
  const database = new DatabaseSync(":memory:");
  assertThrows(() => sqliteStore(database, { busyTimeoutMs: -1 }), RangeError, "busyTimeoutMs must be an integer");
  assertThrows(() => sqliteStore(database, { busyTimeoutMs: 1.5 }), RangeError, "busyTimeoutMs must be an integer");
  const synchronous: string = "off";
  // @ts-expect-error A word that is not one of the two.
  assertThrows(() => sqliteStore(database, { synchronous }), TypeError, 'synchronous must be one of "normal", "full"');
});

test("synchronous is FULL by default", () => {
  for (const [options, expected] of [[{}, 2], [{ synchronous: "full" }, 2], [{ synchronous: "normal" }, 1]] as const) {
    const database = new DatabaseSync(":memory:");
    sqliteStore(database, options);
    assertEquals(numberIn(database, "PRAGMA synchronous"), expected);
  }
});

test("an invalid cursor and an append without entries are refused", async () => {
  const store = sqliteStore(new DatabaseSync(":memory:"));
  await store.create(sampleJob("job"));
  for (const cursor of ["", "z", "{}", "[1]", '["a","b"]']) assertThrows(() => store.list({ cursor }), Error);
  assertThrows(() => store.append("job", 0, []), RangeError, "at least one entry");
});

test("every statement finds its rows by a key or an index", () => {
  const database = new DatabaseSync(":memory:");
  sqliteStore(database);
  const orders = [[], ["flow_id = ?"], ["status = ?"], ["created_at < ?"], [
    "status = ?",
    "(created_at, job_id) > (?, ?)",
  ]];
  const texts = [
    ...Object.values(statements).filter((it) => typeof it === "string"),
    ...statements.DELETE,
    ...orders.map(statements.listWhere),
    statements.setHead(["wake_at"]),
  ];
  for (const text of texts) {
    for (const { detail } of database.prepare(`EXPLAIN QUERY PLAN ${text}`).all()) {
      assert(!/SCAN routilux_(?!\w+ USING (COVERING )?INDEX)/.test(String(detail)), `${text}: ${detail}`);
    }
  }
});
