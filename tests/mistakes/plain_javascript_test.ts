import { test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Context, Engine, ErrorHandler, Flow, type JobState, Registry, RetryError, Routine } from "../../mod.ts";
import { toMermaid } from "../../src/diagram/mod.ts";
import { keyValueStore } from "../../src/stores/key_value_store.ts";
import { fileStore } from "../../src/stores/file_store.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { type Actor, flowOfTwo, runHandler, Source, Target, testMistakes, untyped } from "./told_by.ts";

// What the types refuse, and plain JavaScript lets through to the call: each is refused there, in words.

const registry = new Registry({ Source, Target });

function createEngine(): Engine {
  return new Engine({ registry, store: memoryStore(), timers: manualTimers() });
}

/** Does something with a job that has ended. */
const withJob = (act: (flow: Flow, job: JobState) => unknown) => async () => {
  const { flow, source } = flowOfTwo();
  return await act(flow, await flow.run(source.trigger, { count: 0 }, { jobId: "j" }));
};

/** Starts jobs of a stored flow. */
const withStore = (act: (flow: Flow, source: Source, engine: Engine) => unknown) => async () => {
  const engine = createEngine();
  const flow = new Flow({ id: "f", engine });
  try {
    return await act(flow, flow.addRoutine(new Source(), "a"), engine);
  } finally {
    await engine.close();
  }
};

/** What a handler does. */
const handling = (act: (routine: Actor, ctx: Context) => unknown) => () =>
  runHandler(function (this: Actor, _data, ctx) {
    act(this, ctx);
  });

testMistakes({
  "M83 a class, not an instance, is added": [
    () => new Flow().addRoutine(untyped(Source)),
    "Cannot add routine: expected an instance of Routine, got a function; write new Source()",
  ],
  "M84 the id of a routine comes first": [
    () => new Flow().addRoutine(untyped("a"), untyped(new Source())),
    'Cannot add routine: expected an instance of Routine, got "a"; the routine comes first, then its id',
  ],
  "M85 an engine or a registry stands for the options": [
    () => new Flow(untyped(registry)),
    "Cannot create flow: options must be an object, got a Registry instance",
  ],
  "M86 limits are a number": [
    () => new Flow({ id: "f", limits: untyped(5) }),
    'Cannot create flow "f": limits must be an object, got 5',
  ],
  "M87 a mapping is a function": [
    () => {
      const { flow, source, target } = flowOfTwo();
      flow.connect(source.output, untyped(target.input), { mapping: untyped(() => {}) });
    },
    "Cannot connect: mapping must be an object, got a function",
  ],
  "M88 config is given as a key and a value": [
    () => Reflect.apply(new Routine().setConfig, new Routine(), ["a", 1]),
    'Cannot set config: config must be an object, got "a"',
  ],
  "M89 a map of classes is registered": [
    () => new Registry(untyped(new Map([["Source", Source]]))),
    "Cannot register: what is registered must be an object, got a Map instance",
  ],
  "M90 the entry is an event": [
    () => flowOfTwo().flow.execute(untyped(new Source().output), untyped({})),
    'Cannot execute flow "f": expected a slot, a routine or the id of one, got an Event instance',
  ],
  "M91 the entry is forgotten": [
    () => flowOfTwo().flow.execute(untyped(undefined), untyped({})),
    'Cannot execute flow "f": expected a slot, a routine or the id of one, got undefined',
  ],
  "M92 options are a list": [
    () => {
      const { flow, source } = flowOfTwo();
      flow.execute(source.trigger, { count: 1 }, untyped([]));
    },
    'Cannot execute flow "f": options must be an object, got an array',
  ],
  "M93 a controller stands for its signal": [
    () => {
      const { flow, source } = flowOfTwo();
      flow.execute(source.trigger, { count: 1 }, { signal: untyped(new AbortController()) });
    },
    'Cannot execute flow "f": signal must be an AbortSignal, got an AbortController instance; give its signal',
  ],
  "M94 a listener is no function": [
    () => {
      const { flow, source } = flowOfTwo();
      flow.execute(source.trigger, { count: 1 }, { onOutput: untyped("log") });
    },
    'Cannot execute flow "f": onOutput must be a function, got "log"',
  ],
  "M95 a job that is not awaited": [
    () => {
      const { flow, source } = flowOfTwo();
      flow.resume(untyped(flow.run(source.trigger, { count: 0 })));
    },
    "Cannot resume a job: expected a JobState, got a Promise instance; await it first",
  ],
  "M96 a handle where a job is expected": [
    withStore(async (flow, source) => flow.waitForCompletion(untyped(await flow.start(source.trigger, { count: 0 })))),
    "Cannot wait for a job: expected a JobState, got a StoredJobHandle instance; a handle has methods of its own",
  ],
  "M97 a document where a job is expected": [
    withJob((flow, job) => flow.resume(untyped(job.toJSON()))),
    "Cannot resume a job: expected a JobState, got an object; JobState.fromJSON reads a document",
  ],
  "M98 a condition is a word": [
    withJob((flow, job) => flow.waitUntil(job, untyped("completed"))),
    'Cannot wait: condition must be a function, got "completed"',
  ],
  "M99 the reason of a pause is no text": [
    withJob((flow, job) => flow.pause(job, { reason: untyped(5) })),
    "Cannot pause job: the reason must be a string, got 5",
  ],
  "M100 the reason of a pause in a handler is no text": [
    handling((_, ctx) => ctx.pause(untyped({ why: 1 }))),
    'Cannot pause from routine "r": the reason must be a string, got an object',
  ],
  "M101 the reason of a cancel is given alone": [
    withJob((flow, job) => flow.cancel(job, untyped("why"))),
    'Cannot cancel job: options must be an object, got "why"',
  ],
  "M102 something is delivered to a routine": [
    withJob((flow, job) => Reflect.apply(flow.deliver, flow, [job, flow.routine("b"), { n: 1 }])),
    'Cannot deliver to job "j": expected a slot or { routine, slot }, got a Target instance',
  ],
  "M103 drain is a text": [
    () => new Flow().shutdown({ drain: untyped("no") }),
    'Cannot shut down: drain must be true or false, current value is "no"',
  ],
  "M104 startMany takes one job": [
    withStore((flow, source) => flow.startMany(source.trigger, untyped({}))),
    'Cannot start jobs of flow "f": jobs must be a list, got an object',
  ],
  "M105 params stand where their job should": [
    withStore((flow, source) => flow.startMany(source.trigger, [untyped({ count: 1 })])),
    'Cannot start jobs of flow "f": unknown option "count"; it takes "at", "deadlineMs", "jobId", "maxWorkers", "params", "priority", "queue", "strategy", "tags", "timeoutMs"',
  ],
  "M106 tags are a list": [
    withStore((flow, source) => flow.start(source.trigger, { count: 1 }, { tags: untyped(["sales"]) })),
    'Cannot start a job of flow "f": tags must be an object, got an array',
  ],
  "M107 an instant is a text": [
    withStore((flow, source) => flow.start(source.trigger, { count: 1 }, { at: untyped("2030-01-01") })),
    'Cannot start a job of flow "f": at (a Date, or milliseconds since 1970) must be a number, between 0 and 253402300799999, current value is "2030-01-01"',
  ],
  "M108 jobs of a status that there is not": [
    withStore((_flow, _source, engine) => engine.list({ status: "done" })),
    'Cannot list jobs: status must be one of "pending", "running", "paused", "completed", "failed", "cancelled", current value is "done"',
  ],
  "M109 a page of no jobs": [
    withStore((_flow, _source, engine) => engine.list({ limit: 0 })),
    "Cannot list jobs: limit must be an integer of at least 1, current value is 0",
  ],
  "M110 the id of a job is forgotten": [
    withStore((_flow, _source, engine) => engine.open(untyped(undefined))),
    "Cannot open a job: the jobId must be a non-empty string (and none of __proto__, constructor, prototype), not undefined",
  ],
  "M111 a store is not called": [
    () => new Engine({ store: untyped(memoryStore) }),
    "Cannot create engine: store must be a store, got a function; make one, as memoryStore() does",
  ],
  "M112 a store is not awaited": [
    () => new Engine({ store: untyped(Promise.resolve(memoryStore())) }),
    "Cannot create engine: store must be a store, got a Promise instance; await it first",
  ],
  "M113 classes stand for a registry": [
    () => new Engine({ registry: untyped({ Source }) }),
    "Cannot create engine: registry must be a Registry, got an object; write new Registry({ … })",
  ],
  "M114 an observer is no function": [
    () => new Engine({ observer: untyped([]) }),
    "Cannot create engine: observer must be a function, got an array",
  ],
  "M115 an event that is misspelt is emitted": [
    handling((routine, ctx) => ctx.emit(untyped((routine as unknown as { outptu: unknown }).outptu), {})),
    'Cannot emit: expected an event of routine "r" or its name, got undefined; it has "output"',
  ],
  "M116 a routine is expected": [
    handling((routine, ctx) => ctx.expect(untyped(routine))),
    'Cannot expect a delivery: expected a slot of routine "r" or its name, got an Actor instance; it has "trigger"',
  ],
  "M117 an event is deferred with options": [
    handling((routine, ctx) => Reflect.apply(ctx.defer, ctx, [routine.output, {}, { delayMs: 5 }])),
    "Cannot defer an event with options; ctx.emit takes them",
  ],
  "M118 state is assigned": [
    handling((_, ctx) => void Object.assign(ctx.state, { count: 5 })),
    'Cannot assign to count: write ctx.state.set("count", …) or ctx.shared.set',
  ],
  "M119 an option of a RetryError is misspelt": [
    () => new RetryError(untyped({ delay: 5 })),
    'Cannot create RetryError: unknown option "delay"; did you mean "delayMs"?',
  ],
  "M120 a delay stands for the options of a RetryError": [
    () => new RetryError(untyped(500)),
    "Cannot create RetryError: options must be an object, got 500",
  ],
  "M121 an error handler is null": [
    () => new ErrorHandler(untyped(null)),
    "Cannot create ErrorHandler: options must be an object, got null",
  ],
  "M122 a flow is drawn": [
    () => toMermaid(untyped(flowOfTwo().flow)),
    "Cannot read routilux/flow: expected a document, got a Flow instance; call its toJSON first",
  ],
  "M123 a map stands for a storage": [
    () => keyValueStore(untyped(new Map())),
    "Cannot open the key-value store: the storage needs the methods get, set, delete and list; it has no list",
  ],
});

test("what a job shows refuses to be changed", async () => {
  const { flow, source } = flowOfTwo();
  const job = await flow.run(source.trigger, { count: 1 });
  const lists = [job.outputLog, job.failures, job.history(), job.pendingTasks, job.sharedLog, job.awaiting];
  for (const shown of [...lists, job.sharedData, job.routineStates]) assertEquals(Object.isFrozen(shown), true);
});

test("no part of an engine is taken for what it is not, and none is left out in silence", () => {
  const wrong = { services: "x", ids: () => "id", errorStacks: "yes", durability: null, store: "jobs.db" };
  for (const [name, value] of Object.entries(wrong)) {
    const error = assertThrows(() => new Engine({ registry, store: memoryStore(), [name]: untyped(value) }), TypeError);
    assertEquals(error.message.startsWith(`Cannot create engine: ${name}`), true, error.message);
  }
});

test("no question to a store is answered with nothing because it was misspelt", async () => {
  const engine = createEngine();
  const asked: readonly [() => unknown, string][] = [
    [() => engine.count({ status: untyped(["failed"]) }), "status must be one of"],
    [() => engine.list({ tags: untyped("sales") }), "tags must be an object"],
    [() => engine.list({ queue: untyped(5) }), "the queue must be a string"],
    [() => engine.list({ createdBefore: untyped("2030") }), "createdBefore must be a number"],
    [() => engine.list({ newestFirst: untyped("no") }), "newestFirst must be true or false"],
    [() => engine.purge({ endedBefore: untyped("2030") }), 'current value is "2030"'],
    [() => engine.purge({ endedBefore: new Date(0), status: untyped("done") }), "status must be one of"],
    [() => engine.delete(untyped(undefined)), "the jobId must be"],
    [() => engine.work({ signal: untyped(5) }), "signal must be an AbortSignal, got 5"],
    [() => fileStore(untyped({ path: "jobs" })), "the folder must be"],
    [() => new Flow().waitForCompletion(untyped(1), { onProgress: untyped(1) }), "expected a JobState"],
  ];
  for (const [ask, text] of asked) await assertRejects(async () => void await ask(), Error, text);
  await engine.close();
});

test("a list of a class of one's own, a symbol and a listener that is none are refused", async () => {
  class List extends Array {}
  const { flow, source } = flowOfTwo();
  const job = await flow.run(source.trigger, { count: 0 });
  assertThrows(() => flow.create("a", { list: new List(1) }), Error, "is of a class of its own: send a plain array");
  assertThrows(() => flow.create("a", { list: Symbol("a") }), Error, "is a symbol; send what it stands for instead");
  assertThrows(
    () => flow.waitForCompletion(job, { onProgress: untyped(1) }),
    TypeError,
    "onProgress must be a function",
  );
});
