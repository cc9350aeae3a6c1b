import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Flow, type Registrable, Registry, Routine } from "../../mod.ts";
import { assertType } from "../support/assert_type.ts";

class Worker extends Routine<{ limit: number; label?: string }> {
  threshold = 1;
  readonly input = this.addSlot("input", this.work);
  work(_data: { n: number }): void {}
}
class Plain extends Routine {}

test("config keys and values are those of the class", () => {
  const worker = new Worker().setConfig({ limit: 5 });
  assertType<number | undefined>()(worker.getConfig("limit"));
  assertType<number>()(worker.getConfig("limit", 1));
  assertType<string>()(worker.getConfig("label", "none"));
  assertType<Partial<{ limit: number; label?: string }>>()(worker.getConfig());
  // @ts-expect-error: 'limti' does not exist in type 'Partial<{ limit: number; … }>'. Did you mean to write 'limit'?
  worker.setConfig({ limti: 6 });
  // @ts-expect-error: Type 'string' is not assignable to type 'number'.
  worker.setConfig({ limit: "6" });
  // @ts-expect-error: Argument of type '"limti"' is not assignable to parameter of type '"limit" | "label"'.
  assertEquals(worker.getConfig("limti"), 6);
  // @ts-expect-error: Argument of type 'string' is not assignable to parameter of type 'number'.
  assertEquals(worker.getConfig("limit", "none"), "6");
  // @ts-expect-error: Argument of type 'undefined' is not assignable to parameter of type 'string'.
  assertEquals(worker.getConfig("label", undefined), undefined);
});

test("config of a class that says nothing of it is open", () => {
  const plain = new Plain().setConfig({ any: 1, thing: "x" });
  assertType<unknown>()(plain.getConfig("any"));
  assertEquals(plain.getConfig("thing"), "x");
});

test("fields that travel are fields of the class", () => {
  const worker = new Worker();
  worker.addSerializableFields("threshold");
  // @ts-expect-error: Type '"treshold"' is not assignable to type 'keyof Worker'. Did you mean '"threshold"'?
  worker.addSerializableFields("treshold");
  // @ts-expect-error: Argument of type 'number' is not assignable to parameter of type 'string'.
  assertThrows(() => worker.addSerializableFields(5), TypeError);
});

test("a class with constructor arguments is no entry of a registry", () => {
  class Needy extends Routine {
    constructor(max: number) {
      super();
      this.setConfig({ max });
    }
  }
  class Defaulted extends Routine {
    constructor(max = 1) {
      super();
      this.setConfig({ max });
    }
  }
  // @ts-expect-error: Type 'typeof Needy' is not assignable to type 'SerializableClass'. Expected 1 or more, but got 0.
  assertThrows(() => new Registry({ Needy }), TypeError);
  // @ts-expect-error: the same for register.
  assertThrows(() => new Registry().register({ Needy }), TypeError);
  assertEquals(new Registry({ Defaulted }).names, ["Defaulted"]);
});

test("a class without fromJSON is no entry of a registry, a function is", () => {
  class Point {
    x = 0;
  }
  const double = (n: number): number => n * 2;
  // @ts-expect-error: Property 'fromJSON' is missing in type 'typeof Point' but required in type 'SerializableClass'.
  assertThrows(() => new Registry({ Point }), TypeError);
  // @ts-expect-error: Type 'number' is not assignable to type 'Registrable'.
  assertThrows(() => new Registry({ five: 5 }), TypeError);
  const entries: Record<string, Registrable> = { double, Worker };
  assertEquals(new Registry(entries).names, ["Worker", "double"]);
});

test("an abstract class is no entry of a registry", () => {
  abstract class Base extends Routine {}
  // @ts-expect-error: Cannot assign an abstract constructor type to a non-abstract constructor type.
  assertEquals(new Registry({ Base }).names, ["Base"]);
});

test("routines come out of a flow with their classes", () => {
  const flow = new Flow({ id: "flow" });
  assertType<Worker>()(flow.addRoutine(new Worker(), "worker"));
  assertType<Worker>()(flow.routine("worker", Worker));
  assertType<Map<string, Worker>>()(flow.findRoutines(Worker));
  assertEquals(flow.findRoutines(Plain).size, 0);
  // @ts-expect-error: Argument of type 'typeof Worker' is not assignable to parameter of type 'Routine<object>'.
  assertThrows(() => flow.addRoutine(Worker), TypeError);
});

test("a routine is read as its class", () => {
  const registry = new Registry({ Worker });
  const flow = new Flow({ id: "flow", registry });
  const json = flow.addRoutine(new Worker(), "worker").toJSON();
  const read = Worker.fromJSON(json, registry);
  assertType<Worker>()(read);
  assertEquals(read.threshold, 1);
});
