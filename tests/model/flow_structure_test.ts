import { test } from "node:test";
import { assert, assertEquals, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Engine, ErrorHandler, Flow, Registry, Routine } from "../../mod.ts";
import { FlowGraph } from "../../src/model/flow_graph.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";

class Source extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent("output");
  send(): void {}
}
class FastSource extends Source {}
class Sink extends Routine {
  readonly input = this.addSlot("input", this.take);
  take(): void {}
}
abstract class Marked extends Routine {}
class MarkedSink extends Marked {}

const flowOptions = (value: object): ConstructorParameters<typeof Flow>[0] => value;
const routine = (value: unknown): Routine => value as Routine;

test("C052 a flow has the id that it was given, or a new one from the engine", () => {
  const engine = new Engine({ timers: manualTimers(), ids: manualIds("flow") });
  assertEquals([new Flow({ id: "mine", engine }).id, new Flow({ engine }).id, new Flow({ engine }).id], [
    "mine",
    "flow-1",
    "flow-2",
  ]);
  assertNotEquals(new Flow().id, new Flow().id);
});

test("C053 a routine gets exactly the id it is given, or a generated one under which it is found", () => {
  const flow = new Flow({ id: "flow" });
  const source = flow.addRoutine(new Source(), "source");
  const sink = flow.addRoutine(new Sink());
  assertStrictEquals(flow.routine("source"), source);
  const id = flow.routineId(sink);
  assertStrictEquals(flow.routine(id), sink);
  assertEquals([flow.routineId(source), Array.from(flow.routines.keys())], ["source", ["source", id]]);
});

test("generated ids leave those that were given alone", () => {
  const flow = new Flow({ id: "flow" });
  flow.addRoutine(new Source(), "routine_2");
  const ids = [new Source(), new Source(), new Source()].map((it) => flow.routineId(flow.addRoutine(it)));
  assertEquals(new Set([...ids, "routine_2"]).size, 4);
  assertEquals(flow.routines.size, 4);
});

test("adding a routine returns it", () => {
  const source = new Source();
  assertStrictEquals(new Flow({ id: "flow" }).addRoutine(source, "source"), source);
});

test("C059 an empty flow has no routines and no connections", () => {
  const flow = new Flow({ id: "flow" });
  assertEquals([flow.routines.size, flow.connections.length, flow.isFrozen, flow.errorHandler], [
    0,
    0,
    false,
    undefined,
  ]);
});

test("C060 two flows are independent", () => {
  const [one, two] = [new Flow({ id: "one" }), new Flow({ id: "two" })];
  const source = one.addRoutine(new Source(), "source");
  one.connect(source.output, one.addRoutine(new Sink(), "sink").input);
  assertEquals([two.routines.size, two.connections.length], [0, 0]);
  two.addRoutine(new Sink(), "source");
  assert(one.routine("source") instanceof Source);
  assert(two.routine("source") instanceof Sink);
});

test("an id that is taken is refused", () => {
  const flow = new Flow({ id: "flow" });
  const first = flow.addRoutine(new Source(), "source");
  assertThrows(
    () => flow.addRoutine(new Sink(), "source"),
    TypeError,
    'Cannot add routine "source": the flow has a routine of this id already',
  );
  assertStrictEquals(flow.routine("source"), first);
  assertEquals(flow.routines.size, 1);
});

test("a refused routine is in no flow, and can be added elsewhere", () => {
  const flow = new Flow({ id: "flow" });
  flow.addRoutine(new Source(), "source");
  const sink = new Sink();
  assertThrows(() => flow.addRoutine(sink, "source"), TypeError);
  assertThrows(() => flow.addRoutine(sink, ""), TypeError);
  assertEquals(flow.routineId(flow.addRoutine(sink, "sink")), "sink");
});

test("a routine object is in one flow once", () => {
  const flow = new Flow({ id: "flow" });
  const source = flow.addRoutine(new Source(), "source");
  const text = 'this object is in a flow already, as "source"; make another instance';
  assertThrows(() => flow.addRoutine(source, "again"), TypeError, `Cannot add routine "again": ${text}`);
  assertThrows(
    () => new Flow({ id: "b" }).addRoutine(source, "other"),
    TypeError,
    `Cannot add routine "other": ${text}`,
  );
  assertEquals(flow.routines.size, 1);
});

test("what is no routine is refused", () => {
  const flow = new Flow({ id: "flow" });
  for (const [value, text] of [[{}, "an object"], [Source, "a function"], [undefined, "undefined"]] as const) {
    assertThrows(
      () => flow.addRoutine(routine(value), "x"),
      TypeError,
      `Cannot add routine: expected an instance of Routine, got ${text}`,
    );
  }
});

test("ids that JSON tools stumble over are refused, for routines and flows", () => {
  for (const id of ["", "__proto__", "constructor", "prototype"]) {
    const text = `the id must be a non-empty string (and none of __proto__, constructor, prototype), not "${id}"`;
    assertThrows(() => new Flow({ id: "flow" }).addRoutine(new Source(), id), TypeError, `Cannot add routine: ${text}`);
    assertThrows(() => new Flow({ id }), TypeError, `Cannot create flow: ${text}`);
  }
});

test("an unknown routine is refused, and the error lists the known ones", () => {
  const flow = new Flow({ id: "flow" });
  assertThrows(
    () => flow.routine("source"),
    TypeError,
    'Cannot find routine: routine "source" not found in flow "flow"; it has nothing',
  );
  flow.addRoutine(new Source(), "source");
  flow.addRoutine(new Sink(), "sink");
  assertThrows(
    () => flow.routine("sorce"),
    TypeError,
    'Cannot find routine: routine "sorce" not found in flow "flow"; it has "source", "sink"',
  );
  assertThrows(() => flow.routine("toString"), TypeError, "not found in flow");
});

test("a routine is asked for with its class, which is checked", () => {
  const flow = new Flow({ id: "flow" });
  const source = flow.addRoutine(new FastSource(), "source");
  assertStrictEquals(flow.routine("source", Source), source);
  assertThrows(
    () => flow.routine("source", Sink),
    TypeError,
    'Routine "source" is a FastSource instance, not a Sink',
  );
});

test("C145 the id of a routine that is in no flow, or in another, is refused", () => {
  const flow = new Flow({ id: "flow" });
  const text = 'a Source instance is not in flow "flow"; add it with addRoutine';
  assertThrows(() => flow.routineId(new Source()), TypeError, text);
  const foreign = new Flow({ id: "other" }).addRoutine(new Source(), "source");
  assertThrows(() => flow.routineId(foreign), TypeError, text);
  assertThrows(() => flow.routineId(routine(5)), TypeError, '5 is not in flow "flow"; give what addRoutine');
});

test("C396 routines are found by class, subclasses included", () => {
  const flow = new Flow({ id: "flow" });
  const a = flow.addRoutine(new Source(), "a");
  const b = flow.addRoutine(new FastSource(), "b");
  const c = flow.addRoutine(new MarkedSink(), "c");
  assertEquals(Array.from(flow.findRoutines(Source)), [["a", a], ["b", b]]);
  assertEquals(Array.from(flow.findRoutines(FastSource)), [["b", b]]);
  assertEquals(Array.from(flow.findRoutines(Marked)), [["c", c]]);
  assertEquals(Array.from(flow.findRoutines(Routine).keys()), ["a", "b", "c"]);
  assertEquals(flow.findRoutines(Sink).size, 0);
});

test("C063 an error handler of the flow is kept", () => {
  const handler = new ErrorHandler({ strategy: "continue" });
  const flow = new Flow({ id: "flow" });
  assertStrictEquals(flow.setErrorHandler(handler), flow);
  assertStrictEquals(flow.errorHandler, handler);
  assertStrictEquals(new Flow({ id: "flow", errorHandler: handler }).errorHandler, handler);
});

test("options of another kind are refused", () => {
  assertThrows(
    () => new Flow(flowOptions({ id: "flow", registry: {} })),
    TypeError,
    'Cannot create flow "flow": registry must be a Registry, got an object',
  );
  assertThrows(
    () => new Flow(flowOptions({ id: "flow", engine: {} })),
    TypeError,
    "Cannot create flow: engine must be an Engine, got an object",
  );
  assertThrows(() => new Flow(flowOptions({ id: 5 })), TypeError, "Cannot create flow: the id must be");
});

test("a flow without a registry has one of its own", () => {
  const registry = new Registry({ Source });
  const flow = new Flow({ id: "flow", registry });
  assertStrictEquals(flow.registry, registry);
  assertEquals(new Flow({ id: "flow" }).registry.names, []);
});

test("the structure of a flow can be built without an engine", () => {
  const graph = new FlowGraph("graph");
  const source = graph.addRoutine(new Source(), "source");
  graph.connect(source.output, graph.addRoutine(new Sink(), "sink").input);
  assertEquals([graph.routines.size, graph.connections.length], [2, 1]);
});
