import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Registrable, Registry, Routine } from "../../mod.ts";
import { ownerOfMethod } from "../../src/model/function_names.ts";

class Source extends Routine {}

const double = (n: number): number => n * 2;

test("ownerOfMethod() finds the registered class that a method belongs to", () => {
  class Worker extends Routine {
    process(): void {}
  }
  const registry = new Registry({ Source, Worker });
  assertEquals(ownerOfMethod(registry, Worker.prototype.process), { className: "Worker", method: "process" });
  assertEquals([ownerOfMethod(registry, double), ownerOfMethod(registry, Worker)], [undefined, undefined]);
});

test("ownerOfMethod() passes over classes that have no methods", () => {
  class Worker {
    static fromJSON = () => new Worker();
    process(): void {}
  }
  const made = Object.assign(() => ({}), { fromJSON: () => ({}) });
  const registry = new Registry({ made: made as unknown as Registrable, Worker });
  assertEquals(ownerOfMethod(registry, Worker.prototype.process), { className: "Worker", method: "process" });
});
