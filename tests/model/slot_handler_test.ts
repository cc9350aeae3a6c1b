import { test } from "node:test";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { type Context, ErrorHandler, Flow, Routine } from "../../mod.ts";
import { newManualEngine } from "../support/send_once.ts";
import { plainError } from "../support/plain_error.ts";

class Recorder extends Routine {
  readonly trigger = this.addSlot("trigger", this.take);
  readonly calls: unknown[][] = [];
  take(...args: [data: unknown, ctx: Context]): void {
    this.calls.push(args);
  }
}
class Failing extends Routine {
  readonly trigger = this.addSlot("trigger", this.take);
  take(): void {
    throw new TypeError("no");
  }
}

const newFlow = (): Flow => new Flow({ id: "flow", engine: newManualEngine() });

test("C031 a delivery calls the handler once, with data and context", async () => {
  const flow = newFlow();
  const recorder = flow.addRoutine(new Recorder(), "recorder");
  await flow.run(recorder.trigger, { a: 1 });
  assertEquals(recorder.calls.length, 1);
  const [data, ctx] = recorder.calls[0] ?? [];
  assertEquals([data, (ctx as Context).routineId, (ctx as Context).slotName], [{ a: 1 }, "recorder", "trigger"]);
});

test("C032 C033 C039 a handler gets the whole data object, whatever its parameter is called", async () => {
  class Named extends Routine {
    readonly trigger = this.addSlot("trigger", this.process);
    process(data: { data: string; b: number }, ctx: Context): void {
      ctx.output("got", data);
    }
  }
  const flow = newFlow();
  const job = await flow.run(flow.addRoutine(new Named(), "named").trigger, { data: "test", b: 2 });
  assertEquals(job.outputLog.map(({ data }) => data), [{ data: "test", b: 2 }]);
});

test("C035 a handler that was written for two values gets the data and the context, and its error is not swallowed", async () => {
  class Two extends Routine {
    readonly trigger = this.addSlot("trigger", this.add as () => void);
    add(x: number, y: number): void {
      if (typeof x !== "number" || typeof y !== "number") throw new TypeError(`got ${Object.keys(x)} and ${typeof y}`);
    }
  }
  const flow = newFlow();
  flow.addRoutine(new Two(), "two");
  const job = await flow.run("two", { a: 1, b: 2 });
  assertEquals([job.status, plainError(job)], ["failed", { name: "TypeError", message: "got a,b and object" }]);
  assertEquals(job.failures.map(({ task }) => task.data), [{ a: 1, b: 2 }]);
});

test("C037 what a handler throws is recorded: as the job's error, in its routine's history and with the task", async () => {
  const flow = newFlow();
  flow.addRoutine(new Failing(), "failing");
  const job = await flow.run("failing", { n: 1 });
  const error = { name: "TypeError", message: "no" };
  assertEquals([plainError(job), job.routineStates.failing?.status], [error, "failed"]);
  assertEquals(job.history("failing").map(({ type, data }) => [type, data]), [["start", undefined], ["error", error]]);
  assertEquals(job.failures.map((failure) => [failure.error, failure.task.routine, failure.task.data]), [
    [error, "failing", { n: 1 }],
  ]);
});

test("entry params that are left out arrive as an empty object", async () => {
  const flow = newFlow();
  const recorder = flow.addRoutine(new Recorder(), "recorder");
  await flow.run(recorder.trigger);
  assertEquals(recorder.calls[0]?.[0], {});
});

test("a handler runs on its routine", async () => {
  class Self extends Routine {
    readonly label = "me";
    readonly trigger = this.addSlot("trigger", this.tell);
    tell(_params: unknown, ctx: Context): void {
      ctx.output("label", this.label);
    }
  }
  const flow = newFlow();
  const job = await flow.run(flow.addRoutine(new Self(), "self").trigger);
  assertEquals(job.outputLog.map(({ data }) => data), ["me"]);
});

test("what a handler returns beyond promises and generators is refused, also by a promise", async () => {
  class Chatty extends Routine {
    readonly trigger = this.addSlot("trigger", this.talk as () => void);
    readonly later = this.addSlot("later", this.promise as () => Promise<void>);
    talk(): unknown {
      return { next: "not a generator", then: "not a promise" };
    }
    promise(): Promise<unknown> {
      return Promise.resolve(5);
    }
  }
  const flow = newFlow();
  const chatty = flow.addRoutine(new Chatty(), "chatty");
  const jobs = [await flow.run(chatty.trigger), await flow.run(chatty.later)];
  assertEquals(jobs.map(({ error }) => error?.message.split(",")[0]), [
    'The handler of slot "trigger" of routine "chatty" has returned an object',
    'The handler of slot "later" of routine "chatty" has returned 5',
  ]);
});

test("C036 a failing handler does not make the delivery fail, and its error is the job's", async () => {
  const flow = newFlow();
  flow.addRoutine(new Failing(), "failing");
  const job = flow.execute("failing");
  assertEquals(job.status, "running");
  assertEquals(await flow.waitForCompletion(job), true);
  assertEquals([job.status, plainError(job)], ["failed", { name: "TypeError", message: "no" }]);
});

test("C036 with an error handler that continues, deliveries after a failed one are handled", async () => {
  class Picky extends Routine {
    readonly trigger = this.addSlot("trigger", this.take);
    take({ n }: { n: number }, ctx: Context): void {
      if (n === 2) throw new Error("not two");
      ctx.output("n", n);
    }
  }
  class Three extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly output = this.addEvent<{ n: number }>("output");
    send(_params: unknown, ctx: Context): void {
      for (const n of [1, 2, 3]) ctx.emit(this.output, { n });
    }
  }
  const flow = newFlow().setErrorHandler(new ErrorHandler({ strategy: "continue" }));
  const three = flow.addRoutine(new Three(), "three");
  flow.connect(three.output, flow.addRoutine(new Picky(), "picky").trigger);
  const job = await flow.run(three.trigger);
  assertEquals([job.status, job.outputLog.map(({ data }) => data)], ["completed", [1, 3]]);
  assertStrictEquals(job.failures[0]?.error.message, "not two");
});
