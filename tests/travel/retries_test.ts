import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Collected, type Context, ErrorHandler, type ErrorHandlerOptions, Registry, Routine } from "../../mod.ts";
import { pack, unpack } from "../support/move_job.ts";
import { createTestFlow } from "../support/test_flow.ts";

/** A host with a routine that fails until its attempt number `until`. */
function createHost(until = Infinity) {
  const attempts: string[] = [];
  class Flaky extends Routine {
    readonly input = this.addSlot("input", this.process);
    readonly lists = this.addSlot("lists", this.gather, { merge: "append" });
    readonly steps = this.addSlot("steps", this.walk);
    process(_data: unknown, ctx: Context): void {
      attempts.push(`${ctx.attempt} at ${ctx.now()}`);
      if (ctx.attempt < until) throw new RangeError(`attempt ${ctx.attempt}`);
    }
    gather({ n }: { readonly n: Collected<number> }, ctx: Context): void {
      attempts.push(`${ctx.attempt}: ${n.toArray()}`);
      if (n.at(-1) === 1 && ctx.attempt < until) throw new Error("not yet");
      ctx.output("gathered", n);
    }
    async walk(_data: unknown, ctx: Context<number>): Promise<void> {
      for (let at = ctx.progress ?? 0; at < 3; at++) {
        attempts.push(`${ctx.attempt}: step ${at}`);
        if (at === 1 && ctx.attempt < until) throw new Error("not yet");
        ctx.output("step", at);
        await ctx.checkpoint(at + 1);
      }
    }
  }
  return { attempts, Flaky, registry: new Registry({ Flaky }) };
}

const RETRY: ErrorHandlerOptions = { strategy: "retry", jitter: 0, maxRetries: 4, retryDelayMs: 100, retryBackoff: 2 };

function start(options = RETRY, until = Infinity) {
  const { attempts, Flaky, registry } = createHost(until);
  const { timers, flow } = createTestFlow({ id: "flaky", registry });
  const flaky = flow.addRoutine(new Flaky(), "flaky");
  flaky.setErrorHandler(new ErrorHandler(options));
  return { attempts, timers, flow, flaky };
}

test("C381 Seen to hold: saved after 2 of 4 retries have failed, five attempts in all, then failed", async () => {
  const a = start();
  const job = a.flow.execute(a.flaky.input, {});
  await a.timers.advance(300);
  assertEquals(a.attempts, ["0 at 0", "1 at 100", "2 at 300"]);
  await a.flow.pause(job);
  assertEquals(job.pendingTasks.map(({ attempt, maxRetries, notBefore }) => [attempt, maxRetries, notBefore]), [
    [3, 4, "1970-01-01T00:00:00.700Z"],
  ]);

  const host = createHost();
  const b = unpack(pack(a.flow, job), host.registry, 300);
  assertEquals([b.job.retryCount("flaky"), b.flow.routine("flaky").getErrorHandler()?.maxRetries], [3, 4]);
  b.flow.resume(b.job);
  await b.timers.advance(100_000);
  assertEquals(host.attempts, ["3 at 700", "4 at 1500"]);
  assertEquals([b.job.status, b.job.retryCount("flaky"), b.job.error?.message], ["failed", 4, "attempt 4"]);
  assertEquals(b.job.routineStates["flaky"]?.status, "failed");
});

test("C381 Seen to hold: saved while the second of 4 retries waits: it resumes with 2 and 4, five attempts in all", async () => {
  const a = start();
  const job = a.flow.execute(a.flaky.input, {});
  let text = "";
  void a.flow.waitUntil(job, () => {
    if (a.attempts.length === 2 && text === "") text = pack(a.flow, job);
    return false;
  });
  await a.timers.advance(100);
  const host = createHost();
  const b = unpack(text, host.registry, 100);
  assertEquals(b.job.pendingTasks.map(({ attempt, maxRetries }) => [attempt, maxRetries]), [[2, 4]]);
  assertEquals(b.job.retryCount("flaky"), 2);
  b.flow.resume(b.job);
  await b.timers.advance(100_000);
  assertEquals([a.attempts.slice(0, 2), host.attempts], [["0 at 0", "1 at 100"], [
    "2 at 300",
    "3 at 700",
    "4 at 1500",
  ]]);
  assertEquals(b.job.status, "failed");
});

test("C382 Seen to hold: saved while the last permitted retry waits, it still happens", async () => {
  const a = start({ ...RETRY, maxRetries: 1 });
  const job = a.flow.execute(a.flaky.input, {});
  await a.timers.advance(50);
  await a.flow.pause(job);
  const succeeding = createHost(1);
  const b = unpack(pack(a.flow, job), succeeding.registry, 50);
  b.flow.resume(b.job);
  await b.timers.advance(49);
  assertEquals(succeeding.attempts, []);
  await b.timers.advance(1);
  assertEquals([succeeding.attempts, b.job.status], [["1 at 100"], "completed"]);
  assertEquals(b.job.retryCount("flaky"), 1);

  const failing = createHost();
  const c = unpack(pack(a.flow, job), failing.registry, 5_000);
  c.flow.resume(c.job);
  await c.timers.flush();
  assertEquals([failing.attempts, c.job.status], [["1 at 5000"], "failed"]);
});

test("C381 maxRetries is fixed at the first failure, whatever the error handler says on the other host", async () => {
  const a = start({ ...RETRY, maxRetries: 2 });
  const job = a.flow.execute(a.flaky.input, {});
  await a.timers.flush();
  await a.flow.pause(job);
  const { flow, jobState } = JSON.parse(pack(a.flow, job));
  flow.routines.flaky.errorHandler.maxRetries = 9;
  const host = createHost();
  const b = unpack(JSON.stringify({ flow, jobState }), host.registry);
  b.flow.resume(b.job);
  await b.timers.advance(100_000);
  assertEquals([host.attempts, b.job.status], [["1 at 100", "2 at 300"], "failed"]);
});

test("a retry elsewhere gets exactly what the slot had merged for it, though more has come since", async () => {
  const a = start({ ...RETRY, maxRetries: 3 }, 1);
  const job = a.flow.execute(a.flaky.lists, { n: 1 });
  a.flow.deliver(job, a.flaky.lists, { n: 2 });
  await a.timers.flush();
  assertEquals(a.attempts, ["0: 1", "0: 1,2"]);
  await a.flow.pause(job);
  const host = createHost(1);
  const b = unpack(pack(a.flow, job), host.registry);
  b.flow.resume(b.job);
  await b.timers.advance(100);
  assertEquals([host.attempts, b.job.status], [["1: 1"], "completed"]);
  assertEquals(b.job.outputLog.map(({ data }) => data), [[1, 2], [1]]);
});

test("a retry elsewhere goes on from the last checkpoint", async () => {
  const a = start(RETRY, 1);
  const job = a.flow.execute(a.flaky.steps, {});
  await a.timers.flush();
  assertEquals(a.attempts, ["0: step 0", "0: step 1"]);
  await a.flow.pause(job);
  const host = createHost(1);
  const b = unpack(pack(a.flow, job), host.registry);
  b.flow.resume(b.job);
  await b.timers.advance(100);
  assertEquals(host.attempts, ["1: step 1", "1: step 2"]);
  assertEquals([b.job.status, b.job.outputLog.map(({ data }) => data)], ["completed", [0, 1, 2]]);
});

test("C383 what came of routines stays: completed, skipped, error_continued; the waiting one goes on", async () => {
  class Marked extends Routine {
    readonly input = this.addSlot("input", this.process);
    process({ fail, until = 0 }: { readonly fail: boolean; readonly until?: number }, ctx: Context): void {
      ctx.state.set("attempts", ctx.attempt + 1);
      if (fail && ctx.attempt >= until) throw new Error(`${ctx.routineId} fails`);
    }
  }
  const registry = new Registry({ Marked });
  const { timers, flow } = createTestFlow({ id: "marks", registry });
  const routines = ["done", "skipped", "continued", "waiting"].map((id) => flow.addRoutine(new Marked(), id));
  const [done, skipped, continued, waiting] = routines as [Marked, Marked, Marked, Marked];
  skipped.setAsOptional("skip");
  continued.setAsOptional();
  waiting.setErrorHandler(new ErrorHandler({ ...RETRY, retryDelayMs: 500 }));
  const job = flow.execute(done.input, { fail: false });
  for (const routine of [skipped, continued, waiting]) flow.deliver(job, routine.input, { fail: true });
  await timers.flush();
  await flow.pause(job);
  const b = unpack(pack(flow, job), new Registry({ Marked }));
  const marks = () => Object.entries(b.job.routineStates).map(([id, { status }]) => [id, status]);
  const before = [["continued", "error_continued"], ["done", "completed"], ["skipped", "skipped"]];
  assertEquals(marks(), before);
  b.flow.resume(b.job);
  await b.timers.flush();
  assertEquals([marks(), b.job.failures.map(({ task }) => task.routine)], [before, ["skipped", "continued"]]);
  await b.timers.advance(100_000);
  assertEquals(marks(), [...before, ["waiting", "failed"]]);
  assertEquals(b.job.status, "failed");
  assertEquals(b.job.executionHistory.slice(0, 8), job.executionHistory.slice(0, 8));
});
