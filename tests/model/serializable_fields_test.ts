import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Flow, Registry, Routine } from "../../mod.ts";

class Filter extends Routine {
  threshold = 1;
  labels: readonly string[] = ["a"];
  secret = "s";
  constructor() {
    super();
    this.addSerializableFields("threshold", "labels");
  }
}

const registry = new Registry({ Filter });

function moved(filter: Filter): Filter {
  const flow = new Flow({ id: "flow", registry });
  flow.addRoutine(filter, "filter");
  return Flow.fromJSON(JSON.parse(JSON.stringify(flow)), registry).routine("filter", Filter);
}

test("C352 C371 listed fields travel with the flow, others do not", () => {
  const filter = Object.assign(new Filter(), { threshold: 9, labels: ["x", "y"], secret: "changed" });
  const { threshold, labels, secret } = moved(filter);
  assertEquals([threshold, labels, secret], [9, ["x", "y"], "s"]);
});

test("a field may be listed twice", () => {
  const filter = new Filter();
  filter.addSerializableFields("threshold", "threshold");
  assertEquals(moved(Object.assign(filter, { threshold: 3 })).threshold, 3);
});

test("C355 a field name that is no string is refused, and none of the names is added", () => {
  const filter = new Filter();
  assertThrows(
    () => filter.addSerializableFields("secret", 5 as never),
    TypeError,
    "Cannot add serializable field: the name must be a non-empty string (and none of __proto__, constructor, " +
      "prototype), not 5",
  );
  assertEquals(moved(Object.assign(filter, { secret: "changed" })).secret, "s");
});

test("C356 a field that the class does not list is refused when a flow is read", () => {
  const flow = new Flow({ id: "flow", registry });
  flow.addRoutine(new Filter(), "filter");
  const document = JSON.parse(JSON.stringify(flow));
  document.routines.filter.fields.unknown = 1;
  assertThrows(
    () => Flow.fromJSON(document, registry),
    Error,
    "routines.filter.fields.unknown: ",
  );
});

test("C361 methods of a restored routine work on its restored fields", () => {
  class Scale extends Routine {
    factor = 2;
    constructor() {
      super();
      this.addSerializableFields("factor");
    }
    times(value: number): number {
      return this.factor * value;
    }
  }
  const own = new Registry({ Scale });
  const flow = new Flow({ id: "flow", registry: own });
  flow.addRoutine(Object.assign(new Scale(), { factor: 5 }), "scale");
  assertEquals(Flow.fromJSON(JSON.parse(JSON.stringify(flow)), own).routine("scale", Scale).times(3), 15);
});
