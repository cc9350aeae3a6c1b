import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Flow, PreflightError, Registry, Routine, SerializationError } from "../../mod.ts";

class Merger extends Routine {
  readonly kept = this.addSlot("kept", null);
  take(_data: unknown): void {}
}

/** The refusal to read a routine alone. */
function refusal(json: unknown): { readonly path: string; readonly message: string } {
  const { path, message } = assertThrows(() => Merger.fromJSON(json, new Registry({ Merger })), SerializationError);
  return { path, message };
}

test("a routine alone is read from an object", () => {
  assertEquals(refusal(5), { path: "", message: "Cannot read routine: expected an object, got 5" });
  assertEquals(refusal({ slots: [] }), {
    path: "slots",
    message: "slots: expected an object, got an array",
  });
  assertEquals(refusal({ events: { x: null } }), {
    path: "events.x",
    message: "events.x: expected an object, got null",
  });
});

test("a handler is read by the name of a method or of a function", () => {
  for (const [handler, got] of [[5, "5"], [{ name: "take" }, "an object"]] as const) {
    assertEquals(refusal({ slots: { more: { handler } } }), {
      path: "slots.more.handler",
      message: `slots.more.handler: expected { "method": name } or { "function": name }, got ${got}`,
    });
  }
});

test("a handler where the class has none is a mismatch", () => {
  const registry = new Registry({ Merger });
  const flow = new Flow({ id: "flow", registry });
  flow.addRoutine(new Merger(), "merger");
  const document = JSON.parse(JSON.stringify(flow));
  document.routines.merger.slots.kept.handler = { method: "take" };
  const { findings } = assertThrows(() => Flow.fromJSON(document, registry), PreflightError);
  assertEquals(findings.map(({ path, message }) => [path, message]), [[
    "routines.merger.slots.kept.handler",
    "slots.kept.handler: the class has another handler for this slot (none); raise its static version and write a migrate",
  ]]);
});
