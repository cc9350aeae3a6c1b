import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { StartedProcess, withProcess } from "../support/started_process.ts";
import { withTimeLimit } from "../support/time_limit.ts";

const LONG = { timeout: 120_000 };
/** A script for each runtime: `deno eval` reads `-e` as nothing else. */
const evaluate = (code: string) => ["Deno" in globalThis ? "eval" : "-e", code];
const FOREVER = 'console.log("begun"); console.error("odd"); setInterval(() => {}, 1000);';

test("a process that runs too long is killed, and its test is told for what it has waited", LONG, async () => {
  const started = new StartedProcess({ args: evaluate(FOREVER), limitMs: 1 });
  const waits = [started.ended(), started.waitFor("an answer", new Promise(() => {}))];
  for (const wait of waits) {
    await assertRejects(() => wait, Error, "After 1 ms a test still waits for the end, an answer of the process ");
  }
  await assertRejects(() => started.end(), Error, "After 1 ms");
  assertEquals(started.hasEnded, true);
});

test("a test that waits for a line of a process that has ended is told how that has ended", LONG, async () => {
  const run = withProcess({ args: evaluate('console.error("why"); throw 1') }, (started) => started.line("the port"));
  const { message } = await assertRejects(() => run, Error, "The test waits for the port of the process");
  assertEquals(/has ended with [1-9]\d* and has printed "" and ".*why/.test(message), true, message);
});

test("a process is ended when its test fails", LONG, async () => {
  let started: StartedProcess | undefined;
  const run = withProcess({ args: evaluate(FOREVER) }, async (it) => {
    started = it;
    await it.line();
    throw new RangeError("the test fails");
  });
  await assertRejects(() => run, RangeError, "the test fails");
  assertEquals(started?.hasEnded, true);
});

test("a limit of time names what a test waits for, and the test fails when it has waited in vain", async () => {
  const wait = withTimeLimit((limit) => limit.waitFor("an answer", new Promise(() => {})), 1);
  await assertRejects(() => wait, Error, "After 1 ms a test still waits for an answer");
  assertEquals(await withTimeLimit((limit) => limit.waitFor("one", Promise.resolve(1))), 1);
});
