import { assert, assertEquals, assertMatch } from "@std/assert";
import { after, test } from "node:test";
import type { Store } from "../../../src/ports/mod.ts";
import { type PostgresClient, postgresStore } from "../../../src/stores/postgres_store.ts";
import { errorOf } from "../../../src/testing/store_contract/checks.ts";
import { countingFlow, createCounts, readCounts, STEPS } from "../../support/counting_flow.ts";
import { createLatch } from "../../support/latch.ts";
import { openPg } from "../../support/postgres_clients.ts";
import { PostgresServer } from "../../support/postgres_server.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import { missing } from "../../support/services.ts";
import { SmallDisk } from "../../support/small_disk.ts";
import { StoreStateTracker } from "../../support/store_state_tracker.ts";
import { withTimeLimit } from "../../support/time_limit.ts";

/** More than the files of a new server take. */
const MEGABYTES = 48;
/** How often writes are tried until one is refused: pages that are begun have room, and so has the part of the log that is. */
const MOST_TRIES = 1_000;
/** What the server says of a write that there is no room for. */
const NO_ROOM = /No space left on device/;
/** How many refusals the engine gets before there is room again. */
const REFUSALS = 3;

const data = SmallDisk.mount(MEGABYTES);
const wal = data && SmallDisk.mount(MEGABYTES);
// Neither cleans up nor begins its log anew by itself: both would make room.
const server = data && wal &&
  await PostgresServer.start({ autovacuum: "off", checkpoint_timeout: "1h" }, { data: data.folder, wal: wal.folder });
const isMissing = data === undefined || wal === undefined
  ? "no file system can be mounted here"
  : server === undefined && missing("postgres");
const options = { timeout: 240_000, skip: isMissing };
after(() => {
  server?.stop();
  data?.unmount();
  wal?.unmount();
});

/** A text that cannot be stored in fewer bytes. */
function incompressible(length: number): string {
  const random = seededRandom(length);
  return Array.from({ length }, () => String.fromCharCode(33 + random.integer(90))).join("").replaceAll(/["\\]/g, "-");
}

/** Writes to a job, in turn, until a write is refused. */
async function writeUntilFull(store: Store, tracker: StoreStateTracker, jobId: string): Promise<void> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const error = await errorOf(() => tracker.append(store, jobId, 1, true)) ??
      await errorOf(() => tracker.send(store, jobId, `key ${tries}`));
    if (error !== undefined) return assertMatch(String(error), NO_ROOM);
  }
  throw new Error(`The disk is not full after ${MOST_TRIES} writes`);
}

test(
  "a write that the server has no room for changes nothing, and is made when there is room again",
  options,
  async () => {
    if (data === undefined || server === undefined) return;
    const { client, close } = openPg(server.url);
    const store = postgresStore(client, { schema: "refused" });
    const tracker = new StoreStateTracker(incompressible(5_000));
    await tracker.create(store, "job");
    await tracker.append(store, "job", 2, true);
    await tracker.send(store, "job", "first");
    const writes: Readonly<Record<string, (tries: number) => Promise<void>>> = {
      create: (tries) => tracker.create(store, `new ${tries}`),
      append: (tries) => tracker.append(store, "job", 1 + tries % 3, tries % 2 === 0),
      send: (tries) => tracker.send(store, "job", `key ${tries}`),
      compact: async () => {
        const revision = (await store.find("job"))?.revision ?? 0;
        await tracker.compact(store, "job", revision);
      },
    };
    data.fill();
    try {
      for (const [name, write] of Object.entries(writes)) {
        let refused = 0;
        for (let tries = 0; refused < REFUSALS; tries++) {
          assert(tries < MOST_TRIES, `${name} is not refused after ${tries} times`);
          const error = await errorOf(() => write(tries));
          // To compact needs an entry more than before.
          if (error === undefined) continue;
          refused++;
          assertMatch(String(error), NO_ROOM);
          assertEquals(await tracker.changes(store), [], name);
          assertEquals(await tracker.findings(store), [], name);
          await tracker.adopt(store);
        }
      }
    } finally {
      data.clear();
    }
    for (const write of Object.values(writes)) await write(MOST_TRIES);
    assertEquals(await tracker.findings(store), []);
    await store.close();
    await close();
  },
);

for (const [what, disk] of Object.entries({ "the data": data, "the log of writes": wal })) {
  test(`jobs go on, and each step counts once, when the disk of ${what} was full`, options, async () => {
    if (disk === undefined || server === undefined) return;
    const schema = `full disk of ${what}`;
    const { client, close } = openPg(server.url);
    const refused = createLatch();
    let mostErrors = Infinity;
    const counting: PostgresClient = {
      ...client,
      query: (text, values) =>
        client.query(text, values).catch((error: unknown) => {
          if (--mostErrors === 0) refused.open();
          throw error;
        }),
    };
    const store = postgresStore(counting, { schema });
    const { flow, engine } = countingFlow({ store, durability: { leaseMs: 3_000, commandPollMs: 200 } });
    const jobs = ["a", "b", "c"].map((it) => `${schema} ${it}`);
    const tracker = new StoreStateTracker(incompressible(20_000));
    try {
      await withTimeLimit(async (limit) => {
        await createCounts(client, jobs);
        const handles = await Promise.all(jobs.map((jobId) => flow.start("counter", { left: STEPS }, { jobId })));
        await tracker.create(store, schema);
        disk.fill();
        await writeUntilFull(store, tracker, schema);
        mostErrors = REFUSALS;
        engine.work({ pollMs: 50 });
        await limit.waitFor(`${REFUSALS} refusals of the engine's writes`, refused.passed);
        disk.clear();
        await limit.waitFor("the server", answering(server, client));
        for (const handle of handles) {
          const { status } = await limit.waitFor(`the end of ${handle.jobId}`, handle.ended());
          assertEquals(status, "completed");
        }
        assertEquals(await tracker.findings(store), []);
        assertEquals(await readCounts(client, jobs), jobs.map(() => STEPS));
      });
    } finally {
      disk.clear();
      await engine.close();
      await close();
    }
  });
}

/** Waits until a server answers that may have ended, or may be about to. */
async function answering(server: PostgresServer, client: PostgresClient): Promise<void> {
  while (await errorOf(() => client.query("SELECT", [])) !== undefined) {
    if (!server.isRunning) await server.restart();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
