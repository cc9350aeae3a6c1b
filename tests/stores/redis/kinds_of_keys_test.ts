import { assertEquals, assertMatch } from "@std/assert";
import { after, test } from "node:test";
import type { Store } from "../../../src/ports/mod.ts";
import { redisStore } from "../../../src/stores/redis_store.ts";
import { errorOf } from "../../../src/testing/store_contract/checks.ts";
import {
  addJob,
  createJob,
  ENDED,
  enter,
  HEAD,
  LATER,
  NOW,
  sampleJob,
  send,
} from "../../../src/testing/store_contract/sample_jobs.ts";
import { openNodeRedis } from "../../support/redis_clients.ts";
import { RedisServer } from "../../support/redis_server.ts";
import { missing } from "../../support/services.ts";

const server = await RedisServer.start();
after(() => server?.stop());
const options = { timeout: 240_000, skip: server === undefined && missing("redis") };

/** The job that is claimed, and has one command; another one is due, and a third one has ended. */
type Claim = Parameters<Store["append"]>[0];

/** What writes to a store, with the keys that it writes. */
const CALLS: Readonly<Record<string, readonly [keys: readonly string[], call: (store: Store, job: Claim) => unknown]>> =
  {
    create: [["ids", "age", "due", "ended"], (store) => store.create([sampleJob("new", { dueAt: 1 })])],
    append: [
      ["ids", "due", "ended", "job:1", "entries:1", "inbox:1", "used:1", "refused:1"],
      (store, job) =>
        store.append(job, 1, ["{}"], { ...HEAD, consumed: 1, refused: [{ sequence: 1, reason: "none" }] }),
    ],
    compact: [["ids", "job:1", "entries:1"], (store, job) => store.compact(job, 1, "{}")],
    replaceFlow: [
      ["ids", "due", "ended", "job:1", "flow"],
      (store, job) => store.replaceFlow?.(job, 1, { flow: "other", flowHash: "other", snapshot: "{}" }),
    ],
    send: [
      ["ids", "due", "ended", "job:1", "inbox:1", "order:1", "keys:1", "used:1", "refused:1"],
      (store, job) => send(store, { jobId: job.jobId }, "second", "second"),
    ],
    take: [
      ["due", "ended", "owners", "survived", "job:2"],
      (store) => store.take({ owner: "engine", incarnation: 1, now: NOW, limit: 5 }),
    ],
    delete: [["ids", "age", "due", "ended", "job:1", "flow"], (store, job) => store.delete(job)],
    purge: [
      ["ids", "age", "due", "ended", "job:3", "flow"],
      (store) => store.purge({ endedBefore: LATER, limit: 10 }),
    ],
    enter: [["owners", "endings"], (store) => enter(store, "other")],
  };

/** All keys and their values, but for the counter of incarnations, which may have gaps. */
const EACH_KEY = `
  local all = {}
  for _, key in ipairs(redis.call("KEYS", "*")) do
    if not string.find(key, ":incarnations") then table.insert(all, key .. " " .. redis.sha1hex(redis.call("DUMP", key))) end
  end
  table.sort(all)
  return all`;
/** Puts sets, which a store never has, in the place of a key, or of all keys whose names begin so. */
const SPOIL = `
  for _, key in ipairs({ ARGV[1], unpack(redis.call("KEYS", ARGV[1] .. "*")) }) do
    redis.call("DEL", key)
    redis.call("SADD", key, "of somebody else")
  end`;

for (const [name, [keys, call]] of Object.entries(CALLS)) {
  test(`${name}() writes nothing where one of its keys is of another kind`, options, async () => {
    const { client, close } = await openNodeRedis(server?.url ?? "");
    const run = (script: string, ...args: string[]) =>
      "evalSha" in client && client.eval(script, { keys: [], arguments: args });
    for (const key of keys) {
      await run(`return redis.call("FLUSHALL")`);
      const store = redisStore(client, { prefix: "kinds", clock: "callers" });
      const job = await filled(store);
      await run(SPOIL, `{kinds}:${key}`);
      const before = await run(EACH_KEY);
      assertMatch(String(await errorOf(() => call(store, job))), /WRONGTYPE .*; somebody else has changed/, key);
      assertEquals(await run(EACH_KEY), before, `with ${key}`);
      await store.close();
    }
    close();
  });
}

/** Fills a store with a job that is claimed and has a command, one that is due, and one that has ended. */
async function filled(store: Store): Promise<Claim> {
  const job = await addJob(store, sampleJob("held", { claim: await enter(store, "engine") }));
  await store.append(job, 0, ["{}"]);
  await send(store, { jobId: "held" }, "first", "first");
  await createJob(store, "due", 0, { dueAt: 1 });
  await store.append(await createJob(store, "ended", 0), 0, [], ENDED);
  return job;
}
