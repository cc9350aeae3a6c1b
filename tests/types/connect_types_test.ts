import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Connection, Flow, type Mapped, Routine } from "../../mod.ts";
import { assertType } from "../support/types.ts";

class Source extends Routine {
  readonly text = this.addEvent<{ data: string }>("text");
  readonly pair = this.addEvent<{ a: string; b: number }>("pair");
  readonly open = this.addEvent("open");
}
class Sink extends Routine {
  readonly text = this.addSlot("text", this.takeText);
  readonly number = this.addSlot("number", this.takeNumber);
  readonly mapped = this.addSlot("mapped", this.takeMapped);
  readonly anything = this.addSlot("anything", this.takeAnything);
  takeText(_data: { data: string }): void {}
  takeNumber(_data: { data: number }): void {}
  takeMapped(_data: { x: string; b: number }): void {}
  takeAnything(_data: unknown): void {}
}

function newPair(): { flow: Flow; source: Source; sink: Sink } {
  const flow = new Flow({ id: "flow" });
  return { flow, source: flow.addRoutine(new Source(), "source"), sink: flow.addRoutine(new Sink(), "sink") };
}

test("like ends are connected, and a slot may take less than the event carries", () => {
  const { flow, source, sink } = newPair();
  assertType<Connection>()(flow.connect(source.text, sink.text));
  flow.connect(source.text, sink.anything);
  flow.connect(source.open, sink.anything);
  assertEquals(flow.connections.length, 3);
});

test("unlike ends are refused", () => {
  const { flow, source, sink } = newPair();
  // @ts-expect-error: Argument of type 'Slot<{ data: number; }>' is not assignable to parameter of type 'Slot<{ data: string; }>'.
  flow.connect(source.text, sink.number);
  // @ts-expect-error: Type '{ a: string; b: number; }' is not assignable to type '{ data: string; }'.
  flow.connect(source.pair, sink.text);
  // @ts-expect-error: Type 'unknown' is not assignable to type '{ data: string; }'.
  flow.connect(source.open, sink.text);
  assertEquals(flow.connections.length, 3);
});

test("ends in the wrong order are refused", () => {
  const { flow, source, sink } = newPair();
  // @ts-expect-error: Argument of type 'Slot<{ data: string; }>' is not assignable to parameter of type 'Event<unknown>'.
  const wrong = () => flow.connect(sink.text, source.text);
  // @ts-expect-error: Argument of type 'Event<{ data: string; }>' is not assignable to parameter of type 'Slot<…>'.
  const twice = () => flow.connect(source.text, source.text);
  assertEquals([wrong.length, twice.length, flow.connections.length], [0, 0, 0]);
});

test("a mapping changes what arrives", () => {
  const { flow, source, sink } = newPair();
  flow.connect(source.pair, sink.mapped, { mapping: { a: "x" } });
  assertEquals(flow.connections[0]?.mapping, { a: "x" });
  assertType<{ x: string; b: number }>()({} as Mapped<{ a: string; b: number }, { a: "x" }>);
  assertType<{ b: string }>()({} as Mapped<{ a: string; b: number }, { a: "b" }>);
  assertType<{ a: number; b: string }>()({} as Mapped<{ a: string; b: number }, { a: "b"; b: "a" }>);
  assertType<{ a: string }>()({} as Mapped<{ a: string }, Record<never, never>>);
});

test("a mapping of a key that the event does not have is refused", () => {
  const { flow, source, sink } = newPair();
  // @ts-expect-error: Type 'string' is not assignable to type 'never', at the key that the event does not have.
  flow.connect(source.pair, sink.mapped, { mapping: { a: "x", c: "y" } });
  assertEquals(flow.connections[0]?.mapping, { a: "x", c: "y" });
});

test("a mapping to a name that the slot does not take is refused", () => {
  const { flow, source, sink } = newPair();
  // @ts-expect-error: Property 'x' is missing in type '{ z: string; b: number; }' but required in type '{ x: string; b: number; }'.
  flow.connect(source.pair, sink.mapped, { mapping: { a: "z" } });
  // @ts-expect-error: Type 'number' is not assignable to type 'string'.
  const other = () => flow.connect(source.pair, sink.mapped, { mapping: { a: "b", b: "x" } });
  assertEquals([flow.connections.length, other.length], [1, 0]);
});

test("names are connected without types, and four are needed", () => {
  const { flow } = newPair();
  assertType<Connection>()(flow.connect("source", "text", "sink", "number", { mapping: { any: "name" } }));
  // @ts-expect-error: Argument of type 'string' is not assignable to parameter of type 'Event<unknown>'.
  const two = () => flow.connect("source", "text");
  assertEquals([flow.connections.length, two.length], [1, 0]);
});
