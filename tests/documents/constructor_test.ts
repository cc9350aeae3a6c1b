import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { Flow, PreflightError, Registry, Routine, type SerializableClass } from "../../mod.ts";

class BadRoutine extends Routine {
  readonly param: unknown;
  constructor(required_param: unknown) {
    super();
    this.param = required_param;
  }
}

const REMEDY = "Give it a default, or use setConfig({ … }). An optional parameter needs a default too: write " +
  "`name = undefined`.";

/** As from plain JavaScript, where no type checker stands in the way. */
function unchecked(Class: unknown): SerializableClass {
  return Class as SerializableClass;
}

function registration(name: string, Class: unknown): string {
  return assertThrows(() => new Registry({ [name]: unchecked(Class) }), TypeError).message;
}

test("C358 C364 a class whose constructor requires an argument is refused when it is registered", () => {
  assertEquals(
    registration("BadRoutine", BadRoutine),
    `Class 'BadRoutine' cannot be registered: its constructor requires 1 parameter: required_param. ${REMEDY}`,
  );
  class Two extends Routine {
    constructor(maxItems: number, timeout: number) {
      super();
      this.setConfig({ maxItems, timeout });
    }
  }
  assertEquals(
    registration("Two", Two),
    `Class 'Two' cannot be registered: its constructor requires 2 parameters: maxItems, timeout. ${REMEDY}`,
  );
});

test("C364 a parent's need that a class passes on is seen, one that it meets is not", () => {
  class Passing extends BadRoutine {}
  class Spreading extends BadRoutine {
    constructor(...args: [unknown]) {
      super(...args);
    }
  }
  class Meeting extends BadRoutine {
    constructor() {
      super("value");
    }
  }
  const needs = `its constructor requires 1 parameter: required_param. ${REMEDY}`;
  assertEquals(registration("Passing", Passing), `Class 'Passing' cannot be registered: ${needs}`);
  assertEquals(registration("Spreading", Spreading), `Class 'Spreading' cannot be registered: ${needs}`);
  assertEquals(new Registry({ Meeting }).names, ["Meeting"]);
});

test("C358 parameters with defaults are fine, an optional one without is refused", () => {
  class Defaults extends Routine {
    constructor(max = 3, ...rest: readonly number[]) {
      super();
      this.setConfig({ max, rest: [...rest] });
    }
  }
  class Optional extends Routine {
    constructor(max?: number) {
      super();
      this.setConfig({ max });
    }
  }
  assertEquals(new Registry({ Defaults }).names, ["Defaults"]);
  assertEquals(
    registration("Optional", Optional),
    `Class 'Optional' cannot be registered: its constructor requires 1 parameter: max. ${REMEDY}`,
  );
});

test("C358 nothing is constructed when a class is registered", () => {
  const made: string[] = [];
  class Parent extends Routine {
    readonly field = made.push("field");
    constructor() {
      super();
      made.push("parent");
    }
  }
  class Child extends Parent {}
  new Registry({ Parent, Child });
  assertEquals(made, []);
});

test("C363 the seed's routine in a flow: an error that names the id, the class, the parameter and the remedy", () => {
  const flow = new Flow({ id: "seed" });
  flow.addRoutine(new BadRoutine("value"), "bad_routine");
  const error = assertThrows(() => flow.toJSON(), TypeError);
  assertEquals(
    error.message,
    `Routine 'bad_routine' (BadRoutine) cannot be serialized: its constructor requires 1 parameter: required_param. ` +
      REMEDY,
  );
});

test("C365 the whole tree is checked when the flow is written, whatever came later", () => {
  class Late extends Routine {}
  const registry = new Registry({ Late });
  const flow = new Flow({ id: "late", registry });
  flow.addRoutine(new Late(), "first");
  flow.addRoutine(new BadRoutine(1), "second");
  assertThrows(() => JSON.stringify(flow), TypeError, "Routine 'second' (BadRoutine) cannot be serialized");
});

test("C366 a class that is configured afterwards serializes, restores and keeps its config", () => {
  class GoodRoutine extends Routine<{ param1: string; param2: string }> {
    configure(param1: string, param2: string): this {
      return this.setConfig({ param1, param2 });
    }
  }
  const registry = new Registry({ GoodRoutine });
  const flow = new Flow({ id: "good", registry });
  flow.addRoutine(new GoodRoutine(), "good_routine").configure("value1", "value2");
  const restored = Flow.fromJSON(JSON.parse(JSON.stringify(flow)), registry);
  assertEquals(restored.routine("good_routine", GoodRoutine).getConfig(), { param1: "value1", param2: "value2" });
});

test("C357 C358 registering: the same again is fine, another of the name is not, all or nothing", () => {
  class One extends Routine {}
  const other = class extends Routine {};
  const registry = new Registry({ One });
  assertEquals(registry.register({ One }).names, ["One"]);
  assertThrows(
    () => registry.register({ Fine: class extends Routine {}, One: other }),
    TypeError,
    "Cannot register 'One' as class 'other': the name is taken by class 'One'; choose another key",
  );
  assertEquals(registry.names, ["One"]);
});

test("C360 built-in names, reserved names and things that are no classes cannot be registered", () => {
  const refused = (entries: Readonly<Record<string, unknown>>) =>
    assertThrows(() => new Registry(entries as Record<string, SerializableClass>), TypeError).message;
  for (const name of ["Date", "Map", "Set", "bigint", "Uint8Array", "Error"]) {
    assertEquals(
      refused({ [name]: class extends Routine {} }),
      `Cannot register '${name}': the name is reserved for the built-in type`,
    );
  }
  assertEquals(refused({ thing: 3 }), "Cannot register 'thing': expected a class, a function or a schema, got 3");
  assertEquals(
    refused({ Plain: class {} }),
    "Class 'Plain' cannot be registered: it has no static fromJSON(json) that builds an instance from its toJSON()",
  );
  assertEquals(refused(JSON.parse('{"__proto__":1}')).startsWith("Cannot register: the name must be"), true);
});

test("C361 a class that is no routine is a finding where a routine is expected", () => {
  class Value {
    static fromJSON(): Value {
      return new Value();
    }
  }
  class Plain extends Routine {}
  const registry = new Registry({ Plain, Value });
  const flow = new Flow({ id: "wrong", registry });
  flow.addRoutine(new Plain(), "plain");
  const document = JSON.parse(JSON.stringify(flow));
  document.routines.plain.type = "Value";
  const error = assertThrows(() => Flow.fromJSON(document, registry), PreflightError);
  assertEquals(error.findings, [
    { code: "wrong_class", path: "routines.plain.type", message: "class 'Value' is no Routine" },
  ]);
});
