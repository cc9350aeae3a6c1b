import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Engine, type EngineEvent, Flow, Routine } from "../../mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { flowOfTwo, Source, Target, testMistakes, untyped } from "./told_by.ts";

async function runSource(): Promise<Source> {
  const { flow, source } = flowOfTwo();
  await flow.run(source.trigger, { count: 1 });
  return source;
}

testMistakes({
  "M01 a wrong name of a slot": [
    () => flowOfTwo().flow.connect("a", "output", "b", "inptu"),
    'Routine "b" has no slot "inptu"; it has "input"',
  ],
  "M02 a wrong field of a routine": [
    () => {
      const { flow, source, target } = flowOfTwo();
      flow.connect(source.output, untyped((target as unknown as { inptu: unknown }).inptu));
    },
    "Cannot connect: expected a slot as the second argument, as addSlot returns it, got undefined",
  ],
  "M16 a slot connected to an event": [
    () => {
      const { flow, source, target } = flowOfTwo();
      flow.connect(untyped(target.input), untyped(source.output));
    },
    "Cannot connect: expected an event and a slot, or four names, got a Slot instance, an Event instance",
  ],
  "M21 one id for two routines": [
    () => flowOfTwo().flow.addRoutine(new Target(), "b"),
    'Cannot add routine "b": the flow has a routine of this id already; choose another id',
  ],
  "M22 one routine in two flows": [
    () => new Flow({ id: "g" }).addRoutine(flowOfTwo().target, "c"),
    'Cannot add routine "c": this object is in a flow already, as "b"; make another instance',
  ],
  "M39 a connection after the first job": [
    async () => {
      const { flow, source, target } = flowOfTwo();
      await flow.run(source.trigger, { count: 0 });
      flow.connect(source.output, target.input);
    },
    'Cannot connect: flow "f" has been executed and its structure is frozen; do so before its first job',
  ],
  "M41 an entry that is in no flow": [
    () => flowOfTwo().flow.execute("aa"),
    'Cannot find slot: routine "aa" not found in flow "f"; it has "a", "b"',
  ],
  "M42 an entry without a slot named trigger": [
    () => flowOfTwo().flow.execute("b"),
    'Cannot execute flow "f": routine "b" has no slot "trigger"; it has "input"; begin at a slot: pass it in the routine\'s place',
  ],
  "M43 an entry of a routine that is in no flow": [
    () => flowOfTwo().flow.execute(new Source().trigger, { count: 1 }),
    'Cannot execute flow "f": slot "trigger" belongs to a Source instance, which is not in flow "f"; add it with addRoutine',
  ],
  "M67 a subclass that declares a slot of its class again": [
    () => {
      class Twice extends Source {
        override readonly trigger = this.addSlot("trigger", this.send);
      }
      new Twice();
    },
    'Cannot add slot "trigger": the routine has a slot of this name already; choose another name, or override its handler',
  ],
  "M76 an event after the first job": [
    async () => (await runSource()).addEvent("late"),
    'Cannot add event "late" of routine "a": the flow has been executed; keep what changes in ctx.state',
  ],
  "M77 config after the first job": [
    async () => (await runSource()).setConfig({ limit: 5 }),
    'Cannot set config of routine "a": the flow has been executed; keep what changes in ctx.state',
  ],
});

test("M40 a forgotten connection is found by check(), and each event that goes nowhere is told to the observer", async () => {
  const told: EngineEvent[] = [];
  const engine = new Engine({ timers: manualTimers(), ids: manualIds(), observer: (event) => told.push(event) });
  const flow = new Flow({ id: "f", engine });
  const source = flow.addRoutine(new Source(), "a");
  flow.addRoutine(new Target(), "b");
  assertEquals(flow.check(), [
    {
      code: "unconnected_event",
      path: "routines.a.events.output",
      message: 'event "output" of routine "a" goes nowhere; connect it to a slot, if somebody is to get it',
    },
    {
      code: "unreached_slot",
      path: "routines.b.slots.input",
      message: 'no event reaches slot "input" of routine "b"; connect one, unless jobs begin there or it takes ' +
        "deliveries from outside",
    },
  ]);
  const job = await flow.run(source.trigger, { count: 2 });
  const event = { type: "unconnected", jobId: job.jobId, flowId: "f", routine: "a", event: "output", at: 0 };
  assertEquals(told.filter(({ type }) => type === "unconnected"), [event, event] as EngineEvent[]);
});

test("a flow that is connected has no loose ends, timers and the slot where it begins included", async () => {
  class Timed extends Source {
    readonly later = this.addTimer("later", () => {});
  }
  const told: EngineEvent[] = [];
  const engine = new Engine({ timers: manualTimers(), ids: manualIds(), observer: (event) => told.push(event) });
  const flow = new Flow({ id: "f", engine });
  const source = flow.addRoutine(new Timed(), "a");
  const targets = ["b", "c"].map((id) => flow.addRoutine(new Target(), id));
  for (const target of targets) flow.connect(source.output, target.input);
  assertEquals(flow.check(), []);
  await flow.run(source.trigger, { count: 2 });
  assertEquals(told.filter(({ type }) => type === "unconnected"), []);
});

test("M11 a private method of TypeScript is a handler like any other", async () => {
  class Private extends Routine {
    readonly trigger = this.addSlot("trigger", this.work);
    private work(): void {}
  }
  const flow = new Flow();
  assertEquals((await flow.run(flow.addRoutine(new Private()))).status, "completed");
});
