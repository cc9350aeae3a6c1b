import { assert, assertEquals, assertRejects } from "@std/assert";
import { after, test } from "node:test";
import { type Context, Engine, FencedError, Flow, Registry, Routine } from "../../../mod.ts";
import type { Store } from "../../../src/ports/mod.ts";
import { redisStore } from "../../../src/stores/redis_store.ts";
import { existing } from "../../../src/testing/store_contract/checks.ts";
import { HEAD, sampleJob } from "../../../src/testing/store_contract/sample_jobs.ts";
import { CuttingProxy } from "../../support/cutting_proxy.ts";
import { awaitEvents } from "../../support/awaited_events.ts";
import { createLatch } from "../../support/latch.ts";
import { openIoRedis, openNodeRedis, type OpenRedis } from "../../support/redis_clients.ts";
import { DURABLE, RedisServer } from "../../support/redis_server.ts";
import { missing } from "../../support/services.ts";
import { type TimeLimit, withTimeLimit } from "../../support/time_limit.ts";

const CLIENTS: Readonly<Record<string, (url: string) => OpenRedis | Promise<OpenRedis>>> = {
  redis: openNodeRedis,
  ioredis: openIoRedis,
};
const STEPS = 60;
const JOBS = ["a", "b", "c", "d"];

const server = await RedisServer.start(DURABLE);
after(() => server?.stop());
const options = { timeout: 240_000, skip: server === undefined && missing("redis") };

interface Parts {
  readonly server: RedisServer;
  readonly proxy: CuttingProxy;
  readonly limit: TimeLimit;
  /** A store whose client is behind the proxy, and one that is not. */
  readonly store: Store;
  readonly direct: Store;
}

let places = 0;

/** Runs a test with each client, by a proxy that cuts its connections. */
function crashTest(name: string, run: (parts: Parts) => Promise<void>): void {
  for (const [kind, open] of Object.entries(CLIENTS)) {
    test(`${name}: ${kind}`, options, async () => {
      if (server === undefined) return;
      const proxy = await CuttingProxy.start(server.port);
      const opened = await open(server.url.replace(String(server.port), String(proxy.port)));
      const direct = await open(server.url);
      const prefix = `crash-${++places}`;
      const stores = [redisStore(opened.client, { prefix }), redisStore(direct.client, { prefix })] as const;
      try {
        await withTimeLimit((limit) => run({ server, proxy, limit, store: stores[0], direct: stores[1] }));
      } finally {
        for (const store of stores) await store.close();
        opened.close();
        direct.close();
        await proxy.stop();
      }
    });
  }
}

/** Starts jobs of many steps, disturbs them when some are done, and checks that each job has made each step once. */
async function checkSteps({ limit, store }: Parts, disturb: () => Promise<void> | void): Promise<void> {
  let done = 0;
  const isUnderWay = createLatch();
  class Counter extends Routine {
    readonly trigger = this.addSlot<{ n: number }>("trigger", this.count);
    readonly next = this.addEvent<{ n: number }>("next");
    count({ n }: { n: number }, ctx: Context): void {
      if (++done === 2 * JOBS.length) isUnderWay.open();
      ctx.output("step", n);
      ctx.shared.update<number>("steps", (steps = 0) => steps + 1);
      if (n < STEPS) ctx.emit(this.next, { n: n + 1 });
    }
  }
  const engine = new Engine({ store, registry: new Registry({ Counter }), durability: { leaseMs: 2_000 } });
  const flow = new Flow({ id: "crashing", engine });
  const counter = flow.addRoutine(new Counter(), "counter");
  flow.connect(counter.next, counter.trigger);
  engine.work({ pollMs: 50 });
  const handles = await Promise.all(JOBS.map((jobId) => flow.start(counter.trigger, { n: 1 }, { jobId })));
  try {
    await limit.waitFor("the first steps", isUnderWay.passed);
    await disturb();
    for (const handle of handles) {
      const job = await limit.waitFor(`the end of ${handle.jobId}`, handle.ended());
      assertEquals([job.status, job.sharedData["steps"]], ["completed", STEPS]);
      assertEquals(job.outputLog.map(({ data }) => data), Array.from({ length: STEPS }, (_, index) => index + 1));
    }
  } finally {
    await engine.close();
  }
}

crashTest("a server that is killed and started again loses and doubles nothing", async (parts) => {
  await checkSteps(parts, async () => {
    parts.server.kill();
    await parts.server.restart(DURABLE);
  });
});

crashTest("connections that are cut lose and double nothing", async (parts) => {
  await checkSteps(parts, async () => {
    for (let round = 0; round < 5; round++) {
      parts.proxy.cut();
      await parts.server.send("PING");
    }
  });
});

crashTest("an append whose answer is lost is stored once, whether or not the client sends it again", async (parts) => {
  const { proxy, store, direct } = parts;
  const [answer] = await store.create([sampleJob("job")]);
  const claim = existing(answer, "the job").record;
  proxy.loseAnswerTo("entry that nobody hears of");
  const append = async () => await store.append(claim, 0, ["entry that nobody hears of"], HEAD);
  // One of the clients sends it again, and gets the answer; the other one says that nobody knows.
  await append().catch((error) => assert(!(error instanceof FencedError), `it is not fenced off: ${error}`));
  assert(proxy.lost > 0);
  assertEquals((await direct.load("job"))?.entries, ["entry that nobody hears of"]);
  await assertRejects(async () => await store.append(claim, 0, ["another"]), FencedError);
  assertEquals(await store.append(claim, 1, ["another"]), "stored");
});

crashTest(
  "after a lost connection the store listens again, and tells that something may have been missed",
  async (parts) => {
    const { limit, proxy, store, direct } = parts;
    const events = awaitEvents(store);
    await limit.waitFor("a gap", events.until("gap"));
    await direct.create([sampleJob("first", { dueAt: 1 })]);
    await limit.waitFor("a due job", events.until("due"));
    proxy.cut();
    await limit.waitFor("a gap", events.until("gap"));
    await direct.create([sampleJob("second", { dueAt: 1 })]);
    await limit.waitFor("a due job", events.until("due"));
    events.stop();
  },
);
