import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import {
  type Context,
  ErrorHandler,
  Flow,
  JobState,
  Registry,
  Routine,
  SerializationError,
  StepLimitError,
} from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createWaitingFlow } from "../support/waiting_flow.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("deliver adds a task to a running job, by slot or by names, and wakes it", async () => {
  const { flow, timers } = createTestFlow();
  const seen: unknown[] = [];
  addSource(flow, "source", [{ n: 0 }], { delayMs: 100 });
  const sink = addFunction(flow, "sink", (data: { n: number }, ctx) => void seen.push([data.n, ctx.now()]));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.advance(10);
  flow.deliver(job, sink.trigger, { n: 1 });
  flow.deliver(job, "sink", "trigger", { n: 2 });
  assertEquals([seen, job.pendingTasks.map(({ id, connection }) => [id, connection?.event])], [
    [],
    [[2, "output"], [3, undefined], [4, undefined]],
  ]);
  await timers.flush();
  assertEquals(seen, [[1, 10], [2, 10]]);
  await timers.advance(90);
  assertEquals([job.status, seen.at(-1)], ["completed", [0, 100]]);
});

test("deliver to a paused or a restored job: the task waits for the resume", async () => {
  const { flow, timers } = createTestFlow();
  const seen: unknown[] = [];
  const act = addFunction(flow, "act", (data: unknown) => void seen.push(data));
  const paused = flow.execute(act.trigger, "entry");
  await flow.pause(paused);
  const restored = JobState.fromJSON(
    JSON.parse(JSON.stringify({ ...paused.toJSON(), status: "running" })),
    new Registry(),
  );
  for (const job of [paused, restored]) {
    flow.deliver(job, act.trigger, "delivered");
    await timers.flush();
    assertEquals([seen, job.pendingTasks.map(({ data }) => data)], [[], ["entry", "delivered"]]);
    flow.resume(job);
    await timers.flush();
    assertEquals([job.status, seen.splice(0)], ["completed", ["entry", "delivered"]]);
  }
});

test("deliver refuses slots that are not in the flow, jobs of other flows, and data that cannot travel", async () => {
  const { flow, engine, timers, routine } = createWaitingFlow();
  const other = new Flow({ id: "other", engine });
  const stranger = addFunction(other, "act", () => {});
  const job = flow.execute("act");
  await timers.flush();
  const before = JSON.stringify(job);
  assertThrows(() => flow.deliver(job, stranger.trigger, {}), TypeError, "which is not in flow");
  assertThrows(() => flow.deliver(job, "nobody", "trigger", {}), TypeError, 'routine "nobody" not found');
  assertThrows(() => flow.deliver(job, "act", "nothing", {}), TypeError, 'has no slot "nothing"');
  assertThrows(() => other.deliver(job, stranger.trigger, {}), TypeError, "does not match");
  const error = assertThrows(() => flow.deliver(job, routine.trigger, { a: NaN }), SerializationError);
  assertEquals([error.path, JSON.stringify(job)], ["data.a", before]);
  assertThrows(() => flow.deliver({} as JobState, routine.trigger, {}), TypeError, "expected a JobState");
});

test("a delivery by another flow object of the same id is handled by the routines of the job's own flow", async () => {
  const { flow, engine, timers } = createTestFlow();
  const seen: string[] = [];
  const create = (target: Flow, name: string) =>
    addFunction(target, "act", (data) => void seen.push(`${name} ${data}`));
  const act = create(flow, "own");
  const other = new Flow({ id: "flow", engine });
  const otherAct = create(other, "other");
  await other.run(otherAct.trigger, "entry");
  const job = flow.execute(act.trigger, "entry");
  other.deliver(job, otherAct.trigger, "delivered");
  await timers.flush();
  assertEquals([job.status, seen], ["completed", ["other entry", "own entry", "own delivered"]]);
});

test("C501 deliveries count for the step limit, and a refused one changes nothing", async () => {
  const { flow, timers, routine } = createWaitingFlow({ limits: { steps: 2 } });
  const job = flow.execute("act");
  await timers.flush();
  flow.deliver(job, routine.trigger, {});
  assertThrows(() => flow.deliver(job, routine.trigger, {}), StepLimitError, "more than 2 tasks");
  assertEquals([job.status, job.pendingTasks.length], ["running", 2]);
});

test("expect keeps a job open until deliver fills it: same task, oldest first", async () => {
  const { flow, timers } = createTestFlow();
  const seen: unknown[] = [];
  const act = addFunction(flow, "act", (data: string, ctx) => {
    seen.push([data, ctx.idempotencyKey]);
    if (data !== "entry") return;
    ctx.expect("trigger");
    ctx.expect(act.trigger, { timeoutMs: 1_000 });
  });
  const job = flow.execute(act.trigger, "entry");
  await timers.advance(500);
  assertEquals([job.status, await flow.settle(job)], ["running", { status: "running", nextDueAt: 1_000 }]);
  assertEquals(job.pendingTasks.map(({ id, awaiting, data }) => [id, awaiting?.until, data]), [
    [2, undefined, undefined],
    [3, "1970-01-01T00:00:01.000Z", undefined],
  ]);
  flow.deliver(job, act.trigger, "first");
  await timers.flush();
  assertEquals([job.status, job.pendingTasks.length], ["running", 1]);
  flow.deliver(job, act.trigger, "second");
  await timers.flush();
  assertEquals([job.status, seen], ["completed", [["entry", "id-1/1/0"], ["first", "id-1/2/0"], [
    "second",
    "id-1/3/0",
  ]]]);
  assertEquals(timers.size, 0);
});

/** A flow whose `act` asks, mails, and expects `count` answers; `mail` is called before `act` has returned. */
function createAsker(mail: () => unknown, count = 1) {
  const setup = createTestFlow();
  class Asker extends Routine {
    readonly trigger = this.addSlot("trigger", this.ask);
    readonly answer = this.addSlot("answer", this.take);
    async ask(_data: unknown, ctx: Context): Promise<void> {
      for (let n = 0; n < count; n++) ctx.expect(this.answer, { timeoutMs: 1_000 });
      await mail();
    }
    take(data: unknown, ctx: Context): void {
      ctx.shared.update<unknown[]>("answers", (answers = []) => [...answers, data]);
    }
  }
  return { ...setup, asker: setup.flow.addRoutine(new Asker(), "asker") };
}

test("C512 an answer that comes before the asker has returned is the answer: nobody waits for another", async () => {
  const { flow, timers, asker } = createAsker(() => flow.deliver(job, asker.answer, "yes"));
  const job = flow.execute(asker.trigger);
  await timers.flush();
  assertEquals([job.status, job.sharedData, timers.size], ["completed", { answers: ["yes"] }, 0]);
  assertEquals(job.toJSON().arrivals, undefined);
});

test("each early answer counts once: the others are awaited", async () => {
  const { flow, timers, asker } = createAsker(() => {
    flow.deliver(job, asker.answer, 1);
    flow.deliver(job, asker.answer, 2);
  }, 3);
  const job = flow.execute(asker.trigger);
  await timers.flush();
  assertEquals([job.status, job.pendingTasks.map(({ awaiting }) => awaiting?.timeoutMs)], ["running", [1_000]]);
  flow.deliver(job, asker.answer, 3);
  await timers.flush();
  assertEquals([job.status, job.sharedData], ["completed", { answers: [1, 2, 3] }]);
});

test("C512 an early answer counts wherever the job goes on, and at a later attempt", async () => {
  const mails = new WaitingHandlers();
  let isBroken = true;
  const create = () => {
    const setup = createAsker(async () => {
      await mails.wait("mail");
      if (isBroken) throw new Error("the server has not answered");
    });
    setup.asker.setErrorHandler(new ErrorHandler({ strategy: "retry", jitter: 0, retryDelayMs: 10 }));
    return setup;
  };
  const { flow, timers, asker } = create();
  const first = flow.execute(asker.trigger);
  await timers.flush();
  flow.deliver(first, asker.answer, "yes");
  mails.release("mail");
  await timers.flush();
  assertEquals(first.toJSON().arrivals, { asker: { answer: [2] } });
  isBroken = false;
  const { flow: other, timers: later } = create();
  const job = JobState.fromText(first.toText(), other.registry);
  other.resume(job);
  await later.advance(10);
  mails.release("mail");
  await later.flush();
  assertEquals([job.status, job.sharedData, job.toJSON().arrivals], ["completed", { answers: ["yes"] }, undefined]);
});

test("what came before the asker's task, or to another slot or routine, is no answer", async () => {
  const handlers = new WaitingHandlers();
  const { flow, timers, asker } = createAsker(() => handlers.wait("mail"));
  addFunction(flow, "slow", async (_data, ctx) => {
    await handlers.wait("slow");
    ctx.emit("output", 1);
  });
  const other = addFunction(flow, "other", () => {});
  flow.connect("slow", "output", "asker", "trigger");
  const job = flow.execute("slow");
  await timers.flush();
  flow.deliver(job, asker.answer, "early");
  handlers.release("slow");
  await timers.flush();
  flow.deliver(job, other.trigger, "elsewhere");
  handlers.release("mail");
  await timers.flush();
  assertEquals([job.status, job.pendingTasks.map(({ awaiting }) => awaiting?.timeoutMs)], ["running", [1_000]]);
  await timers.advance(1_000);
  assertEquals([job.status, job.error?.name], ["failed", "TimeoutError"]);
});

test("early deliveries are noted while an older task may ask, the last thousand of a slot, and no longer", async () => {
  const handlers = new WaitingHandlers();
  const { flow, timers, asker } = createAsker(() => handlers.wait("mail"));
  const job = flow.execute(asker.trigger);
  await timers.flush();
  for (let n = 2; n <= 1_003; n++) flow.deliver(job, asker.answer, n);
  const noted = job.toJSON().arrivals?.asker?.answer ?? [];
  assertEquals([noted.length, noted[0], noted.at(-1)], [1_000, 4, 1_003]);
  handlers.release("mail");
  await timers.flush();
  assertEquals([job.status, job.toJSON().arrivals], ["completed", undefined]);
});

test("a delivery to a job with very many other tasks is noted all the same", async () => {
  const { flow, timers, asker } = createAsker(() => flow.deliver(job, asker.answer, "yes"));
  addSource(flow, "source", Array.from({ length: 200 }, (_, n) => n), { delayMs: 100 });
  addFunction(flow, "sink", () => {});
  link(flow, "source", "sink");
  flow.connect("source", "output", "asker", "trigger");
  const job = flow.execute("source");
  await timers.flush();
  await timers.advance(100);
  assertEquals([job.status, job.sharedData.answers], ["completed", Array.from({ length: 200 }, () => "yes")]);
});

test("a deadline that passes is a TimeoutError under the routine's error handler, and is not retried", async () => {
  const cases = [
    ["stop", true, "failed", "failed"],
    ["continue", true, "completed", "error_continued"],
    ["skip", true, "completed", "skipped"],
    ["retry", true, "failed", "failed"],
    ["retry", false, "completed", "error_continued"],
  ] as const;
  for (const [strategy, isCritical, status, mark] of cases) {
    const { flow, timers } = createTestFlow({ errorHandler: new ErrorHandler({ strategy, isCritical }) });
    let runs = 0;
    addFunction(flow, "act", (_data, ctx) => {
      runs++;
      ctx.expect("trigger", { timeoutMs: 1_000 });
    });
    const job = flow.execute("act");
    await timers.advance(999);
    assertEquals([job.status, runs], ["running", 1]);
    await timers.advance(1);
    assertEquals(
      [job.status, job.routineStates.act?.status, runs, job.retryCount("act")],
      [status, mark, 1, 0],
      strategy,
    );
    assertEquals(job.failures.map(({ error, task }) => [error.name, error.message, task.id]), [
      ["TimeoutError", 'The delivery to slot "trigger" of routine "act" took longer than 1000 ms', 2],
    ]);
    assertEquals(timers.size, 0);
  }
});

test("what is delivered after its deadline is a new task: the one that has ended stays ended", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
  const seen: string[] = [];
  const act = addFunction(flow, "act", (data: string, ctx) => {
    seen.push(`${data} ${ctx.idempotencyKey}`);
    if (data === "entry") {
      ctx.expect("trigger", { timeoutMs: 100 });
      ctx.expect("trigger", { timeoutMs: 300 });
    }
  });
  const job = flow.execute(act.trigger, "entry");
  await timers.advance(100);
  flow.deliver(job, act.trigger, "for the second");
  flow.deliver(job, act.trigger, "for nobody");
  await timers.flush();
  assertEquals([job.status, job.failures.map(({ task }) => task.id)], ["completed", [2]]);
  assertEquals(seen, ["entry id-1/1/0", "for the second id-1/3/0", "for nobody id-1/4/0"]);
});

test("a deadline passes while other handlers work, and no later", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
  const handlers = new WaitingHandlers();
  addFunction(flow, "act", (_data, ctx) => {
    ctx.expect("trigger", { timeoutMs: 100 });
    ctx.emit("output", {});
  });
  addFunction(flow, "slow", () => handlers.wait("slow"));
  link(flow, "act", "slow");
  const job = flow.execute("act");
  await timers.advance(100);
  assertEquals([handlers.waiting, job.failures.map(({ at }) => at)], [["slow"], ["1970-01-01T00:00:00.100Z"]]);
  handlers.release("slow");
  await timers.flush();
  assertEquals(job.status, "completed");
});

test("an awaited delivery survives pause and resume; a deadline that passed meanwhile ends it at the resume", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
  const seen: unknown[] = [];
  const act = addFunction(flow, "act", (data: string, ctx) => {
    seen.push(data);
    if (data === "entry") ctx.expect("trigger", { timeoutMs: 100 });
  });
  const job = flow.execute(act.trigger, "entry");
  await timers.flush();
  await flow.pause(job);
  const late = JobState.fromJSON(JSON.parse(JSON.stringify(job)), new Registry());
  flow.deliver(job, act.trigger, "in the pause");
  assertEquals(job.pendingTasks.map(({ id, awaiting, data }) => [id, awaiting, data]), [[
    2,
    undefined,
    "in the pause",
  ]]);
  flow.resume(job);
  await timers.advance(200);
  assertEquals([job.status, seen, job.failures], ["completed", ["entry", "in the pause"], []]);
  flow.resume(late);
  await timers.flush();
  assertEquals([late.status, late.failures.map(({ error }) => error.name)], ["completed", ["TimeoutError"]]);
});

test("a filled delivery whose retry falls due at the old deadline is tried once", async () => {
  const { flow, timers } = createTestFlow(
    { errorHandler: new ErrorHandler({ strategy: "retry", jitter: 0, retryDelayMs: 50 }) },
    { sliceMs: Infinity },
  );
  const seen: string[] = [];
  const act = addFunction(flow, "act", (data: string, ctx) => {
    seen.push(`${data} ${ctx.attempt} at ${ctx.now()}`);
    if (data === "entry") {
      ctx.expect("trigger", { timeoutMs: 100 });
      ctx.emit("output", "before it", { delayMs: 90 });
    }
    if (data === "delivered" && ctx.attempt === 0) throw new Error("once");
  });
  link(flow, "act", "act");
  const job = flow.execute(act.trigger, "entry");
  await timers.advance(50);
  flow.deliver(job, act.trigger, "delivered");
  await timers.advance(50);
  assertEquals(seen, ["entry 0 at 0", "delivered 0 at 50", "before it 0 at 90", "delivered 1 at 100"]);
  assertEquals([job.status, job.failures, timers.size], ["completed", [], 0]);
});

test("of awaited deliveries with one deadline the first stops the job, and the others stay pending", async () => {
  const { flow, timers } = createTestFlow();
  const act = addFunction(flow, "act", (data: string, ctx) => {
    if (data !== "entry") return;
    ctx.expect("trigger", { timeoutMs: 100 });
    ctx.expect("trigger", { timeoutMs: 100 });
  });
  const job = flow.execute(act.trigger, "entry");
  await timers.advance(100);
  assertEquals([job.status, job.failures.length, job.pendingTasks.length], ["failed", 1, 1]);
  assertEquals(timers.size, 0);
});

test("redrive awaits a delivery again, for as long as before", async () => {
  const { flow, timers } = createTestFlow();
  const seen: unknown[] = [];
  const act = addFunction(flow, "act", (data: string, ctx) => {
    seen.push(data);
    if (data === "entry") ctx.expect("trigger", { timeoutMs: 100 });
  });
  const job = flow.execute(act.trigger, "entry");
  await timers.advance(150);
  assertEquals([job.status, job.error?.name], ["failed", "TimeoutError"]);
  flow.resume(job, { redrive: true });
  await timers.advance(99);
  assertEquals([job.status, job.pendingTasks[0]?.awaiting?.until], ["running", "1970-01-01T00:00:00.250Z"]);
  flow.deliver(job, act.trigger, "at last");
  await timers.flush();
  assertEquals([job.status, seen], ["completed", ["entry", "at last"]]);
});

test("expect is buffered like everything else, and refuses deadlines out of range", async () => {
  const { flow } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
  addFunction(flow, "act", (_data, ctx) => {
    assertThrows(() => ctx.expect("nothing"), TypeError, 'has no slot "nothing" of its own; it has "trigger"');
    for (const timeoutMs of [-1, NaN]) {
      assertThrows(() => ctx.expect("trigger", { timeoutMs }), RangeError, "timeoutMs");
    }
    ctx.expect("trigger");
    throw new Error("boom");
  });
  const job = await flow.run("act");
  assertEquals([job.status, job.failures[0]?.error.message], ["completed", "boom"]);
});
