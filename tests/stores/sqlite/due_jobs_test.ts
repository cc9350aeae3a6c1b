import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { DueQuery, NewJob } from "../../../src/ports/store.ts";
import { dueOfAll, nextDueOfAll } from "../../../src/ports/store_kit.ts";
import { sqliteStore } from "../../../src/stores/sqlite_store.ts";
import { amountOf } from "../../support/gate_amount.ts";
import { addJob, enter, NOW, sampleJob, send } from "../../../src/testing/store_contract/sample_jobs.ts";

interface SampleJob {
  readonly more: Partial<NewJob>;
  /** Which engine has it: one that lives, one that has died, one that has left, or none. */
  readonly holder: number;
  readonly hasCommand: boolean;
}

const instant = fc.integer({ min: NOW - 5, max: NOW + 5 });

const IDS = Array.from({ length: 40 }, (_, index) => `${index}`);

/** Mostly the first value, so that many jobs have the same. */
function mostly<T>(...values: [T, ...T[]]): fc.Arbitrary<T> {
  const [first, ...others] = values;
  return fc.oneof({ weight: 9, arbitrary: fc.constant(first) }, ...others.map((it) => fc.constant(it)));
}

const sampleJobs: fc.Arbitrary<SampleJob[]> = fc.array(
  fc.record({
    more: fc.record({
      createdAt: instant,
      dueAt: fc.option(instant, { nil: undefined }),
      flowId: mostly("a", "b"),
      flowHash: mostly("1", "2", "\ud800"),
      queue: mostly("default", "other\0"),
      priority: mostly(0, -1, 1.5),
      flow: mostly("one document", "another"),
      endedAt: mostly(undefined, NOW),
    }),
    holder: fc.nat(3),
    hasCommand: fc.boolean(),
  }),
  { maxLength: 40, size: "max" },
);

const queries: fc.Arbitrary<DueQuery> = fc.record({
  now: instant,
  flows: mostly(undefined, ["a"], ["b", "a"], []),
  exceptFlows: mostly(undefined, new Set(["1"]), new Set(["\ud800", "2"])),
  exceptJobs: fc.subarray(IDS).map((ids) => new Set(ids)),
  queues: mostly(undefined, ["other\0"], ["default"]),
});

test("take and nextDueAt find what a look at all jobs finds, in the same order", { timeout: 60_000 }, async () => {
  let found = 0;
  const property = fc.asyncProperty(sampleJobs, queries, fc.integer({ min: 1, max: 4 }), async (jobs, asked, limit) => {
    const database = new DatabaseSync(":memory:");
    const store = sqliteStore(database);
    const [living, dead, left, engine] = [
      await enter(store, "living"),
      await enter(store, "dead", { now: NOW - 2, leaseMs: 1 }),
      await enter(store, "left"),
      await enter(store, "engine", { now: NOW - 10 }),
    ];
    for (const [index, { more, holder, hasCommand }] of jobs.entries()) {
      const job = await addJob(store, sampleJob(`${index}`, { ...more, claim: [living, dead, left][holder] }));
      if (hasCommand) await send(store, job, "command", "key", { reopens: true });
    }
    await store.leave(left);
    const { jobs: all } = await store.list({ limit: Infinity });
    const query = { ...asked, ...engine, limit };
    for (const it of [undefined, living, dead, left]) {
      const but = { ...asked, exceptIncarnation: it?.incarnation };
      assertEquals(await store.nextDueAt(but), nextDueOfAll(all, but));
    }
    const taken = (await store.take(query)).jobs.map(({ record }) => record.jobId);
    assertEquals(taken, dueOfAll(all, query).map(({ jobId }) => jobId));
    found += taken.length;
    await store.close();
    database.close();
  });
  await fc.assert(property, { numRuns: Math.max(20, amountOf(200, 2_000)), seed: 1 });
  assert(found > 10, `${found} jobs were taken`);
});
