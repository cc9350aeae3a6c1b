import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import process from "node:process";
import { after, test } from "node:test";
import type { StoreEvent } from "../../../src/ports/mod.ts";
import { type RedisClient, redisStore, type RedisStoreOptions } from "../../../src/stores/redis_store.ts";
import {
  ENDED,
  enter,
  HEAD,
  idsOf,
  sampleEntries,
  sampleJob,
  send,
  take,
} from "../../../src/testing/store_contract/sample_jobs.ts";
import { existing } from "../../../src/testing/store_contract/checks.ts";
import { compareWithMemory } from "../../support/compare_stores.ts";
import { runFleetOf } from "../../support/fleet_seed.ts";
import { amountOf } from "../../support/gate_amount.ts";
import { createLatch } from "../../support/latch.ts";
import {
  openIoRedisCluster,
  openNodeRedis,
  openNodeRedisCluster,
  type OpenRedis,
  redisPlace,
} from "../../support/redis_clients.ts";
import { RedisServer } from "../../support/redis_server.ts";
import { addressOf, missing } from "../../support/services.ts";
import { runVersionFleetOf, seedsOnStores } from "../../support/version_fleets.ts";
import { type TimeLimit, withTimeLimit } from "../../support/time_limit.ts";

const url = addressOf("redis");
const options = { timeout: 240_000, skip: url === undefined && missing("redis") };
const prefix = `test-${process.pid}`;

const opened: OpenRedis[] = [];
after(() => opened.forEach((it) => it.close()));

async function clientTo(address = existing(url, "the address")): Promise<RedisClient> {
  const it = await openNodeRedis(address);
  opened.push(it);
  return it.client;
}

/** Runs a test with a server of its own. */
async function withServer(
  settings: Readonly<Record<string, string>>,
  run: (server: RedisServer) => Promise<void>,
): Promise<void> {
  const server = existing(await RedisServer.start(settings), "the server");
  try {
    await run(server);
  } finally {
    server.stop();
  }
}

/** The keys of a store on the server. */
async function keysOf(client: RedisClient, prefix: string): Promise<readonly string[]> {
  const script = "return redis.call('KEYS', KEYS[1] .. ':*')";
  const keys = "evalSha" in client
    ? await client.eval(script, { keys: [`{${prefix}}`], arguments: [] })
    : await client.eval(script, 1, `{${prefix}}`);
  return Array.isArray(keys) ? keys.map((it) => String(it).slice(prefix.length + 3)).sort() : [];
}

test("redisStore() answers random calls as the store in memory does", options, async () => {
  const client = await clientTo();
  for (let seed = 1; seed <= amountOf(20, 300); seed++) {
    const place = redisPlace(client, `${prefix}-random`);
    await compareWithMemory(await place.open(), seed, 150, async (store) => {
      await store.close();
      return place.open();
    });
  }
});

test("fleets whose processes have two versions of the flows move jobs to the new one: redis", {
  ...options,
  timeout: 600_000,
}, async () => {
  const client = await clientTo();
  let adopted = 0;
  for (const seed of seedsOnStores(100)) {
    const place = redisPlace(client, `${prefix}-versions`);
    adopted += (await runVersionFleetOf(seed, { openStore: () => place.open() })).adopted;
  }
  assert(adopted > 0, "jobs were moved");
});

test("fleets keep the promises of jobs in a store: redis", { ...options, timeout: 600_000 }, async () => {
  const client = await clientTo();
  // In the fleet of seed 50, an engine whose clock is behind waits for what a dead one has left.
  const seeds = [50, ...Array.from({ length: amountOf(3, 300) }, (_, index) => index + 1)];
  for (const seed of seeds) {
    const place = redisPlace(client, `${prefix}-fleet`);
    await runFleetOf(seed, { openStore: () => place.open() });
  }
});

test("redisStore() leaves nothing behind of jobs that are deleted or purged", options, async () => {
  const client = await clientTo();
  const own = `${prefix}-left`;
  const store = redisStore(client, { prefix: own, clock: "callers" });
  const owner = await enter(store, "engine");
  for (const [index, jobId] of ["a", "b", "c"].entries()) {
    const [answer] = await store.create([
      sampleJob(jobId, { claim: owner, dueAt: 1, flow: index === 2 ? "other" : "same" }),
    ]);
    const { record } = existing(answer, "the job");
    await store.append(record, 0, sampleEntries(0, 3));
    for (const key of ["1", "2"]) await send(store, record, "command", key);
    const refused = [{ sequence: 1, reason: "why" }];
    await store.append(record, 3, [], { ...ENDED, consumed: 2, refused });
  }
  assertEquals((await keysOf(client, own)).filter((it) => it.startsWith("flow:")).length, 2);
  await store.delete(existing(await store.find("a"), "the job"));
  assertEquals(
    (await keysOf(client, own)).filter((it) => it.startsWith("flow:")).length,
    2,
    "the flow has another job",
  );
  assertEquals(await store.purge({ endedBefore: ENDED.at + 1, limit: 10 }), 2);
  assertEquals(await keysOf(client, own), ["endings", "incarnations", "lives", "owners"]);
  await store.close();
});

test("redisStore() forgets the keys of commands, and why they could not be carried out", options, async () => {
  const client = await clientTo();
  const own = `${prefix}-keys`;
  const store = redisStore(client, { prefix: own, clock: "callers" });
  const [answer] = await store.create([sampleJob("job", { claim: await enter(store, "engine") })]);
  const { record } = existing(answer, "the job");
  for (const key of ["1", "2"]) await send(store, record, "command", key, { now: 100 });
  const refused = [1, 2].map((sequence) => ({ sequence, reason: "why" }));
  await store.append(record, 0, [], { ...HEAD, consumed: 2, refused, at: 200 });
  const remembered = ["keys", "order", "refused", "used"];
  const parts = async () =>
    (await keysOf(client, own)).flatMap((it) => remembered.filter((name) => it.startsWith(name)));
  assertEquals(await parts(), remembered);
  await send(store, record, "command", "3", { now: 1_200, keyRetentionMs: 1_000 });
  assertEquals(await parts(), ["keys", "order"]);
  assertEquals(await store.outcome(record, "2"), undefined);
  assertEquals(await store.outcome(record, "3"), { status: "stored" });
  await store.close();
});

test("redisStore() tells here and elsewhere what happens, once", options, async () => {
  const client = await clientTo();
  const open = () => redisStore(client, { prefix: `${prefix}-told`, clock: "callers" });
  const [store, other] = [open(), open()];
  const told: StoreEvent[][] = [[], []];
  const hasHeardAll = createLatch();
  for (const [index, it] of [store, other].entries()) {
    const isListening = createLatch();
    it.watch?.((event) => {
      told[index]?.push(event);
      if (event.type === "gap") isListening.open();
      if (index === 1 && told[1]?.length === 5) hasHeardAll.open();
    });
    await withTimeLimit((limit) => limit.waitFor(`what handle ${index} listens to`, isListening.passed));
  }
  const owner = await enter(store, "engine");
  const [answer] = await store.create([sampleJob("job \ud800", { claim: owner, createdAt: 5.25 })]);
  const { record } = existing(answer, "the job");
  await send(store, record, "command", "key");
  await store.append(record, 0, [], { ...HEAD, dueAt: 77, releases: true });
  const [taken] = await take(store, owner);
  const claim = existing(taken, "the job").record;
  await store.append(claim, 0, [], { ...HEAD, dueAt: 1_700_000_000_000.25, consumed: 1, releases: true });
  await store.create([sampleJob("last", { dueAt: 1 })]);
  const { jobId } = record;
  const events: StoreEvent[] = [
    { type: "gap" },
    { type: "command", jobId },
    ...[5.25, 1_700_000_000_000.25, 1].map((at): StoreEvent => ({ type: "due", at })),
  ];
  assertEquals(told[0], events);
  // The other one hears of it on its own connection.
  await withTimeLimit((limit) => limit.waitFor("what the other handle is told", hasHeardAll.passed));
  await other.count();
  assertEquals(told[1], events);
  for (const it of [store, other]) await it.close();
});

test("redisStore() returns texts that look like those it converts", options, async () => {
  const store = redisStore(await clientTo(), { prefix: `${prefix}-marks` });
  const texts = ["\u0001", '\u0001"\ud800"', "\u0001\u0001x"];
  await store.create(texts.map((it) => sampleJob(it, { snapshot: it })));
  for (const it of texts) assertEquals((await store.load(it))?.snapshot, it);
  assertEquals((await store.list()).jobs.map(({ jobId }) => jobId).sort(), texts.toSorted());
  await store.close();
});

test("redisStore() purges more jobs than it looks at in one call, and only those of the status", options, async () => {
  const store = redisStore(await clientTo(), { prefix: `${prefix}-purge`, clock: "callers" });
  const statuses = [["failed", 250], ["completed", 300]] as const;
  const jobs = statuses.flatMap(([status, count], first) =>
    Array.from(
      { length: count },
      (_, index) => sampleJob(`${status} ${index}`, { status, endedAt: 1_000 * first + index }),
    )
  );
  await store.create(jobs);
  assertEquals(await store.purge({ endedBefore: 9_000, status: "completed", limit: 290 }), 290);
  assertEquals(await store.purge({ endedBefore: 9_000, status: "completed", limit: 290 }), 10);
  assertEquals(await store.purge({ endedBefore: 220, limit: 1_000 }), 220);
  assertEquals(await store.count({ status: "failed" }), 30);
  await store.close();
});

test("redisStore() goes by the server's clock, whatever the engine's clock says", options, async () => {
  const store = redisStore(await clientTo(), { prefix: `${prefix}-clock` });
  // Longer than a test takes on the slowest machine.
  const leaseMs = 600_000;
  const [behind, ahead] = [0, Date.now() + 1e9];
  const owner = await enter(store, "engine", { now: behind, leaseMs });
  await store.create([sampleJob("held", { claim: owner }), sampleJob("later", { dueAt: Date.now() + 1e8 })]);
  const other = await enter(store, "other", { now: ahead, leaseMs });
  assertEquals(idsOf(await take(store, other, { now: ahead })), [], "nothing is due by the server's clock");
  assertEquals((await store.renew(owner, leaseMs, ahead)).isHeld, true);
  const next = await store.nextDueAt({ now: behind });
  assert(
    next !== undefined && next > leaseMs / 2 && next <= leaseMs,
    `the lease ends when it was granted for, got ${next}`,
  );
  await store.close();
});

test("redisStore() works in a cluster: all keys of a store are on one server", options, async () => {
  const settings = { "cluster-enabled": "yes", "cluster-announce-ip": "127.0.0.1" };
  const run = async (server: RedisServer, limit: TimeLimit) => {
    await server.send("CLUSTER ADDSLOTSRANGE 0 16383");
    for (let info = ""; !info.includes("cluster_state:ok");) {
      info = await limit.waitFor("a cluster that is ready", server.send("CLUSTER INFO"));
    }
    for (const open of [openNodeRedisCluster, openIoRedisCluster]) {
      const { client, close } = await open(server.url);
      const place = redisPlace(client, "cluster");
      await compareWithMemory(await place.open(), 1, 150);
      const [store, other] = [await place.open(), await place.open()];
      const isTold = createLatch();
      store.watch?.(({ type }) => type === "due" && isTold.open());
      const isListening = createLatch();
      store.watch?.(({ type }) => type === "gap" && isListening.open());
      await limit.waitFor("a store that listens", isListening.passed);
      await other.create([sampleJob("told", { dueAt: 1 })]);
      await limit.waitFor("a store that is told", isTold.passed);
      for (const it of [store, other]) await it.close();
      close();
    }
  };
  await withServer(settings, (server) => withTimeLimit((limit) => run(server, limit)));
});

test("redisStore() refuses a server that deletes jobs when its memory is full", options, async () => {
  await withServer({ "maxmemory-policy": "allkeys-lru" }, async ({ url }) => {
    const client = await clientTo(url);
    await assertRejects(
      async () => await redisStore(client).count(),
      Error,
      "set maxmemory-policy to noeviction, current value is allkeys-lru",
    );
  });
});

test("redisStore() works where it may not ask how the memory is used", options, async () => {
  await withServer({}, async (server) => {
    await server.send("ACL SETUSER default -info -config");
    const store = redisStore(await clientTo(server.url));
    assertEquals(await store.count(), 0);
    await store.close();
  });
});

test("a server whose memory is full refuses a write of redisStore(), and has nothing of it", options, async () => {
  await withServer({}, async (server) => {
    const client = await clientTo(server.url);
    const store = redisStore(client);
    const [answer] = await store.create([sampleJob("job")]);
    const { record } = existing(answer, "the job");
    await server.send("CONFIG SET maxmemory 1mb");
    const keys = await keysOf(client, "routilux");
    await assertRejects(async () => await store.create([sampleJob("other")]), Error, "OOM");
    await assertRejects(async () => await store.append(record, 0, ["entry"], ENDED), Error, "OOM");
    await assertRejects(async () => await send(store, record, "command", "key"), Error, "OOM");
    await server.send("CONFIG SET maxmemory 0");
    assertEquals(await keysOf(client, "routilux"), keys);
    assertEquals((await store.load("job"))?.record, record);
    assertEquals(await store.append(record, 0, ["entry"], ENDED), "stored");
    await store.close();
  });
});

test("redisStore() runs its script again on a server that has forgotten it", options, async () => {
  await withServer({}, async (server) => {
    const store = redisStore(await clientTo(server.url));
    assertEquals(await store.count(), 0);
    await server.send("SCRIPT FLUSH");
    assertEquals(await store.count(), 0);
    await store.close();
  });
});

test("redisStore() refuses what is no client, unknown options, and a prefix that cannot stand in a key", () => {
  const client = { eval: () => {}, evalsha: () => {}, duplicate: () => {} } as unknown as RedisClient;
  const open = (options: unknown) => () => redisStore(client, options as RedisStoreOptions);
  assertThrows(
    () => redisStore({} as RedisClient),
    TypeError,
    'the client must be one of the package "redis" or "ioredis"',
  );
  assertThrows(open({ prefx: "a" }), TypeError, 'did you mean "prefix"?');
  for (const prefix of ["", "a}b", "a b", "x".repeat(101), 1]) {
    assertThrows(open({ prefix }), TypeError, "prefix must have 1 to 100 letters, digits and _ - . : /");
  }
  assertThrows(open({ clock: "mine" }), TypeError, "clock must be one of");
});
