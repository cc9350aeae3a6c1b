import { test } from "node:test";
import { assertEquals, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { type Context, Flow, type KeyMapping, Registry, Routine } from "../../mod.ts";
import { createSlot } from "../../src/model/slot.ts";
import { newManualEngine } from "../support/send_once.ts";

class Source extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent<Record<string, unknown>>("output");
  readonly other = this.addEvent<Record<string, unknown>>("other");
  send(params: Record<string, unknown>, ctx: Context): void {
    ctx.emit(this.output, params);
  }
}
class Sink extends Routine {
  readonly input = this.addSlot("input", this.take);
  readonly second = this.addSlot("second", this.take);
  take(data: Record<string, unknown>, ctx: Context): void {
    ctx.output(ctx.slotName, data);
  }
}

const registry = new Registry({ Source, Sink });

function newPair(): { flow: Flow; source: Source; sink: Sink } {
  const flow = new Flow({ id: "flow", registry, engine: newManualEngine() });
  return { flow, source: flow.addRoutine(new Source(), "source"), sink: flow.addRoutine(new Sink(), "sink") };
}

/** What arrives when `data` goes over one connection with the mapping. */
async function arrivals(data: Record<string, unknown>, mapping?: KeyMapping): Promise<unknown> {
  const { flow, source, sink } = newPair();
  flow.connect("source", "output", "sink", "input", mapping === undefined ? {} : { mapping });
  assertEquals(flow.connections.length, 1);
  assertStrictEquals(flow.connections[0]?.slot, sink.input);
  return (await flow.run(source.trigger, data)).outputLog.map((output) => output.data);
}

test("C040 a connection shows its ends", () => {
  const { flow, source, sink } = newPair();
  const connection = flow.connect(source.output, sink.input);
  assertStrictEquals(connection.event, source.output);
  assertStrictEquals(connection.slot, sink.input);
  assertEquals([connection.from, connection.to, connection.mapping], [
    { event: "output", routine: "source" },
    { routine: "sink", slot: "input" },
    {},
  ]);
  assertEquals(
    [connection, connection.from, connection.to, connection.mapping].map(Object.isFrozen),
    Array(4).fill(true),
  );
});

test("C041 a connection shows its mapping, as a copy", () => {
  const { flow, source, sink } = newPair();
  const mapping: Record<string, string> = { a: "x" };
  const connection = flow.connect("source", "output", "sink", "input", { mapping });
  mapping["b"] = "y";
  assertEquals(connection.mapping, { a: "x" });
  assertStrictEquals(flow.findConnection(source.output, sink.input), connection);
});

test("C042 C047 without a mapping data arrives under its own names", async () => {
  assertEquals(await arrivals({ data: "test", more: 1 }), [{ data: "test", more: 1 }]);
});

test("C043 C044 mapped keys arrive under their new names", async () => {
  assertEquals(await arrivals({ source_param: "v" }, { source_param: "mapped_param" }), [{ mapped_param: "v" }]);
  assertEquals(await arrivals({ a: 1, b: 2 }, { a: "x", b: "y" }), [{ x: 1, y: 2 }]);
});

test("C038 a mapping is applied as well when the ends are connected as objects", async () => {
  const { flow, source, sink } = newPair();
  flow.connect(source.output, sink.input, { mapping: { a: "x" } });
  const job = await flow.run(source.trigger, { a: 1, b: 2 });
  assertEquals(job.outputLog.map(({ data }) => data), [{ x: 1, b: 2 }]);
});

test("C045 C046 C397 a mapped key arrives under its new name only, the others under their own", async () => {
  assertEquals(await arrivals({ old: 1, other: 2 }, { old: "new" }), [{ new: 1, other: 2 }]);
});

test("a key gives way to one that is mapped to its name", async () => {
  assertEquals(await arrivals({ a: 1, x: 2, b: 3 }, { a: "x" }), [{ x: 1, b: 3 }]);
  assertEquals(await arrivals({ x: 2, a: 1 }, { a: "x" }), [{ x: 1 }]);
});

test("two keys can change places", async () => {
  assertEquals(await arrivals({ a: 1, b: 2 }, { a: "b", b: "a" }), [{ b: 1, a: 2 }]);
});

test("a mapped key that is not in the data leaves nothing", async () => {
  assertEquals(await arrivals({ b: 2 }, { a: "x" }), [{ b: 2 }]);
});

test("a mapping knows keys of the data only, not those of all objects", async () => {
  assertEquals(await arrivals({ toString: 1, valueOf: 2 }, { valueOf: "value" }), [{ toString: 1, value: 2 }]);
});

test("mapping keeps values of every kind", async () => {
  const data = { when: new Date(5), set: new Set([1n]) };
  assertEquals(await arrivals(data, { when: "at" }), [{ at: new Date(5), set: new Set([1n]) }]);
});

test("mapping leaves what was emitted as it was for others", async () => {
  const { flow, source, sink } = newPair();
  flow.connect("source", "output", "sink", "input", { mapping: { a: "x" } });
  flow.connect(source.output, sink.second);
  const job = await flow.run(source.trigger, { a: 1 });
  assertEquals(job.outputLog.map(({ type, data }) => [type, data]), [["input", { x: 1 }], ["second", { a: 1 }]]);
});

test("a mapping on data that has no keys is the receiver's error", async () => {
  for (const data of [5, "text", [1], null, undefined, new Map([["a", 1]])]) {
    class Odd extends Routine {
      readonly trigger = this.addSlot("trigger", this.send);
      readonly output = this.addEvent("output");
      send(_: unknown, ctx: Context): void {
        ctx.emit(this.output, data);
      }
    }
    const flow = new Flow({ id: "flow", engine: newManualEngine() });
    const odd = flow.addRoutine(new Odd(), "odd");
    flow.addRoutine(new Sink(), "sink");
    flow.connect("odd", "output", "sink", "input", { mapping: { a: "x" } });
    const job = await flow.run(odd.trigger);
    assertEquals([job.status, job.error?.name, job.error?.message, job.routineStates["sink"]?.status], [
      "failed",
      "TypeError",
      'Cannot map the data for slot "input" of routine "sink": it is no object with keys to rename',
      "failed",
    ]);
  }
});

test("C021 the same pair with the same mapping is one connection", async () => {
  const { flow, source, sink } = newPair();
  const first = flow.connect("source", "output", "sink", "input", { mapping: { a: "x", b: "y" } });
  assertStrictEquals(flow.connect("source", "output", "sink", "input", { mapping: { b: "y", a: "x" } }), first);
  const plain = flow.connect(source.output, sink.second);
  assertStrictEquals(flow.connect("source", "output", "sink", "second", { mapping: {} }), plain);
  assertEquals(flow.connections, [first, plain]);
  const job = await flow.run(source.trigger, { a: 1 });
  assertEquals(job.outputLog.length, 2);
});

test("the same pair with another mapping is refused", () => {
  const { flow, source, sink } = newPair();
  flow.connect(source.output, sink.input);
  assertThrows(
    () => flow.connect("source", "output", "sink", "input", { mapping: { a: "x" } }),
    TypeError,
    'Cannot connect "source.output" to "sink.input": they are connected already, with another mapping',
  );
  assertEquals(flow.connections.length, 1);
});

test("a mapping that gives two keys one name is refused", () => {
  const { flow } = newPair();
  assertThrows(
    () => flow.connect("source", "output", "sink", "input", { mapping: { a: "x", b: "x" } }),
    TypeError,
    'Cannot connect: the mapping gives two keys the name "x"',
  );
  assertEquals(flow.connections.length, 0);
});

test("a mapping to what is no name is refused", () => {
  const { flow } = newPair();
  const hint = "the mapped name must be a non-empty string (and none of __proto__, constructor, prototype), not";
  for (const [name, text] of [["", '""'], ["__proto__", '"__proto__"'], [5, "5"]] as const) {
    assertThrows(
      () => flow.connect("source", "output", "sink", "input", { mapping: { a: name as string } }),
      TypeError,
      `Cannot connect: ${hint} ${text}`,
    );
  }
  assertEquals(flow.connections.length, 0);
});

test("C017 C020 one event feeds several slots, and one slot is fed by several events", async () => {
  const { flow, source, sink } = newPair();
  const connections = [
    flow.connect(source.output, sink.input),
    flow.connect(source.output, sink.second),
    flow.connect(source.other, sink.input),
  ];
  assertEquals(flow.connections, connections);
  assertNotEquals(connections[0], connections[2]);
  const job = await flow.run(source.trigger, { a: 1 });
  assertEquals(job.outputLog.map(({ type }) => type), ["input", "second"]);
});

test("C050 a written connection names both ends and its mapping, where there is one", () => {
  const { flow, source, sink } = newPair();
  flow.connect("source", "output", "sink", "input", { mapping: { b: "y", a: "x" } });
  flow.connect(source.output, sink.second);
  assertEquals(flow.connections.map((connection) => JSON.stringify(connection)), [
    '{"from":{"event":"output","routine":"source"},"mapping":{"b":"y","a":"x"},"to":{"routine":"sink","slot":"input"}}',
    '{"from":{"event":"output","routine":"source"},"to":{"routine":"sink","slot":"second"}}',
  ]);
});

test("C051 a restored connection has its ends and its mapping", async () => {
  const { flow } = newPair();
  flow.connect("source", "output", "sink", "input", { mapping: { a: "x" } });
  const read = Flow.fromJSON(JSON.parse(JSON.stringify(flow)), registry, { engine: newManualEngine() });
  const [connection] = read.connections;
  assertStrictEquals(connection?.event, read.routine("source", Source).output);
  assertStrictEquals(connection?.slot, read.routine("sink", Sink).input);
  assertEquals(connection?.mapping, { a: "x" });
  const job = await read.run("source", { a: 1, b: 2 });
  assertEquals(job.outputLog.map(({ data }) => data), [{ x: 1, b: 2 }]);
});

test("a slot that belongs to no routine cannot be connected, nor be where a job begins", () => {
  const flow = new Flow({ id: "flow" });
  const source = flow.addRoutine(new Source(), "source");
  const slot = createSlot<never>({}, "lonely", {
    handler: undefined,
    merge: "override",
    schema: undefined,
    timeoutMs: undefined,
  });
  assertThrows(() => flow.connect(source.output, slot as never), TypeError, 'slot "lonely" belongs to an object');
  assertThrows(
    () => flow.execute(slot, {} as never),
    TypeError,
    'slot "lonely" belongs to an object, which is not in flow',
  );
});
