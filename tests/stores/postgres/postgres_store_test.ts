import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import process from "node:process";
import { after, test } from "node:test";
import { FencedError } from "../../../mod.ts";
import { notifyOf } from "../../../src/stores/postgres_store/notices.ts";
import { type PostgresClient, postgresMigrations, postgresStore } from "../../../src/stores/postgres_store.ts";
import {
  createJob,
  enter,
  HEAD,
  sampleEntries,
  sampleJob,
  take,
} from "../../../src/testing/store_contract/sample_jobs.ts";
import { runFleetOf } from "../../support/fleet_seed.ts";
import { amountOf } from "../../support/gate_amount.ts";
import { openPg, openPostgresJs } from "../../support/postgres_clients.ts";
import { emptySchema, postgresPlace } from "../../support/postgres_store_place.ts";
import { addressOf, missing } from "../../support/services.ts";
import { runVersionFleetOf, seedsOnStores } from "../../support/version_fleets.ts";
import { withTimeLimit } from "../../support/time_limit.ts";

const address = addressOf("postgres");
const options = { timeout: 240_000, skip: address === undefined && missing("postgres") };
const opened = address === undefined ? undefined : openPg(address, 8);
after(() => opened?.close());
const client: PostgresClient = opened?.client ?? { query: () => Promise.reject(new Error("There is no server")) };
let schemas = 0;
const newSchema = () => `store ${process.pid} ${++schemas}`;

/** A client that notes the texts of its statements, and fails those that `failing` says. */
function noting(failing: (values: readonly (string | null)[]) => Error | undefined = () => undefined) {
  const noted: string[] = [];
  const noting: PostgresClient = {
    ...client,
    async query(text, values) {
      noted.push(text);
      const error = failing(values);
      if (error !== undefined) throw error;
      return await client.query(text, values);
    },
  };
  return { noted, client: noting };
}

test("the options of a store are checked", () => {
  for (const schema of ["", "x".repeat(49), "\u00e9", "a\nb"]) {
    assertThrows(() => postgresStore(client, { schema }), TypeError, "schema must have 1 to 48 printable characters");
    assertThrows(() => postgresMigrations({ schema }), TypeError, "schema must have");
  }
  assertThrows(() => postgresStore(client, { clock: "mine" as "server" }), TypeError, "clock");
});

test("stores that are opened at the same time make the tables once, in a schema of any name", options, async () => {
  for (const schema of [newSchema(), `${newSchema()} "quoted"'s $1`]) {
    const stores = Array.from({ length: 6 }, () => postgresStore(client, { schema }));
    assertEquals(await Promise.all(stores.map((store) => store.count())), [0, 0, 0, 0, 0, 0]);
    await createJob(stores[0] ?? postgresStore(client), "job", 1);
    assertEquals(await stores[1]?.count(), 1);
    const again = noting();
    await postgresStore(again.client, { schema }).count();
    assertEquals(again.noted.filter((text) => text.includes("CREATE")), [], "nothing is made again");
  }
});

test("the printed migrations may be run before, again, and by somebody else", options, async () => {
  const schema = newSchema();
  for (let round = 0; round < 2; round++) {
    for (const text of postgresMigrations({ schema })) await client.query(text, []);
  }
  const role = `role_${process.pid}`;
  await client.query(`CREATE ROLE ${role}`, []);
  await client.query(`GRANT USAGE ON SCHEMA "${schema}" TO ${role}`, []);
  await client.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "${schema}" TO ${role}`, []);
  await client.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA "${schema}" TO ${role}`, []);
  const restricted: PostgresClient = {
    async query(text, values) {
      const transaction = await client.begin?.();
      assert(transaction !== undefined);
      await transaction.query(`SET LOCAL ROLE ${role}`, []);
      try {
        const rows = await transaction.query(text, values);
        await transaction.commit();
        return rows;
      } catch (error) {
        await transaction.rollback();
        throw error;
      }
    },
  };
  const store = postgresStore(restricted, { schema, clock: "callers" });
  const owner = await enter(store, "engine");
  const job = await createJob(store, "job", 1, { dueAt: 1 });
  assertEquals((await take(store, owner)).length, 1);
  assertEquals(await store.delete(job), true);
  await client.query(`DROP OWNED BY ${role}`, []);
  await client.query(`DROP ROLE ${role}`, []);
});

test(
  "tables of a newer version are refused, and a database that cannot be reached is tried again",
  options,
  async () => {
    const schema = newSchema();
    await postgresStore(client, { schema }).count();
    await client.query(`INSERT INTO "${schema}".migrations (number) VALUES (1000)`, []);
    await assertRejects(
      async () => await postgresStore(client, { schema }).count(),
      Error,
      "its tables have version 1000",
    );
    let isAway = true;
    const store = postgresStore(noting(() => isAway ? new Error("away") : undefined).client, { schema: newSchema() });
    await assertRejects(async () => await store.count(), Error, "away");
    isAway = false;
    assertEquals(await store.count(), 0);
  },
);

test("appends of many jobs go out together, two statements at a time", options, async () => {
  const { noted, client } = noting();
  const store = postgresStore(client, { schema: newSchema() });
  const answers = await store.create(Array.from({ length: 200 }, (_, index) => sampleJob(`job ${index}`)));
  noted.length = 0;
  await Promise.all(answers.map(async ({ record }) => {
    for (let at = 0; at < 5; at++) await store.append(record, at, sampleEntries(at, at + 1));
  }));
  assert(noted.length <= 20, `1,000 appends took ${noted.length} statements`);
  assertEquals((await store.load("job 7"))?.entries, sampleEntries(0, 5));
  await store.close();
});

test("a take reads few of the jobs that are due, however many there are", options, async () => {
  const taking: { text: string; values: readonly (string | null)[] }[] = [];
  const schema = newSchema();
  const store = postgresStore({
    ...client,
    query(text, values) {
      if (text.includes("SKIP LOCKED")) taking.push({ text, values });
      return client.query(text, values);
    },
  }, { schema, clock: "callers" });
  await store.create(
    Array.from({ length: 500 }, (_, index) => sampleJob(`job ${index}`, { flow: "{}", dueAt: index })),
  );
  const owner = await enter(store, "owner");
  assertEquals((await take(store, owner, { limit: 5 })).map(({ record }) => record.dueAt), [0, 1, 2, 3, 4]);
  const [{ text, values } = { text: "", values: [] }] = taking;
  const plan = await client.query(`EXPLAIN ANALYZE ${text}`, values);
  const scans = plan.map((row) => /jobs_by_reason.* rows=(\d+) loops/.exec(String(row["QUERY PLAN"]))?.[1]);
  const read = scans.flatMap((rows) => rows === undefined ? [] : [Number(rows)]);
  assert(read.length > 0 && Math.max(...read) <= 40, `${read} rows were read`);
  await store.close();
});

test("what the server refuses of one job is not held against others that went out with it", options, async () => {
  const refused = Object.assign(new Error("value too long"), { code: "54000" });
  const { client } = noting((values) => values.some((it) => it?.includes("too long")) ? refused : undefined);
  const store = postgresStore(client, { schema: newSchema() });
  const answers = await store.create(["a", "b", "c"].map((jobId) => sampleJob(jobId)));
  const errors = await Promise.allSettled(answers.map(async ({ record }) => {
    return await store.append(record, record.jobId === "c" ? 7 : 0, [record.jobId === "b" ? "too long" : "fine"]);
  }));
  assertEquals(errors.map((it) => it.status === "fulfilled" ? it.value : it.reason.constructor), [
    "stored",
    Error,
    FencedError,
  ]);
  await store.close();
});

test(
  "C514 a look is one statement, of which those hear who watch in another store; a renewal is two",
  options,
  async () => {
    const schema = newSchema();
    const { noted, client: counted } = noting();
    const [here, there] = [postgresStore(counted, { schema, clock: "callers" }), postgresStore(client, { schema })];
    const owner = await enter(here, "engine");
    const heard: string[] = [];
    let tell = () => {};
    const hear = (by: string) => {
      heard.push(by);
      tell();
    };
    const stops = [here, there].map((it) =>
      it.watch?.((event) => hear(event.type === "looked" ? event.by : event.type))
    );
    const until = (by: string, count: number) =>
      withTimeLimit(async (limit) => {
        while (heard.filter((it) => it === by).length < count) {
          await limit.waitFor(by, new Promise<void>((resolve) => tell = resolve));
        }
      });
    await until("gap", 2);
    const count = async (call: () => unknown) => {
      noted.length = 0;
      await call();
      return noted.length;
    };
    assertEquals(await count(() => here.nextDueAt({ now: 5, tells: "none" })), 1);
    await until("none", 2);
    assertEquals(await count(() => here.renew(owner, 1_000, 0)), 2);
    assertEquals(await count(() => here.held(owner)), 1);
    await createJob(here, "job", 0, { dueAt: 7 });
    assertEquals(await here.nextDueAt({ now: 6, tells: "later" }), 7);
    await until("later", 2);
    assertEquals(await here.nextDueAt({ now: 7, tells: "something" }), 7);
    assertEquals(await here.nextDueAt({ now: 6, tells: "last" }), 7);
    await until("last", 2);
    assertEquals(heard.includes("something"), false);
    for (const stop of stops) stop?.();
    await Promise.all([here.close(), there.close()]);
  },
);

test("a look tells nobody where a store cannot listen", options, async () => {
  const { noted, client: { query } } = noting();
  const store = postgresStore({ query }, { schema: newSchema() });
  store.watch?.(() => {});
  assertEquals(await store.nextDueAt({ now: 5, tells: "none" }), undefined);
  assertEquals(noted.some((text) => text.includes("pg_notify")), false);
  await store.close();
});

test("only what tells others is not waited for until the disk has it", options, async () => {
  // The servers of tests wait for no disk, unless a connection asks for it.
  const alone = address === undefined ? undefined : openPg(`${address}?options=-c%20synchronous_commit%3Don`, 1);
  const { query } = alone?.client ?? client;
  const waits: string[] = [];
  const watched: PostgresClient = {
    async query(text, values) {
      const rows = await query(text, values);
      // The only connection is the one that has told, or not: what it has been set to stays until the end of its transaction.
      const [set] = await query("SHOW synchronous_commit", []);
      waits.push(`${text.includes("pg_notify") ? "told" : "wrote"}, then ${set?.["synchronous_commit"]}`);
      return rows;
    },
  };
  const store = postgresStore(watched, { schema: newSchema() });
  await createJob(store, "job", 1, { dueAt: 5 });
  await store.close();
  assertEquals([...new Set(waits)].sort(), ["told, then on", "wrote, then on"]);
  const [{ now } = {}] = await query(
    `SELECT concat(${notifyOf("'a'", "'b'")}, current_setting('synchronous_commit')) AS now`,
    [],
  );
  assertEquals(now, "offoff", "while it tells");
  await alone?.close();
});

test("a command and a start reach those who watch in another store", options, async () => {
  const schema = newSchema();
  const other = address === undefined ? undefined : openPostgresJs(address);
  const [here, there] = [postgresStore(client, { schema }), postgresStore(other?.client ?? client, { schema })];
  const heard: string[] = [];
  let tell = () => {};
  const stop = there.watch?.((event) => {
    heard.push(JSON.stringify(event));
    tell();
  });
  const count = (text: string) => heard.filter((it) => it.includes(text)).length;
  const until = (text: string, most = 0) =>
    withTimeLimit(async (limit) => {
      while (count(text) <= most) {
        await limit.waitFor(`the event ${text}`, new Promise<void>((resolve) => tell = resolve));
      }
    });
  await until("gap");
  const job = await createJob(here, "job", 0, { dueAt: 5 });
  await until('{"type":"due","at":5}');
  await here.send(job, { key: "k", text: "t", reopens: false, now: 0, keyRetentionMs: 1, room: 9 });
  await until('{"type":"command","jobId":"job"}');
  await here.append(job, 0, [], { ...HEAD, consumed: 1, endedAt: 9 });
  await until('{"type":"ended","jobId":"job"}');
  const gaps = count("gap");
  await here.create(Array.from({ length: 30 }, (_, index) => sampleJob(`${"long".repeat(100)} ${index}`)));
  const ids = (await here.list({ limit: 40 })).jobs.filter(({ jobId }) => jobId !== "job");
  await Promise.all(ids.map(async (it) => {
    await here.append(it, 0, [], { ...HEAD, endedAt: 9 });
  }));
  await until("gap", gaps);
  stop?.();
  await Promise.all([here.close(), there.close()]);
  await other?.close();
});

test("fleets whose processes have two versions of the flows move jobs to the new one: postgres", {
  ...options,
  timeout: 600_000,
}, async () => {
  const schema = newSchema();
  let adopted = 0;
  for (const seed of seedsOnStores(100)) {
    await emptySchema(client, schema);
    adopted += (await runVersionFleetOf(seed, { openStore: () => postgresPlace(client, schema).open() })).adopted;
  }
  assert(adopted > 0, "jobs were moved");
});

test("fleets keep the promises of jobs in a store: postgres", { ...options, timeout: 600_000 }, async () => {
  const schema = newSchema();
  // In the fleet of seed 50, an engine whose clock is behind waits for what a dead one has left.
  const seeds = [50, ...Array.from({ length: amountOf(2, 300) }, (_, index) => index + 1)];
  for (const seed of seeds) {
    await emptySchema(client, schema);
    await runFleetOf(seed, { openStore: () => postgresPlace(client, schema).open() });
  }
});

test(
  "C536 jobs that are loaded together are read by one statement, in the order in which they are asked for",
  options,
  async () => {
    const { client, noted } = noting();
    const store = postgresStore(client, { schema: newSchema() });
    const ids = ["b", "a", 'c"\0', "d"];
    for (const jobId of ids) await createJob(store, jobId, 2);
    noted.length = 0;
    const jobs = await Promise.all([...ids, "none"].map(async (jobId) => await store.load(jobId)));
    assertEquals(jobs.map((it) => it?.record.jobId), [...ids, undefined]);
    assertEquals(jobs[2]?.entries, sampleEntries(0, 2));
    assertEquals(noted.length, 1);
    await store.close();
  },
);
