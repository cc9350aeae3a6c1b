import { test } from "node:test";
import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { type Context, Flow, JobState, Registry, Routine, SerializationError } from "../../mod.ts";
import { newManualEngine } from "../support/send_once.ts";
import { Money, money } from "../support/money_class.ts";
import { plainError } from "../support/plain_error.ts";

type Act = (ctx: Context) => void | Promise<void>;

const registry = new Registry({ Money });

/** Runs one handler in a flow of its own; what it throws is the job's error. */
function runHandler(act: Act): Promise<JobState> {
  class Actor extends Routine {
    readonly trigger = this.addSlot("trigger", this.act);
    readonly output = this.addEvent("output");
    act(_params: unknown, ctx: Context): void | Promise<void> {
      return act(ctx);
    }
  }
  const flow = new Flow({ id: "flow", registry, engine: newManualEngine(), limits: { depth: 5 } });
  return flow.run(flow.addRoutine(new Actor(), "actor").trigger);
}

const bad = { when: [1, 2, () => 3] };
const refused: readonly (readonly [where: string, act: Act, message: string])[] = [
  [
    "shared data",
    (ctx) => ctx.shared.set("plan", bad),
    "Cannot set shared: shared.plan.when[2] is a function; send what it stands for instead",
  ],
  [
    "state",
    (ctx) => ctx.state.set("odd key", bad),
    'Cannot set state: state["odd key"].when[2] is a function; send what it stands for instead',
  ],
  [
    "an update",
    (ctx) => ctx.shared.update("plan", () => bad),
    "Cannot set shared: shared.plan.when[2] is a function; send what it stands for instead",
  ],
  [
    "an output",
    (ctx) => ctx.output("chunk", bad),
    'Cannot output from routine "actor": data.when[2] is a function; send what it stands for instead',
  ],
  [
    "a log entry",
    (ctx) => ctx.log(bad),
    'Cannot log from routine "actor": entry.when[2] is a function; send what it stands for instead',
  ],
  [
    "progress",
    (ctx) => ctx.checkpoint(bad),
    "Cannot checkpoint: progress.when[2] is a function; send what it stands for instead",
  ],
  [
    "the note of a pause",
    (ctx) => ctx.pause("why", bad),
    "Cannot pause: checkpoint.when[2] is a function; send what it stands for instead",
  ],
  [
    "a deferred event",
    (ctx) => ctx.defer("output", bad),
    'Cannot defer "output" of routine "actor": data.when[2] is a function; send what it stands for instead',
  ],
  [
    "shared data that is too deep",
    (ctx) => ctx.shared.set("deep", [[[[[[[]]]]]]]),
    "Cannot set shared: shared.deep[0][0][0][0][0][0] is nested deeper than limits.depth allows (5)",
  ],
];
for (const [where, act, message] of refused) {
  test(`what cannot travel is refused in ${where}, with the path`, async () => {
    const job = await runHandler(act);
    assertEquals([job.status, plainError(job)], ["failed", {
      name: "SerializationError",
      message,
      code: "SERIALIZATION",
    }]);
    assertEquals([job.sharedData, job.outputLog, job.sharedLog, job.deferredEvents, job.pausePoints], [
      {},
      [],
      [],
      [],
      [],
    ]);
  });
}

test("what a generator yields must be able to travel", async () => {
  class Steps extends Routine {
    readonly trigger = this.addSlot("trigger", this.go);
    *go(): Generator<unknown, void, void> {
      yield bad;
    }
  }
  const flow = new Flow({ id: "flow", engine: newManualEngine() });
  const job = await flow.run(flow.addRoutine(new Steps(), "steps").trigger);
  assertEquals([job.status, job.error?.message], [
    "failed",
    'Cannot yield from routine "steps": progress.when[2] is a function; send what it stands for instead',
  ]);
});

test("an entry that is no object is refused by the log", async () => {
  for (const [entry, text] of [[5, "5"], ["text", '"text"'], [null, "null"], [[1], "an array"]] as const) {
    const job = await runHandler((ctx) => ctx.log(entry as unknown as object));
    assertEquals(plainError(job), {
      name: "TypeError",
      message: `Cannot log from routine "actor": the entry must be an object, got ${text}`,
    });
  }
});

test("keys of shared data and state that JSON tools stumble over are refused", async () => {
  for (const key of ["", "__proto__", "constructor", "prototype"]) {
    const text = `the key must be a non-empty string (and none of __proto__, constructor, prototype), not "${key}"`;
    assertEquals((await runHandler((ctx) => ctx.shared.set(key, 1))).error?.message, `Cannot set shared: ${text}`);
    assertEquals(
      (await runHandler((ctx) => ctx.state.update(key, () => 1))).error?.message,
      `Cannot update state: ${text}`,
    );
  }
});

test("values of every kind are read back as they were set, by the same handler and by the job", async () => {
  const make = () => ({ d: new Date(1), m: new Map([["k", money(5)]]), b: 3n, u: new Uint8Array([1]), p: { a: [1] } });
  const seen: unknown[] = [];
  const job = await runHandler((ctx) => {
    ctx.shared.set("all", make());
    ctx.state.set("all", make());
    seen.push(ctx.shared.get("all"), ctx.state.get("all"));
    ctx.output("all", make());
    ctx.log(make());
  });
  assertEquals([job.status, seen], ["completed", [make(), make()]]);
  assertEquals([job.sharedData["all"], job.routineStates["actor"]?.state["all"]], [make(), make()]);
  assertEquals([job.outputLog[0]?.data, job.sharedLog[0]?.entry], [make(), make()]);
  assertInstanceOf((job.sharedData["all"] as { m: Map<string, unknown> }).m.get("k"), Money);
});

test("a job with values of every kind everywhere is the same text after it was written and read", async () => {
  const value = () => ({ d: new Date(1), m: new Map([["k", [money(5)]]]), s: new Set([1n]), e: new TypeError("t") });
  const job = await runHandler(async (ctx) => {
    ctx.shared.set("a", value());
    ctx.state.set("b", value());
    ctx.output("c", value());
    ctx.log(value());
    await ctx.checkpoint(value());
    ctx.emit("output", value());
    ctx.pause("stop", value());
  });
  assertEquals(job.status, "paused");
  const text = JSON.stringify(job);
  assertStrictEquals(JSON.stringify(JobState.fromJSON(JSON.parse(text), registry)), text);
  const restored = JobState.fromJSON(JSON.parse(text), registry).pausePoints[0]?.checkpoint as ReturnType<typeof value>;
  // An error equals no other, for its stack.
  assertEquals({ ...restored, e: String(restored.e) }, { ...value(), e: "TypeError: t" });
});

test("undefined removes a value", async () => {
  const job = await runHandler(async (ctx) => {
    ctx.shared.set("a", 1);
    ctx.shared.set("b", 2);
    await ctx.checkpoint();
    ctx.shared.set("a", undefined);
    ctx.shared.update("b", () => undefined);
  });
  assertEquals([job.status, job.sharedData], ["completed", {}]);
});

test("params and deliveries that cannot travel are refused to the caller, and nothing is started or added", () => {
  class Waiter extends Routine {
    readonly trigger = this.addSlot("trigger", this.take);
    take(_data: unknown): void {}
  }
  const flow = new Flow({ id: "flow", engine: newManualEngine() });
  const waiter = flow.addRoutine(new Waiter(), "waiter");
  assertThrows(
    () => flow.execute(waiter.trigger, bad),
    SerializationError,
    'Cannot execute "waiter": params.when[2] is a function; send what it stands for instead',
  );
  const job = flow.execute(waiter.trigger);
  assertThrows(
    () => flow.deliver(job, waiter.trigger, bad),
    SerializationError,
    'Cannot deliver to slot "trigger" of routine "waiter": data.when[2] is a function; send what it stands for instead',
  );
  assertEquals(job.pendingTasks.map(({ id }) => id), [1]);
});

test("the note of a pause from outside must be able to travel, else the job runs on", async () => {
  class Waiter extends Routine {
    readonly trigger = this.addSlot("trigger", this.take);
    take(): void {}
  }
  const flow = new Flow({ id: "flow", engine: newManualEngine() });
  const job = flow.execute(flow.addRoutine(new Waiter(), "waiter").trigger, {}, { jobId: "j" });
  await assertRejects(
    () => flow.pause(job, { checkpoint: bad }),
    SerializationError,
    'Cannot pause job "j": checkpoint.when[2] is a function; send what it stands for instead',
  );
  await flow.waitForCompletion(job);
  assertEquals([job.status, job.pausePoints], ["completed", []]);
});

test("fields that cannot travel are refused when the flow is written, with the routine's id and the path", () => {
  class Holder extends Routine {
    plan: unknown = bad;
    constructor() {
      super();
      this.addSerializableFields("plan");
    }
  }
  const flow = new Flow({ id: "flow", registry: new Registry({ Holder }) });
  flow.addRoutine(new Holder(), "holder");
  assertThrows(
    () => flow.toJSON(),
    SerializationError,
    'Cannot serialize routine "holder": fields.plan.when[2] is a function; send what it stands for instead',
  );
});

test("an instance of a class that is registered nowhere is refused in config when the flow is written", () => {
  class Plain extends Routine {}
  const flow = new Flow({ id: "flow", registry: new Registry({ Plain }) });
  flow.addRoutine(new Plain(), "plain").setConfig({ price: money(1) });
  assertThrows(
    () => flow.toJSON(),
    SerializationError,
    'Cannot serialize routine "plain": config.price is a Money instance; register its class',
  );
});
