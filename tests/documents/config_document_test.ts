import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { test } from "node:test";
import { Flow, PreflightError, Registry, Routine, SerializationError } from "../../mod.ts";
import { describe, makeValue, Point, VALUE_KINDS } from "../support/sample_values.ts";

class Holder extends Routine<Record<string, unknown>> {
  threshold: unknown = 1;
  labels: unknown = ["a"];
  hidden: unknown = "stays here";
  readonly input = this.addSlot("input", this.process);

  constructor() {
    super();
    this.addSerializableFields("threshold", "labels");
  }

  process(): void {}
}

const registry = new Registry({ Holder, Point });

function flowWith(config: Readonly<Record<string, unknown>>): Flow {
  const flow = new Flow({ id: "holders", registry });
  flow.addRoutine(new Holder(), "holder").setConfig(config);
  return flow;
}

function again(flow: Flow, names = registry): Holder {
  return Flow.fromJSON(JSON.parse(JSON.stringify(flow)), names).routine("holder", Holder);
}

test("C251 C252 C253 C255 config of every kind of value is restored in every detail", () => {
  const config = Object.fromEntries(VALUE_KINDS.map((kind) => [kind, makeValue(kind, 12_345)]));
  const flow = flowWith({ ...config, empty: "", zero: 0, no: false, nothing: null });
  const restored = again(flow);
  for (const kind of VALUE_KINDS) assertEquals(describe(restored.getConfig(kind)), describe(config[kind]), kind);
  const { empty, zero, no, nothing } = restored.getConfig();
  assertEquals([empty, zero, no, nothing], ["", 0, false, null]);
});

test("C254 a list of 1000 elements and an object of 100 keys survive", () => {
  const list = Array.from({ length: 1_000 }, (_, index) => index);
  const object = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`key ${index}`, { index }]));
  assertEquals(again(flowWith({ list, object })).getConfig(), { list, object });
});

test("an instance of a registered class in config comes back as an instance, anew at each reading", () => {
  const restored = again(flowWith({ at: Point.at(3, 4) }));
  const at = restored.getConfig("at");
  assertInstanceOf(at, Point);
  assertEquals([at.x, at.y], [3, 4]);
  assertEquals(at === restored.getConfig("at"), false);
});

test("C359 C365 an instance of an unregistered class in config or in a field is refused with its path", () => {
  class Stranger {
    static fromJSON(): Stranger {
      return new Stranger();
    }
    toJSON(): null {
      return null;
    }
  }
  const config = flowWith({ deep: { list: [new Stranger()] } });
  assertThrows(
    () => config.toJSON(),
    SerializationError,
    'Cannot serialize routine "holder": config.deep.list[0] is a Stranger instance',
  );
  const field = flowWith({});
  field.routine("holder", Holder).labels = { one: new Stranger() };
  const error = assertThrows(
    () => field.toJSON(),
    SerializationError,
    'Cannot serialize routine "holder": fields.labels.one is a Stranger instance',
  );
  assertEquals(error.path, "fields.labels.one");
});

test("C371 only the fields that were named travel, and they are set after construction", () => {
  const flow = flowWith({});
  const holder = flow.routine("holder", Holder);
  Object.assign(holder, { threshold: 9n, labels: new Map([["a", Point.at(1, 2)]]), hidden: "changed" });
  assertEquals(
    JSON.stringify(holder.toJSON().fields),
    [
      '{"threshold":{"$type":"bigint","value":"9"},"labels":{"$type":"Map",',
      '"value":[["a",{"$type":"Point","value":{"x":1,"y":2}}]]}}',
    ].join(""),
  );
  const restored = again(flow);
  assertEquals(restored.threshold, 9n);
  assertEquals(describe(restored.labels), 'Map("a"=>Point(1,2))');
  assertEquals(restored.hidden, "stays here");
});

test("a field that is undefined is left out, and keeps what the constructor gave it", () => {
  const flow = flowWith({});
  flow.routine("holder", Holder).threshold = undefined;
  assertEquals(flow.toJSON().routines["holder"]?.fields, { labels: ["a"] });
  assertEquals(again(flow).threshold, 1);
});

test("a field in the document that the class does not name is a finding", () => {
  const document = JSON.parse(JSON.stringify(flowWith({})));
  document.routines.holder.fields.hidden = "set from outside";
  document.routines.holder.fields.process = "no";
  const error = assertThrows(() => Flow.fromJSON(document, registry), PreflightError);
  assertEquals(error.findings.map(({ code, path }) => [code, path]), [
    ["routine_mismatch", "routines.holder.fields.hidden"],
  ]);
});

test("a value of a class that the other host has not registered is a finding with its path", () => {
  const text = JSON.stringify(flowWith({ places: [Point.at(1, 2)] }));
  const error = assertThrows(() => Flow.fromJSON(JSON.parse(text), new Registry({ Holder })), PreflightError);
  assertEquals(error.findings.map(({ code, path }) => [code, path]), [[
    "unknown_class",
    "routines.holder.config.places[0]",
  ]]);
});

test("config in the document replaces what the constructor sets", () => {
  class Eager extends Holder {
    constructor() {
      super();
      this.setConfig({ size: 1, extra: true });
    }
  }
  const names = new Registry({ Eager });
  const flow = new Flow({ id: "holders", registry: names });
  flow.addRoutine(new Eager(), "holder").setConfig({ size: 2, extra: undefined });
  assertEquals(again(flow, names).getConfig(), { size: 2 });
});
