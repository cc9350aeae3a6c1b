import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Context, Flow, PreflightError, Registry, Routine } from "../../mod.ts";
import { createTestFlow } from "../support/test_flow.ts";

class MyRoutine extends Routine {
  process(_data: unknown, ctx: Context): void {
    ctx.shared.set("by", "MyRoutine.process");
  }
}

class OtherRoutine extends Routine {
  process(_data: unknown): void {}
  join(_old: unknown, next: unknown): unknown {
    return next;
  }
}

const SEED =
  "Cannot serialize method 'process' from OtherRoutine[other_id]. Only methods of the serialized object itself " +
  "(MyRoutine[my_id]) can be serialized for cross-process execution.";

/** A flow with one routine, whose class is registered under its own name. */
function flowOf(routine: Routine, registry = new Registry({ MyRoutine, OtherRoutine })): Flow {
  const flow = new Flow({ id: "names", registry });
  flow.addRoutine(routine, "my_id");
  return flow;
}

function slotsOf(flow: Flow): unknown {
  return flow.toJSON().routines["my_id"]?.slots;
}

function refusal(flow: Flow): string {
  return assertThrows(() => flow.toJSON(), TypeError).message;
}

test("C281 C369 a method of the routine itself travels by its name and works after the restore", async () => {
  const { timers, engine } = createTestFlow();
  const routine = new MyRoutine();
  routine.addSlot("input", routine.process);
  const flow = flowOf(routine);
  assertEquals(slotsOf(flow), { input: { handler: { method: "process" } } });
  const restored = Flow.fromJSON(JSON.parse(JSON.stringify(flow)), flow.registry, { engine });
  const job = restored.execute(restored.slot("my_id", "input"), {} as never);
  await timers.flush();
  assertEquals([job.status, job.sharedData["by"]], ["completed", "MyRoutine.process"]);
});

test("C283 C369 a registered function travels by its registry's name, whatever its own", async () => {
  const { timers, engine } = createTestFlow();
  const registry = new Registry({ MyRoutine, greet: (_data: unknown, ctx: Context) => ctx.shared.set("by", "greet") });
  const routine = new MyRoutine();
  routine.addSlot("input", registry.functionOf("greet") as (data: unknown, ctx: Context) => void);
  const flow = flowOf(routine, registry);
  assertEquals(slotsOf(flow), { input: { handler: { function: "greet" } } });
  const restored = Flow.fromJSON(JSON.parse(JSON.stringify(flow)), registry, { engine });
  const job = restored.execute(restored.slot("my_id", "input"), {} as never);
  await timers.flush();
  assertEquals(job.sharedData["by"], "greet");
});

test("C369 a built-in function that is registered is accepted, and works after the restore", async () => {
  const { timers, engine } = createTestFlow();
  const registry = new Registry({ MyRoutine, isSame: Object.is });
  const routine = new MyRoutine();
  routine.addSlot("input", null, { merge: Object.is });
  const flow = flowOf(routine, registry);
  assertEquals(slotsOf(flow), { input: { merge: { function: "isSame" } } });
  const restored = Flow.fromJSON(JSON.parse(JSON.stringify(flow)), registry, { engine });
  const job = restored.execute(restored.slot("my_id", "input"), false as never);
  restored.deliver(job, "my_id", "input", false);
  await timers.flush();
  assertEquals([job.status, job.toJSON().slots?.["my_id"]], ["completed", { input: { value: true } }]);
});

test("C369 a method that a minifier has renamed, or left without a name, is found by its key", () => {
  const anonymous = [(_data: unknown): void => {}, (_data: unknown): void => {}] as const;
  class Minified extends Routine {
    readonly field = anonymous[0];
    readonly fieldSlot = this.addSlot("field", this.field);
    readonly methodSlot = this.addSlot("method", Minified.prototype.run);
    run(_data: unknown): void {}
  }
  Object.defineProperty(Minified.prototype.run, "name", { value: "a" });
  assertEquals(anonymous.map(({ name }) => name), ["", ""]);
  assertEquals(slotsOf(flowOf(new Minified(), new Registry({ Minified }))), {
    field: { handler: { method: "field" } },
    method: { handler: { method: "run" } },
  });
});

test("C281 an inherited method and an overridden one travel by their key", () => {
  class Child extends MyRoutine {
    readonly input = this.addSlot("input", this.process);
    readonly own = this.addSlot("own", this.extra);
    extra(_data: unknown): void {}
  }
  class Grandchild extends Child {
    override process(_data: unknown, ctx: Context): void {
      ctx.shared.set("by", "Grandchild.process");
    }
  }
  const registry = new Registry({ Child, Grandchild });
  for (const routine of [new Child(), new Grandchild()]) {
    assertEquals(slotsOf(flowOf(routine, registry)), {
      input: { handler: { method: "process" } },
      own: { handler: { method: "extra" } },
    });
  }
});

test("C282 C367 a handler of another routine of the flow is refused with the seed's text", () => {
  const other = new OtherRoutine();
  const routine = new MyRoutine();
  routine.addSlot("input", other.process);
  const flow = flowOf(routine);
  flow.addRoutine(other, "other_id");
  assertEquals(refusal(flow), SEED);
});

test("C367 the order in which the two were added makes no difference", () => {
  const other = new OtherRoutine();
  const routine = new MyRoutine();
  routine.addSlot("input", other.process);
  const flow = new Flow({ id: "names", registry: new Registry({ MyRoutine, OtherRoutine }) });
  flow.addRoutine(other, "other_id");
  flow.addRoutine(routine, "my_id");
  assertEquals(refusal(flow), SEED);
});

test("C273 C368 a merge function of another routine is refused with the same text", () => {
  const other = new OtherRoutine();
  const routine = new MyRoutine();
  routine.addSlot("input", null, { merge: other.join });
  const flow = flowOf(routine);
  flow.addRoutine(other, "other_id");
  assertEquals(refusal(flow), SEED.replace("'process'", "'join'"));
});

test("C282 a method of a registered class outside the flow is refused with the seed's text without an id", () => {
  const routine = new MyRoutine();
  routine.addSlot("input", new OtherRoutine().process);
  assertEquals(refusal(flowOf(routine)), SEED.replace("[other_id]", ""));
});

test("C286 a method that another of the same name hides is refused", () => {
  class Child extends MyRoutine {
    override process(_data: unknown, _ctx: Context): void {}
  }
  const routine = new Child();
  routine.addSlot("input", MyRoutine.prototype.process);
  assertEquals(
    refusal(flowOf(routine, new Registry({ Child }))),
    `Cannot serialize the handler of slot "input" of Child[my_id]: another 'process' hides it; give one of the two ` +
      `another name`,
  );
});

test("a method of Routine itself is refused", () => {
  const routine = new MyRoutine();
  routine.addSlot("input", routine.setAsOptional as unknown as () => void);
  assertEquals(
    refusal(flowOf(routine)),
    `Cannot serialize the handler of slot "input" of MyRoutine[my_id]: 'setAsOptional' is a method of Routine itself; ` +
      `write one of your own`,
  );
});

test("a private method is refused: it has no name at run time", () => {
  class Secret extends Routine {
    readonly input = this.addSlot("input", this.#process);
    #process(_data: unknown): void {}
  }
  assertEquals(
    refusal(flowOf(new Secret(), new Registry({ Secret }))),
    `Cannot serialize the handler of slot "input" of Secret[my_id]: the private method '#process' has no name at run ` +
      `time; make it a public method`,
  );
});

test("a bound method is refused with the way to do it", () => {
  class Binder extends MyRoutine {
    readonly input = this.addSlot("input", this.process.bind(this));
  }
  assertEquals(
    refusal(flowOf(new Binder(), new Registry({ Binder }))),
    `Cannot serialize the handler of slot "input" of Binder[my_id]: it is a bound function; pass this.process unbound`,
  );
});

test("C272 any other function is refused with both ways to do it", () => {
  const routine = new MyRoutine();
  const localHandler = (_data: unknown): void => {};
  routine.addSlot("input", localHandler);
  assertEquals(
    refusal(flowOf(routine)),
    `Cannot serialize the handler of slot "input" of MyRoutine[my_id]: the function 'localHandler' cannot be found by ` +
      `name; make it a method, or registry.register({ localHandler })`,
  );
});

test("C272 a function without a name is refused with a name to choose", () => {
  const [nameless] = [(_data: unknown): void => {}] as const;
  const routine = new MyRoutine();
  routine.addSlot("input", nameless);
  assertEquals(
    refusal(flowOf(routine)),
    `Cannot serialize the handler of slot "input" of MyRoutine[my_id]: the function '' cannot be found by name; make it ` +
      `a method, or registry.register({ name })`,
  );
});

test("C280 a function whose name cannot be read is refused like one without a name, and none of its code runs", () => {
  const unreadable: PropertyDescriptor[] = [
    {
      get: () => {
        throw new Error("not for you");
      },
    },
    { value: 5 },
    { value: undefined },
  ];
  for (const descriptor of unreadable) {
    const handler = Object.defineProperty((_data: unknown): void => {}, "name", descriptor);
    const routine = new MyRoutine();
    routine.addSlot("input", handler);
    assertEquals(
      refusal(flowOf(routine)),
      `Cannot serialize the handler of slot "input" of MyRoutine[my_id]: the function '' cannot be found by name; make ` +
        `it a method, or registry.register({ name })`,
    );
  }
});

test("C280 C369 a function whose name cannot be read travels as a method or under its name in the registry", () => {
  const nameless = () =>
    Object.defineProperty((_data: unknown): void => {}, "name", {
      get: () => {
        throw new Error("not for you");
      },
    });
  const registered = nameless();
  class Odd extends Routine {
    readonly own = nameless();
    readonly first = this.addSlot("first", this.own);
    readonly second = this.addSlot("second", registered);
  }
  assertEquals(slotsOf(flowOf(new Odd(), new Registry({ Odd, registered }))), {
    first: { handler: { method: "own" } },
    second: { handler: { function: "registered" } },
  });
});

test("C367 the class's name in the text is that of the registry, safe under minifiers", () => {
  class A extends Routine {
    process(_data: unknown): void {}
  }
  class B extends Routine {}
  const other = new A();
  const routine = new B();
  routine.addSlot("input", other.process);
  const flow = flowOf(routine, new Registry({ OtherRoutine: A, MyRoutine: B }));
  flow.addRoutine(other, "other_id");
  assertEquals(refusal(flow), SEED);
});

test("the search for a name runs no getter and never comes to the constructor", () => {
  let runs = 0;
  class Trap extends Routine {
    readonly input = this.addSlot("input", Trap as unknown as () => void);
    get lazy(): () => void {
      runs++;
      return Trap as unknown as () => void;
    }
  }
  assertThrows(() => flowOf(new Trap(), new Registry({ Other: class extends Routine {} })).toJSON(), TypeError);
  assertEquals(runs, 0);
});

test("C285 C287 a name in a document that the class or the registry does not know is a finding", () => {
  const routine = new MyRoutine();
  routine.addSlot("input", routine.process);
  const text = JSON.stringify(flowOf(routine));
  const read = (handler: unknown) => {
    const document = JSON.parse(text);
    document.routines.my_id.slots.input.handler = handler;
    const error = assertThrows(() => Flow.fromJSON(document, new Registry({ MyRoutine })), PreflightError);
    return error.findings.map(({ code, path, message }) => `${code} ${path} ${message}`);
  };
  const at = "routine_mismatch routines.my_id.slots.input.handler";
  const prefix = `${at} slots.input.handler: `;
  assertEquals(read({ method: "vanish" }), [`${prefix}the class has no method 'vanish'`]);
  assertEquals(read({ function: "vanish" }), [`${prefix}function 'vanish' is not in the registry`]);
  for (const method of ["constructor", "setConfig", "__proto__", "toString"]) {
    assertEquals(read({ method }), [`${prefix}the class has no method '${method}'`]);
  }
});

test("C286 for a slot that the class declares, another method in the document is a finding", () => {
  class Declared extends MyRoutine {
    readonly input = this.addSlot("input", this.process);
    later(_data: unknown): void {}
  }
  const registry = new Registry({ Declared });
  const document = JSON.parse(JSON.stringify(flowOf(new Declared(), registry)));
  document.routines.my_id.slots.input.handler.method = "later";
  const error = assertThrows(() => Flow.fromJSON(document, registry), PreflightError);
  assertEquals(error.findings, [{
    code: "routine_mismatch",
    path: "routines.my_id.slots.input.handler",
    message:
      "slots.input.handler: the class has another handler for this slot (process); raise its static version and " +
      "write a migrate",
  }]);
});

test("a foreign method is named by its class, also where that is not registered or has no name", () => {
  class Unknown extends Routine {
    process(_data: unknown): void {}
  }
  const Nameless = (() =>
    class extends Routine {
      process(_data: unknown): void {}
    })();
  for (const [other, name] of [[new Unknown(), "Unknown"], [new Nameless(), "Routine"]] as const) {
    const routine = new MyRoutine();
    routine.addSlot("input", other.process);
    const flow = flowOf(routine);
    flow.addRoutine(other, "other_id");
    assertStringIncludes(refusal(flow), `Cannot serialize method 'process' from ${name}[other_id].`);
  }
});

test("a bound function without a name of its own is told from a bound method", () => {
  const routine = new MyRoutine();
  routine.addSlot("input", (() => () => {})().bind(null));
  assertStringIncludes(refusal(flowOf(routine)), "it is a bound function; pass this.name unbound");
});

test("a routine of a class without a name says what to write", () => {
  const Nameless = (() => class extends Routine {})();
  assertStringIncludes(
    refusal(flowOf(new Nameless())),
    "Routine 'my_id' (unnamed class) cannot be serialized: its class is not registered; write new Registry({ MyRoutine })",
  );
});
