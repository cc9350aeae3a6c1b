import { test } from "node:test";
import * as v from "valibot";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { Engine, Flow, Registry, Routine } from "../../mod.ts";
import * as general from "../../src/routines/mod.ts";
import * as text from "../../src/routines/text/mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { trialRegistry } from "../support/try_routine.ts";

const modules = { routines: general, textRoutines: text };
const routines = { ...general.routines, ...text.textRoutines };

/** The registered functions. */
const same = (data: unknown) => data;
const isTrue = (data: unknown) => data === true;
const anything = () => v.unknown();
const nothing = () => undefined;
const functions = { same, isTrue, anything, nothing };

/** One of each, with all settings. */
const made = (): Readonly<Record<keyof typeof routines, Routine<object>>> => {
  const router = new general.ConditionalRouter().setMode("all");
  router.addRoute("a", { x: 1 });
  router.addRoute("b", "x > 1");
  router.addRoute("c", isTrue);
  router.setDefaultRoute("d");
  return {
    Aggregator: new general.Aggregator().setGroups({ count: "size", by: "key", timeoutMs: 5, atEnd: "drop" }),
    Batcher: new general.Batcher().setBatches({ size: 2, timeoutMs: 5, atEnd: "fail" }),
    ConditionalRouter: router,
    DataFlattener: new text.DataFlattener().setSeparator("/"),
    DataTransformer: new general.DataTransformer().addStep("same", same).setSteps("same", "lowercase"),
    DataValidator: new general.DataValidator().use(anything).setConfig({ strict: true }),
    Debouncer: new general.Debouncer().setQuiet(5),
    Filter: new general.Filter().use(isTrue),
    Join: new general.Join().setInputs({ left: { by: "id" }, right: { by: "id" } }, { timeoutMs: 5, atEnd: "emit" }),
    Mapper: new general.Mapper().use(same),
    ResultExtractor: new text.ResultExtractor().addExtractor("same", nothing),
    Splitter: new general.Splitter(),
    TextClipper: new text.TextClipper().setMaxLength(50),
    TextRenderer: new text.TextRenderer().setFormat("markdown"),
    Throttle: new general.Throttle().setRate({ count: 2, intervalMs: 5 }),
    TimeProvider: new text.TimeProvider().setFormat("%Y"),
  };
};

for (const [name, module] of Object.entries(modules)) {
  test(`${name} holds all routines of its module, under their own names, for a registry`, () => {
    const record = name === "routines" ? general.routines : text.textRoutines;
    const classes = Object.entries(module).filter(([, it]) =>
      typeof it === "function" && it.prototype instanceof Routine
    );
    const names = classes.map(([name]) => name).sort();
    assertEquals(Object.keys(record).sort(), names);
    for (const [name, Class] of classes) assertStrictEquals(Reflect.get(record, name), Class);
    assertEquals([...new Registry(record).names].sort(), names);
  });
}

for (const name of Object.keys(routines) as (keyof typeof routines)[]) {
  test(`${name} survives the round trip of a flow, byte for byte`, () => {
    const flow = new Flow({ id: "flow", registry: trialRegistry(functions) });
    flow.addRoutine(made()[name], "it");
    const text = JSON.stringify(flow);
    const registry = trialRegistry(functions);
    const again = Flow.fromJSON(JSON.parse(text), registry);
    assertEquals(JSON.stringify(again), text);
    assertStrictEquals(again.routine("it", Routine).constructor, routines[name]);
    assertEquals(again.routine("it", Routine).getConfig(), made()[name].getConfig());
    assertEquals(
      Object.keys(JSON.parse(text).routines.it.config).length > 0,
      !["Filter", "Mapper", "Splitter"].includes(name),
    );
  });
}

test("nothing of a run stays on the routines: the flow's bytes are the same afterwards", async () => {
  const timers = manualTimers();
  const engine = new Engine({ timers, ids: manualIds() });
  const flow = new Flow({ id: "flow", registry: trialRegistry(functions), engine });
  for (const [id, routine] of Object.entries(made())) flow.addRoutine(routine, id);
  const before = JSON.stringify(flow);
  for (const id of Object.keys(routines)) {
    const job = flow.create(
      flow.slot(id, id === "TimeProvider" ? "trigger" : id === "Join" ? "left" : "input"),
      { key: "a", id: 7, items: [1], data: "A", x: 5 } as never,
    );
    flow.resume(job);
    while (await timers.advanceToNext());
    assertEquals(job.status, "completed", id);
  }
  assertEquals(JSON.stringify(flow), before);
});

test("two jobs side by side share nothing", async () => {
  const timers = manualTimers();
  const engine = new Engine({ timers, ids: manualIds() });
  const flow = new Flow({ id: "flow", engine });
  const batcher = flow.addRoutine(new general.Batcher<number>().setBatches({ size: 2, timeoutMs: 100 }), "batcher");
  const jobs = [1, 2].map((n) => flow.execute(batcher.input, n));
  await timers.advance(50);
  for (const job of jobs.slice(0, 1)) flow.deliver(job, batcher.input, 3);
  while (await timers.advanceToNext());
  const emitted = jobs.map((job) =>
    job.history("batcher").filter(({ event }) => event === "output").map(({ data, at }) => [data, at])
  );
  assertEquals(emitted, [
    [[{ items: [1, 3] }, "1970-01-01T00:00:00.050Z"]],
    [[{ items: [2] }, "1970-01-01T00:00:00.100Z"]],
  ]);
});
