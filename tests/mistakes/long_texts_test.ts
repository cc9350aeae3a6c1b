import { test } from "node:test";
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import * as v from "valibot";
import { type Context, Engine, ErrorHandler, Flow, JobState, NonRetryableError, Registry, Routine } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { addFunction } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { untyped } from "./told_by.ts";

// What users pass may be of any length; the messages of errors, which go to logs and into jobs, are short.

const LONG = "x".repeat(1_000_000);
const MOST = 4_000;

class Plain extends Routine {
  readonly trigger = this.addSlot("trigger", this.rest);
  rest(): void {}
}

function createFlow() {
  const registry = new Registry({ Plain });
  const flow = new Flow({ id: "f", registry });
  flow.addRoutine(new Plain(), "plain");
  return { flow, registry };
}

const CALLS: { readonly [what: string]: () => unknown } = {
  "an unknown option": () => new ErrorHandler(untyped({ [LONG]: 1 })),
  "an unknown routine": () => createFlow().flow.execute(LONG),
  "an unknown slot": () => createFlow().flow.slot("plain", LONG),
  "an unknown event": () => createFlow().flow.event("plain", LONG),
  "an unknown class": () => new Registry().classOf(LONG),
  "an id that is too long": () => createFlow().flow.addRoutine(new Plain(), LONG),
  "the id of a job that is too long": () => createFlow().flow.execute("plain", {}, { jobId: LONG }),
  "a text that is no document": () => JobState.fromText(LONG, new Registry()),
  "a format that there is not": () => JobState.fromJSON({ format: LONG }, new Registry()),
  "a key of a document that there is not": () =>
    JobState.fromJSON({ format: "routilux/job", [LONG]: 1 }, new Registry()),
  "many findings": () => {
    const { flow, registry } = createFlow();
    const json: unknown = JSON.parse(flow.create("plain").toText());
    const states = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, i) => [`r${i}${LONG.slice(0, 500)}`, { version: 1 }]),
    );
    flow.resume(JobState.fromJSON({ ...Object(json), routineStates: states }, registry));
  },
};

for (const [what, call] of Object.entries(CALLS)) {
  test(`C479 the message of an error about ${what} is short`, () => {
    const error = assertThrows(call, Error);
    assert(error.message.length <= MOST, `${error.message.length}: ${error.message.slice(0, 200)}`);
  });
}

const HANDLERS: { readonly [what: string]: (ctx: Context) => unknown } = {
  "emits an unknown event": (ctx) => ctx.emit(LONG, 1),
  "expects an unknown slot": (ctx) => ctx.expect(LONG),
  "emits what cannot travel": (ctx) => ctx.emit("output", { [LONG]: () => {} }),
  "sets an odd key": (ctx) => ctx.shared.update(LONG, untyped(1)),
  "validates": () => v.parse(v.number(), LONG),
};

for (const [what, handler] of Object.entries(HANDLERS)) {
  test(`the error of a handler that ${what} is short in its job`, async () => {
    const { flow } = createTestFlow();
    const job = await flow.run(addFunction(flow, "only", (_, ctx) => void handler(ctx)));
    assertEquals(job.status, "failed");
    assert((job.error?.message.length ?? 0) <= 10_000, what);
    assert(job.toText().length < 50_000, `${job.toText().length}`);
  });
}

test("a message of a user's own error that is longer than 10,000 characters is not kept whole, and the job says so", async () => {
  const { flow } = createTestFlow();
  const throws = addFunction(flow, "only", (data) => {
    throw data === "text" ? LONG : Object.assign(new Error(`why ${LONG}`), { stack: LONG, code: "E" });
  });
  const job = await flow.run(throws);
  const { message = "", omitted, code } = job.error ?? {};
  assertEquals([message.length <= 10_000, message.slice(0, 4), omitted, code], [true, "why ", ["message"], "E"]);
  const text = await flow.run(throws, "text");
  assertEquals(text.error?.message.length, 10_000);
});

test("the reason of a cancellation is whole where it is given, and short in the job", async () => {
  const { flow, timers } = createTestFlow();
  const job = flow.execute(addFunction(flow, "only", (_, ctx) => ctx.expect("trigger")));
  await timers.advance(0);
  flow.cancel(job, { reason: LONG });
  assertEquals([job.status, job.error?.message.length], ["cancelled", 4_000]);
});

test("an error without a message has none", () => {
  assertEquals(new NonRetryableError().message, "");
});

test("C479 a name of more than 1 KiB is refused", async () => {
  const registry = new Registry({ Plain });
  const engine = new Engine({ registry, store: memoryStore() });
  const error = assertThrows(() => engine.handle(LONG), RangeError);
  assertEquals(engine.handle("é".repeat(512)).jobId.length, 512);
  assertThrows(() => engine.handle("é".repeat(513)), RangeError, "it has 1026");
  assertEquals(error.message, "Cannot make a handle: the jobId must have at most 1024 bytes of UTF-8, it has 1000000");
  await engine.close();
});

test("a tag whose name or text has more than 1 KiB is refused, of a job, of a child and in a question", async () => {
  const registry = new Registry({ Plain });
  const engine = new Engine({ registry, store: memoryStore() });
  const flow = new Flow({ id: "tagged", registry, engine });
  const plain = flow.addRoutine(new Plain(), "plain");
  const most = "n".repeat(1_024);
  const tooLong = { [`${most}n`]: "text" };
  const said = "the tag name must have at most 1024 bytes of UTF-8, it has 1025";
  await flow.start(plain.trigger, {}, { tags: { [most]: most } });
  assertEquals(await engine.count({ tags: { [most]: most } }), 1);
  await assertRejects(async () => await flow.start(plain.trigger, {}, { tags: tooLong }), RangeError, said);
  await assertRejects(async () => await flow.startMany(plain.trigger, [{ tags: tooLong }]), RangeError, said);
  await assertRejects(async () => await engine.list({ tags: tooLong }), RangeError, said);
  await assertRejects(
    async () => await flow.start(plain.trigger, {}, { tags: { tag: `${most}n` } }),
    RangeError,
    "the tags.tag must have at most 1024 bytes of UTF-8, it has 1025",
  );
  class Parent extends Routine {
    readonly trigger = this.addSlot("trigger", this.begin);
    begin(_: unknown, ctx: Context): void {
      ctx.child(flow, plain, {}, { detached: true, tags: tooLong });
    }
  }
  registry.register({ Parent });
  const parents = new Flow({ id: "parents", registry, engine });
  const job = await parents.run(parents.addRoutine(new Parent(), "parent"));
  assertMatch(job.error?.message ?? "", RegExp(said));
  await engine.close();
});
