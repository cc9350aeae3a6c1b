import { assertEquals, assertMatch } from "@std/assert";
import { after, test } from "node:test";
import { type Context, Engine, Flow, Registry, Routine } from "../../../mod.ts";
import type { Store } from "../../../src/ports/mod.ts";
import { type RedisClient, redisStore } from "../../../src/stores/redis_store.ts";
import { errorOf, existing } from "../../../src/testing/store_contract/checks.ts";
import { createJob, enter, sampleJob } from "../../../src/testing/store_contract/sample_jobs.ts";
import { openIoRedis, openNodeRedis, type OpenRedis } from "../../support/redis_clients.ts";
import { RedisServer } from "../../support/redis_server.ts";
import { freePort } from "../../support/free_port.ts";
import { missing } from "../../support/services.ts";

const server = await RedisServer.start();
after(() => server?.stop());
const options = { timeout: 240_000, skip: server === undefined && missing("redis") };
const url = server?.url ?? "";

const CLIENTS: Readonly<Record<string, (url: string) => OpenRedis | Promise<OpenRedis>>> = {
  redis: openNodeRedis,
  ioredis: openIoRedis,
};

/** Checks that a call of a store by each client is refused with what the server says, and with a remedy. */
async function checkRefused(
  url: string,
  message: RegExp,
  ask: (store: Store) => unknown = (store) => store.create([sampleJob("job", { dueAt: 1 })]),
): Promise<void> {
  for (const [name, open] of Object.entries(CLIENTS)) {
    const opened = await open(url);
    const store = redisStore(opened.client, { prefix: "refused" });
    const error = await errorOf(() => ask(store));
    await store.close();
    // A client that stays open keeps its process from ending.
    opened.close();
    assertMatch(String(error), message, name);
  }
}

/** The same address for a user of the server. */
const as = (user: string): string => url.replace("redis://", `redis://${user}:any@`);

/** Runs a test with a server of its own. */
async function withServer(
  settings: Readonly<Record<string, string>>,
  run: (server: RedisServer) => Promise<void>,
): Promise<void> {
  const own = existing(await RedisServer.start(settings), "the server");
  try {
    await run(own);
  } finally {
    own.stop();
  }
}

/** A client whose server refuses all scripts. */
function refusing(message: string): RedisClient {
  const refuse = () => Promise.reject(new Error(message));
  return { evalSha: refuse, eval: refuse, duplicate: () => existing<never>(undefined, "another connection") };
}

/** Runs a command by a client. */
async function command(client: RedisClient, ...args: readonly string[]): Promise<unknown> {
  const script = "return redis.call(unpack(ARGV))";
  return await ("evalSha" in client
    ? client.eval(script, { keys: [], arguments: [...args] })
    : client.eval(script, 0, ...args));
}

test("a user who lacks rights is told which, and nothing is half written", options, async () => {
  await server?.send("ACL SETUSER weak on nopass ~* +ping +hello +info");
  await checkRefused(as("weak"), /NOPERM .*; let the user run all commands.*~\{refused\}\*.*&\{refused\}\*/);
  await server?.send("ACL SETUSER elsewhere on nopass ~other* &* +@all");
  await checkRefused(as("elsewhere"), /NOPERM .*; let the user run all commands/);
  await server?.send("ACL SETUSER reader on nopass ~* &* +@all -@write");
  await checkRefused(as("reader"), /can't run this command.*; let the user run all commands/);
  await checkRefused(as("reader"), /undefined/, async (store) => assertEquals(await store.count(), 0));
  // New users have no channels where nothing else is said.
  for (const [user, rights] of Object.entries({ silent: "resetchannels +@all", mute: "&* +@all -publish" })) {
    await server?.send(`ACL SETUSER ${user} on nopass ~* ${rights}`);
    await checkRefused(as(user), /the user may not publish to \{refused\}:events; let the user run all commands/);
  }
  const { client, close } = await openNodeRedis(url);
  assertEquals(await command(client, "KEYS", "{refused}*"), [], "no refused call has left anything");
  close();
});

test("a password that is missing or wrong is said to be so", options, async () => {
  await withServer({}, async (own) => {
    await own.send("CONFIG SET requirepass secret");
    const ioredis = openIoRedis(own.url);
    const store = redisStore(ioredis.client, { prefix: "refused" });
    assertMatch(String(await errorOf(() => store.count())), /NOAUTH .*; give the client the user and the password/);
    await store.close();
    ioredis.close();
    await checkRefused(own.url.replace("redis://", "redis://:secret@"), /undefined/, (store) => store.count());
  });
});

test("a server that is full, a replica, and one that lacks replicas take no write, and say why", options, async () => {
  await withServer({ maxmemory: "3mb", "maxmemory-policy": "noeviction" }, async (own) => {
    const { client, close } = await openNodeRedis(own.url);
    const store = redisStore(client, { prefix: "refused" });
    const fill = async () => {
      for (let index = 0; index < 100; index++) {
        await createJob(store, `job ${index}`, 0, { snapshot: "x".repeat(1e5) });
      }
    };
    assertMatch(String(await errorOf(fill)), /OOM .*; give the server more memory/);
    const count = await store.count();
    assertMatch(String(await errorOf(fill)), /OOM/);
    assertEquals([await store.count(), (await store.list({ limit: 500 })).jobs.length], [count, count]);
    await store.close();
    close();
  });
  await withServer({ replicaof: `127.0.0.1 ${existing(server, "the server").port}` }, async (own) => {
    await checkRefused(own.url, /READONLY .*; connect to the primary server/);
  });
  await withServer({ "min-replicas-to-write": "1" }, async (own) => {
    await checkRefused(own.url, /NOREPLICAS .*; look at the server's replicas/);
  });
});

test("a text that is longer than the server takes is refused, with its setting", async () => {
  // A server closes the connection then: whether its answer or the end of the connection comes first is chance.
  const error = await errorOf(() => redisStore(refusing("ERR Protocol error: invalid bulk length")).count());
  assertMatch(
    String(error),
    /invalid bulk length; a text is longer than the server takes: raise proto-max-bulk-len, or keep what is large elsewhere/,
  );
});

test("a server of a cluster that has other keys is named with the client to use", options, async () => {
  // By default its port for the cluster is one that a client's connection may have.
  const settings = { "cluster-enabled": "yes", "cluster-port": `${await freePort()}` };
  await withServer(settings, async (own) => {
    await checkRefused(own.url, /CLUSTERDOWN .*; look at the state of the cluster/);
  });
  const error = await errorOf(() => redisStore(refusing("MOVED 3999 127.0.0.1:6381")).count());
  assertMatch(
    String(error),
    /MOVED .*; use the client's class for clusters \(createCluster of redis, Cluster of ioredis\)/,
  );
});

test("keys of another kind, and a store of a newer version, are refused", options, async () => {
  const { client, close } = await openNodeRedis(url);
  for (const key of ["ids", "owners"]) {
    await command(client, "SET", `{refused}:${key}`, "of somebody else");
    const ask = async (store: Store) => [await enter(store, "engine"), await createJob(store, "job", 1)];
    await checkRefused(url, /WRONGTYPE .*; somebody else has changed its keys/, ask);
    await command(client, "FLUSHALL");
  }
  await command(client, "SET", "{refused}:version", "2");
  await checkRefused(
    url,
    /its keys have version 2, this version of routilux supports 1; use the newer version that created them/,
    (store) => store.count(),
  );
  await command(client, "FLUSHALL");
  close();
});

class Idle extends Routine {
  readonly trigger = this.addSlot("trigger", this.rest);
  rest(_data: unknown, ctx: Context): void {
    ctx.result("done");
  }
}

test("a job of which somebody has deleted a part is refused alone, and not hidden", options, async () => {
  for (const part of ["job", "snapshot", "flow"]) {
    const opened = await openNodeRedis(url);
    const store = redisStore(opened.client, { prefix: "torn" });
    const refused: string[] = [];
    const engine = new Engine({
      registry: new Registry({ Idle }),
      store,
      observer: (event) => void (event.type === "refused" && refused.push(`${event.jobId}: ${event.error}`)),
    });
    const flow = new Flow({ id: "idle", engine });
    const other = new Flow({ id: "other", engine });
    const torn = await other.start(other.addRoutine(new Idle(), "idle").trigger, {}, { jobId: "torn" });
    const { life } = existing(await store.find("torn"), "the job");
    const keys = await command(opened.client, "KEYS", `{torn}:${part}:*`);
    const whole = await flow.start(flow.addRoutine(new Idle(), "idle").trigger, {}, { jobId: "whole" });
    assertEquals(Array.isArray(keys) && keys.length, 1, `${part} of life ${life}`);
    await command(opened.client, "DEL", ...(Array.isArray(keys) ? keys : []));
    engine.work();
    assertEquals((await whole.ended()).status, "completed");
    const document = part === "flow" ? "routilux/flow" : "routilux/job";
    const said = `SerializationError: Cannot read ${document}: the text is no JSON`;
    // Without its record, nothing says what it was: whoever asks for it is told.
    assertEquals(refused, part === "job" ? [] : [`torn: ${said}`]);
    const error = part === "flow" ? said : String(await errorOf(() => torn.read()));
    assertMatch(
      error,
      part === "job" ? /; somebody else has changed its keys: restore them from a backup/ : RegExp(said),
    );
    await engine.close();
    await command(opened.client, "FLUSHALL");
    opened.close();
  }
});
