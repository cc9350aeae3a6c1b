import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Registry, Routine } from "../../mod.ts";
import { functionName } from "../../src/base/function_name.ts";
import { className } from "../../src/base/path.ts";

class Named extends Routine {}
class Odd extends Routine {
  static override get name(): string {
    throw new Error("not for you");
  }
}

test("functionName() is the name of a function or class, and empty where there is none that is a text", () => {
  const renamed = (name: unknown) => Object.defineProperty(() => {}, "name", { value: name });
  assertEquals([Named, function one() {}, () => {}, class {}].map(functionName), ["Named", "one", "", ""]);
  assertEquals(["two", 5, undefined, Symbol("x")].map((name) => functionName(renamed(name))), ["two", "", "", ""]);
  assertEquals([functionName(Odd), className(new Odd()), className(new Named())], ["", undefined, "Named"]);
});

test("a class whose name cannot be read is registered under its key, and refused like one without a name", () => {
  assertEquals(new Registry({ Odd }).nameOf(Odd), "Odd");
  assertThrows(
    () => new Registry({ Taken: Odd }).register({ Taken: Named }),
    TypeError,
    "Cannot register 'Taken' as class 'Named': the name is taken by class (anonymous); choose another key",
  );
});
