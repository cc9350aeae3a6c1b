import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import {
  ErrorHandler,
  type ErrorHandlerOptions,
  Flow,
  type JobState,
  NonRetryableError,
  PreflightError,
  Registry,
  RetryError,
  Routine,
} from "../../mod.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { addFunction } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";

class HttpError extends Error {
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, retryAfterMs?: number) {
    super(`HTTP ${status}`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Runs a handler that throws by attempt, until nothing is due, and returns the instants of its attempts. */
async function attemptsOf(
  throwing: (attempt: number) => unknown,
  handler: ErrorHandlerOptions,
): Promise<{ job: JobState; instants: readonly number[] }> {
  const { flow, timers } = createTestFlow({ errorHandler: new ErrorHandler({ jitter: 0, ...handler }) });
  const instants: number[] = [];
  addFunction(flow, "call", (_data, ctx) => {
    instants.push(ctx.now());
    const error = throwing(ctx.attempt);
    if (error !== undefined) throw error;
  });
  const job = flow.execute("call");
  while (await timers.advanceToNext());
  return { job, instants };
}

test("C422 retryIf is asked about each error with the number of earlier retries: yes, no, or a delay", async () => {
  const asked: unknown[] = [];
  const { job, instants } = await attemptsOf((attempt) => new HttpError([503, 429, 503, 404][attempt] ?? 200, 70), {
    strategy: "retry",
    retryDelayMs: 10,
    maxRetries: 9,
    retryIf: (error, attempt) => {
      asked.push([error instanceof HttpError && error.status, attempt]);
      if (!(error instanceof HttpError)) return false;
      return error.status === 429 ? error.retryAfterMs ?? true : error.status >= 500;
    },
  });
  assertEquals([job.status, job.error?.message, job.error?.attempts], ["failed", "HTTP 404", 4]);
  assertEquals(instants, [0, 10, 80, 120]);
  assertEquals(asked, [[503, 0], [429, 1], [503, 2], [404, 3]]);
});

test("C422 retryIf is asked only about errors that the other settings let be tried again", async () => {
  let asked = 0;
  const retryIf = () => ++asked > 0;
  const listed = { retryIf, strategy: "retry", retryableErrors: ["RangeError"], maxRetries: 1 } as const;
  assertEquals((await attemptsOf(() => new Error("other"), listed)).instants.length, 1);
  assertEquals((await attemptsOf(() => new Error("other"), { strategy: "stop", retryIf })).instants.length, 1);
  assertEquals(asked, 0);
  assertEquals((await attemptsOf(() => new RangeError("listed"), listed)).instants.length, 2);
  assertEquals(asked, 1);
});

test("C423 what is wrong with retryIf is the task's error, with the handler's as its cause", async () => {
  const boom = () => {
    throw new RangeError("boom");
  };
  for (
    const [retryIf, why] of [
      [boom, "boom"],
      [() => -1, "retryIf must answer with a boolean or a delay in milliseconds, got -1"],
      [() => NaN, "retryIf must answer with a boolean or a delay in milliseconds, got NaN"],
      [() => "yes" as never, 'retryIf must answer with a boolean or a delay in milliseconds, got "yes"'],
      [
        () => Promise.resolve(true) as never,
        "retryIf must answer with a boolean or a delay in milliseconds, got a promise; it must answer at once",
      ],
    ] as const
  ) {
    const { job } = await attemptsOf(() => new Error("why"), { strategy: "retry", retryIf });
    const { name, message, cause } = job.error ?? {};
    assertEquals([name, message, cause?.message], [
      "TypeError",
      `Cannot decide whether to try routine "call" again: ${why}`,
      "why",
    ]);
  }
  assertThrows(() => new ErrorHandler({ retryIf: 5 as never }), TypeError, "retryIf must be a function");
});

test("C424 a RetryError is tried again whatever the strategy, after its own delay, as often as maxRetries says", async () => {
  for (const strategy of ["stop", "continue", "skip", "retry"] as const) {
    const handler = { strategy, maxRetries: 2, retryDelayMs: 10, retryableErrors: ["None"], retryIf: () => false };
    const { job, instants } = await attemptsOf(
      (attempt) => new RetryError(attempt === 0 ? { delayMs: 5 } : {}),
      handler,
    );
    assertEquals(instants, [0, 5, 25], strategy);
    assertEquals(job.status, strategy === "stop" || strategy === "retry" ? "failed" : "completed");
  }
  const once = await attemptsOf((attempt) => attempt === 0 ? new RetryError() : undefined, {});
  assertEquals([once.job.status, once.instants], ["completed", [0, 1_000]]);
});

test("C424 a RetryError says what is wrong by its message, or by its cause", () => {
  const cause = new Error("busy");
  assertEquals([new RetryError({ cause }).message, new RetryError({ cause }).cause], ["busy", cause]);
  assertEquals(new RetryError({ message: "later" }).message, "later");
  assertEquals(new RetryError().message, "The handler asks to be tried again");
  assertThrows(() => new RetryError({ delayMs: -1 }), RangeError, "Cannot create RetryError: delayMs must be");
  const text = 'Cannot create RetryError: options must be an object, got "later"';
  assertThrows(() => new RetryError("later" as unknown as object), TypeError, text);
  assertThrows(
    () => new RetryError({ delay: 5 } as object),
    TypeError,
    'unknown option "delay"; did you mean "delayMs"?',
  );
});

test("C425 a NonRetryableError is never tried again", async () => {
  const error = new NonRetryableError("gone", { cause: new Error("404") });
  const { job, instants } = await attemptsOf(() => error, { strategy: "retry", retryIf: () => true });
  assertEquals([job.status, instants, job.error?.code, job.error?.cause?.message], [
    "failed",
    [0],
    "NON_RETRYABLE",
    "404",
  ]);
  const optional = await attemptsOf(() => error, { strategy: "retry", isCritical: false });
  assertEquals([optional.job.status, optional.instants], ["completed", [0]]);
});

test("C426 by default a fifth of the delay is left to chance: jobs that fail together don't retry together", async () => {
  const { flow, timers } = createTestFlow();
  const delays = new Map<string, number>();
  addFunction(flow, "call", (_data, ctx) => {
    if (ctx.attempt === 0) throw new Error("once");
    delays.set(ctx.jobId, ctx.now());
  }).setErrorHandler(new ErrorHandler({ strategy: "retry" }));
  for (let i = 0; i < 40; i++) flow.execute("call");
  while (await timers.advanceToNext());
  const all = Array.from(delays.values());
  assertEquals([all.length, Math.min(...all) >= 800, Math.max(...all) <= 1_000], [40, true, true]);
  assertEquals(new Set(all).size > 30, true);
});

/** Retries server errors only. */
class Caller extends Routine {
  readonly trigger = this.addSlot("trigger", this.call);
  constructor() {
    super();
    this.setErrorHandler(new ErrorHandler({ strategy: "retry", retryIf: this.isTemporary }));
  }
  isTemporary(error: unknown): boolean {
    return error instanceof HttpError && this.getConfig("temporary", 503) === error.status;
  }
  call(): void {
    throw new HttpError(503);
  }
}

const isOften = (_error: unknown, attempt: number): boolean => attempt < 1;

test("C427 retryIf travels by name: a method of the routine, or a registered function", async () => {
  const timers = manualTimers();
  const registry = new Registry({ Caller, isOften });
  const { engine } = createTestFlow({}, { timers });
  const flow = new Flow({ id: "calls", registry, engine });
  flow.addRoutine(new Caller(), "caller");
  flow.addRoutine(new Caller(), "often").setErrorHandler(new ErrorHandler({ strategy: "retry", retryIf: isOften }));
  flow.setErrorHandler(new ErrorHandler({ strategy: "retry", retryIf: isOften }));
  const document = flow.toJSON();
  assertEquals([document.errorHandler?.retryIf, document.routines["caller"]?.errorHandler?.["retryIf"]], [
    { function: "isOften" },
    { method: "isTemporary" },
  ]);
  const copy = Flow.fromJSON(JSON.parse(JSON.stringify(flow)), registry, { engine });
  assertEquals(JSON.stringify(copy), JSON.stringify(flow));
  const jobs = [copy.execute("caller"), copy.execute("often")];
  while (await timers.advanceToNext());
  assertEquals(jobs.map(({ error }) => error?.attempts), [4, 2]);
});

test("C427 a retryIf without a name is refused when the flow is written, one that is not known when it is read", () => {
  const registry = new Registry({ Caller });
  const written = (handler: ErrorHandler, where: "flow" | "routine") => {
    const flow = new Flow({ id: "calls", registry });
    const caller = flow.addRoutine(new Caller(), "caller");
    (where === "flow" ? flow : caller).setErrorHandler(handler);
    return assertThrows(() => flow.toJSON(), TypeError).message;
  };
  const unnamed = new ErrorHandler({ retryIf: () => true });
  assertEquals(
    written(unnamed, "flow"),
    'Cannot serialize flow "calls": the retryIf of its error handler is not registered; write registry.register({ name: fn }), ' +
      "or give it to a routine as its method",
  );
  assertEquals(written(unnamed, "routine").startsWith("Cannot serialize the retryIf of Caller[caller]:"), true);
  assertThrows(
    () => unnamed.toJSON(),
    TypeError,
    "Cannot serialize ErrorHandler: its retryIf has a name only in the document of its flow",
  );
  const known = new Flow({ id: "calls", registry: new Registry({ Caller, isOften }) });
  known.addRoutine(new Caller(), "caller").setErrorHandler(new ErrorHandler({ retryIf: isOften }));
  known.setErrorHandler(new ErrorHandler({ retryIf: isOften }));
  const error = assertThrows(() => Flow.fromJSON(known.toJSON(), registry), PreflightError);
  assertEquals(error.findings.map(({ code, path }) => [code, path]), [
    ["routine_mismatch", "routines.caller.errorHandler.retryIf"],
    ["unknown_function", "errorHandler.retryIf"],
  ]);
});

test("C423 a job that retryIf cancels ends with that, and its task is neither tried again nor failed", async () => {
  const cancelling = createTestFlow({
    errorHandler: new ErrorHandler({
      strategy: "retry",
      retryIf: () => {
        cancelling.flow.cancel(job, { reason: "no use" });
        return true;
      },
    }),
  });
  addFunction(cancelling.flow, "call", () => {
    throw new Error("why");
  });
  const job = cancelling.flow.execute("call");
  while (await cancelling.timers.advanceToNext());
  assertEquals([job.status, job.error?.message], ["cancelled", "The job was cancelled: no use"]);
  assertEquals([job.failures, job.retryCount("call"), job.pendingTasks.map(({ attempt = 0 }) => attempt)], [[], 0, [
    0,
  ]]);
});
