import { test } from "node:test";
import { assertEquals, assertInstanceOf, assertStringIncludes, assertThrows } from "@std/assert";
import {
  type Collected,
  type Context,
  ErrorHandler,
  Routine,
  SchemaError,
  type SchemaResult,
  type StandardSchema,
} from "../../mod.ts";
import { addFunction, addSource } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";

const retries = new ErrorHandler({ strategy: "retry", retryDelayMs: 10, maxRetries: 2 });
const continues = new ErrorHandler({ strategy: "continue" });

function schemaOf<I, O>(validate: (value: unknown) => SchemaResult<O>): StandardSchema<I, O> {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

/** Takes `{ n }` and gives `{ n, square }`; counts how often it is asked. */
function squares(): { schema: StandardSchema<{ n: number }, { n: number; square: number }>; asked: unknown[] } {
  const asked: unknown[] = [];
  const schema = schemaOf<{ n: number }, { n: number; square: number }>((value) => {
    asked.push(value);
    const n = typeof value === "object" && value !== null && "n" in value ? value.n : undefined;
    return typeof n === "number" ? { value: { n, square: n * n } } : {
      issues: [{ message: "expected a number", path: ["n"] }, { message: "and more", path: [{ key: "list" }, 0] }],
    };
  });
  return { schema, asked };
}

test("a slot's schema runs before the handler, once per task over all retries; the handler gets its output", async () => {
  const { schema, asked } = squares();
  class Sink extends Routine {
    readonly input = this.addSlot("input", this.take, { schema });
    readonly seen: unknown[] = [];
    take(data: { n: number; square: number }, ctx: Context): void {
      this.seen.push(data);
      if (ctx.attempt < 2) throw new Error("again");
    }
  }
  const { flow, timers } = createTestFlow({ errorHandler: retries });
  const sink = flow.addRoutine(new Sink(), "sink");
  const job = flow.execute(sink.input, { n: 3 });
  await timers.flush();
  assertEquals(job.pendingTasks[0]?.data, { n: 3 }, "the task keeps the raw data");
  await timers.advance(30);
  assertEquals([job.status, asked, sink.seen], ["completed", [{ n: 3 }], Array(3).fill({ n: 3, square: 9 })]);
});

test("what does not fit the slot's schema is the receiver's error, with every issue and its path", async () => {
  const { schema } = squares();
  class Sink extends Routine {
    readonly input = this.addSlot("input", this.take, { schema });
    readonly seen: unknown[] = [];
    take(data: unknown): void {
      this.seen.push(data);
    }
  }
  const { flow } = createTestFlow({ errorHandler: continues });
  addSource(flow, "source", [{ n: "three" }, { n: 2 }]);
  const sink = flow.addRoutine(new Sink(), "sink");
  flow.connect("source", "output", "sink", "input");
  const job = await flow.run("source");
  assertEquals([job.status, sink.seen], ["completed", [{ n: 2, square: 4 }]]);
  assertEquals([job.routineStates.source?.status, job.routineStates.sink?.status], ["completed", "error_continued"]);
  assertEquals(job.failures[0]?.error, {
    name: SchemaError.name,
    message: 'Data for slot "input" of routine "sink" does not fit its schema: n: expected a number; list.0: and more',
  });
});

test("an append slot with a schema collects the schema's output", async () => {
  const { schema } = squares();
  class Sink extends Routine {
    readonly input = this.addSlot("input", this.take, { schema, merge: "append" });
    readonly seen: unknown[] = [];
    take({ square }: { readonly n: Collected<number>; readonly square: Collected<number> }): void {
      this.seen.push(square.toArray());
    }
  }
  const { flow } = createTestFlow();
  addSource(flow, "source", [{ n: 1 }, { n: 2 }]);
  const sink = flow.addRoutine(new Sink(), "sink");
  flow.connect("source", "output", "sink", "input");
  const job = await flow.run("source");
  assertEquals([job.status, sink.seen], ["completed", [[1], [1, 4]]]);
});

test("C510 a schema that throws, or that is asynchronous, is the receiver's error too", async () => {
  const throwing = schemaOf<unknown, unknown>(() => {
    throw new RangeError("broken schema");
  });
  const asynchronous: StandardSchema = {
    "~standard": { version: 1, vendor: "test", validate: () => Promise.reject(new Error("later")) },
  };
  // A promise of another kind, as some libraries have.
  const promise: Promise<never> = {
    then: () => promise,
    catch: () => promise,
    finally: () => promise,
    [Symbol.toStringTag]: "Promise",
  };
  const foreign: StandardSchema = { "~standard": { version: 1, vendor: "test", validate: () => promise } };
  const why = "the schema is asynchronous";
  for (const [schema, message] of [[throwing, "broken schema"], [asynchronous, why], [foreign, why]] as const) {
    class Sink extends Routine {
      readonly input = this.addSlot("input", this.take, { schema });
      take(_data: unknown): void {}
    }
    const { flow } = createTestFlow();
    const sink = flow.addRoutine(new Sink(), "sink");
    const job = await flow.run(sink.input, {});
    assertEquals([job.status, job.error?.message.includes(message)], ["failed", true], message);
  }
});

test("an event's schema is checked at emit: the emitter sees the error, and nothing is delivered", async () => {
  const { schema, asked } = squares();
  class Source extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly output = this.addEvent("output", { schema });
    send(_params: unknown, ctx: Context): void {
      ctx.emit(this.output, { n: 1 });
      const error = assertThrows(() => ctx.emit("output", { n: "two" }), SchemaError);
      assertInstanceOf(error, SchemaError);
      assertEquals(error.issues.length, 2);
      assertThrows(() => ctx.defer("output", { n: "two" }), SchemaError, 'Cannot defer "output" of routine "source"');
    }
  }
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  flow.addRoutine(new Source(), "source");
  addFunction(flow, "sink", (data) => void seen.push(data));
  flow.connect("source", "output", "sink", "trigger");
  const job = await flow.run("source");
  assertEquals([job.error, seen, asked.length], [undefined, [{ n: 1 }], 3]);
});

test("C043 C044 C045 C046 C047 a mapping renames keys when the delivery is made; others pass", async () => {
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  addSource(flow, "source", [{ a: 1, b: 2, other: 3 }]);
  for (const id of ["plain", "one", "two", "taken"]) addFunction(flow, id, (data) => void seen.push([id, data]));
  const connect = (id: string, mapping: Record<string, string>) =>
    flow.connect("source", "output", id, "trigger", { mapping });
  connect("plain", {});
  connect("one", { a: "x" });
  connect("two", { a: "x", b: "a" });
  connect("taken", { a: "other" });
  const job = await flow.run("source");
  assertEquals(seen, [
    ["plain", { a: 1, b: 2, other: 3 }],
    ["one", { x: 1, b: 2, other: 3 }],
    ["two", { x: 1, a: 2, other: 3 }],
    ["taken", { other: 1, b: 2 }],
  ]);
  assertEquals(job.history("source")[1]?.data, { a: 1, b: 2, other: 3 });
});

test("a mapping concerns its own connection only: beside it, data that is no object arrives", async () => {
  const { flow } = createTestFlow({ errorHandler: continues });
  const seen: unknown[] = [];
  addSource(flow, "source", ["text"]);
  for (const id of ["first", "mapped", "last"]) addFunction(flow, id, (data) => void seen.push([id, data]));
  flow.connect("source", "output", "first", "trigger");
  flow.connect("source", "output", "mapped", "trigger", { mapping: { a: "b" } });
  flow.connect("source", "output", "last", "trigger");
  const job = await flow.run("source");
  assertEquals([seen, job.failures.map(({ task }) => task.routine)], [[["first", "text"], ["last", "text"]], [
    "mapped",
  ]]);
});

test("a mapping on data that is no object is the receiver's error, at every attempt", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: retries });
  const seen: unknown[] = [];
  addSource(flow, "source", [[1, 2]]);
  addFunction(flow, "sink", (data) => void seen.push(data));
  flow.connect("source", "output", "sink", "trigger", { mapping: { a: "b" } });
  const job = flow.execute("source");
  await timers.advance(100);
  assertEquals([job.status, seen, job.retryCount("sink")], ["failed", [], 2]);
  assertEquals([job.routineStates.source?.status, job.routineStates.sink?.status], ["completed", "failed"]);
  assertEquals(
    job.error?.message,
    'Cannot map the data for slot "trigger" of routine "sink": it is no object with keys to rename',
  );
});

test("C571 a schema that returns neither a value nor issues is the receiver's error, which says what it must return: no data is lost", async () => {
  const answers = [undefined, null, 5, { a: 1 }, {}, { issues: null }, { issues: "none" }];
  for (const answer of answers) {
    const { flow } = createTestFlow();
    const schema = schemaOf<unknown, unknown>(() => answer as never);
    class Sink extends Routine {
      readonly input = this.addSlot("input", this.take, { schema });
      take(): void {}
    }
    const job = await flow.run(flow.addRoutine(new Sink(), "sink").input, { a: 1 });
    assertEquals([job.status, job.error?.name], ["failed", "TypeError"]);
    assertStringIncludes(
      job.error?.message ?? "",
      'for slot "input" of routine "sink" cannot be checked: its schema has returned ',
    );
    assertStringIncludes(job.error?.message ?? "", "; it must return { value } or { issues: [{ message }] }");
  }
});

test("C571 issues that are none in number still refuse the data", async () => {
  const { flow } = createTestFlow();
  class Sink extends Routine {
    readonly input = this.addSlot("input", this.take, { schema: schemaOf<unknown, unknown>(() => ({ issues: [] })) });
    take(): void {}
  }
  const job = await flow.run(flow.addRoutine(new Sink(), "sink").input, {});
  assertEquals(job.error?.message, 'Data for slot "input" of routine "sink" does not fit its schema: it says not why');
});
