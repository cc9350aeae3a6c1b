import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { lateStore } from "../support/late_store.ts";
import { textAt } from "./page_text.ts";
import { NOW, sampleStudio } from "./sample_studio.ts";

const MINUTE = 60_000;

test("throughput counts the jobs that were created and that ended by time, and their steps when they end", async () => {
  const sample = sampleStudio({}, lateStore());
  const { json, start, timers } = sample;
  await start("old", []);
  await timers.advance(20 * MINUTE);
  await start("fails", ["unicorn"]);
  await timers.advance(5 * MINUTE);
  await start("done", []);
  await start("waits", ["tea"]);
  const { body } = await json("/api/throughput");
  assertEquals([body.partMs, body.parts.length, body.isWhole, body.lookedAt], [30_000, 30, true, 4]);
  assertEquals(body.parts[0].from, new Date(NOW + 10 * MINUTE).toISOString());
  const filled = body.parts.flatMap(({ from: _, steps, ...counts }: { from: string; steps: number }, index: number) =>
    Object.values(counts).some((it) => it !== 0) ? [{ index, ...counts, hasSteps: steps > 0 }] : []
  );
  assertEquals(filled, [
    { index: 20, created: 1, ended: 1, failed: 1, hasSteps: true },
    { index: 29, created: 2, ended: 1, failed: 0, hasSteps: true },
  ]);
  const { record } = (await json("/api/job?id=done")).body;
  assertEquals(body.parts[29].steps, record.revision);
  const text = await textAt(sample, "/workers");
  assertMatch(text, /Throughput 15 min 1 h 24 h Jobs created 3 .* Jobs ended 2 1 failed .* Steps of jobs that ended 6/);
  assertMatch(text, /The last 15 min in parts of 30 s, counted among all jobs of the store/);
  assertMatch(await textAt(sample, "/workers?window=1h"), /Jobs created 4 .* The last 1 h in parts of 2 min/);
  for (const window of ["2h", "toString"]) {
    assertEquals((await json(`/api/throughput?window=${window}`)).status, 400);
  }
});

test("of very many jobs the newest are counted, and that is said", async () => {
  const sample = sampleStudio();
  await sample.flow.startMany("intake", Array.from({ length: 2_600 }, () => ({})));
  const { isWhole, lookedAt } = (await sample.json("/api/throughput")).body;
  assertEquals([isWhole, lookedAt], [false, 2_000]);
  assertMatch(await textAt(sample, "/workers"), /counted among the newest 2,000 jobs of the store/);
});
