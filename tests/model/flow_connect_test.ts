import { test } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { type Event, Flow, Routine, type Slot } from "../../mod.ts";

class Source extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent<{ a: number }>("output");
  readonly failure = this.addEvent<{ reason: string }>("failure");
  send(): void {}
}
class Sink extends Routine {
  readonly input = this.addSlot("input", this.take);
  readonly extra = this.addSlot("extra", this.take);
  take(_data: object): void {}
}
class Loop extends Routine {
  readonly input = this.addSlot("input", this.take);
  readonly output = this.addEvent<{ a: number }>("output");
  take(_data: { a: number }): void {}
}

function newPair(): { flow: Flow; source: Source; sink: Sink } {
  const flow = new Flow({ id: "flow" });
  return { flow, source: flow.addRoutine(new Source(), "source"), sink: flow.addRoutine(new Sink(), "sink") };
}

test("C054 connecting an event with a slot returns the connection, which is listed", () => {
  const { flow, source, sink } = newPair();
  const connection = flow.connect(source.output, sink.input);
  assertEquals(flow.connections, [connection]);
  assertStrictEquals(flow.connections[0], connection);
});

test("C054 connecting by names is the same", () => {
  const { flow, source, sink } = newPair();
  const connection = flow.connect("source", "output", "sink", "input");
  assertStrictEquals(connection.event, source.output);
  assertStrictEquals(connection.slot, sink.input);
  assertStrictEquals(flow.connect(source.output, sink.input), connection);
});

test("C055 an unknown routine is refused, and the error lists the known ones", () => {
  const { flow } = newPair();
  assertThrows(
    () => flow.connect("sorce", "output", "sink", "input"),
    TypeError,
    'Cannot find event: routine "sorce" not found in flow "flow"; it has "source", "sink"',
  );
  assertThrows(
    () => flow.connect("source", "output", "snik", "input"),
    TypeError,
    'Cannot find slot: routine "snik" not found in flow "flow"; it has "source", "sink"',
  );
});

test("C056 an unknown event is refused, and the error lists the known ones", () => {
  const { flow } = newPair();
  assertThrows(
    () => flow.connect("source", "otuput", "sink", "input"),
    TypeError,
    'Routine "source" has no event "otuput"; it has "output", "failure"',
  );
  assertThrows(
    () => flow.connect("sink", "output", "sink", "input"),
    TypeError,
    'Routine "sink" has no event "output"; it has nothing',
  );
});

test("C057 an unknown slot is refused, and the error lists the known ones", () => {
  const { flow } = newPair();
  assertThrows(
    () => flow.connect("source", "output", "sink", "inptu"),
    TypeError,
    'Routine "sink" has no slot "inptu"; it has "input", "extra"',
  );
});

test("a refused connection leaves nothing behind", () => {
  const { flow, source } = newPair();
  assertThrows(() => flow.connect("source", "output", "sink", "nope"), TypeError);
  assertThrows(() => flow.connect(source.output, new Sink().input), TypeError);
  assertEquals(flow.connections, []);
});

test("C058 a routine may be connected to itself", () => {
  const flow = new Flow({ id: "flow" });
  const loop = flow.addRoutine(new Loop(), "loop");
  const { from, to } = flow.connect(loop.output, loop.input);
  assertEquals([from, to], [{ event: "output", routine: "loop" }, { routine: "loop", slot: "input" }]);
});

test("C070 who depends on whom is read from the connections", () => {
  const flow = new Flow({ id: "flow" });
  const [r1, r2, r3] = ["r1", "r2", "r3"].map((id) => flow.addRoutine(new Loop(), id)) as [Loop, Loop, Loop];
  flow.connect(r1.output, r2.input);
  flow.connect(r2.output, r3.input);
  const needs = (id: string) => flow.connections.filter(({ to }) => to.routine === id).map(({ from }) => from.routine);
  assertEquals(Array.from(flow.routines.keys(), needs), [[], ["r1"], ["r2"]]);
});

test("C061 C062 the connection of a pair is found, and of another pair nothing", () => {
  const { flow, source, sink } = newPair();
  const connection = flow.connect(source.output, sink.input);
  assertStrictEquals(flow.findConnection(source.output, sink.input), connection);
  assertStrictEquals(flow.findConnection(source.output, sink.extra), undefined);
  assertStrictEquals(flow.findConnection(source.failure, sink.input), undefined);
  assertStrictEquals(flow.findConnection(new Source().output, sink.input), undefined);
});

test("ends that are not in the flow are refused", () => {
  const { flow, source, sink } = newPair();
  const hint = 'which is not in flow "flow"; add it with addRoutine';
  assertThrows(
    () => flow.connect(new Source().output, sink.input),
    TypeError,
    `Cannot connect: event "output" belongs to a Source instance, ${hint}`,
  );
  assertThrows(
    () => flow.connect(source.output, new Sink().input),
    TypeError,
    `Cannot connect: slot "input" belongs to a Sink instance, ${hint}`,
  );
  const other = new Flow({ id: "other" });
  assertThrows(
    () => flow.connect(other.addRoutine(new Source(), "source").output, sink.input),
    TypeError,
    `Cannot connect: event "output" belongs to a Source instance, ${hint}`,
  );
});

test("what is neither an event and a slot nor four names is refused", () => {
  const { flow, source, sink } = newPair();
  const slot = (value: unknown): Slot<{ a: number }> => value as Slot<{ a: number }>;
  const event = (value: unknown): Event<object> => value as Event<object>;
  assertThrows(
    () => flow.connect(source.output, slot(source.failure)),
    TypeError,
    "Cannot connect: expected a slot as the second argument, as addSlot returns it, got an Event instance",
  );
  assertThrows(
    () => flow.connect(event(sink.extra), sink.input),
    TypeError,
    "Cannot connect: expected an event and a slot, or four names, got a Slot instance, a Slot instance",
  );
  assertThrows(
    () => flow.connect("source", "output", "sink", undefined as unknown as string),
    TypeError,
    'Cannot connect: expected an event and a slot, or four names, got "source", "output", "sink", undefined',
  );
});

test("slots and events are found by names, and unknown names are refused with the known ones", () => {
  const { flow, source, sink } = newPair();
  assertStrictEquals(flow.slot("sink", "extra"), sink.extra);
  assertStrictEquals(flow.event("source", "failure"), source.failure);
  assertThrows(() => flow.slot("sink", "x"), TypeError, 'Routine "sink" has no slot "x"; it has "input", "extra"');
  assertThrows(() => flow.event("sink", "x"), TypeError, 'Routine "sink" has no event "x"; it has nothing');
  assertThrows(() => flow.slot("x", "input"), TypeError, 'Cannot find slot: routine "x" not found in flow "flow"');
});

test("connections are listed in the order in which they were made", () => {
  const { flow, source, sink } = newPair();
  flow.connect(source.failure, sink.extra);
  flow.connect(source.output, sink.input);
  flow.connect(source.failure, sink.input);
  assertEquals(flow.connections.map(({ from, to }) => `${from.event}>${to.slot}`), [
    "failure>extra",
    "output>input",
    "failure>input",
  ]);
});
