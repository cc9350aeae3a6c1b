import { test } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { type Context, Flow, JobState, Registry, Routine, SerializationError } from "../../mod.ts";
import { newManualEngine, sendOnce } from "../support/send_once.ts";
import { Money, money } from "../support/money_class.ts";
import { plainError } from "../support/plain_error.ts";

test("data of every kind arrives as it was emitted", async () => {
  const make = () => ({
    nothing: null,
    truth: true,
    number: 1.5,
    text: "é😀",
    list: [1, [2]],
    date: new Date(5),
    map: new Map([["k", new Set([1])]]),
    big: 2n ** 70n,
    bytes: new Uint8Array([1, 2]),
    money: money(250),
  });
  const { job, received } = await sendOnce(make, { registry: new Registry({ Money }) });
  assertEquals([job.status, received], ["completed", [make(), make()]]);
  assertStrictEquals((received[0] as { money: Money }).money.format(), "2.5 €");
});

test("plain data is copied once and frozen: all receivers get the same object", async () => {
  const { received: [first, second] } = await sendOnce(() => ({ list: [{ a: 1 }] }));
  assertStrictEquals(first, second);
  assert(Object.isFrozen(first));
  assert(Object.isFrozen((first as { list: [object] }).list[0]));
});

test("data that had to be encoded is decoded anew for each receiver", async () => {
  const { received: [first, second] } = await sendOnce(() => ({ when: new Date(0) }));
  assertEquals(first, second);
  assertEquals([first === second, (first as { when: Date }).when === (second as { when: Date }).when], [false, false]);
});

test("the caller's object stays as it was, and later changes to it are not seen", async () => {
  const mine = { list: [1], gone: undefined, zero: -0 };
  const { received: [first] } = await sendOnce(() => {
    queueMicrotask(() => mine.list.push(2));
    return mine;
  });
  assertEquals([first, Object.keys(first as object)], [{ list: [1], zero: 0 }, ["list", "zero"]]);
  assert(Object.is((first as { zero: number }).zero, 0));
  assertEquals([Object.keys(mine), Object.isFrozen(mine), Object.is(mine.zero, -0)], [
    ["list", "gone", "zero"],
    false,
    true,
  ]);
});

test("accessors of an emitted object are read once", async () => {
  let reads = 0;
  const { received } = await sendOnce(() => ({
    get value(): number {
      return ++reads;
    },
  }));
  assertEquals([reads, received], [1, [{ value: 1 }, { value: 1 }]]);
});

test("what was received and is passed on whole is the same object further on", async () => {
  const seen: unknown[] = [];
  class Relay extends Routine {
    readonly trigger = this.addSlot("trigger", this.pass);
    readonly output = this.addEvent("output");
    pass(data: unknown, ctx: Context): void {
      seen.push(data);
      ctx.emit(this.output, data);
    }
  }
  const flow = new Flow({ id: "flow", engine: newManualEngine() });
  const [a, b, c] = ["a", "b", "c"].map((id) => flow.addRoutine(new Relay(), id));
  assert(a !== undefined && b !== undefined && c !== undefined);
  flow.connect(a.output, b.trigger);
  flow.connect(b.output, c.trigger);
  await flow.run(a.trigger, { big: [1, 2, 3] });
  assertEquals(seen.length, 3);
  assertStrictEquals(seen[1], seen[0]);
  assertStrictEquals(seen[2], seen[0]);
});

test("data that cannot travel is refused at emit, with the path", async () => {
  const { job, received, thrown } = await sendOnce(() => ({ when: [1, 2, () => 3] }));
  assertInstanceOf(thrown, SerializationError);
  assertStrictEquals(
    thrown.message,
    'Cannot emit "output" of routine "source": data.when[2] is a function; send what it stands for instead',
  );
  assertStrictEquals(thrown.path, "data.when[2]");
  assertEquals(received, []);
  assertEquals([job.status, plainError(job)], ["failed", {
    name: "SerializationError",
    message: 'Cannot emit "output" of routine "source": data.when[2] is a function; send what it stands for instead',
    code: "SERIALIZATION",
  }]);
});

test("a handler that catches the refusal goes on, and nothing of it was emitted", async () => {
  class Careful extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly output = this.addEvent("output");
    send(_params: unknown, ctx: Context): void {
      try {
        ctx.emit(this.output, { bad: Symbol("s") });
      } catch {
        ctx.emit(this.output, { good: 1 });
      }
    }
  }
  const flow = new Flow({ id: "flow", engine: newManualEngine() });
  const job = await flow.run(flow.addRoutine(new Careful(), "careful").trigger);
  const emitted = job.history().filter(({ type }) => type === "emit").map(({ data }) => data);
  assertEquals([job.status, emitted], ["completed", [{ good: 1 }]]);
});

const refused: readonly (readonly [what: string, make: () => unknown, message: string])[] = [
  ["a hole", () => [1, , 2], "data[1] is a hole; an array can hold null instead"],
  ["NaN", () => ({ n: NaN }), "data.n is NaN, which JSON cannot carry; null can stand for it"],
  ["an invalid date", () => ({ d: new Date(NaN) }), "data.d is an invalid date; null can stand for it"],
  ["a $type key", () => ({ a: { $type: "x" } }), "data.a.$type is a key that user data cannot have"],
  ["a __proto__ key", () => JSON.parse('{"__proto__":1}'), "data.__proto__ is a key that user data cannot have"],
  [
    "an unregistered class",
    () => [money(1)],
    "data[0] is a Money instance; " +
    "register its class with a toJSON method and a static fromJSON, or send a plain object",
  ],
  ["a promise", () => ({ p: Promise.resolve(1) }), "data.p is a Promise instance; await it first"],
  ["a symbol", () => Symbol("s"), "data is a symbol; send what it stands for instead"],
];
for (const [what, make, message] of refused) {
  test(`emitting ${what} is refused with the path`, async () => {
    const { job, received } = await sendOnce(make);
    assertEquals([job.error?.message, received], [`Cannot emit "output" of routine "source": ${message}`, []]);
  });
}

test("emitting an object that contains itself is refused", async () => {
  const { job } = await sendOnce(() => {
    const loop: Record<string, unknown> = {};
    loop["again"] = { loop };
    return { loop };
  });
  assertEquals(job.status, "failed");
  assert(job.error?.message.endsWith("is part of a cycle: it contains itself; send its id instead"));
});

test("C362 the flow's limits hold for what is emitted", async () => {
  const deep = await sendOnce(() => ({ a: { b: {} } }), { limits: { depth: 1 } });
  const many = await sendOnce(() => [1, 2, 3], { limits: { nodes: 3 } });
  const long = await sendOnce(() => "abc", { limits: { bytes: 4 } });
  const opening = 'Cannot emit "output" of routine "source": ';
  assertEquals([deep, many, long].map(({ job }) => job.error?.message), [
    `${opening}data.a.b is nested deeper than limits.depth allows (1)`,
    `${opening}data is part of more than 3 values; raise limits.nodes, or send less at once`,
    `${opening}data takes 5 bytes as JSON, more than limits.bytes allows (4)`,
  ]);
});

test("emitting nothing delivers nothing as data", async () => {
  const { job, received } = await sendOnce(() => undefined);
  assertEquals([job.status, received], ["completed", [undefined, undefined]]);
});

test("a job with data of every kind is the same after it was written and read", async () => {
  const registry = new Registry({ Money });
  const make = () => ({
    d: new Date(1),
    m: new Map([[1, money(5)]]),
    e: new RangeError("r", { cause: new Error("c") }),
  });
  const { job } = await sendOnce(make, { registry });
  const text = JSON.stringify(job);
  const read = JobState.fromJSON(JSON.parse(text), registry);
  assertStrictEquals(JSON.stringify(read), text);
  const [, , emitted] = [...read.executionHistory.slice(0, 1), undefined, read.executionHistory.find((it) => it.data)];
  assertEquals((emitted?.data as { d: Date }).d, new Date(1));
  assertEquals((emitted?.data as { m: Map<number, Money> }).m.get(1)?.format(), "0.05 €");
});

test("nothing that is passed on is nothing, also where what came had to be decoded", async () => {
  const seen: unknown[] = [];
  class Source extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly output = this.addEvent<Date>("output");
    send(_: unknown, ctx: Context): void {
      ctx.emit(this.output, new Date(0));
    }
  }
  class Eraser extends Routine {
    readonly input = this.addSlot("input", this.pass, { merge: () => undefined });
    readonly output = this.addEvent<undefined>("output");
    pass(data: undefined, ctx: Context): void {
      seen.push(data);
      ctx.emit(this.output, data);
    }
  }
  class Sink extends Routine {
    readonly input = this.addSlot("input", this.take);
    take(data: unknown): void {
      seen.push(data);
    }
  }
  const flow = new Flow({ registry: new Registry({ Source, Eraser, Sink }) });
  const source = flow.addRoutine(new Source(), "source");
  const eraser = flow.addRoutine(new Eraser(), "eraser");
  flow.connect("source", "output", "eraser", "input");
  flow.connect(eraser.output, flow.addRoutine(new Sink(), "sink").input);
  await flow.run(source);
  assertEquals(seen, [undefined, undefined]);
});
