import { test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Context, ErrorHandler, Flow, Routine, SerializationError, type Slot, StateError } from "../../mod.ts";
import { newManualEngine } from "../support/send_once.ts";

class Worker extends Routine {
  readonly trigger = this.addSlot("trigger", this.work);
  readonly output = this.addEvent("output");
  count = 0;
  work(_params: unknown, _ctx: Context): void {}
}
class Idle extends Routine {
  readonly input = this.addSlot("input", null);
}

function newPair(): { flow: Flow; one: Worker; two: Worker } {
  const flow = new Flow({ id: "flow", engine: newManualEngine() });
  return { flow, one: flow.addRoutine(new Worker(), "one"), two: flow.addRoutine(new Worker(), "two") };
}

test("the structure of a flow is frozen at its first execution", async () => {
  const { flow, one, two } = newPair();
  assertEquals(flow.isFrozen, false);
  await flow.run(one.trigger);
  assertEquals(flow.isFrozen, true);
  const changes: readonly (readonly [string, () => unknown])[] = [
    ['add routine "three"', () => flow.addRoutine(new Worker(), "three")],
    ["connect", () => flow.connect(one.output, two.trigger)],
    ["connect", () => flow.connect("one", "output", "two", "trigger")],
    ["set error handler", () => flow.setErrorHandler(new ErrorHandler())],
    ["set execution strategy", () => flow.setExecutionStrategy("concurrent", 2)],
  ];
  for (const [what, change] of changes) {
    const error = assertThrows(
      change,
      StateError,
      `Cannot ${what}: flow "flow" has been executed and its structure is frozen`,
    );
    assertEquals([error.event, error.status], [what, "frozen"]);
  }
  assertEquals([flow.routines.size, flow.connections.length, flow.executionStrategy], [2, 0, "sequential"]);
});

test("a routine that came too late can be added to another flow", async () => {
  const { flow, one } = newPair();
  await flow.run(one.trigger);
  const late = new Worker();
  assertThrows(() => flow.addRoutine(late, "late"), StateError);
  const other = new Flow({ id: "other", engine: newManualEngine() });
  assertEquals(other.routineId(other.addRoutine(late, "late")), "late");
});

test("routines of an executed flow are frozen, not what they hold", async () => {
  class Holder extends Worker {
    readonly seen: number[] = [];
  }
  const flow = new Flow({ id: "flow", engine: newManualEngine() });
  const holder = flow.addRoutine(new Holder(), "holder");
  holder.count = 1;
  await flow.run(holder.trigger);
  assert(Object.isFrozen(holder));
  assertThrows(() => {
    holder.count = 2;
  }, TypeError);
  holder.seen.push(1);
  assertEquals([holder.count, holder.seen], [1, [1]]);
});

test("a handler that sets a field of its routine fails: what changes is state", async () => {
  class Counter extends Routine {
    count = 0;
    readonly trigger = this.addSlot("trigger", this.tick);
    tick(): void {
      this.count++;
    }
  }
  const flow = new Flow({ id: "flow", engine: newManualEngine() });
  const counter = flow.addRoutine(new Counter(), "counter");
  const job = await flow.run(counter.trigger);
  assertEquals([job.status, job.error?.name, counter.count], ["failed", "TypeError", 0]);
});

test("a pending job freezes its flow as a running one does", () => {
  const { flow, one } = newPair();
  flow.create(one.trigger);
  assertEquals(flow.isFrozen, true);
});

test("reading a flow does not freeze it", () => {
  const { flow, one } = newPair();
  flow.slot("one", "trigger");
  flow.findRoutines(Worker);
  flow.routineId(one);
  assertEquals(flow.isFrozen, false);
  assertEquals(flow.addRoutine(new Worker(), "three").count, 0);
});

test("an execution that was refused leaves the flow open", () => {
  const attempts: readonly (readonly [string, (flow: Flow, one: Worker) => unknown])[] = [
    ["an unknown entry", (flow) => flow.execute("nobody")],
    ["a routine without a trigger", (flow) => flow.execute(flow.addRoutine(new Idle(), "idle"))],
    ["a routine of no flow", (flow) => flow.execute(new Worker())],
    ["a slot of no flow", (flow) => flow.execute(new Worker().trigger)],
    ["params that cannot travel", (flow, one) => flow.execute(one.trigger, { run: () => 1 })],
    ["options out of range", (flow, one) => flow.execute(one.trigger, {}, { timeoutMs: 0 })],
    ["no entry", (flow) => flow.execute(undefined as unknown as Slot<unknown>)],
  ];
  for (const [what, attempt] of attempts) {
    const { flow, one } = newPair();
    assertThrows(() => attempt(flow, one), Error);
    assertEquals(flow.isFrozen, false, what);
  }
});

test("entries that cannot be executed are refused with what is known", () => {
  const { flow } = newPair();
  flow.addRoutine(new Idle(), "idle");
  assertThrows(
    () => flow.execute("nobody"),
    TypeError,
    'routine "nobody" not found in flow "flow"; it has "one", "two", "idle"',
  );
  assertThrows(() => flow.execute("idle"), TypeError, 'routine "idle" has no slot "trigger"; it has "input"');
  assertThrows(
    () => flow.execute(new Worker().trigger),
    TypeError,
    'slot "trigger" belongs to a Worker instance, which is not in flow',
  );
  const error = assertThrows(() => flow.execute("one", { when: [1, 2, () => 3] }), SerializationError);
  assertEquals(error.message, 'Cannot execute "one": params.when[2] is a function; send what it stands for instead');
});
