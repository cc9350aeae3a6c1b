import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Engine, Flow, Registry, Routine } from "../../mod.ts";
import { Batcher, Mapper } from "../../src/routines/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { Source, Target, testMistakes, untyped } from "./told_by.ts";

function flowOf(routine: Routine<object>, registry?: Registry): Flow {
  const flow = new Flow({ id: "f", registry });
  flow.addRoutine(routine, "r");
  return flow;
}

class Arrow extends Routine {
  readonly trigger = this.addSlot("trigger", untyped((this as unknown as { go: unknown }).go));
  readonly go = (): void => {};
}

testMistakes({
  "M03 a class that is not registered": [
    () => JSON.stringify(flowOf(new Source())),
    "Routine 'r' (Source) cannot be serialized: its class is not registered; write new Registry({ Source })",
  ],
  "M04 a class that is not registered, with a store": [
    async () => {
      const engine = new Engine({ registry: new Registry(), store: memoryStore(), timers: manualTimers() });
      const flow = new Flow({ id: "f", engine });
      const job = flow.execute(flow.addRoutine(new Source(), "a").trigger, { count: 1 });
      await flow.waitForCompletion(job);
    },
    "Routine 'a' (Source) cannot be serialized: its class is not registered; write new Registry({ Source })",
  ],
  "M06 a handler in a field below its slot": [
    () => new Arrow(),
    'Cannot add slot "trigger": the handler is undefined; a field that holds one must stand before the slot, and null ' +
    "makes a slot that only merges",
  ],
  "M12 a handler that is a #private method": [
    () => {
      class Hidden extends Routine {
        readonly trigger = this.addSlot("trigger", this.#go);
        #go(): void {}
      }
      JSON.stringify(flowOf(new Hidden(), new Registry({ Hidden })));
    },
    "Cannot serialize the handler of slot \"trigger\" of Hidden[r]: the private method '#go' has no name at run time; " +
    "make it a public method",
  ],
  "M81 settings for the constructor": [
    () => Reflect.construct(Batcher, [{ size: 3 }]),
    "Cannot make a Batcher: it takes no arguments; settings go through its methods, as setConfig()",
  ],
  "M82 a list of classes": [
    () => new Registry(untyped([Source, Target])),
    "Cannot register a list, which has no names; write { Source, Target }",
  ],
  "M17 a constructor with an argument": [
    () => {
      class Limited extends Routine {
        constructor(limit: number) {
          super();
          this.setConfig({ limit });
        }
      }
      new Registry({ Limited: untyped(Limited) });
    },
    "Class 'Limited' cannot be registered: its constructor requires 1 parameter: limit. Give it a default, or use " +
    "setConfig({ … }). An optional parameter needs a default too: write `name = undefined`.",
  ],
  "M20 one name for two classes": [
    () => new Registry({ Source }).register({ Source: Target }),
    "Cannot register 'Source' as class 'Target': the name is taken by class 'Source'; choose another key",
  ],
  "M35 a schema that is none": [
    () => new Routine().addSlot("trigger", () => {}, { schema: untyped({ parse: () => {} }) }),
    'Cannot add slot "trigger": schema must follow Standard Schema (valibot, zod, arktype and others do), got an object',
  ],
  "M52 a handler that does not exist": [
    () => new Routine().addSlot("trigger", untyped(undefined)),
    'Cannot add slot "trigger": the handler is undefined; a field that holds one must stand before the slot, and null ' +
    "makes a slot that only merges",
  ],
  "M80 a function without a name": [
    () => {
      const mapper = new Mapper<object, object>();
      mapper.use((() => (it: object) => it)());
      JSON.stringify(flowOf(mapper, new Registry({ Mapper })));
    },
    "Cannot serialize the function \"map\" of Mapper[r]: the function '' cannot be found by name; make it a method, or " +
    "registry.register({ name })",
  ],
});

test("M05 a registry that only the engine has is that of its flows", async () => {
  const registry = new Registry({ Source });
  const engine = new Engine({ registry, store: memoryStore(), timers: manualTimers(), ids: manualIds() });
  const flow = new Flow({ id: "f", engine });
  const source = flow.addRoutine(new Source(), "a");
  assertEquals([flow.registry, new Flow({ engine, registry: new Registry() }).registry === registry], [
    registry,
    false,
  ]);
  const job = flow.execute(source.trigger, { count: 0 });
  await flow.waitForCompletion(job);
  assertEquals((await engine.open(job.jobId)).flow.id, "f");
  await engine.close();
});

test("M13 a private field of TypeScript travels, though its name must be given as one of any text", () => {
  class Counter extends Routine {
    private limit = 3;
    constructor() {
      super();
      // @ts-expect-error: Argument of type 'string' is not assignable to parameter of type 'keyof this & string'.
      this.addSerializableFields("limit");
    }
    get most(): number {
      return this.limit;
    }
  }
  const registry = new Registry({ Counter });
  const flow = flowOf(new Counter(), registry);
  assertEquals(flow.toJSON().routines["r"]?.fields, { limit: 3 });
});

test("M56 an event without a type carries anything", () => {
  const event = new Routine().addEvent("output");
  assertEquals([event.name, event.params], ["output", []]);
});
