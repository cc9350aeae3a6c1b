import { test } from "node:test";
import { assertStrictEquals, assertThrows } from "@std/assert";
import { Flow, Registry, Routine, StateError } from "../../mod.ts";
import { newManualEngine } from "../support/send_once.ts";

const double = (n: number): number => n * 2;

class Mapper extends Routine {
  readonly trigger = this.addSlot("trigger", this.go);
  go(): void {}
  triple(n: number): number {
    return n * 3;
  }
}

const registry = new Registry({ Mapper, double });

function moved(mapper: Mapper): Mapper {
  const flow = new Flow({ id: "flow", registry });
  flow.addRoutine(mapper, "mapper");
  return Flow.fromJSON(JSON.parse(JSON.stringify(flow)), registry).routine("mapper", Mapper);
}

test("a function is given for a role, and found by it", () => {
  const mapper = new Mapper();
  assertStrictEquals(mapper.setFunction("map", double), mapper);
  assertStrictEquals(mapper.getFunction("map"), double);
  assertStrictEquals(mapper.getFunction("filter"), undefined);
  assertStrictEquals(mapper.getFunction("toString"), undefined);
});

test("C369 a registered function and an own method travel with the flow", () => {
  const mapper = new Mapper();
  const read = moved(mapper.setFunction("map", double).setFunction("other", mapper.triple));
  assertStrictEquals(read.getFunction("map"), double);
  assertStrictEquals(read.getFunction("other"), Mapper.prototype.triple);
});

test("C368 a function that cannot be found by name is refused when the flow is written", () => {
  const flow = new Flow({ id: "flow", registry });
  flow.addRoutine(new Mapper(), "mapper").setFunction("map", function addOne(n: number): number {
    return n + 1;
  });
  assertThrows(
    () => flow.toJSON(),
    TypeError,
    "Cannot serialize the function \"map\" of Mapper[mapper]: the function 'addOne' cannot be found by name; " +
      "make it a method, or registry.register({ addOne })",
  );
});

test("what is no function, and a role that is no name, are refused", () => {
  assertThrows(
    () => new Mapper().setFunction("map", 5 as never),
    TypeError,
    'Cannot set function "map": expected a function, got 5',
  );
  assertThrows(() => new Mapper().setFunction("__proto__", double), TypeError, "Cannot set function: the role must be");
});

test("a function cannot be set once the flow was executed", async () => {
  const flow = new Flow({ id: "flow", engine: newManualEngine() });
  const mapper = flow.addRoutine(new Mapper(), "mapper");
  await flow.run(mapper.trigger);
  assertThrows(() => mapper.setFunction("map", double), StateError, 'Cannot set function "map" of routine "mapper"');
});
