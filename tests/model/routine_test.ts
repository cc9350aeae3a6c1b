import { test } from "node:test";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { type Context, Flow, Routine, StateError } from "../../mod.ts";
import { newManualEngine } from "../support/send_once.ts";

class Worker extends Routine {
  readonly trigger = this.addSlot("trigger", this.work);
  readonly output = this.addEvent<{ result: string; extra?: number }>("output", { params: ["result"] });
  work(_params: unknown, ctx: Context): void {
    ctx.emit(this.output, { result: "done", extra: 1 });
  }
}
class Bare extends Routine {}

const newFlow = (): Flow => new Flow({ id: "flow", engine: newManualEngine() });

test("C001 a new routine has an empty config, and keeps common names free for the user", () => {
  const routine = new Bare();
  assertEquals(routine.getConfig(), {});
  for (const name of ["id", "name", "slots", "events", "config", "state"]) assertEquals(name in routine, false, name);
});

test("C002 a declared slot has its name, handler and owner, and is found by name", () => {
  const worker = new Worker();
  const { trigger } = worker;
  assertEquals([trigger.name, trigger.kind, trigger.merge, trigger.timeoutMs, trigger.schema], [
    "trigger",
    "slot",
    "override",
    undefined,
    undefined,
  ]);
  assertStrictEquals(trigger.handler, Worker.prototype.work);
  assertStrictEquals(trigger.owner, worker);
  assertStrictEquals(worker.getSlot("trigger"), trigger);
});

test("C003 C004 C013 a declared event has its name, owner and params, and is found by name", () => {
  const worker = new Worker();
  const { output } = worker;
  assertEquals([output.name, output.kind, output.params, output.schema], ["output", "event", ["result"], undefined]);
  assertStrictEquals(output.owner, worker);
  assertStrictEquals(worker.getEvent("output"), output);
});

test("C005 C013 emitting what nobody is connected to, with keys beyond the declared ones, is fine", async () => {
  const flow = newFlow();
  const job = await flow.run(flow.addRoutine(new Worker(), "worker").trigger);
  const emitted = job.history().filter(({ type }) => type === "emit");
  assertEquals([job.status, emitted.map(({ data }) => data)], ["completed", [{ result: "done", extra: 1 }]]);
});

test("C008 a routine without slots and events is valid", async () => {
  const flow = newFlow();
  const bare = flow.addRoutine(new Bare(), "bare");
  const worker = flow.addRoutine(new Worker(), "worker");
  assertStrictEquals(flow.routine("bare"), bare);
  assertEquals((await flow.run(worker.trigger)).status, "completed");
  assertThrows(() => flow.execute(bare), TypeError, 'routine "bare" has no slot "trigger"; it has nothing');
});

test("C010 a second slot of a name is refused", () => {
  const worker = new Worker();
  assertThrows(
    () => worker.addSlot("trigger", worker.work),
    TypeError,
    'Cannot add slot "trigger": the routine has a slot of this name already',
  );
});

test("C011 a second event of a name is refused", () => {
  assertThrows(
    () => new Worker().addEvent("output"),
    TypeError,
    'Cannot add event "output": the routine has an event of this name already',
  );
});

test("a slot and an event may share a name", () => {
  class Twin extends Routine {
    readonly input = this.addSlot("data", this.take);
    readonly output = this.addEvent("data");
    take(): void {}
  }
  const twin = new Twin();
  assertEquals([twin.getSlot("data")?.kind, twin.getEvent("data")?.kind], ["slot", "event"]);
});

test("C012 slots, events and config of one routine are all found after a run", async () => {
  const flow = newFlow();
  const worker = flow.addRoutine(new Worker(), "worker").setConfig({ mode: "fast" });
  await flow.run(worker.trigger);
  assertEquals([worker.getSlot("trigger")?.name, worker.getEvent("output")?.name, worker.getConfig()], [
    "trigger",
    "output",
    { mode: "fast" },
  ]);
});

test("C014 a routine may hold another one as an ordinary field", async () => {
  class Outer extends Routine {
    readonly inner = new Worker();
    readonly trigger = this.addSlot("trigger", this.go);
    go(_params: unknown, ctx: Context): void {
      ctx.output("inner", this.inner.trigger.name);
    }
  }
  const flow = newFlow();
  const job = await flow.run(flow.addRoutine(new Outer(), "outer").trigger);
  assertEquals([job.status, job.outputLog.map(({ data }) => data)], ["completed", ["trigger"]]);
});

test("an unknown slot or event of a routine is nothing", () => {
  const worker = new Worker();
  assertEquals([worker.getSlot("output"), worker.getEvent("trigger"), worker.getSlot("toString")], [
    undefined,
    undefined,
    undefined,
  ]);
});

test("slots and events are frozen", () => {
  const { trigger, output } = new Worker();
  assertEquals([trigger, output, output.params].map(Object.isFrozen), [true, true, true]);
});

test("C022 slots and events print with their names", () => {
  const { trigger, output } = new Worker();
  assertEquals([String(trigger), String(output)], ['Slot "trigger"', 'Event "output"']);
});

test("names of slots and events that JSON tools stumble over are refused", () => {
  const hint = "must be a non-empty string (and none of __proto__, constructor, prototype), not";
  for (const name of ["", "__proto__", "constructor", "prototype"]) {
    assertThrows(() => new Bare().addSlot(name, null), TypeError, `Cannot add slot: the name ${hint} "${name}"`);
    assertThrows(() => new Bare().addEvent(name), TypeError, `Cannot add event: the name ${hint} "${name}"`);
  }
});

test("two routines of one class share nothing", () => {
  const [one, two] = [new Worker(), new Worker()];
  one.setConfig({ a: 1 });
  one.addEvent("more");
  assertEquals([two.getConfig(), two.getEvent("more"), one.trigger === two.trigger], [{}, undefined, false]);
});

test("subclasses inherit slots and events, and override methods", async () => {
  class Loud extends Worker {
    override work(_params: unknown, ctx: Context): void {
      ctx.emit(this.output, { result: "DONE" });
    }
  }
  const flow = newFlow();
  const loud = flow.addRoutine(new Loud(), "loud");
  assertStrictEquals(loud.trigger.handler, Loud.prototype.work);
  const job = await flow.run(loud.trigger);
  assertEquals(job.history().find(({ type }) => type === "emit")?.data, { result: "DONE" });
});

test("fields of the user's own can have any name, those of routines in other libraries included", () => {
  class Mine extends Routine {
    readonly id = "mine";
    readonly slots = ["a"];
    readonly name = "n";
    readonly config = 5;
    readonly input = this.addSlot("input", this.take);
    take(): void {}
  }
  const mine = new Mine();
  assertEquals([mine.id, mine.slots, mine.name, mine.config, mine.input.name], ["mine", ["a"], "n", 5, "input"]);
});

test("a routine is frozen when its flow is first executed, and says what to do instead", async () => {
  const flow = newFlow();
  const worker = flow.addRoutine(new Worker(), "worker");
  await flow.run(worker.trigger);
  const hint = 'of routine "worker": the flow has been executed; keep what changes in ctx.state';
  const changes: readonly (readonly [string, () => unknown])[] = [
    ['add slot "late"', () => worker.addSlot("late", null)],
    ['add event "late"', () => worker.addEvent("late")],
    ["set config", () => worker.setConfig({ late: 1 })],
    ["add serializable fields", () => worker.addSerializableFields("output")],
    ["set error handler", () => worker.setAsOptional()],
  ];
  for (const [what, change] of changes) {
    const error = assertThrows(change, StateError, `Cannot ${what} ${hint}`);
    assertEquals([error.event, error.status, error.code], [what, "frozen", "STATE"]);
  }
  assert(Object.isFrozen(worker));
  assertEquals([worker.getSlot("late"), worker.getEvent("late"), worker.getConfig()], [undefined, undefined, {}]);
});

test("a routine in no flow has no document", () => {
  assertThrows(
    () => new Worker().toJSON(),
    StateError,
    "Cannot serialize a routine that is in no flow: add it to one with a registry",
  );
});
