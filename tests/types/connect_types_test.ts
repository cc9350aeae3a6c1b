import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Connection, type Context, type Event, Flow, type MappedData, Routine, type Slot } from "../../mod.ts";
import { assertType } from "../support/assert_type.ts";

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
  assertType<{ x: string; b: number }>()({} as MappedData<{ a: string; b: number }, { a: "x" }>);
  assertType<{ b: string }>()({} as MappedData<{ a: string; b: number }, { a: "b" }>);
  assertType<{ a: number; b: string }>()({} as MappedData<{ a: string; b: number }, { a: "b"; b: "a" }>);
  assertType<{ a: string }>()({} as MappedData<{ a: string }, Record<never, never>>);
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

class Values extends Routine {
  readonly word = this.addEvent<"a" | "b">("word");
  readonly text = this.addEvent<string>("text");
  readonly maybe = this.addEvent<{ a?: string }>("maybe");
  readonly list = this.addEvent<{ list: readonly number[] }>("list");
  readonly more = this.addEvent<{ a: string; b: number }>("more");
}
class Takers extends Routine {
  readonly a = this.addSlot("a", this.takeA);
  readonly text = this.addSlot("text", this.takeText);
  readonly keyed = this.addSlot("keyed", this.takeKeyed);
  readonly list = this.addSlot("list", this.takeList);
  readonly growing = this.addSlot("growing", this.grow);
  takeA(_data: "a"): void {}
  takeText(_data: string): void {}
  takeKeyed(_data: { a: string }): void {}
  takeList(_data: { list: readonly number[] }): void {}
  grow(_data: { list: number[] }): void {}
}

test("a slot may take more than the event carries, never less", () => {
  const flow = new Flow({ id: "flow" });
  const values = flow.addRoutine(new Values(), "values");
  const takers = flow.addRoutine(new Takers(), "takers");
  flow.connect(values.word, takers.text);
  flow.connect(values.more, takers.keyed);
  flow.connect(values.list, takers.list);
  // @ts-expect-error: Type 'string' is not assignable to type '"a"'.
  flow.connect(values.text, takers.a);
  // @ts-expect-error: Type '"b"' is not assignable to type '"a"'.
  flow.connect(values.word, takers.a);
  // @ts-expect-error: Property 'a' is optional in type '{ a?: string; }' but required in type '{ a: string; }'.
  flow.connect(values.maybe, takers.keyed);
  // @ts-expect-error: The type 'readonly number[]' is 'readonly' and cannot be assigned to the mutable type 'number[]'.
  flow.connect(values.list, takers.growing);
  assertEquals(flow.connections.length, 7);
});

test("only keys that are known can be mapped by the ends; by names anything can", () => {
  const flow = new Flow({ id: "flow" });
  const { open } = flow.addRoutine(new Source(), "source");
  const { text } = flow.addRoutine(new Values(), "values");
  const { anything } = flow.addRoutine(new Sink(), "sink");
  // @ts-expect-error: Type 'string' is not assignable to type 'never': nothing is known of the event's data.
  flow.connect(open, anything, { mapping: { a: "x" } });
  // @ts-expect-error: Type 'string' is not assignable to type 'never': a text has no keys to rename.
  flow.connect(text, anything, { mapping: { length: "x" } });
  flow.connect("source", "text", "sink", "anything", { mapping: { a: "x" } });
  assertEquals(flow.connections.length, 3);
});

test("the ends of a generic routine have the type that it was made with", () => {
  class Box<T> extends Routine {
    readonly input = this.addSlot("input", this.take);
    readonly output = this.addEvent<T>("output");
    take(data: T, ctx: Context): void {
      ctx.emit(this.output, data);
    }
  }
  const flow = new Flow({ id: "flow" });
  const texts = flow.addRoutine(new Box<{ a: string }>(), "texts");
  const numbers = flow.addRoutine(new Box<{ a: number }>(), "numbers");
  assertType<Slot<{ a: string }>>()(texts.input);
  assertType<Event<{ a: number }>>()(numbers.output);
  flow.connect(numbers.output, numbers.input);
  // @ts-expect-error: Type 'number' is not assignable to type 'string'.
  flow.connect(numbers.output, texts.input);
  assertEquals(flow.connections.length, 2);
});
