import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { type EngineEvent, ErrorHandler } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";

const statuses = (events: readonly EngineEvent[]) =>
  events.flatMap((event) =>
    event.type === "status" ? [`${event.jobId} ${event.from} > ${event.to} at ${event.at}`] : []
  );

test("the observer is told of every change of status, with the instant", async () => {
  const { flow, timers, events } = createTestFlow();
  const handlers = new WaitingHandlers();
  addFunction(flow, "act", async () => await handlers.wait("act"));
  const job = flow.execute("act");
  await timers.advance(5);
  const paused = flow.pause(job);
  handlers.release("act");
  await paused;
  await timers.advance(5);
  flow.resume(job);
  await flow.waitForCompletion(job);
  flow.cancel(flow.create("act"));
  assertEquals(statuses(events), [
    "id-1 pending > running at 0",
    "id-1 running > paused at 5",
    "id-1 paused > running at 10",
    "id-1 running > completed at 10",
    "id-2 pending > cancelled at 10",
  ]);
});

test("the observer is told of every step of a task and of every failure", async () => {
  const { flow, timers, events } = createTestFlow();
  addSource(flow, "source", [{}]);
  addFunction(flow, "steps", async (_data, ctx) => await ctx.checkpoint());
  addFunction(flow, "yields", function* () {
    yield 1;
  });
  addFunction(flow, "retries", (_data, ctx) => {
    if (ctx.attempt === 0) throw new RangeError("once");
  }).setErrorHandler(new ErrorHandler({ strategy: "retry", retryDelayMs: 10, jitter: 0 }));
  const fail = () => {
    throw new RangeError("always");
  };
  addFunction(flow, "skips", fail).setAsOptional("skip");
  addFunction(flow, "continues", fail).setAsOptional();
  addFunction(flow, "stops", fail);
  addSource(flow, "last", [{}], { delayMs: 20 });
  link(flow, "source", "steps", "yields", "retries", "skips", "continues", "last");
  link(flow, "last", "stops");
  flow.execute("source");
  await timers.advance(20);
  const tasks = events.flatMap((event) => {
    if (event.type !== "task") return [];
    const { routine, slot, task, attempt, outcome, error, at } = event;
    return [[routine, slot, task, attempt, outcome, error?.message, at]];
  });
  const byRoutine = (id: string) => tasks.filter(([routine]) => routine === id).map(([, ...rest]) => rest);
  assertEquals(byRoutine("source"), [["trigger", 1, 0, "done", undefined, 0]]);
  assertEquals(byRoutine("steps"), [["trigger", 2, 0, "step", undefined, 0], ["trigger", 2, 0, "done", undefined, 0]]);
  assertEquals(byRoutine("yields"), [["trigger", 3, 0, "step", undefined, 0], ["trigger", 3, 0, "done", undefined, 0]]);
  assertEquals(byRoutine("retries"), [
    ["trigger", 4, 0, "retry", "once", 0],
    ["trigger", 4, 1, "done", undefined, 10],
  ]);
  assertEquals(byRoutine("skips"), [["trigger", 5, 0, "skip", "always", 0]]);
  assertEquals(byRoutine("continues"), [["trigger", 6, 0, "continue", "always", 0]]);
  assertEquals(byRoutine("stops"), [["trigger", 8, 0, "stop", "always", 20]]);
});

test("the observer is told of every call of a handler, before it, and of every segment of a generator", async () => {
  const seen: string[] = [];
  const setup = createTestFlow({}, {
    observer: (event) => {
      if (event.type === "start") {
        const { jobId, flowId, routine, slot, task, attempt, at } = event;
        seen.push([jobId, flowId, routine, slot, task, attempt, at].join(" "));
      } else if (event.type === "task") seen.push(event.outcome);
    },
  });
  const { flow, timers } = setup;
  addSource(flow, "source", [{}], { delayMs: 5 });
  addFunction(flow, "yields", function* () {
    seen.push("before");
    yield 1;
    seen.push("after");
  });
  addFunction(flow, "retries", (_data, ctx) => {
    seen.push("called");
    if (ctx.attempt === 0) throw new Error("once");
  }).setErrorHandler(new ErrorHandler({ strategy: "retry", retryDelayMs: 10, jitter: 0 }));
  link(flow, "source", "yields", "retries");
  flow.execute("source");
  await timers.advance(15);
  assertEquals(seen, [
    ...["id-1 flow source trigger 1 0 0", "done"],
    ...["id-1 flow yields trigger 2 0 5", "before", "step"],
    ...["id-1 flow yields trigger 2 0 5", "after", "done"],
    ...["id-1 flow retries trigger 3 0 5", "called", "retry"],
    ...["id-1 flow retries trigger 3 1 15", "called", "done"],
  ]);
});

test("an observer that stops the job before a handler is called: it is not called, and its task stays", async () => {
  for (const how of ["cancel", "pause"] as const) {
    const seen: string[] = [];
    const setup = createTestFlow({}, {
      observer: (event) => {
        if (event.type !== "start" || event.routine !== "sink") return;
        if (how === "cancel") flow.cancel(job);
        else void flow.pause(job, { graceMs: 0 });
      },
    });
    const { flow, timers } = setup;
    addSource(flow, "source", [1, 2]);
    addFunction(flow, "sink", () => void seen.push("called"));
    link(flow, "source", "sink");
    const job = flow.execute("source");
    await timers.flush();
    assertEquals([job.status, seen, timers.size], [how === "cancel" ? "cancelled" : "paused", [], 0]);
    assertEquals(job.pendingTasks.map(({ data, active }) => [data, active]), [[1, undefined], [2, undefined]]);
  }
});

test("C508 an event of a task has the attempt of its start, however often the task fails", async () => {
  for (const strategy of ["stop", "continue", "skip", "retry"] as const) {
    const { flow, timers, events } = createTestFlow({ errorHandler: new ErrorHandler({ strategy, maxRetries: 2 }) });
    addFunction(flow, "act", () => {
      throw new Error("always");
    });
    flow.execute("act");
    await timers.advance(10_000);
    const attempts = (type: "start" | "task") => events.flatMap((event) => event.type === type ? [event.attempt] : []);
    const expected = strategy === "retry" ? [0, 1, 2] : [0];
    assertEquals([attempts("start"), attempts("task")], [expected, expected], strategy);
  }
});

test("an observer that throws breaks nothing", async () => {
  const thrower = createTestFlow({}, {
    observer: () => {
      throw new Error("broken observer");
    },
  });
  addFunction(thrower.flow, "act", (_data, ctx) => {
    ctx.report(1);
    ctx.output("kind", 1);
  });
  const job = await thrower.flow.run("act");
  assertEquals([job.status, job.outputLog.length], ["completed", 1]);
});

test("an observer that cancels the job as soon as it runs: no handler runs", async () => {
  const seen: string[] = [];
  const setup = createTestFlow({}, {
    observer: (event) => {
      if (event.type === "status" && event.to === "running") setup.flow.cancel(job, { reason: "observer" });
    },
  });
  addFunction(setup.flow, "act", () => void seen.push("ran"));
  const job = setup.flow.create("act");
  setup.flow.resume(job);
  await setup.timers.flush();
  assertEquals([job.status, job.error?.message, seen, setup.timers.size], [
    "cancelled",
    "The job was cancelled: observer",
    [],
    0,
  ]);
});

test("an observer that cancels the job at a task's outcome: nothing more runs", async () => {
  for (const outcome of ["done", "continue", "retry"]) {
    const seen: string[] = [];
    const setup = createTestFlow({}, {
      observer: (event) => {
        if (event.type === "task" && event.outcome === outcome) setup.flow.cancel(job, { reason: outcome });
      },
    });
    const { flow, timers } = setup;
    addFunction(flow, "act", (_data, ctx) => {
      seen.push("act");
      ctx.emit("output", {});
      if (outcome !== "done") throw new Error("fails");
    }).setErrorHandler(new ErrorHandler({ strategy: outcome === "retry" ? "retry" : "continue" }));
    addFunction(flow, "next", () => void seen.push("next"));
    link(flow, "act", "next");
    const job = flow.create("act");
    flow.resume(job);
    await timers.advance(100_000);
    assertEquals([job.status, job.error?.message, seen], ["cancelled", `The job was cancelled: ${outcome}`, ["act"]]);
    assertEquals(timers.size, 0, outcome);
  }
});

test("report() is live and unstored: it goes to onReport and the observer at once, as it was given", async () => {
  const { flow, timers, events } = createTestFlow();
  const handlers = new WaitingHandlers();
  const seen: unknown[] = [];
  const token = { text: "tok", fn: () => {} };
  addFunction(flow, "act", async (_data, ctx) => {
    ctx.report(token);
    await handlers.wait("act");
    ctx.report(2);
    throw new Error("fails after all");
  });
  const job = flow.execute("act", {}, {
    onReport: (data, routineId) => void seen.push([data, routineId, timers.now()]),
  });
  await timers.advance(7);
  assertEquals(seen, [[token, "act", 0]]);
  handlers.release("act");
  await timers.flush();
  assertEquals(seen[1], [2, "act", 7]);
  assertEquals(events.filter(({ type }) => type === "report"), [
    { type: "report", jobId: "id-1", flowId: "flow", routine: "act", data: token, at: 0 },
    { type: "report", jobId: "id-1", flowId: "flow", routine: "act", data: 2, at: 7 },
  ]);
  assertEquals([job.status, JSON.stringify(job).includes("tok")], ["failed", false]);
});

test("an onReport that throws does not fail the handler and is told to the observer", async () => {
  const { flow, events } = createTestFlow();
  addFunction(flow, "act", (_data, ctx) => ctx.report(1));
  const job = await flow.run("act", {}, {
    onReport: () => {
      throw new Error("no listener");
    },
  });
  assertEquals([job.status, events.filter(({ type }) => type === "callback_error").length], ["completed", 1]);
});

test("handlers get the engine's services as they are, and they are never written out", async () => {
  const mail = { sent: 0, secret: "key-123", send: () => ++mail.sent };
  const { flow } = createTestFlow({}, { services: { mail } });
  addFunction(flow, "act", (_data, ctx) => {
    const service: unknown = Reflect.get(ctx.services, "mail");
    assertEquals(service === mail, true);
    mail.send();
    assertThrows(() => ctx.shared.set("mail", ctx.services), Error, "is a function");
  });
  const job = await flow.run("act");
  assertEquals([job.error, mail.sent, JSON.stringify(job).includes("key-123")], [undefined, 1, false]);
});

test("ids and instants come from the engine's ports: two runs are the same to the byte", async () => {
  const run = async () => {
    const { flow, timers } = createTestFlow();
    addFunction(flow, "act", (_data, ctx) => {
      ctx.log({ now: ctx.now() });
      ctx.emit("output", { now: ctx.now() }, { delayMs: 1_234 });
    });
    addFunction(flow, "next", (_data, ctx) => ctx.output("key", ctx.idempotencyKey));
    link(flow, "act", "next");
    const jobs = [flow.execute("act"), flow.execute("act")];
    await timers.advance(10_000);
    return JSON.stringify(jobs);
  };
  const text = await run();
  assertEquals(text, await run());
  const [first, second] = JSON.parse(text);
  assertEquals([first.jobId, second.jobId, first.updatedAt], ["id-1", "id-2", "1970-01-01T00:00:01.234Z"]);
  assertEquals(second.outputLog[0].data, "id-2/2/0");
});
