import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Context, Flow, JobState, type JsonObject, PreflightError, Registry, Routine } from "../../mod.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { pauseWhen } from "../support/pause_when.ts";

/** The class as it was. */
class CounterV1 extends Routine<{ step: number }> {
  readonly input = this.addSlot("input", this.count);
  count(_data: unknown, ctx: Context): void {
    ctx.state.update<number>("count", (count = 0) => count + 1);
  }
}

/** The class as it is: config and state have other names, the handler another one. */
class CounterV3 extends Routine<{ by: number }> {
  static override readonly version = 3;
  readonly input = this.addSlot("input", this.add);

  static override migrate(json: JsonObject, fromVersion: number): unknown {
    const { config, slots, ...rest } = json as { config: JsonObject; slots: JsonObject };
    return {
      ...rest,
      config: { by: (config["step"] as number) * 10, from: fromVersion },
      slots: { ...slots, input: { handler: { method: "add" } } },
    };
  }

  static override migrateState(state: JsonObject, fromVersion: number): unknown {
    return { total: (state["count"] as number) * 10, from: fromVersion };
  }

  add(_data: unknown, ctx: Context): void {
    ctx.state.update<number>("total", (total = 0) => total + this.getConfig("by", 0));
  }
}

const OLD = new Registry({ Counter: CounterV1 });
const NEW = new Registry({ Counter: CounterV3 });

/** What an old host sends: a flow, and a job that has counted once and has a second delivery waiting. */
async function oldTexts(): Promise<{ readonly flow: string; readonly job: string }> {
  const { timers, engine } = createTestFlow();
  const flow = new Flow({ id: "counting", registry: OLD, engine });
  const counter = flow.addRoutine(new CounterV1(), "counter").setConfig({ step: 2 });
  const job = flow.execute(counter.input, {});
  flow.deliver(job, counter.input, {});
  const paused = pauseWhen(flow, job, ({ routineStates: { counter: done } }) => done !== undefined);
  await timers.flush();
  await paused;
  return { flow: JSON.stringify(flow), job: JSON.stringify(job) };
}

test("a routine's document of an older version goes through static migrate, which gets it and its version", async () => {
  const { flow: text } = await oldTexts();
  const document = JSON.parse(text);
  const flow = Flow.fromJSON(document, NEW);
  assertEquals(flow.routine("counter", CounterV3).getConfig(), { by: 20, from: 1 } as never);
  assertEquals(flow.toJSON().routines["counter"]?.version, 3);
  assertEquals(JSON.stringify(document), text);
});

test("a routine's state of an older version goes through static migrateState on resume", async () => {
  const { flow: flowText, job: jobText } = await oldTexts();
  const { timers, engine } = createTestFlow();
  const flow = Flow.fromJSON(JSON.parse(flowText), NEW, { engine });
  const job = JobState.fromJSON(JSON.parse(jobText), NEW);
  assertEquals(JSON.stringify(job), jobText);
  flow.resume(job);
  assertEquals(job.routineStates["counter"]?.version, 3);
  assertEquals(job.routineStates["counter"]?.state, { total: 10, from: 1 });
  await timers.flush();
  assertEquals([job.status, job.routineStates["counter"]?.state], ["completed", { total: 30, from: 1 }]);
});

test("a document that a newer class wrote is a finding, and so is a state", async () => {
  const flow = new Flow({ id: "counting", registry: NEW });
  flow.addRoutine(new CounterV3(), "counter");
  const error = assertThrows(() => Flow.fromJSON(JSON.parse(JSON.stringify(flow)), OLD), PreflightError);
  assertEquals(error.findings, [{
    code: "newer_version",
    path: "routines.counter.version",
    message: "it was written by version 3 of 'Counter', and version 1 is here; update it",
  }]);
  const { flow: flowText, job: jobText } = await oldTexts();
  const document = JSON.parse(jobText);
  document.routineStates.counter.version = 2;
  const job = JobState.fromJSON(document, OLD);
  assertEquals(Flow.fromJSON(JSON.parse(flowText), OLD).check(job), [{
    code: "newer_version",
    path: "routineStates.counter.version",
    message: "it was written by version 2, and version 1 is here",
  }]);
});

test("an older document of a class without static migrate is a finding that names what is missing", async () => {
  class Silent extends CounterV1 {
    static override readonly version = 2;
  }
  const { flow: text } = await oldTexts();
  const registry = new Registry({ Counter: Silent });
  const error = assertThrows(() => Flow.fromJSON(JSON.parse(text), registry), PreflightError);
  assertEquals(error.findings, [{
    code: "routine_mismatch",
    path: "routines.counter",
    message: "Class 'Silent' has no static migrate(json, fromVersion) for version 1",
  }]);
});

test("an older state of a class without static migrateState is a finding, unless there is nothing in it", async () => {
  class Silent extends CounterV1 {
    static override readonly version = 2;
    static override migrate(json: JsonObject): unknown {
      return json;
    }
  }
  const { flow: flowText, job: jobText } = await oldTexts();
  const registry = new Registry({ Counter: Silent });
  const { engine, timers } = createTestFlow();
  const flow = Flow.fromJSON(JSON.parse(flowText), registry, { engine });
  const job = JobState.fromJSON(JSON.parse(jobText), registry);
  const error = assertThrows(() => flow.resume(job), PreflightError);
  assertEquals(error.findings.map(({ code, path }) => [code, path]), [
    ["no_migration", "routineStates.counter.version"],
  ]);
  assertEquals(JSON.stringify(job), jobText);
  const document = JSON.parse(jobText);
  delete document.routineStates.counter.state;
  const empty = flow.resume(JobState.fromJSON(document, registry));
  assertEquals(empty.routineStates["counter"]?.version, 2);
  await timers.flush();
  assertEquals(empty.status, "completed");
});

test("a migration that throws or answers nonsense is a finding, and nothing has changed", async () => {
  class Throwing extends CounterV3 {
    static override migrateState(): unknown {
      throw new RangeError("too old");
    }
  }
  class Wrong extends CounterV3 {
    static override migrateState(): unknown {
      return [1];
    }
  }
  class Later extends CounterV3 {
    static override migrateState(): unknown {
      return Promise.reject(new Error("nobody waits for it"));
    }
  }
  const { flow: flowText, job: jobText } = await oldTexts();
  const nonsense = [
    [Throwing, "too old"],
    [Wrong, "it must return an object, not an array"],
    [Later, "it must return an object, not a Promise instance"],
  ] as const;
  for (const [Class, text] of nonsense) {
    const registry = new Registry({ Counter: Class });
    const flow = Flow.fromJSON(JSON.parse(flowText), registry);
    const job = JobState.fromJSON(JSON.parse(jobText), registry);
    const error = assertThrows(() => flow.resume(job), PreflightError);
    assertEquals(error.findings.map(({ code, path }) => [code, path]), [
      ["no_migration", "routineStates.counter.state"],
    ]);
    assertEquals(error.findings[0]?.message.includes(text), true, error.findings[0]?.message);
    assertEquals(JSON.stringify(job), jobText);
  }
});

test("a version that is no positive integer is refused when the flow is written", () => {
  class Odd extends Routine {
    static override readonly version = 1.5;
  }
  const flow = new Flow({ id: "odd", registry: new Registry({ Odd }) });
  flow.addRoutine(new Odd(), "odd");
  assertThrows(() => flow.toJSON(), TypeError, "Class 'Odd': static version must be an integer of at least 1, not 1.5");
});

test("what a migration makes that is no document is told with its place", async () => {
  class Wrong extends CounterV3 {
    static override migrate(): unknown {
      return 5;
    }
  }
  const { flow } = await oldTexts();
  const error = assertThrows(() => Flow.fromJSON(JSON.parse(flow), new Registry({ Counter: Wrong })), PreflightError);
  assertEquals(error.findings, [{
    code: "routine_mismatch",
    path: "routines.counter",
    message: "Cannot read routine: expected an object, got 5",
  }]);
});

test("a class whose migrate is no function cannot be brought to its version", async () => {
  class Broken extends CounterV3 {}
  Object.defineProperty(Broken, "migrate", { value: 5 });
  const { flow } = await oldTexts();
  const error = assertThrows(() => Flow.fromJSON(JSON.parse(flow), new Registry({ Counter: Broken })), PreflightError);
  assertEquals(error.findings, [{
    code: "routine_mismatch",
    path: "routines.counter",
    message: "the class has no static migrate(json, fromVersion)",
  }]);
});

test("a migrateState that gives a version up, or is no function, keeps the job from going on", async () => {
  class GivesUp extends CounterV3 {
    static override migrateState(state: JsonObject, fromVersion: number): unknown {
      return Routine.migrateState(state, fromVersion);
    }
  }
  class Broken extends CounterV3 {}
  Object.defineProperty(Broken, "migrateState", { value: 5 });
  const texts = await oldTexts();
  for (
    const [Class, why] of [
      [GivesUp, "Class 'Routine' has no static migrateState(state, fromVersion) for version 1"],
      [Broken, "it is no function"],
    ] as const
  ) {
    const registry = new Registry({ Counter: Class });
    const flow = Flow.fromJSON(JSON.parse(texts.flow), registry, { engine: createTestFlow().engine });
    const job = JobState.fromJSON(JSON.parse(texts.job), registry);
    assertEquals(assertThrows(() => flow.resume(job), PreflightError).findings, [{
      code: "no_migration",
      path: "routineStates.counter.state",
      message: `static migrateState threw: ${why}`,
    }]);
  }
});
