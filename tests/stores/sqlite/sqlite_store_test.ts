import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { FencedError } from "../../../src/base/errors.ts";
import type { StoreEvent } from "../../../src/ports/store.ts";
import { type SqliteDatabase, sqliteStore } from "../../../src/stores/sqlite_store.ts";
import { rowOf } from "../../../src/stores/sqlite_kit/queries.ts";
import * as statements from "../../../src/stores/sqlite_kit/statements.ts";
import {
  addJob,
  ENDED,
  enter,
  HEAD,
  inboxOf,
  LATER,
  LEASE_MS,
  NOW,
  sampleJob,
  send,
  take,
} from "../../../src/testing/store_contract/sample_jobs.ts";
import { recordDatabase } from "../../support/recorded_database.ts";
import { createSqlitePlace, type SqlitePlace } from "../../support/sqlite_store_place.ts";

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

test("an append of one entry without a head is one statement, and no transaction beside it", async () => {
  const { database, ran } = recordDatabase();
  const store = sqliteStore(database);
  const job = await addJob(store, sampleJob("job"));
  ran.length = 0;
  await store.append(job, 0, ["entry"]);
  assertEquals(ran, [statements.ADD_FENCED_ENTRY]);
});

test("owners that have left are forgotten when another one enters, and others a day after the end of their lease", async () => {
  await inPlace(async (place) => {
    const [store, database] = [place.open(), place.connect()];
    const owners = () => numberIn(database, "SELECT count(*) FROM routilux_leases");
    for (let n = 0; n < 100; n++) await store.leave(await enter(store, `left ${n}`));
    assertEquals(owners(), 1);
    for (let n = 0; n < 3; n++) await enter(store, `lost ${n}`);
    assertEquals(owners(), 3);
    await enter(store, "late", { now: NOW + LEASE_MS + 86_400_000 });
    assertEquals(owners(), 1);
  });
});

test("writes of one turn share a transaction, and a fenced write fails alone", async () => {
  const { database, ran } = recordDatabase();
  const store = sqliteStore(database);
  const ids = Array.from({ length: 100 }, (_, index) => `job-${index}`);
  const jobs = await Promise.all(ids.map((jobId) => addJob(store, sampleJob(jobId))));
  assertEquals(ran.filter((sql) => sql.startsWith("BEGIN")).length, 1);
  ran.length = 0;
  const results = await Promise.allSettled(
    jobs.map((job, index) => store.append(job, index % 10 === 0 ? 7 : 0, ["entry"])),
  );
  assertEquals(ran.filter((sql) => /^(BEGIN|COMMIT)/.test(sql)), ["BEGIN IMMEDIATE", "COMMIT"]);
  for (const [index, result] of results.entries()) {
    assertEquals(result.status, index % 10 === 0 ? "rejected" : "fulfilled");
    if (result.status === "rejected") assertInstanceOf(result.reason, FencedError);
    assertEquals((await store.find(`job-${index}`))?.revision, index % 10 === 0 ? 0 : 1);
  }
});

test("writers that take turns share transactions, also over some rounds of microtasks", async () => {
  const { database, ran } = recordDatabase();
  const store = sqliteStore(database);
  const jobs = await store.create(Array.from({ length: 50 }, (_, index) => sampleJob(`job-${index}`)));
  ran.length = 0;
  const writes: unknown[] = [];
  for (const { record } of jobs) {
    writes.push(store.append(record, 0, ["entry"]));
    await null;
  }
  await Promise.all(writes);
  assertEquals(ran.filter((sql) => sql === statements.ADD_FENCED_ENTRY).length, 50);
  assertEquals(ran.filter((sql) => sql === "COMMIT").length, 1);
});

test("a caller that writes in every microtask is answered meanwhile", async () => {
  const store = sqliteStore(new DatabaseSync(":memory:"));
  const writes: Promise<unknown>[] = [];
  let answers = 0;
  for (let i = 0; i < 3_000; i++) {
    writes.push(Promise.resolve(store.create([sampleJob(`job-${i}`, { flow: "the same" })])).then(() => answers++));
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
  const [a, b, c] = [
    await addJob(store, sampleJob("a")),
    await addJob(store, sampleJob("b")),
    await addJob(store, sampleJob("c")),
  ];
  const results = await Promise.allSettled([
    store.append(a, 0, ["entry"]),
    store.append(b, 0, ["first", "broken"], { ...HEAD, status: "changed" }),
    store.append(c, 5, ["entry"]),
    send(store, a, "command", "key"),
  ]);
  assertEquals(results.map(({ status }) => status), ["fulfilled", "rejected", "rejected", "fulfilled"]);
  const [, broken, fenced] = results.map((result) => result.status === "rejected" ? result.reason : undefined);
  assertEquals([broken?.message, fenced instanceof FencedError], ["No room for it", true]);
  assertEquals((await store.load("a"))?.entries, ["entry"]);
  assertEquals((await inboxOf(store, a)).length, 1);
  const untouched = await store.load("b");
  assertEquals([untouched?.entries, untouched?.record.status, untouched?.record.revision], [[], "running", 0]);
});

test("a failed commit rejects all its writes, has changed nothing, and tells nobody", async () => {
  let isFull = false;
  const { database } = recordDatabase((sql) => {
    if (isFull && sql === "COMMIT") throw new Error("database or disk is full");
  });
  const store = sqliteStore(database);
  const jobs = [await addJob(store, sampleJob("a")), await addJob(store, sampleJob("b"))];
  const engine = await enter(store, "engine");
  const events: StoreEvent[] = [];
  store.watch?.((event) => void events.push(event));
  isFull = true;
  const results = await Promise.allSettled([
    ...jobs.map((job) => store.append(job, 0, ["entry"])),
    ...jobs.map((job) => store.append(job, 0, ["entry"], ENDED)),
    send(store, { jobId: "a" }, "command", "key"),
    store.create([sampleJob("c", { dueAt: 1 })]),
    take(store, engine),
    store.renew(engine, 5_000, NOW),
  ]);
  assertEquals(results.map(({ status }) => status), results.map(() => "rejected"));
  assertEquals(events, []);
  isFull = false;
  for (const job of jobs) await store.append(job, 0, ["again"]);
  assertEquals((await store.load("a"))?.entries, ["again"]);
  assertEquals([await store.count(), await store.renew(engine, 5_000, LATER)], [2, { now: LATER, isHeld: false }]);
});

test("a creation that was rolled back can be repeated", async () => {
  let isFull = false;
  const { database } = recordDatabase((sql) => {
    if (isFull && sql === "COMMIT") throw new Error("database or disk is full");
  });
  const store = sqliteStore(database);
  isFull = true;
  await assertRejects(async () => await store.create([sampleJob("a")]), Error, "full");
  isFull = false;
  const [answer] = await store.create([sampleJob("a")]);
  assertEquals([answer?.isNew, await store.count()], [true, 1]);
});

test("jobs with equal documents of flows share one, which goes with the last of them", async () => {
  const database = new DatabaseSync(":memory:");
  const store = sqliteStore(database);
  const flows = () => numberIn(database, "SELECT count(*) FROM routilux_flows");
  const flow = { flow: "the document" };
  const [a, b] = [await addJob(store, sampleJob("a", flow)), await addJob(store, sampleJob("b", flow))];
  const other = await addJob(store, sampleJob("c", { flow: "another of that hash" }));
  assertEquals([flows(), (await store.load("b"))?.flow, (await store.load("c"))?.flow], [
    2,
    "the document",
    "another of that hash",
  ]);
  await store.delete(a);
  assertEquals([flows(), (await store.load("b"))?.flow], [2, "the document"]);
  await store.delete(b);
  await store.append(other, 0, [], ENDED);
  assertEquals([flows(), await store.purge({ endedBefore: LATER, limit: 10 }), flows()], [1, 1, 0]);
});

test("nothing is left of a job that is deleted", async () => {
  const database = new DatabaseSync(":memory:");
  const store = sqliteStore(database);
  const job = await addJob(store, sampleJob("job"));
  await store.append(job, 0, ["entry"]);
  await send(store, job, "command", "key");
  assertEquals(await store.delete(job), true);
  for (const table of ["jobs", "flows", "documents", "entries", "commands"]) {
    assertEquals(numberIn(database, `SELECT count(*) FROM routilux_${table}`), 0, table);
  }
});

test("a renewal writes to no job, however many the engine has", async () => {
  const { database, ran } = recordDatabase();
  const store = sqliteStore(database);
  const engine = await enter(store, "engine");
  await store.create(Array.from({ length: 10 }, (_, index) => sampleJob(`job-${index}`, { claim: engine })));
  ran.length = 0;
  assertEquals((await store.renew(engine, 5_000, NOW)).isHeld, true);
  assertEquals(ran.filter((sql) => sql.includes("routilux_jobs")), []);
  assertEquals((await store.find("job-3"))?.heldUntil, NOW + 5_000);
});

test("a job that another process has created again is written by its new owner only", () =>
  inPlace(async (place) => {
    const [mine, other] = [place.open(), place.open()];
    const old = await addJob(mine, sampleJob("job"));
    await mine.append(old, 0, ["old"]);
    await other.delete(old);
    const job = await addJob(other, sampleJob("job"));
    await other.append(job, 0, ["first"]);
    const refused = await assertRejects(async () => void await mine.append(old, 1, ["late"]), FencedError);
    assertEquals(refused.revision, undefined);
    await mine.append(job, 1, ["second"]);
    assertEquals((await other.load("job"))?.entries, ["first", "second"]);
    for (const store of [mine, other]) await store.close();
  }));

test("what one process has claimed, another does not take before the lease has ended", () =>
  inPlace(async (place) => {
    const [mine, other] = [place.open(), place.open()];
    await addJob(mine, sampleJob("job", { dueAt: 1 }));
    const [me, it] = [await enter(mine, "me"), await enter(other, "it")];
    assertEquals((await take(mine, me)).length, 1);
    assertEquals((await take(other, it)).length, 0);
    await mine.leave(me);
    assertEquals((await take(other, it)).map(({ formerIncarnation }) => formerIncarnation), [me.incarnation]);
    for (const store of [mine, other]) await store.close();
  }));

test("a journal is limited to the revisions that fit into a position", async () => {
  const store = sqliteStore(new DatabaseSync(":memory:"));
  const job = await addJob(store, sampleJob("job"));
  assertThrows(() => void store.append(job, 2 ** 32 - 2, ["one", "two"]), RangeError, 'Cannot append to job "job"');
  await assertRejects(async () => void await store.append(job, 2 ** 32 - 2, ["one"]), FencedError);
  await store.close();
});

test("a full disk is an error of the write, which changes nothing; the store works again when there is space", () =>
  inPlace(async (place) => {
    const store = place.open();
    const sample = sampleJob("job");
    const job = await addJob(store, sample);
    await store.append(job, 0, ["small"]);
    await store.close();
    const database = place.connect();
    const full = sqliteStore(database);
    const pages = numberIn(database, "PRAGMA page_count");
    database.exec(`PRAGMA max_page_count = ${pages + 2}`);
    const large = "x".repeat(100_000);
    for (const entries of [[large], ["small", large]]) {
      const error = await assertRejects(
        async () => void await full.append(job, 1, entries, { ...HEAD, status: "large" }),
        Error,
      );
      assertMatch(error.message, /full/);
      await assertRejects(async () => void await full.append(job, 1, entries), Error, "full");
    }
    await assertRejects(async () => await full.compact(job, 1, large), Error, "full");
    const stored = await full.load("job");
    assertEquals([stored?.entries, stored?.snapshot, stored?.record.status], [
      ["small"],
      sample.snapshot,
      sample.status,
    ]);
    database.exec("PRAGMA max_page_count = 1000000");
    await full.append(job, 1, [large]);
    assertEquals((await full.find("job"))?.revision, 2);
  }));

test("a database locked by another process is an error after a bounded wait, and nothing has changed", () =>
  inPlace(async (place) => {
    const store = place.open();
    const [a, b] = [await addJob(store, sampleJob("a")), await addJob(store, sampleJob("b"))];
    const engine = await enter(store, "engine");
    const other = place.connect();
    other.exec("BEGIN IMMEDIATE");
    const writes: (() => unknown)[] = [
      () => store.append(a, 0, ["late"]),
      () => store.append(a, 0, ["late", "later"], { ...HEAD, status: "late" }),
      () => send(store, a, "late", "key"),
      () => store.compact(a, 0, "late"),
      () => store.create([sampleJob("c")]),
      () => store.delete(b),
      () => store.renew(engine, 5_000, NOW),
      () => take(store, engine),
    ];
    for (const write of writes) {
      const error = await assertRejects(async () => await write(), Error);
      assertEquals(error.message, "The database was locked by another process for more than 0 ms");
      assertInstanceOf(error.cause, Error);
    }
    const together = await Promise.allSettled([store.append(a, 0, ["late"]), store.append(b, 0, ["late"])]);
    assertEquals(together.map(({ status }) => status), ["rejected", "rejected"]);
    assertEquals((await store.list()).jobs.map(({ jobId, revision }) => [jobId, revision]), [["a", 0], ["b", 0]]);
    other.exec("ROLLBACK");
    await store.append(a, 0, ["now"]);
    assertEquals((await store.load("a"))?.entries, ["now"]);
    assertEquals(await inboxOf(store, a), []);
  }, 0));

test("opening waits for a lock no longer than busyTimeoutMs", () =>
  inPlace(async (place) => {
    await place.open().close();
    place.connect().exec("BEGIN EXCLUSIVE");
    assertThrows(() => place.open(), Error, "The database was locked by another process for more than 0 ms");
  }, 0));

/** A connection to which SQLite refuses a write-ahead log at once, as often as is said: another process is just opening the database. */
function refuseLog(database: SqliteDatabase, times: number): SqliteDatabase {
  return {
    exec: (sql) => database.exec(sql),
    prepare(sql) {
      if (sql.includes("journal_mode") && times-- > 0) throw new Error("database is locked");
      return database.prepare(sql);
    },
  };
}

test("a database that another process opens for the first time at the same moment is opened after it", () =>
  inPlace(async (place) => {
    const store = sqliteStore(refuseLog(place.connect(), 3));
    await addJob(store, sampleJob("job"));
    assertEquals((await store.load("job"))?.record.revision, 0);
    const never = refuseLog(place.connect(), Infinity);
    const message = "The database was locked by another process for more than 20 ms";
    assertThrows(() => sqliteStore(never, { busyTimeoutMs: 20 }), Error, message);
  }));

test("tables of a newer version are refused, and not changed", () =>
  inPlace(async (place) => {
    const store = place.open();
    await store.create([sampleJob("job")]);
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
      await store.create([sampleJob(`job-${round}`)]);
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
    await assertRejects(async () => await store.create([sampleJob("job")]), Error, "readonly");
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

test("an invalid cursor and an append of nothing are refused", async () => {
  const store = sqliteStore(new DatabaseSync(":memory:"));
  const job = await addJob(store, sampleJob("job"));
  for (const cursor of ["", "z", "{}", "[1]", '["a","b"]']) assertThrows(() => store.list({ cursor }), Error);
  await assertRejects(async () => void await store.append(job, 0, []), RangeError, "at least one entry");
});

test("tags that look like parts of JSON match only themselves", async () => {
  const store = sqliteStore(new DatabaseSync(":memory:"));
  await store.create([
    sampleJob("plain", { tags: { a: ":", b: "c" } }),
    sampleJob("odd", { tags: { '\n "a": "': "\0", "\ud800": "\u2028\n" } }),
  ]);
  const found = async (tags: Record<string, string>) => (await store.list({ tags })).jobs.map(({ jobId }) => jobId);
  assertEquals(await found({ a: ":" }), ["plain"]);
  assertEquals(await found({ a: ":", b: "c" }), ["plain"]);
  assertEquals(await found({ "\ud800": "\u2028\n" }), ["odd"]);
  assertEquals(await found({ '\n "a": "': "\0" }), ["odd"]);
  for (
    const [name, value] of [[":", ","], ["a", ""], ["b", "c,"], ["a", ":,"], ["\ud800", "\u2028"], ["toString", "a"]]
  ) {
    assertEquals(await found({ [name ?? ""]: value ?? "" }), [], name);
  }
});

test("every statement finds its rows by a key or an index", () => {
  const database = new DatabaseSync(":memory:");
  sqliteStore(database);
  const conditions = [
    [],
    ["j.flow_id = ?"],
    ["j.status = ?"],
    ["j.queue = ?"],
    ["j.parent_id = ?"],
    ["j.created_at < ?"],
    ["j.status = ?", "(j.created_at, j.job_id) > (?, ?)"],
  ];
  const texts = [
    ...Object.entries(statements).flatMap(([name, it]) => typeof it === "string" && name !== "DUE_ORDER" ? [it] : []),
    ...statements.DELETE,
    ...conditions.flatMap((it) => [statements.listWhere(it, false), statements.listWhere(it, true)]),
    ...conditions.map(statements.countWhere),
    statements.setColumns(["due_at"]),
  ];
  for (const text of texts) {
    for (const { detail } of database.prepare(`EXPLAIN QUERY PLAN ${text}`).all()) {
      assert(
        !/SCAN (\w|routilux_(?!meta)\w+)(?! USING (COVERING )?INDEX)\b/.test(String(detail)),
        `${text}: ${detail}`,
      );
      assert(!/TEMP B-TREE/.test(String(detail)), `${text}: ${detail}`);
    }
  }
});

test("the search for due jobs goes from group to group, and not through their jobs", () => {
  const database = new DatabaseSync(":memory:");
  sqliteStore(database);
  const plan = database.prepare(`EXPLAIN QUERY PLAN ${statements.FIRST_OF_GROUPS}`).all().map(({ detail }) => detail);
  const step = "SEARCH n USING INDEX routilux_jobs_by_reason " +
    "((holder,reason,priority,queue,flow,since)>(?,?,?,?,?,?))";
  assert(plan.includes(step), plan.join("\n"));
});

test("a take reads few jobs, however many are left out that are in other groups, and all that it needs of its own", async () => {
  const database = new DatabaseSync(":memory:");
  let read = 0;
  const store = sqliteStore({
    exec: (sql) => database.exec(sql),
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        run: (...values) => statement.run(...values),
        get: (...values) => statement.get(...values),
        all(...values) {
          const rows = statement.all(...values);
          read += rows.length;
          return rows;
        },
      };
    },
  });
  const owner = await enter(store, "owner");
  await store.create(Array.from({ length: 400 }, (_, n) => sampleJob(`job ${n}`, { dueAt: n, flow: "{}" })));
  const elsewhere = new Set(Array.from({ length: 10_000 }, (_, n) => `elsewhere ${n}`));
  read = 0;
  assertEquals((await take(store, owner, { limit: 10, exceptJobs: elsewhere })).length, 10);
  assert(read < 100, `${read} rows were read`);
  const first = new Set(Array.from({ length: 300 }, (_, n) => `job ${n}`));
  const taken = await take(store, owner, { limit: 10, exceptJobs: first });
  assertEquals(taken.map(({ record }) => record.jobId), Array.from({ length: 10 }, (_, n) => `job ${300 + n}`));
  assertEquals((await take(store, owner, { limit: 1_000 })).length, 380);
  read = 0;
  assertEquals(await store.nextDueAt({ now: NOW, exceptIncarnation: owner.incarnation }), undefined);
  assert(read < 10, `${read} rows were read, to find that none of 400 jobs is another one's`);
});
