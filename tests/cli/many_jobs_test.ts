import process from "node:process";
import { test } from "node:test";
import { assertLess } from "@std/assert";
import { IS_LONG } from "../support/gate_amount.ts";
import { transferJobs, type TransferMeasure, writeJobs } from "../support/transferred_jobs.ts";
import { inOwnFolder } from "./run_command.ts";

// Export and import need as much memory for many jobs as for few: with `LONG=1`, for 100,000. `deno task prove --long` does that, and
// `deno task prove --transfer 1000000` prints what any number needs, with PostgreSQL, too.

/**
 * How much more memory the larger number may need, in bytes. V8 makes the space for young objects larger while a process works, up to a
 * limit: what is in use after a collection is the same for each number.
 */
const MOST_GROWTH = 100 * 2 ** 20;

/** Brings so many jobs into a database and out again. */
async function moveJobs(count: number): Promise<TransferMeasure> {
  const measures: TransferMeasure[] = [];
  await inOwnFolder(async (file) => {
    await writeJobs(file("jobs.jsonl"), count);
    measures.push(await transferJobs(`sqlite:${file("jobs.db")}`, file("jobs.jsonl"), file("again.jsonl"), IS_LONG));
  });
  const [measure] = measures;
  if (measure === undefined) throw new Error("Nothing was measured");
  return measure;
}

test("export and import need no more memory for many jobs than for few", { timeout: 3_600_000 }, async () => {
  // With a few hundred, memory is never short: garbage is not collected, and there is nothing to compare with.
  const few = await moveJobs(IS_LONG ? 10_000 : 300);
  if (!IS_LONG) return;
  const many = await moveJobs(100_000);
  for (const [name, { exported, imported }] of Object.entries({ few, many })) {
    const [into, out] = [imported.peak, exported.peak].map((bytes) => `${Math.round(bytes / 2 ** 20)} MB`);
    process.stdout.write(`${name}: import ${into}, export ${out}\n`);
  }
  assertLess(many.imported.peak, few.imported.peak + MOST_GROWTH);
  assertLess(many.exported.peak, few.exported.peak + MOST_GROWTH);
});
