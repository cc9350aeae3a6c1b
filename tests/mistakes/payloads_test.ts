import { test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Context, Flow, Registry, Routine } from "../../mod.ts";
import { pauseAnywhere, SimulationError } from "../../src/testing/mod.ts";
import { type Actor, runHandler, testMistakes, untyped } from "./told_by.ts";

/** What is emitted, and what is said of it. */
const emit = (data: unknown) => () =>
  runHandler(function (this: Actor, _data, ctx) {
    ctx.emit(this.output, data);
  });

class Money {
  readonly cents = 5;
}
const cycle: Record<string, unknown> = {};
cycle["self"] = cycle;

testMistakes({
  "M25 NaN in an output": [
    () => runHandler((_data, ctx) => ctx.output("total", { when: new Date(0), none: undefined, nan: NaN })),
    'Cannot output from routine "r": data.nan is NaN, which JSON cannot carry; null can stand for it',
  ],
  "M26 NaN in a payload": [
    emit({ amount: { total: NaN } }),
    'Cannot emit "output" of routine "r": data.amount.total is NaN, which JSON cannot carry; null can stand for it',
  ],
  "M27 an instance of a class that is not registered": [
    emit({ money: new Money() }),
    'Cannot emit "output" of routine "r": data.money is a Money instance; register its class with a toJSON method and a ' +
    "static fromJSON, or send a plain object",
  ],
  "M28 a function in a payload": [
    emit({ done: () => {} }),
    'Cannot emit "output" of routine "r": data.done is a function; send what it stands for instead',
  ],
  "M29 a payload that contains itself; send its id instead": [
    emit(cycle),
    'Cannot emit "output" of routine "r": data is part of a cycle: it contains itself; send its id instead',
  ],
  "M73 an output without a type": [
    () => runHandler((_data, ctx) => ctx.output(untyped({ n: 1 }))),
    'Cannot output from routine "r": the type must be a non-empty string (and none of __proto__, constructor, ' +
    "prototype), not an object",
  ],
});

// The first words are those of the engine of JavaScript.
const REMEDY = "(routines and the data that handlers get are frozen; change a copy, and keep what lasts in ctx.state)";

test("M10 a payload that is changed in place", async () => {
  const job = await runHandler(({ list }: { list: number[] }) => void list.push(2), { list: [1] });
  assert(job.error?.message.endsWith(REMEDY), job.error?.message);
});

test("M47 state that is kept in a field", async () => {
  class Counter extends Routine {
    readonly trigger = this.addSlot("trigger", this.add);
    count = 0;
    add(): void {
      this.count++;
    }
  }
  const flow = new Flow();
  const job = await flow.run(flow.addRoutine(new Counter(), "counter"));
  assert(job.error?.message.endsWith(REMEDY), job.error?.message);
});

test("a frozen object is explained in the words of any engine, and other errors are left alone", async () => {
  const said = async (error: Error) => (await runHandler(() => Promise.reject(error))).error?.message;
  for (
    const message of [
      "Cannot add property 1, object is not extensible",
      "Cannot assign to read only property 'a' of object '#<R>'",
      "Cannot delete property 'a' of #<Object>",
      "Attempted to assign to readonly property.",
      "Attempting to define property on object that is not extensible.",
      "Unable to delete property.",
      '"a" is read-only',
      "can't define property 1: Array is not extensible",
      'property "a" is non-configurable and can\'t be deleted',
    ]
  ) assertEquals(await said(new TypeError(message)), `${message} ${REMEDY}`);
  assertEquals(await said(new Error("the disk is read only")), "the disk is read only");
  assertEquals(await said(new TypeError("x is not a function")), "x is not a function");
});

test("M48 state that is kept inside a field: pauseAnywhere() finds it", async () => {
  class Names extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly output = this.addEvent<{ name: string }>("output");
    readonly input = this.addSlot("input", this.note);
    readonly seen: string[] = [];
    send(_params: unknown, ctx: Context): void {
      for (const name of ["ada", "grace"]) ctx.emit(this.output, { name });
    }
    note({ name }: { name: string }, ctx: Context): void {
      this.seen.push(name);
      ctx.output("seen", this.seen.length);
    }
  }
  const flow = new Flow({ id: "names", registry: new Registry({ Names }) });
  const names = flow.addRoutine(new Names(), "names");
  flow.connect(names.output, names.input);
  await assertRejects(() => pauseAnywhere(flow, { entry: names.trigger }), SimulationError);
});

test("M66 a value that is not of the type that was hoped for: the error says what was done, and the failure where", async () => {
  const job = await runHandler((_data, ctx) => {
    ctx.shared.set("total", "five");
    ctx.shared.get<number>("total")?.toFixed();
  });
  assertEquals([job.status, job.error?.name], ["failed", "TypeError"]);
  const remedy = "(ctx.shared and ctx.state give what was set, whatever type was asked for; check it, or set another)";
  // Engines that name an expression (V8, JavaScriptCore) name the call that gave the value.
  assert(job.error?.message.endsWith(remedy), job.error?.message);
  assertEquals(job.failures.map(({ task }) => [task.routine, task.slot]), [["r", "trigger"]]);
});

test("M72 a list of a class's plain objects travels", async () => {
  class Item {
    readonly id = 1;
    toJSON(): object {
      return { id: this.id };
    }
  }
  const plain = await runHandler((_data, ctx) => ctx.output("items", [{ ...new Item() }] as readonly object[]));
  assertEquals(plain.outputLog[0]?.data, [{ id: 1 }]);
});
