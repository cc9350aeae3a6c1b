import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { test } from "node:test";
import { ErrorHandler, Flow, PreflightError, Registry, Routine, SerializationError } from "../../mod.ts";
import { type Place, placesOf, valueAt, withValueAt } from "../support/full_job_document.ts";

class Step extends Routine<{ size: number }> {
  readonly input = this.addSlot("input", this.process);
  readonly output = this.addEvent<{ a: number; b: number }>("output", { params: ["a", "b"] });
  process(_data: unknown): void {}
}

const registry = new Registry({ Step });

/** A flow's document with something in every part. */
function fullFlow(): unknown {
  const retry = new ErrorHandler({
    strategy: "retry",
    maxRetries: 1,
    retryDelayMs: 2,
    retryBackoff: 3,
    maxRetryDelayMs: 4,
    jitter: 0.5,
    retryableErrors: ["Error"],
    isCritical: false,
  });
  const limits = { bytes: 9_000, depth: 10, highWater: 2, history: 3, log: 4, nodes: 500, outputs: 6, steps: 700 };
  const options = { executionStrategy: "concurrent", maxWorkers: 2, errorHandler: retry, limits } as const;
  const flow = new Flow({ id: "full", registry, ...options });
  for (const id of ["a", "b"]) flow.addRoutine(new Step(), id).setConfig({ size: 1 }).setErrorHandler(retry);
  flow.connect("a", "output", "b", "input", { mapping: { a: "x" } });
  flow.connect("b", "output", "b", "input");
  return JSON.parse(JSON.stringify(flow));
}

function thrownBy(json: unknown): unknown {
  const before = JSON.stringify(json);
  try {
    Flow.fromJSON(json, registry);
    return undefined;
  } catch (error) {
    assertEquals(JSON.stringify(json), before, "the document was changed");
    return error;
  }
}

function refusal(json: unknown): { readonly path: string; readonly message: string } {
  const error = thrownBy(json);
  assertInstanceOf(error, SerializationError);
  return { path: error.path, message: error.message };
}

function check(place: Place, value: unknown, path: string, expectedAndGot: string): void {
  const message = `Cannot read routilux/flow: ${path}: ${expectedAndGot}`;
  assertEquals(refusal(withValueAt(fullFlow(), place, value)), { path, message });
}

function findingsOf(json: unknown): readonly (readonly [string, string, string])[] {
  const error = thrownBy(json);
  assertInstanceOf(error, PreflightError);
  return error.findings.map(({ code, path, message }) => [code, path, message]);
}

test("C247 C248 what is no flow's document is refused", () => {
  const message = (json: unknown) => refusal(json).message;
  assertEquals(message("{}"), "Cannot read routilux/flow: expected an object, got a text; call JSON.parse first");
  assertEquals(message(null), "Cannot read routilux/flow: expected an object, got null");
  assertEquals(
    message({ invalid: "structure" }),
    'Cannot read routilux/flow: format: expected "routilux/flow", got nothing',
  );
  assertEquals(
    message({ format: "routilux/job", version: 1 }),
    'Cannot read routilux/flow: format: expected "routilux/flow", got "routilux/job"',
  );
  check(["version"], 2, "version", "expected at most 1, got 2; it was written by a newer routilux, update this one");
});

test("unknown keys and __proto__ are refused at every level of a flow", () => {
  for (const key of ["jobState", "toString", "constructor", "__proto__"]) {
    check([key], 1, key, `expected no key of this name, got "${key}"`);
    check(["routines", "a", key], 1, `routines.a.${key}`, `expected no key of this name, got "${key}"`);
    check(["connections", 0, key], 1, `connections[0].${key}`, `expected no key of this name, got "${key}"`);
    check(["limits", key], 1, `limits.${key}`, `expected no key of this name, got "${key}"`);
  }
  for (const place of [["routines"], ["routines", "a", "slots"], ["routines", "a", "events"]]) {
    for (const key of ["__proto__", "constructor", "prototype", ""]) {
      check([...place, key], {}, place.join("."), "expected an object whose keys are names, got an object");
    }
  }
});

test("__proto__ in config is refused with its path", () => {
  const document = withValueAt(fullFlow(), ["routines", "a", "config", "__proto__"], { polluted: true });
  const error = thrownBy(document);
  assertEquals(error instanceof Error && error.message.includes("routines.a.config.__proto__"), true, String(error));
  assertEquals("polluted" in {}, false);
});

test("a value of another kind, at any place of the library's, is refused and the place is named", () => {
  for (const place of placesOf(fullFlow())) {
    if (place.includes("config")) continue;
    const right = valueAt(fullFlow(), place);
    const path = place.map((key) => typeof key === "number" ? `[${key}]` : `.${key}`).join("").slice(1);
    for (const wrong of [null, true, -7, "", [], {}]) {
      if (place.includes("retryableErrors") && wrong === -7) continue;
      if (kindOf(wrong) === kindOf(right) || (path === "executionTimeoutMs" && wrong === null)) continue;
      const spoilt = `${path} = ${JSON.stringify(wrong)}`;
      const error = thrownBy(withValueAt(fullFlow(), place, wrong));
      assertInstanceOf(error, SerializationError, `${spoilt}: ${error}`);
      assertEquals(error.path.startsWith(path) || path.startsWith(error.path), true, `${spoilt}: ${error.message}`);
    }
  }
});

function kindOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

test("numbers out of range are refused like all else: with the document and the path", () => {
  const cases: readonly (readonly [Place, number])[] = [
    [["limits", "depth"], 2_000],
    [["limits", "highWater"], 0],
    [["maxWorkers"], 0],
    [["executionTimeoutMs"], 0],
    [["errorHandler", "jitter"], 2],
    [["errorHandler", "retryBackoff"], -1],
    [["routines", "a", "errorHandler", "jitter"], 2],
    [["routines", "a", "slots", "input", "timeoutMs"], 0],
  ];
  for (const [place, value] of cases) {
    const error = thrownBy(withValueAt(fullFlow(), place, value));
    const path = place.join(".");
    const isClear = (error instanceof SerializationError || error instanceof PreflightError) &&
      error.message.includes(path);
    assertEquals(isClear, true, `${path} = ${value}: ${error}`);
  }
});

test("a sequential flow with several workers is refused with the path", () => {
  const document = withValueAt(fullFlow(), ["executionStrategy"], "sequential");
  const error = thrownBy(document);
  const isClear = (error instanceof SerializationError || error instanceof PreflightError) &&
    error.message.includes("maxWorkers");
  assertEquals(isClear, true, String(error));
});

test("C269 C270 broken connections are findings, all of them at once", () => {
  const document = JSON.parse(JSON.stringify(fullFlow()));
  document.connections = [
    { from: { routine: "ghost", event: "output" }, to: { routine: "b", slot: "input" } },
    { from: { routine: "a", event: "outptu" }, to: { routine: "b", slot: "inptu" } },
    { from: { routine: "a", event: "output" }, to: { routine: "toString", slot: "input" } },
  ];
  assertEquals(findingsOf(document), [
    ["broken_connection", "connections[0].from.routine", 'there is no routine "ghost"'],
    ["broken_connection", "connections[1].from.event", 'routine "a" has no event "outptu"'],
    ["broken_connection", "connections[1].to.slot", 'routine "b" has no slot "inptu"'],
    ["broken_connection", "connections[2].to.routine", 'there is no routine "toString"'],
  ]);
  check(
    ["connections", 0, "from", "event"],
    undefined,
    "connections[0].from.event",
    'expected "event", which is missing, ' +
      "got nothing",
  );
});

test("connections that contradict each other are refused with the path", () => {
  const twice = JSON.parse(JSON.stringify(fullFlow()));
  twice.connections.push({ ...twice.connections[0], mapping: { b: "x" } });
  const double = withValueAt(fullFlow(), ["connections", 0, "mapping"], { a: "x", b: "x" });
  for (const [document, path] of [[twice, "connections[2]"], [double, "connections[0]"]] as const) {
    const error = thrownBy(document);
    const isClear = (error instanceof SerializationError || error instanceof PreflightError) &&
      error.message.includes(path);
    assertEquals(isClear, true, `${path}: ${error}`);
  }
});

test("C385 everything that does not fit the classes here is found at once", () => {
  const document = JSON.parse(JSON.stringify(fullFlow()));
  document.routines.a.type = "Unknown";
  document.routines.b.slots.input.handler.method = "vanish";
  document.routines.c = { ...document.routines.a, type: "Step", version: 7 };
  assertEquals(findingsOf(document).map(([code, path]) => [code, path]), [
    ["unknown_class", "routines.a"],
    ["routine_mismatch", "routines.b.slots.input.handler"],
    ["newer_version", "routines.c.version"],
  ]);
});

test("the findings are one message too, in the order of the document", () => {
  const document = JSON.parse(JSON.stringify(fullFlow()));
  document.routines.a.type = "Unknown";
  document.connections.push({ from: { routine: "a", event: "output" }, to: { routine: "ghost", slot: "input" } });
  const { message } = assertThrows(() => Flow.fromJSON(document, registry), PreflightError);
  assertEquals(
    message,
    'Cannot read flow "full": routines.a: Class \'Unknown\' not found in registry; it knows "Step"; ' +
      'connections[2].to.routine: there is no routine "ghost"',
  );
});

test("without a registry nothing is read", () => {
  assertThrows(
    () => Flow.fromJSON(fullFlow(), undefined as unknown as Registry),
    TypeError,
    "Cannot read routilux/flow: expected a Registry as the second argument, got undefined",
  );
});

test("a reserved name is refused with its path wherever a name stands", () => {
  for (const reserved of ["__proto__", "constructor", "prototype"]) {
    const expected = `expected a name other than __proto__, constructor, prototype, got "${reserved}"`;
    check(["id"], reserved, "id", expected);
    check(["routines", "a", "type"], reserved, "routines.a.type", expected);
    check(["connections", 0, "mapping", "a"], reserved, "connections[0].mapping.a", expected);
    check(["connections", 0, "to", "slot"], reserved, "connections[0].to.slot", expected);
  }
});

test("what is no name of a function is refused with what would be one", () => {
  const forms = '{ "method": name } or { "function": name }';
  const slot: Place = ["routines", "a", "slots", "input"];
  for (const [value, got] of [[{}, "an object"], [{ method: "a", function: "b" }, "an object"], [5, "5"]] as const) {
    check([...slot, "handler"], value, "routines.a.slots.input.handler", `expected ${forms}, got ${got}`);
  }
  check([...slot, "merge"], "prepend", "routines.a.slots.input.merge", `expected "append", ${forms}, got "prepend"`);
});

test("a class that is no routine's is not called with a routine's document", () => {
  let calls = 0;
  class Value {
    static fromJSON(): Value {
      calls++;
      return new Value();
    }
  }
  const document = withValueAt(fullFlow(), ["routines", "a", "type"], "Value");
  const error = assertThrows(() => Flow.fromJSON(document, new Registry({ Step, Value })), PreflightError);
  assertEquals([error.findings[0]?.code, error.findings[0]?.path, calls], ["wrong_class", "routines.a.type", 0]);
});

test("a timer that the class does not declare is kept, or refused: never half", () => {
  const place: Place = ["routines", "a", "slots", "extra"];
  const document = withValueAt(fullFlow(), place, { timer: true });
  const message = 'slots.extra.timer: a timer needs an event of its name, and there is no event "extra"';
  assertEquals(findingsOf(document), [["routine_mismatch", "routines.a.slots.extra.timer", message]]);
  const complete = withValueAt(document, ["routines", "a", "events", "extra"], {});
  const flow = Flow.fromJSON(complete, registry);
  assertEquals(flow.toJSON().routines["a"]?.slots["extra"], { timer: true });
});

test("a failure connection that the model refuses is refused with its place", () => {
  const failureConnections = [
    { from: { routine: "a" }, to: { routine: "b", slot: "input" } },
    { from: { routine: "b", slot: "input" }, to: { routine: "b", slot: "input" } },
  ];
  const own = "a slot cannot take its own failures; give the routine another slot for them";
  assertEquals(refusal(withValueAt(fullFlow(), ["failureConnections"], failureConnections)), {
    path: "failureConnections[1]",
    message: `Cannot read routilux/flow: failureConnections[1]: Cannot connect failure "b.input" to "b.input": ${own}`,
  });
});

test("a flow's error handler names a registered function, and nothing else", () => {
  for (const reference of [{ function: "isTransient" }, { method: "isTransient" }]) {
    assertEquals(findingsOf(withValueAt(fullFlow(), ["errorHandler", "retryIf"], reference)), [
      ["unknown_function", "errorHandler.retryIf", "function 'isTransient' not found in registry"],
    ]);
  }
  const expected = 'expected { "method": name } or { "function": name }';
  check(["errorHandler", "retryIf"], "isTransient", "errorHandler.retryIf", `${expected}, got "isTransient"`);
});
