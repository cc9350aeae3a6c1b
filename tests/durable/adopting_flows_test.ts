import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Engine, Flow, Registry, Routine, type WorkOptions } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { outputsOf, startAsking, VersionProcess, within } from "../support/flow_versions.ts";

// To which flows a worker can move jobs: the others are refused when it is to begin, by name, with the remedy.

class Note extends Routine {
  readonly input = this.addSlot("input", this.note);
  note(): void {}
}

function createEngine(registry = new Registry({ Note })) {
  return new Engine({ store: memoryStore(), timers: manualTimers(), ids: manualIds("id"), registry });
}

function addNote(flow: Flow): Flow {
  flow.addRoutine(new Note(), "note");
  return flow;
}

function assertRefused(engine: Engine, options: WorkOptions, message: string): void {
  const error = assertThrows(() => engine.work(options), TypeError, message);
  assertEquals(error instanceof TypeError && error.message.startsWith("Cannot work: "), true, String(error));
}

test("C525 a worker adopts to no flow of another engine", async () => {
  const [engine, other] = [createEngine(), createEngine()];
  const flow = addNote(new Flow({ id: "notes", version: 2, engine: other }));
  const without = addNote(new Flow({ id: "notes", version: 2, registry: new Registry({ Note }) }));
  for (const foreign of [flow, without]) {
    const message = 'flow "notes" belongs to another engine; give new Flow() the engine that works: { engine }';
    assertRefused(engine, { flows: [foreign], onChange: "adopt" }, message);
  }
  await engine.work({ flows: [flow] }).stop();
});

test("C525 a worker adopts to no flow that its engine cannot build, nor to one that cannot be stored", async () => {
  const engine = createEngine(new Registry({}));
  const flow = addNote(new Flow({ id: "notes", version: 2, engine, registry: new Registry({ Note }) }));
  const unknown = `flow "notes" cannot be built by the engine that works: `;
  assertRefused(engine, { flows: [flow], onChange: "adopt" }, unknown);
  assertRefused(engine, { flows: [flow], onChange: "adopt" }, "Class 'Note' not found in registry");
  assertRefused(engine, { flows: [flow], onChange: "adopt" }, "give new Engine() the registry of the flow");
  const nameless = addNote(new Flow({ id: "notes", version: 2, engine }));
  const adopting = () => engine.work({ flows: [nameless], onChange: "adopt" });
  assertThrows(adopting, TypeError, "Routine 'note' (Note) cannot be serialized: its class is not registered");
  const equal = createEngine();
  const own = addNote(new Flow({ id: "notes", version: 2, engine: equal, registry: new Registry({ Note }) }));
  await equal.work({ flows: [own], onChange: "adopt" }).stop();
});

test("C525 a worker adopts to no flow without an id, or without a version, of its own", async () => {
  const engine = createEngine();
  const nameless = addNote(new Flow({ version: 2, engine }));
  assertRefused(engine, { flows: [nameless], onChange: "adopt" }, `flow "${nameless.id}" was made without an id`);
  const flow = addNote(new Flow({ id: "notes", engine }));
  assertRefused(engine, { flows: [flow], onChange: "adopt" }, 'flow "notes" has no version');
  assertRefused(
    engine,
    { flows: [flow], onChange: "adopt" },
    "give new Flow() one, to be raised with each change: { version: 2 }",
  );
  await engine.work({ flows: [addNote(new Flow({ id: "notes", version: 1, engine }))], onChange: "adopt" }).stop();
  await engine.work({ flows: [Flow.fromJSON(flow.toJSON(), new Registry({ Note }), { engine })], onChange: "adopt" })
    .stop();
});

test("C525 a flow is in the list of a worker once, by its id or as itself, and each id is one", async () => {
  const engine = createEngine();
  const flow = addNote(new Flow({ id: "notes", version: 2, engine }));
  const higher = addNote(new Flow({ id: "notes", version: 3, engine }));
  const twice = 'flow "notes" is in flows twice; give it one entry';
  for (const flows of [[flow, higher], [flow, flow], [flow, "notes"], ["notes", "notes"]]) {
    assertRefused(engine, { flows }, twice);
    assertRefused(engine, { flows, onChange: "adopt" }, twice);
  }
  assertRefused(engine, { flows: [flow, ""] }, "the flows[1] must be a non-empty string");
  assertRefused(
    engine,
    { flows: [flow, "others"], onChange: "adopt" },
    'not their ids, as "others"; write flows: [flow]',
  );
  assertRefused(engine, { onChange: "adopt" }, "needs the flows themselves");
  await engine.work({ flows: [flow, "others"] }).stop();
});

test("C525 the workers of an engine adopt to one version of a flow", async () => {
  const engine = createEngine();
  const create = (version: number) => addNote(new Flow({ id: "notes", version, engine }));
  const worker = engine.work({ flows: [create(2)], onChange: "adopt" });
  const message = 'flow "notes" is another one than that of a worker of this engine; stop that one first';
  assertRefused(engine, { flows: [create(3)], onChange: "adopt" }, message);
  const second = engine.work({ flows: [create(2)], onChange: "adopt" });
  await Promise.all([worker.stop(), second.stop()]);
  await engine.work({ flows: [create(3)], onChange: "adopt" }).stop();
});

test("C523 an adopted job goes on as every job that a worker takes, also when the flow that was given is shut down", async () => {
  const options = { store: memoryStore(), timers: manualTimers() };
  const { timers } = options;
  await within(timers, startAsking(options));
  await new VersionProcess(1, options).flow.handle("job").deliver({ routine: "ask", slot: "answer" }, { n: 3 });
  const next = new VersionProcess(2, options);
  const worker = next.engine.work({ flows: [next.flow], onChange: "adopt" });
  await next.flow.shutdown();
  assertEquals(await outputsOf(next, timers), "completed, sum 3, audit 3");
  await within(timers, worker.stop());
  assertEquals(next.told("refused"), []);
});
