import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { ErrorHandler, JobState, Registry } from "../../mod.ts";
import { addFunction } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { plainError } from "../support/plain_error.ts";

async function runThrowing(thrown: () => unknown, errorStacks = false): Promise<JobState> {
  const { flow } = createTestFlow({}, { errorStacks });
  addFunction(flow, "act", () => {
    throw thrown();
  });
  return await flow.run("act");
}

test("errors are data: name, message, code and the chain of causes, without stacks", async () => {
  class HttpError extends Error {
    override readonly name = "HttpError";
    readonly code = "E503";
    readonly status = 503;
  }
  const root = new RangeError("socket closed");
  const job = await runThrowing(() =>
    new HttpError("no answer", { cause: new TypeError("bad host", { cause: root }) })
  );
  const data = {
    cause: { cause: { message: "socket closed", name: "RangeError" }, message: "bad host", name: "TypeError" },
    code: "E503",
    details: { status: 503 },
    message: "no answer",
    name: "HttpError",
  };
  assertEquals(plainError(job), data);
  assertEquals([job.failures[0]?.error, job.history().at(-1)?.data], [data, data]);
  assertEquals(JSON.parse(JSON.stringify(job)).error, data);
});

test("a chain of causes that has no end is cut, and the job can be written", async () => {
  const error = new Error("its own cause");
  error.cause = error;
  const job = await runThrowing(() => error);
  let depth = 0;
  for (let cause = job.error; cause !== undefined; cause = cause.cause) depth++;
  assertEquals([job.status, depth], ["failed", 9]);
  assertEquals(JSON.parse(JSON.stringify(job)).error.message, "its own cause");
});

test("whatever is thrown becomes an error: strings, numbers, nothing, objects", async () => {
  const cases: readonly [unknown, string][] = [
    ["just text", "just text"],
    [42, "42 was thrown"],
    [undefined, "undefined was thrown"],
    [null, "null was thrown"],
    [Symbol("s"), "Symbol(s) was thrown"],
  ];
  for (const [thrown, message] of cases) {
    const job = await runThrowing(() => thrown);
    assertEquals([job.status, plainError(job)], ["failed", { name: "Error", message }]);
  }
});

test("C507 an object that is thrown, or a cause, keeps its fields", async () => {
  const message = "[object Object] was thrown";
  const details = { sku: 7, tags: ["a"] };
  assertEquals(plainError(await runThrowing(() => details)), { name: "Error", message, details });
  const job = await runThrowing(() => new Error("outer", { cause: details }));
  assertEquals(job.error?.cause, { name: "Error", message, details });
});

test("C507 all that an error carries is in the job, in its document, and in the job that is read from it", async () => {
  const job = await runThrowing(() =>
    Object.assign(
      new AggregateError([Object.assign(new TypeError("disk"), { code: 5 }), "net"], "both", { cause: { sku: 7 } }),
      { code: 429, retryAfterMs: 30_000, response: { headers: { a: "b" } }, socket: new Map(), nothing: undefined },
    )
  );
  const error = {
    cause: { details: { sku: 7 }, message: "[object Object] was thrown", name: "Error" },
    code: 429,
    details: { response: { headers: { a: "b" } }, retryAfterMs: 30_000 },
    errors: [{ code: 5, message: "disk", name: "TypeError" }, { message: "net", name: "Error" }],
    message: "both",
    name: "AggregateError",
    omitted: ["socket"],
  };
  assertEquals([plainError(job), job.failures[0]?.error, job.history().at(-1)?.data], [error, error, error]);
  const document = JSON.parse(job.toText());
  const copy = JobState.fromJSON(document, new Registry());
  assertEquals([plainError(copy), copy.toText()], [error, job.toText()]);
  document.error.details.response.headers.a = "changed";
  document.error.errors[0].message = "changed";
  assertEquals(plainError(copy), error, "the document is another's");
});

test("what is kept of an error fits the limits of the job's values, so that the job can be read again", async () => {
  for (const limits of [{ depth: 1 }, { depth: 2 }, { depth: 3 }, { nodes: 40 }, { bytes: 300 }]) {
    const { flow } = createTestFlow({ limits });
    addFunction(flow, "act", () => {
      const deep = { a: { b: { c: "x".repeat(100) } } };
      const causes = [new Error("one", { cause: new Error("two", { cause: deep }) }), new Error("three")];
      throw Object.assign(new AggregateError(causes, "all", { cause: deep }), { deep, list: Array(30).fill(0) });
    });
    const job = await flow.run("act");
    const text = job.toText();
    assertEquals(JobState.fromText(text, new Registry(), { limits }).toText(), text);
    assert((job.error?.omitted?.length ?? 0) > 0, text);
  }
});

test("a cause that is no error is described the same way", async () => {
  const job = await runThrowing(() => new Error("outer", { cause: "inner" }));
  assertEquals(plainError(job), { name: "Error", message: "outer", cause: { name: "Error", message: "inner" } });
});

test("a thrown value that cannot even be read does not break the job", async () => {
  const error = new Error("hidden");
  Object.defineProperty(error, "message", {
    get: () => {
      throw new Error("no message for you");
    },
  });
  const unprintable = {
    toString: () => {
      throw new Error("no text for you");
    },
  };
  for (const thrown of [error, unprintable]) {
    const job = await runThrowing(() => thrown);
    assertEquals([job.status, job.error?.name], ["failed", "Error"]);
    assertEquals(job.error?.message, "A value that cannot be described was thrown");
  }
});

test("stacks are kept only where the engine was asked for them", async () => {
  const job = await runThrowing(() => new Error("with a stack"), true);
  assert(typeof job.error?.stack === "string" && job.error.stack.length > 0);
  const document = JSON.parse(JSON.stringify(job));
  assertEquals(document.error.stack, job.error.stack);
  assertEquals((await runThrowing(() => new Error("without"))).error?.stack, undefined);
});

test("an iterator that breaks the contract of generators is the task's error", async () => {
  const results: { readonly [name: string]: () => unknown } = {
    "answers nothing": () => ({ next: () => undefined, return: () => {}, [Symbol.iterator]: () => {} }),
    "cannot be read": () => ({
      get next(): never {
        throw new Error("unreadable");
      },
      return: () => {},
      [Symbol.iterator]: () => {},
    }),
  };
  for (const [name, result] of Object.entries(results)) {
    // The whole job runs in one slice: what is thrown past the engine would end the wait below.
    const { flow, timers } = createTestFlow({}, { sliceMs: Infinity });
    addFunction(flow, "act", result as () => void);
    const job = flow.execute("act");
    await timers.flush();
    assertEquals([job.status, job.failures.length], ["failed", 1], name);
  }
});

test("a rejected promise, a throwing generator and a throwing async generator are told alike", async () => {
  const { flow } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
  addFunction(flow, "sync", () => {
    throw new RangeError("same");
  });
  addFunction(flow, "promise", () => Promise.reject(new RangeError("same")));
  addFunction(flow, "async", async () => {
    await Promise.resolve();
    throw new RangeError("same");
  });
  addFunction(flow, "generator", function* () {
    yield 1;
    throw new RangeError("same");
  });
  addFunction(flow, "async generator", async function* () {
    await Promise.resolve();
    yield 1;
    throw new RangeError("same");
  });
  for (const id of ["sync", "promise", "async", "generator", "async generator"]) {
    const job = await flow.run(id);
    assertEquals(job.failures.map(({ error }) => error), [{ name: "RangeError", message: "same" }], id);
    assertEquals([job.status, job.routineStates[id]?.status], ["completed", "error_continued"], id);
  }
});
