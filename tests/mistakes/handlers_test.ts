import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { StateError } from "../../mod.ts";
import { type Actor, flowOfTwo, runHandler, Source, testMistakes, untyped } from "./told_by.ts";

const AFTER = 'Cannot emit "output" in routine "r": its handler has returned; await what it starts before it returns';
const GOES_NOWHERE = "which goes nowhere: ctx.emit and ctx.output pass data on;";

/** Runs a handler that emits after it has returned; says what that call was told. */
async function emitLater(start: (emit: () => void) => void): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  await runHandler(function (this: Actor, _data, ctx) {
    start(() => {
      try {
        ctx.emit(this.output, {});
        resolve("nothing");
      } catch (error) {
        resolve(error instanceof StateError ? error.message : error);
      }
    });
  });
  return await promise;
}

testMistakes({
  "M07 a promise that is not awaited": [
    () => emitLater((emit) => void Promise.resolve().then(() => {}).then(emit)),
    AFTER,
  ],
  "M08 an event that is emitted after the handler has returned": [
    () => emitLater((emit) => void setTimeout(emit)),
    AFTER,
  ],
  "M09 a method that is taken off its context": [
    () =>
      runHandler(function (this: Actor, _data, { emit }) {
        Reflect.apply(emit, undefined, [this.output, {}]);
      }),
    "Cannot call emit: it was taken off its object; write ctx.emit(…)",
  ],
  "M31 a handler that returns a value": [
    () => runHandler(() => 5),
    `The handler of slot "trigger" of routine "r" has returned 5, ${GOES_NOWHERE} return nothing`,
  ],
  "M32 a handler that returns a value by its promise": [
    () => runHandler(() => Promise.resolve({ n: 5 })),
    `The handler of slot "trigger" of routine "r" has returned an object, ${GOES_NOWHERE} return nothing`,
  ],
  "M53 an event that the routine does not have": [
    () => runHandler((_data, ctx) => ctx.emit("outptu", {})),
    'Cannot emit "outptu": routine "r" has no such event; it has "output"',
  ],
  "M54 an event of another routine": [
    () => runHandler((_data, ctx) => ctx.emit(new Source().output, { n: 1 })),
    'Cannot emit "output" in routine "r": the event belongs to another routine; emit one of its own: "output"',
  ],
  "M69 a slot of another routine": [
    () => runHandler((_data, ctx) => ctx.expect("input")),
    'Cannot expect a delivery: routine "r" has no slot "input" of its own; it has "trigger"',
  ],
  "M70 a generator without its star": [
    () => runHandler(() => [1, 2]),
    `The handler of slot "trigger" of routine "r" has returned an array, ${GOES_NOWHERE} function* makes a generator that ` +
    "yields its steps",
  ],
  "M75 a delay before the present": [
    () =>
      runHandler(function (this: Actor, _data, ctx) {
        ctx.emit(this.output, {}, { delayMs: -5 });
      }),
    'Cannot emit "output" of routine "r": delayMs must be a number of milliseconds, between 0 and 9007199254740991, current value is -5',
  ],
  "M30 a text that is thrown is the message of the job's error": [
    () =>
      runHandler(() => {
        throw "no such customer";
      }),
    "no such customer",
  ],
});

test("no method of a context works without it, and each says so", async () => {
  const methods = {
    ctx: [
      ...["now", "emit", "cancelEmit", "defer", "checkpoint", "slotData", "clear", "expect", "child", "report"],
      ...["log", "output", "result", "pause"],
    ],
    shared: ["get", "set", "update"],
    state: ["get", "set", "update"],
  };
  await runHandler((_data, ctx) => {
    for (const [place, names] of Object.entries(methods)) {
      const owner: object = place === "ctx" ? ctx : place === "shared" ? ctx.shared : ctx.state;
      for (const name of names) {
        for (const receiver of [undefined, {}, { [name]: Reflect.get(owner, name) }]) {
          const call = () => Reflect.apply(Reflect.get(owner, name), receiver, ["a", {}]);
          const text = `Cannot call ${name}: it was taken off its object; write ctx.`;
          assertEquals(messageOf(call).slice(0, text.length), text);
        }
      }
    }
  }).then(({ error }) => assertEquals(error, undefined));
});

function messageOf(call: () => unknown): string {
  try {
    return String(call());
  } catch (error) {
    return (error as Error).message;
  }
}

test("M57 a checkpoint that is not awaited is made all the same", async () => {
  const job = await runHandler((_data, ctx) => {
    ctx.output("step", 1);
    void ctx.checkpoint();
    ctx.output("step", 2);
  });
  assertEquals([job.status, job.outputLog.map(({ data }) => data)], ["completed", [1, 2]]);
});

test("M65 a handler that is called by hand has no context: it is a method like any other", async () => {
  const { flow, source } = flowOfTwo();
  assertEquals(messageOf(() => source.send({ count: 1 }, untyped(undefined))).includes("emit"), true);
  assertEquals((await flow.run(source.trigger, { count: 1 })).status, "completed");
});
