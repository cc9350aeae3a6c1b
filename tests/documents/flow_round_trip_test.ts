import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Context, ErrorHandler, Flow, PreflightError, Registry, Routine, StateError } from "../../mod.ts";
import { createTestFlow } from "../support/test_flow.ts";

class Step extends Routine<{ name: string }> {
  readonly input = this.addSlot("input", this.process);
  readonly output = this.addEvent<{ path: string }>("output");
  readonly detour = this.addEvent<{ way: string }>("detour");
  process({ path }: { readonly path: string }, ctx: Context): void {
    const longer = `${path}>${ctx.routineId}`;
    ctx.shared.set("path", longer);
    ctx.emit(this.output, { path: longer });
    ctx.emit(this.detour, { way: `${longer} by a detour` });
  }
}

const registry = new Registry({ Step });

function chain(ids: readonly string[], engine = createTestFlow().engine): Flow {
  const flow = new Flow({ id: "chain", registry, engine });
  const steps = ids.map((id) => flow.addRoutine(new Step(), id));
  steps.slice(1).forEach((step, index) => flow.connect((steps[index] as Step).output, step.input));
  return flow;
}

function again(flow: Flow, engine = createTestFlow().engine): Flow {
  return Flow.fromJSON(JSON.parse(JSON.stringify(flow)), registry, { engine });
}

test("C244 C245 C250 C374 a chain of equal slot and event names keeps its wiring", async () => {
  const { timers, engine } = createTestFlow();
  const flow = again(chain(["r1", "r2", "r3"]), engine);
  assertEquals(flow.id, "chain");
  assertEquals(flow.connections.map(({ from, to }) => `${from.routine}-${to.routine}`), ["r1-r2", "r2-r3"]);
  const job = flow.execute(flow.routine("r1", Step).input, { path: "" });
  await timers.flush();
  assertEquals([job.status, job.sharedData["path"]], ["completed", ">r1>r2>r3"]);
});

test("C374 two routines of one class that feed each other's equal slots keep their directions", () => {
  const flow = chain(["a", "b"]);
  flow.connect("b", "output", "b", "input");
  flow.connect("b", "output", "a", "input", { mapping: { path: "path" } });
  const wiring = (it: Flow) => it.connections.map((connection) => JSON.stringify(connection));
  assertEquals(wiring(again(flow)), wiring(flow));
});

test("C051 C374 mappings are restored and applied", async () => {
  const { timers, engine } = createTestFlow();
  const flow = chain(["r1", "r2"]);
  flow.addRoutine(new Step(), "r3");
  flow.connect("r2", "detour", "r3", "input", { mapping: { way: "path" } });
  const restored = again(flow, engine);
  assertEquals(restored.connections.map(({ mapping }) => mapping), [{}, { way: "path" }]);
  const job = restored.execute(restored.routine("r1", Step).input, { path: "" });
  await timers.flush();
  assertEquals([job.status, job.sharedData["path"]], ["completed", ">r1>r2 by a detour>r3"]);
});

test("C249 one source connected to three targets of one class has three connections before and after", () => {
  const flow = new Flow({ id: "fan", registry });
  for (const id of ["source", "a", "b", "c"]) flow.addRoutine(new Step(), id);
  for (const id of ["a", "b", "c"]) flow.connect("source", "output", id, "input");
  const targets = (it: Flow) => it.connections.map(({ from, to }) => [from.routine, to.routine]);
  assertEquals(targets(flow), [["source", "a"], ["source", "b"], ["source", "c"]]);
  assertEquals(targets(again(flow)), targets(flow));
});

test("C261 C370 an error handler is restored with all its settings", () => {
  const flow = chain(["r1"]);
  flow.setErrorHandler(new ErrorHandler({ strategy: "retry", maxRetries: 7, retryDelayMs: 20, retryBackoff: 1.5 }));
  flow.routine("r1").setAsOptional("skip");
  const restored = again(flow);
  const { strategy, maxRetries, retryDelayMs, retryBackoff, isCritical } = restored.errorHandler ?? new ErrorHandler();
  assertEquals([strategy, maxRetries, retryDelayMs, retryBackoff, isCritical], ["retry", 7, 20, 1.5, true]);
  assertEquals(restored.routine("r1").getErrorHandler(), new ErrorHandler({ strategy: "skip", isCritical: false }));
});

test("C262 strategy, workers, timeout and limits are restored", () => {
  const options = { executionStrategy: "concurrent", maxWorkers: 3, executionTimeoutMs: 5_000 } as const;
  const flow = again(new Flow({ id: "settings", registry, ...options, limits: { highWater: 2, steps: 9 } }));
  assertEquals([flow.executionStrategy, flow.maxWorkers, flow.executionTimeoutMs], ["concurrent", 3, 5_000]);
  assertEquals([flow.limits.highWater, flow.limits.steps, flow.limits.history], [2, 9, 1_000]);
  assertEquals(
    again(new Flow({ id: "settings", registry, executionTimeoutMs: Infinity })).executionTimeoutMs,
    Infinity,
  );
});

test("C263 a restored concurrent flow can be executed", async () => {
  const { timers, engine } = createTestFlow();
  const flow = chain(["r1", "r2"]);
  flow.setExecutionStrategy("concurrent", 2);
  const restored = again(flow, engine);
  const job = restored.execute(restored.slot("r1", "input"), { path: "" } as never);
  assertEquals(job.status, "running");
  await timers.flush();
  assertEquals(job.status, "completed");
});

test("C256 C257 five rounds with changing config each restore the current value, the rest stays to the byte", () => {
  let flow = chain(["r1"]);
  const first = JSON.stringify(flow);
  for (let round = 0; round < 5; round++) {
    flow.routine("r1", Step).setConfig({ name: `round ${round}` });
    const text = JSON.stringify(flow);
    flow = Flow.fromJSON(JSON.parse(text), registry);
    assertEquals(flow.routine("r1", Step).getConfig("name"), `round ${round}`);
    assertEquals(JSON.stringify(flow), text);
  }
  flow.routine("r1", Step).setConfig({ name: undefined as never });
  assertEquals(JSON.stringify(flow), first);
});

test("C375 one document can be read many times, and is not changed by it", () => {
  const document = JSON.parse(JSON.stringify(chain(["r1", "r2"])));
  const text = JSON.stringify(document);
  const frozen = deepFreeze(document);
  const flows = [Flow.fromJSON(frozen, registry), Flow.fromJSON(frozen, registry)];
  assertEquals(flows.map((flow) => JSON.stringify(flow)), [text, text]);
  assertEquals(JSON.stringify(document), text);
  assertFalse(flows[0]?.routine("r1") === flows[1]?.routine("r1"));
});

test("C386 an unregistered class is refused when the flow is written, and when it is read", () => {
  class Stranger extends Step {}
  const flow = new Flow({ id: "strange", registry });
  flow.addRoutine(new Stranger(), "guest");
  assertThrows(
    () => flow.toJSON(),
    TypeError,
    "Routine 'guest' (Stranger) cannot be serialized: its class is not registered; write new Registry({ Stranger })",
  );
  const document = JSON.parse(JSON.stringify(chain(["r1"])));
  const error = assertThrows(
    () => Flow.fromJSON(document, new Registry()),
    PreflightError,
    "Cannot read flow \"chain\": routines.r1: Class 'Step' not found in registry; it knows nothing",
  );
  assertEquals(error.findings.map(({ code, path }) => [code, path]), [["unknown_class", "routines.r1"]]);
});

test("C271 a routine of an unknown type is refused with what the registry knows", () => {
  const document = JSON.parse(JSON.stringify(chain(["r1"])));
  document.routines.r1.type = "Stepp";
  assertThrows(
    () => Flow.fromJSON(document, registry),
    PreflightError,
    "routines.r1: Class 'Stepp' not found in registry; it knows \"Step\"",
  );
});

test("C274 slots and events that only the document has are restored with their names", () => {
  const flow = chain(["r1"]);
  const registered = new Registry({ Step, log: () => {} });
  const document = JSON.parse(JSON.stringify(flow));
  document.routines.r1.slots.extra = { handler: { function: "log" }, merge: "append", timeoutMs: 9 };
  document.routines.r1.events.more = { params: ["a"] };
  const restored = Flow.fromJSON(document, registered);
  const slot = restored.slot("r1", "extra");
  assertEquals([slot.name, slot.merge, slot.timeoutMs], ["extra", "append", 9]);
  assertEquals(restored.event("r1", "more").params, ["a"]);
});

test("a routine in no flow has no document: its flow's registry names the class", () => {
  assertThrows(() => new Step().toJSON(), StateError, "add it to one with a registry");
});

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
