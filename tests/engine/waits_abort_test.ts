import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { createWaitingFlow } from "../support/waiting_flow.ts";

test("an aborted signal ends the wait for a pause, not the pause", async () => {
  const { flow, timers } = createWaitingFlow();
  const job = flow.execute("act");
  await timers.flush();
  const abort = new AbortController();
  const pausing = flow.pause(job, { signal: abort.signal });
  const refused = assertRejects(() => pausing, Error, "enough");
  abort.abort(new Error("enough"));
  await refused;
  assertEquals(job.status, "running");
  await timers.advance(1_000);
  assertEquals(job.status, "paused");
});

test("a pause with a signal that is aborted already does not begin", async () => {
  const { flow, timers, handlers } = createWaitingFlow();
  const job = flow.execute("act");
  await assertRejects(() => flow.pause(job, { signal: AbortSignal.abort(new Error("never")) }), Error, "never");
  await timers.flush();
  handlers.release("act");
  await timers.flush();
  assertEquals(job.status, "completed");
});

test("C402 shutdown drains for as long as it is told, then pauses what is left", async () => {
  const { flow, timers } = createWaitingFlow();
  const job = flow.execute("act");
  await timers.flush();
  const done = flow.shutdown({ timeoutMs: 500 });
  await timers.advance(1_499);
  assertEquals(job.status, "running");
  await timers.advance(1);
  await done;
  assertEquals([job.status, job.pausePoints[0]?.reason, timers.size], ["paused", "shutdown", 0]);
});

test("an aborted signal ends the wait for a shutdown", async () => {
  const { flow, timers } = createWaitingFlow();
  flow.execute("act");
  await timers.flush();
  const abort = new AbortController();
  const refused = assertRejects(() => flow.shutdown({ signal: abort.signal }), Error, "enough");
  abort.abort(new Error("enough"));
  await refused;
});
