import { assertEquals } from "@std/assert";
import process from "node:process";
import { after, test } from "node:test";
import type { JobClaim, Store } from "../../../src/ports/mod.ts";
import { openPg } from "../../support/postgres_clients.ts";
import { emptySchema, postgresPlace } from "../../support/postgres_store_place.ts";
import { addressOf, missing } from "../../support/services.ts";

// A claim waits for a write that is under way, and answers with what that has stored: not with what the statement saw when it began.

const url = addressOf("postgres");
const { client, close } = openPg(url ?? "postgres://nowhere", 5);
after(close);
const schema = `claims ${process.pid}`;
const NOW = 10_000;
const OWNER = "owner";

interface HeldJob {
  readonly store: Store;
  readonly claim: JobClaim;
  readonly incarnation: number;
}

async function createHeld(): Promise<HeldJob> {
  await emptySchema(client, schema);
  const store = postgresPlace(client, schema).open();
  const entered = await store.enter({ owner: OWNER, leaseMs: 1_000, now: NOW, takesOver: false, token: "token" });
  const { incarnation = NaN } = entered;
  const [answer] = await store.create([{
    ...{ jobId: "job", createdAt: NOW, flowId: "flow", flowHash: "hash", queue: "default", priority: 1, tags: {} },
    ...{ parentId: undefined, status: "running", dueAt: undefined, endedAt: undefined, token: "token", flow: "{}" },
    snapshot: '{"revision":0}',
    claim: { owner: OWNER, incarnation },
  }]);
  const { life = NaN, epoch = NaN } = answer?.record ?? {};
  return { store, claim: { jobId: "job", life, epoch }, incarnation };
}

/** Resolves when a statement of the schema waits for a lock. */
async function untilWaiting(): Promise<void> {
  const count = "SELECT count(*) AS count FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1::text";
  for (;;) {
    const [row] = await client.query(count, [`%"${schema}".jobs%`]);
    if (Number(row?.["count"]) > 0) return;
  }
}

const CHANGES: Readonly<Record<string, (life: number) => string>> = {
  "an entry": (life) =>
    `WITH j AS (UPDATE "${schema}".jobs SET revision = 1 WHERE life = ${life} RETURNING life)
      INSERT INTO "${schema}".entries (life, revision, text) SELECT life, 1, '{"revision":1}' FROM j`,
  "a snapshot": (life) =>
    `WITH j AS (UPDATE "${schema}".jobs SET revision = 1, snapshot_revision = 1 WHERE life = ${life} RETURNING life)
      UPDATE "${schema}".documents d SET snapshot = '{"revision":1}' FROM j WHERE d.life = j.life`,
};

for (const [what, statementOf] of Object.entries(CHANGES)) {
  const options = url === undefined ? { skip: missing("postgres") } : {};
  test(`a job that is claimed while ${what} is being stored is given with it`, options, async () => {
    const { store, claim, incarnation } = await createHeld();
    const writing = await client.begin?.();
    await writing?.query(statementOf(claim.life), []);
    const claiming = store.claim({ owner: OWNER, incarnation, now: NOW, jobs: [claim] });
    await untilWaiting();
    await writing?.commit();
    const { jobs } = await claiming;
    const given = jobs.map(({ record, snapshot, snapshotRevision, entries }) => {
      return [record.revision, snapshotRevision + entries.length, entries.at(-1) ?? snapshot];
    });
    assertEquals(given, [[1, 1, '{"revision":1}']]);
    await store.close();
  });
}
