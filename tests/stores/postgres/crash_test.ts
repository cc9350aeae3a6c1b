import { assert, assertEquals, assertRejects } from "@std/assert";
import { after, test } from "node:test";
import { FencedError } from "../../../mod.ts";
import type { Store } from "../../../src/ports/mod.ts";
import { type PostgresClient, postgresStore } from "../../../src/stores/postgres_store.ts";
import { existing } from "../../../src/testing/store_contract/checks.ts";
import { enter, idsOf, sampleJob, take } from "../../../src/testing/store_contract/sample_jobs.ts";
import { awaitEvents } from "../../support/awaited_events.ts";
import { countingFlow, createCounts, readCounts, STEPS, untilCounted } from "../../support/counting_flow.ts";
import { CuttingProxy } from "../../support/cutting_proxy.ts";
import { CRASHED_CLIENTS, openPg, type OpenPostgres } from "../../support/postgres_clients.ts";
import { PostgresServer } from "../../support/postgres_server.ts";
import { missing } from "../../support/services.ts";
import { type TimeLimit, withTimeLimit } from "../../support/time_limit.ts";

const server = await PostgresServer.start();
const options = { timeout: 240_000, skip: server === undefined && missing("postgres") };
/** Longer than a test takes on the slowest machine, in milliseconds. */
const LONG_MS = 600_000;
const DURABILITY = { leaseMs: 3_000, commandPollMs: 200 };

/** Runs a test with a server, a proxy before it, and a store behind that proxy, by each client. */
function crashTest(name: string, run: (parts: Parts) => Promise<void>): void {
  for (const [client, open] of Object.entries(CRASHED_CLIENTS)) crashTestOf(`${name}: ${client}`, open, run);
}

function crashTestOf(name: string, open: OpenPostgres, run: (parts: Parts) => Promise<void>): void {
  test(name, options, async () => {
    if (server === undefined) return;
    const proxy = await CuttingProxy.start(server.port);
    const direct = openPg(server.url);
    const opened = await open(server.url.replace(String(server.port), String(proxy.port)));
    const schema = `crash ${++schemas}`;
    const store = postgresStore(opened.client, { schema });
    const parts = { server, proxy, direct: direct.client, client: opened.client, store, schema };
    try {
      await withTimeLimit((limit) => run({ ...parts, limit }));
    } finally {
      await store.close();
      await opened.close();
      await direct.close();
      await proxy.stop();
    }
  });
}

let schemas = 0;
after(() => server?.stop());

interface Parts {
  readonly server: PostgresServer;
  readonly proxy: CuttingProxy;
  readonly direct: PostgresClient;
  readonly client: PostgresClient;
  readonly store: Store;
  readonly schema: string;
  readonly limit: TimeLimit;
}

/** Starts a job of each id, disturbs them when some steps are counted, and checks that each step is counted once. */
async function checkCounts(
  { direct, limit, store, schema }: Parts,
  disturb: () => Promise<void> | void,
): Promise<void> {
  const jobs = ["a", "b", "c", "d", "e", "f"].map((it) => `${schema} ${it}`);
  await createCounts(direct, jobs);
  const { flow, engine } = countingFlow({ store, durability: DURABILITY });
  engine.work({ pollMs: 50 });
  const handles = await Promise.all(jobs.map((jobId) => flow.start("counter", { left: STEPS }, { jobId })));
  try {
    await limit.waitFor("10 steps", untilCounted(direct, jobs, 10));
    await disturb();
    for (const handle of handles) {
      assertEquals((await limit.waitFor(`the end of ${handle.jobId}`, handle.ended())).status, "completed");
    }
  } finally {
    await engine.close();
  }
  assertEquals(await readCounts(direct, jobs), jobs.map(() => STEPS));
}

async function pause(client: PostgresClient): Promise<void> {
  await client.query("SELECT pg_sleep(0.01)", []);
}

crashTest("a server that is killed and started again loses and doubles nothing", async (parts) => {
  await checkCounts(parts, async () => {
    parts.server.kill();
    await parts.server.restart();
  });
});

crashTest("connections that are cut lose and double nothing", async (parts) => {
  await checkCounts(parts, async () => {
    for (let round = 0; round < 5; round++) {
      parts.proxy.cut();
      await pause(parts.direct);
    }
  });
});

crashTest("the lost answer to a commit loses and doubles nothing", async (parts) => {
  await checkCounts(parts, async () => {
    for (let round = 0; round < 5; round++) {
      parts.proxy.loseAnswerTo("COMMIT");
      await pause(parts.direct);
    }
  });
  assert(parts.proxy.lost > 0);
});

crashTest(
  "an append whose answer is lost is stored, and says that nobody knows",
  async ({ proxy, store, direct, schema }) => {
    const [answer] = await store.create([sampleJob("job")]);
    const claim = existing(answer, "the job").record;
    proxy.loseAnswerTo("entry that nobody hears of");
    await assertRejects(async () => await store.append(claim, 0, ["entry that nobody hears of"]));
    const [row] = await direct.query(`SELECT text FROM "${schema}".entries`, []);
    assertEquals(row, { text: "entry that nobody hears of" });
    await assertRejects(async () => await store.append(claim, 0, ["another"]), FencedError);
  },
);

crashTest(
  "after a lost connection the store listens again, and tells that something may have been missed",
  async (parts) => {
    const { limit, proxy, store, direct, schema } = parts;
    const other = postgresStore(direct, { schema });
    const events = awaitEvents(store);
    await limit.waitFor("a gap", events.until("gap"));
    await other.create([sampleJob("first", { dueAt: 1 })]);
    await limit.waitFor("a due job", events.until("due"));
    proxy.cut();
    await limit.waitFor("a gap", events.until("gap"));
    await other.create([sampleJob("second", { dueAt: 1 })]);
    await limit.waitFor("a due job", events.until("due"));
    events.stop();
    await other.close();
  },
);

crashTest("a long transaction of somebody else holds up its own job only", async ({ client, store, schema }) => {
  await store.create(["locked", "free"].map((jobId) => sampleJob(jobId, { dueAt: 1 })));
  const begin = existing(client.begin, "transactions");
  const foreign = await begin();
  await foreign.query(`SELECT FROM "${schema}".jobs WHERE job_id = 'locked' FOR UPDATE`, []);
  const owner = await enter(store, "engine", { leaseMs: LONG_MS });
  try {
    assertEquals(idsOf(await take(store, owner)), ["free"]);
    assertEquals(idsOf(await take(store, owner)), [], "the locked one is left to others for now");
    assertEquals((await store.renew(owner, LONG_MS, 0)).isHeld, true);
  } finally {
    await foreign.rollback();
  }
  assertEquals(idsOf(await take(store, owner)), ["locked"]);
});

crashTest("leases and due times go by the server's clock, whatever the engine's clock says", async ({ store }) => {
  const [behind, ahead] = [0, Date.now() + 1e9];
  const owner = await enter(store, "engine", { now: behind, leaseMs: LONG_MS });
  await store.create([sampleJob("held", { claim: owner }), sampleJob("later", { dueAt: Date.now() + 1e9 })]);
  const other = await enter(store, "other", { now: ahead, leaseMs: LONG_MS });
  assertEquals(idsOf(await take(store, other, { now: ahead })), [], "nothing is due by the server's clock");
  assertEquals((await store.renew(owner, LONG_MS, ahead)).isHeld, true);
  const next = await store.nextDueAt({ now: behind });
  assert(
    next !== undefined && next > LONG_MS / 2 && next <= LONG_MS,
    `the lease ends when it was granted for, got ${next}`,
  );
  assert(Math.abs((await store.inbox({ jobId: "held", life: 1 }, 0, behind)).now - Date.now()) < LONG_MS);
});
