import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Context, ErrorHandler, type ErrorHandlerOptions, JobState, Registry, TimeoutError } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { createTestFlow, type TestFlow } from "../support/test_flow.ts";
import { plainError } from "../support/plain_error.ts";

/** A flow whose `entry` runs under RETRY; `attempts` are the instants at which it was called. */
function createRetrying(run: (ctx: Context) => void, options: Omit<ErrorHandlerOptions, "strategy"> = {}) {
  const setup = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "retry", jitter: 0, ...options }) });
  const attempts: number[] = [];
  addFunction(setup.flow, "entry", (_data, ctx) => {
    attempts.push(ctx.now());
    run(ctx);
  });
  return { ...setup, attempts };
}

function failing(times: number): (ctx: Context) => void {
  return ({ attempt }) => {
    if (attempt < times) throw new Error(`attempt ${attempt}`);
  };
}

async function finish({ flow, timers }: TestFlow): Promise<JobState> {
  const job = flow.execute("entry");
  while (await timers.advanceToNext());
  return job;
}

test("C165 C168 fails, is retried, and completes", async () => {
  for (const [times, maxRetries] of [[1, 3], [2, 3], [2, 5], [3, 3]] as const) {
    const setup = createRetrying(failing(times), { maxRetries });
    const job = await finish(setup);
    const state = job.routineStates.entry;
    assertEquals([job.status, setup.attempts.length, job.retryCount("entry")], ["completed", times + 1, times]);
    assertEquals([state?.status, state?.retries, plainError(job), job.failures], ["completed", times, undefined, []]);
    assertEquals(job.history().map(({ type }) => type), [
      "start",
      ...Array.from({ length: times }, () => ["error", "retry"]).flat(),
    ]);
  }
});

test("C132 C133 C142 C144 C166 spent retries fail the job: attempts are 1 + maxRetries", async () => {
  for (const maxRetries of [0, 1, 2, 5]) {
    const setup = createRetrying(failing(Infinity), { maxRetries });
    const job = await finish(setup);
    assertEquals([job.status, setup.attempts.length, job.retryCount("entry")], ["failed", maxRetries + 1, maxRetries]);
    assertEquals([job.routineStates.entry?.status, job.error?.message], ["failed", `attempt ${maxRetries}`]);
    assertEquals(job.failures.map(({ task }) => task.attempt ?? 0), [maxRetries]);
    assertEquals(job.history("entry").filter(({ type }) => type === "error").length, maxRetries + 1);
    assertEquals([await setup.flow.waitForCompletion(job), job.status], [true, "failed"]);
  }
});

test("C137 a failed task waits in the queue: same task, same data, the next attempt, and an instant", async () => {
  const { flow, timers } = createRetrying(failing(2), { retryDelayMs: 200 });
  const job = flow.execute("entry", { n: 1 });
  await timers.flush();
  const waiting = (attempt: number, notBefore: string) => ({
    attempt,
    createdAt: "1970-01-01T00:00:00.000Z",
    data: { n: 1 },
    id: 1,
    maxRetries: 3,
    notBefore,
    routine: "entry",
    slot: "trigger",
  });
  assertEquals(job.pendingTasks, [waiting(1, "1970-01-01T00:00:00.200Z")]);
  assertEquals(job.history().at(-1), {
    at: "1970-01-01T00:00:00.000Z",
    data: { attempt: 1, maxRetries: 3 },
    routine: "entry",
    type: "retry",
  });
  await timers.advance(200);
  assertEquals(job.pendingTasks, [waiting(2, "1970-01-01T00:00:00.600Z")]);
  assertEquals([job.status, job.retryCount("entry"), job.failures], ["running", 2, []]);
});

test("C170 the delays: retryDelayMs times retryBackoff to the n, from n = 0, to the millisecond", async () => {
  const cases: readonly [Omit<ErrorHandlerOptions, "strategy">, readonly number[]][] = [
    [{}, [0, 1_000, 3_000, 7_000]],
    [{ retryDelayMs: 200, maxRetries: 2 }, [0, 200, 600]],
    [{ retryDelayMs: 200, retryBackoff: 1.5 }, [0, 200, 500, 950]],
    [{ retryDelayMs: 100, retryBackoff: 1 }, [0, 100, 200, 300]],
    [{ retryDelayMs: 100, retryBackoff: 0 }, [0, 100, 100, 100]],
    [{ retryDelayMs: 0 }, [0, 0, 0, 0]],
    [{ retryDelayMs: 1_000, maxRetryDelayMs: 1_500, maxRetries: 4 }, [0, 1_000, 2_500, 4_000, 5_500]],
    [{ retryDelayMs: 2_000_000, maxRetries: 2 }, [0, 2_000_000, 5_600_000]],
  ];
  for (const [options, expected] of cases) {
    const setup = createRetrying(failing(Infinity), options);
    await finish(setup);
    assertEquals(setup.attempts, [...expected], JSON.stringify(options));
  }
});

test("a retry happens at its instant and not a millisecond before", async () => {
  const { flow, timers, attempts } = createRetrying(failing(1));
  flow.execute("entry");
  await timers.advance(999);
  assertEquals(attempts, [0]);
  await timers.advance(1);
  assertEquals(attempts, [0, 1_000]);
});

test("many retries without a delay: every snapshot in between can be written", async () => {
  const { flow, timers, attempts } = createRetrying(failing(1_100), { retryDelayMs: 0, maxRetries: 1_200 });
  const job = flow.execute("entry");
  const due = new Set<unknown>();
  void flow.waitUntil(job, () => {
    try {
      for (const { notBefore } of job.pendingTasks) due.add(notBefore);
    } catch (error) {
      due.add(String(error));
    }
    return false;
  });
  await timers.advance(0);
  assertEquals([job.status, attempts.length], ["completed", 1_101]);
  assertEquals(due, new Set([undefined, "1970-01-01T00:00:00.000Z"]));
});

test("jitter shortens each delay by up to its share, and is the same for job, task and attempt everywhere", async () => {
  const run = async (jitter: number) => {
    const setup = createRetrying(failing(Infinity), { jitter, retryBackoff: 1, maxRetries: 20 });
    await finish(setup);
    return setup.attempts.slice(1).map((at, index) => at - (setup.attempts[index] ?? 0));
  };
  const delays = await run(0.5);
  assertEquals(delays, await run(0.5));
  assertEquals(delays.every((delay) => delay >= 500 && delay <= 1_000 && Number.isInteger(delay)), true);
  assertEquals(new Set(delays).size > 15, true, `${delays} hardly differ`);
  const wide = await run(1);
  assertEquals(wide.every((delay) => delay >= 0 && delay <= 1_000), true);
  assertEquals(wide.some((delay) => delay < 500), true);
});

test("C167 C169 an error whose name is not in retryableErrors is not tried again", async () => {
  const named = (name: string) => Object.assign(new Error(`a ${name}`), { name });
  const cases: readonly [readonly string[], number, number][] = [
    [["ConnectionError", "ValueError"], 2, 1],
    [["ValueError"], 1, 0],
    [["ConnectionError", "ConnectionError", "ValueError"], 3, 2],
  ];
  for (const [names, attempts, retries] of cases) {
    const setup = createRetrying(({ attempt }) => {
      throw named(names[attempt] ?? "none");
    }, { retryableErrors: ["ConnectionError"] });
    const job = await finish(setup);
    assertEquals([job.status, setup.attempts.length, job.retryCount("entry")], ["failed", attempts, retries]);
    assertEquals(plainError(job), { name: "ValueError", message: "a ValueError" });
  }
});

test("C507 retryableErrors knows subclasses by the names of their classes, and errors by their code", async () => {
  class NetworkError extends Error {}
  class SlowError extends NetworkError {}
  const coded = (code: unknown) => Object.assign(new Error("coded"), { code });
  const cases: readonly [unknown, readonly (string | number)[], boolean][] = [
    [new SlowError(), ["NetworkError"], true],
    [new SlowError(), ["SlowError"], true],
    [new NetworkError(), ["SlowError"], false],
    [Object.assign(new SlowError(), { name: "Renamed" }), ["Renamed"], true],
    [new RangeError(), ["Error"], false],
    [new Error(), ["Error"], true],
    [new TimeoutError("It", 5), ["RoutiluxError"], true],
    [Object.setPrototypeOf(new Error(), Object.create(NetworkError.prototype)), ["NetworkError"], true],
    [coded("ECONNRESET"), ["ECONNRESET"], true],
    [coded(429), [503, 429], true],
    [coded(429), ["429"], false],
    [coded({}), ["TypeError"], false],
    ["just text", ["Error"], true],
    [{ name: "Odd" }, ["Odd"], true],
    [new Proxy(new SlowError(), { getPrototypeOf: () => refuse() }), ["NetworkError"], false],
  ];
  for (const [thrown, retryableErrors, isRetried] of cases) {
    const setup = createRetrying(({ attempt }) => {
      if (attempt === 0) throw thrown;
    }, { retryableErrors });
    const job = await finish(setup);
    assertEquals(job.status, isRetried ? "completed" : "failed", `${retryableErrors}`);
  }
});

function refuse(): never {
  throw new Error("not yours");
}

test("isCritical: false makes spent and pointless retries end as CONTINUE", async () => {
  for (const options of [{ maxRetries: 1 }, { retryableErrors: ["TypeError"] }]) {
    const setup = createRetrying(failing(Infinity), { ...options, isCritical: false });
    const job = await finish(setup);
    assertEquals([job.status, job.routineStates.entry?.status, plainError(job)], [
      "completed",
      "error_continued",
      undefined,
    ]);
    assertEquals([job.failures.length, job.history().at(-1)?.type], [1, "error"]);
  }
});

test("nobody sleeps: other tasks go on while a retry waits, and the retry keeps its place by id when it is due", async () => {
  const { flow, timers } = createTestFlow({
    errorHandler: new ErrorHandler({ strategy: "retry", jitter: 0, retryDelayMs: 10 }),
  });
  const seen: string[] = [];
  addSource(flow, "source", ["a", "b", "c"]);
  addFunction(flow, "sink", (name: string, ctx) => {
    seen.push(`${name}${ctx.attempt}`);
    if (name !== "c" && ctx.attempt === 0) throw new Error("again");
  });
  link(flow, "source", "sink");
  flow.execute("source");
  await timers.flush();
  assertEquals(seen.splice(0), ["a0", "b0", "c0"]);
  await timers.advance(10);
  assertEquals(seen, ["a1", "b1"]);
});

test("maxRetries is fixed at the first failure: another host's handler does not change it", async () => {
  const { flow, timers } = createRetrying(failing(Infinity), { maxRetries: 4 });
  const job = flow.execute("entry");
  await timers.advance(1_000);
  await flow.pause(job);
  const document = JSON.parse(JSON.stringify(job));
  assertEquals([document.pendingTasks[0].attempt, document.pendingTasks[0].maxRetries], [2, 4]);
  const other = createRetrying(failing(Infinity), { maxRetries: 1 });
  const moved = JobState.fromJSON(document, new Registry());
  other.flow.resume(moved);
  while (await other.timers.advanceToNext());
  assertEquals([moved.status, other.attempts.length, moved.retryCount("entry")], ["failed", 3, 4]);
});

test("C396 retryCount() sums the retries of waiting, finished and failed tasks of a routine", async () => {
  const { flow, timers } = createTestFlow({
    errorHandler: new ErrorHandler({
      strategy: "retry",
      jitter: 0,
      retryDelayMs: 10,
      retryBackoff: 1,
      isCritical: false,
    }),
  });
  addSource(flow, "source", [1, 2, 9]);
  addFunction(flow, "sink", (fails: number, { attempt }) => {
    if (attempt < fails) throw new Error("again");
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  const counts: number[] = [];
  for (let at = 0; at <= 40; at += 10) {
    await timers.advance(at === 0 ? 0 : 10);
    counts.push(job.retryCount("sink"));
  }
  assertEquals([counts, job.status, job.retryCount("source")], [[3, 5, 6, 6, 6], "completed", 0]);
  assertEquals([job.retryCount("nobody"), job.routineStates.sink?.status], [0, "error_continued"]);
});
