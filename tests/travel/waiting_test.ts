import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Context, ErrorHandler, JobState, Registry, Routine, StateError } from "../../mod.ts";
import { pack, unpack } from "../support/move_job.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { pauseWhen } from "../support/pause_when.ts";

const MONTH = 30 * 24 * 3_600_000;

/** A host with routines that put things off. */
function createHost() {
  const runs: string[] = [];
  class Sender extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly answer = this.addSlot("answer", this.receive);
    readonly output = this.addEvent<{ n: number }>("output");
    readonly later = this.addEvent<{ n: number }>("later");
    send({ what }: { readonly what: string }, ctx: Context): void {
      runs.push(`send ${what}`);
      if (what === "delayed") ctx.emit(this.output, { n: 1 }, { delayMs: MONTH });
      if (what === "deferred") { for (const n of [1, 2, 3]) ctx.defer(this.later, { n }); }
      if (what === "question") ctx.expect(this.answer, { timeoutMs: 5_000 });
      if (what === "open question") ctx.expect(this.answer);
      if (what === "everything") {
        ctx.shared.set("map", new Map([["a", 1n]]));
        ctx.log({ said: what });
        ctx.output("said", what);
        ctx.emit(this.output, { n: 1 });
        ctx.pause("for a walk", { mood: "good" });
      }
    }
    receive(data: unknown, ctx: Context): void {
      runs.push(`answer ${JSON.stringify(data)}`);
      ctx.shared.set("answer", data);
    }
  }
  class Receiver extends Routine {
    readonly input = this.addSlot("input", this.process);
    process({ n }: { readonly n: number }, ctx: Context): void {
      runs.push(`input ${n}`);
      ctx.log({ got: n });
      ctx.output("got", n);
    }
  }
  return { runs, Sender, Receiver, registry: new Registry({ Sender, Receiver }) };
}

function start(what: string) {
  const { runs, Sender, Receiver, registry } = createHost();
  const { timers, flow } = createTestFlow({ id: "waiting", registry });
  const sender = flow.addRoutine(new Sender(), "sender");
  const receiver = flow.addRoutine(new Receiver(), "receiver");
  flow.connect(sender.output, receiver.input);
  flow.connect(sender.later, receiver.input);
  return { runs, timers, flow, sender, job: flow.execute(sender.trigger, { what }) };
}

test("Seen to hold: what is to happen in thirty days travels, and happens then", async () => {
  const a = start("delayed");
  await a.timers.advance(1_000);
  await a.flow.pause(a.job);
  const host = createHost();
  const b = unpack(pack(a.flow, a.job), host.registry, 2_000);
  b.flow.resume(b.job);
  await b.timers.advance(MONTH - 2_001);
  assertEquals([b.job.status, host.runs], ["running", []]);
  await b.timers.advance(1);
  assertEquals([b.job.status, host.runs], ["completed", ["input 1"]]);
});

test("a delay that has passed while nobody looked is over when the job is resumed", async () => {
  const a = start("delayed");
  await a.timers.flush();
  await a.flow.pause(a.job);
  const host = createHost();
  const b = unpack(pack(a.flow, a.job), host.registry, 10 * MONTH);
  b.flow.resume(b.job);
  await b.timers.flush();
  assertEquals([b.job.status, host.runs], ["completed", ["input 1"]]);
});

test("C388 deferred events that were stored before a pause are emitted after the resume, in order, once", async () => {
  const a = start("deferred");
  const paused = pauseWhen(a.flow, a.job, ({ deferredEvents: { length } }) => length === 3);
  await a.timers.flush();
  await paused;
  const host = createHost();
  const b = unpack(pack(a.flow, a.job), host.registry);
  assertEquals(b.job.deferredEvents.map(({ data }) => data), [{ n: 1 }, { n: 2 }, { n: 3 }]);
  b.flow.resume(b.job);
  await b.timers.flush();
  assertEquals(b.job.deferredEvents, []);
  assertEquals([b.job.status, host.runs], ["completed", ["input 1", "input 2", "input 3"]]);
  assertEquals(b.job.executionHistory.filter(({ type }) => type === "emit").length, 3);
});

test("deliver, cancel and check accept a job that has come from elsewhere, without being told of it before", async () => {
  const a = start("open question");
  await a.timers.flush();
  await a.flow.pause(a.job);
  const text = pack(a.flow, a.job);

  const host = createHost();
  const b = unpack(text, host.registry, 700);
  assertEquals(b.flow.check(b.job), []);
  b.flow.deliver(b.job, "sender", "answer", { yes: true });
  assertEquals([b.job.status, b.timers.size, host.runs], ["paused", 0, []]);
  assertEquals(b.job.pendingTasks.map(({ id, data, awaiting }) => [id, data, awaiting]), [[
    2,
    { yes: true },
    undefined,
  ]]);
  await b.timers.flush();
  assertEquals(host.runs, []);
  b.flow.resume(b.job);
  await b.timers.flush();
  assertEquals([b.job.status, b.job.sharedData["answer"], host.runs], ["completed", { yes: true }, [
    'answer {"yes":true}',
  ]]);

  const c = unpack(text, createHost().registry, 700);
  c.flow.cancel(c.job, { reason: "nobody answers" });
  assertEquals([c.job.status, c.job.error?.message], ["cancelled", "The job was cancelled: nobody answers"]);
  assertEquals(c.job.updatedAt, "1970-01-01T00:00:00.700Z");
  assertThrows(() => c.flow.deliver(c.job, "sender", "answer", 1), StateError);
  assertThrows(() => c.flow.cancel(c.job), StateError);
});

test("a delivery to a slot that nobody awaits is a task more, on a job that rests elsewhere too", async () => {
  const a = start("open question");
  await a.timers.flush();
  await a.flow.pause(a.job);
  const host = createHost();
  const b = unpack(pack(a.flow, a.job), host.registry);
  b.flow.deliver(b.job, "receiver", "input", { n: 5 });
  b.flow.deliver(b.job, "sender", "answer", "first");
  b.flow.deliver(b.job, "sender", "answer", "second");
  assertEquals(b.job.pendingTasks.map(({ id, slot, data }) => [id, slot, data]), [
    [2, "answer", "first"],
    [3, "input", { n: 5 }],
    [4, "answer", "second"],
  ]);
  const c = unpack(pack(b.flow, b.job), host.registry);
  c.flow.resume(c.job);
  await c.timers.flush();
  assertEquals([c.job.status, host.runs], ["completed", ['answer "first"', "input 5", 'answer "second"']]);
});

test("an awaited delivery keeps its deadline on the other host, and ends there as a TimeoutError, not retried", async () => {
  const a = start("question");
  await a.timers.advance(1_000);
  await a.flow.pause(a.job);
  const host = createHost();
  const { flow, jobState } = JSON.parse(pack(a.flow, a.job));
  flow.routines.sender.errorHandler = new ErrorHandler({ strategy: "retry", isCritical: false }).toJSON();
  const b = unpack(JSON.stringify({ flow, jobState }), host.registry, 1_000);
  b.flow.resume(b.job);
  await b.timers.advance(3_999);
  assertEquals(b.job.status, "running");
  await b.timers.advance(1);
  assertEquals([b.job.status, b.job.failures.length, host.runs], ["completed", 1, []]);
  assertEquals(b.job.failures[0]?.error.name, "TimeoutError");
  assertEquals(b.job.routineStates["sender"]?.status, "error_continued");
});

test("C384 shared data, log, outputs, pause points and history survive and go on by appending", async () => {
  const a = start("everything");
  await a.timers.flush();
  assertEquals(a.job.status, "paused");
  const host = createHost();
  const b = unpack(pack(a.flow, a.job), host.registry, 10);
  assertEquals(b.job.pausePoints, [{
    at: "1970-01-01T00:00:00.000Z",
    checkpoint: { mood: "good" },
    reason: "for a walk",
  }]);
  assertEquals(b.job.sharedData, { map: new Map([["a", 1n]]) });
  const { executionHistory: history, sharedLog: log, outputLog: outputs } = b.job;
  assertEquals([history, log, outputs], [a.job.executionHistory, a.job.sharedLog, a.job.outputLog]);
  b.flow.resume(b.job);
  await b.timers.flush();
  assertEquals(b.job.status, "completed");
  assertEquals(b.job.executionHistory.slice(0, history.length), history);
  assertEquals(b.job.executionHistory.slice(history.length).map(({ type, at }) => [type, at]), [
    ["start", "1970-01-01T00:00:00.010Z"],
  ]);
  assertEquals(b.job.sharedLog.map(({ entry }) => entry), [{ said: "everything" }, { got: 1 }]);
  assertEquals(b.job.outputLog.map(({ type, data }) => [type, data]), [["said", "everything"], ["got", 1]]);
  assertEquals(b.job.sharedData, { map: new Map([["a", 1n]]) });
});

test("C229 the state of a routine is there after a resume", async () => {
  class Counter extends Routine {
    readonly input = this.addSlot("input", this.count);
    count(_data: unknown, ctx: Context): void {
      ctx.state.update<number>("processed", (processed = 0) => processed + 1);
      ctx.state.set("last", ctx.state.get("processed"));
    }
  }
  const registry = new Registry({ Counter });
  const { timers, flow } = createTestFlow({ id: "counting", registry });
  const counter = flow.addRoutine(new Counter(), "counter");
  const job = flow.execute(counter.input, {});
  for (let i = 0; i < 4; i++) flow.deliver(job, counter.input, {});
  const paused = pauseWhen(flow, job, ({ routineStates }) => routineStates["counter"]?.state["processed"] === 3);
  await timers.flush();
  await paused;
  const b = unpack(pack(flow, job), new Registry({ Counter }));
  assertEquals(b.job.routineStates["counter"]?.state, { processed: 3, last: 3 });
  b.flow.resume(b.job);
  assertEquals(b.job.routineStates["counter"]?.state, { processed: 3, last: 3 });
  await b.timers.flush();
  assertEquals(b.job.routineStates["counter"]?.state, { processed: 5, last: 5 });
});

test("redrive after a journey: the failures go back with all their retries, what they had merged is theirs still", async () => {
  class Payer extends Routine {
    readonly input = this.addSlot("input", this.pay, { merge: this.add });
    add(old: { readonly total: number } | undefined, { n }: { readonly n: number }): { readonly total: number } {
      return { total: (old?.total ?? 0) + n };
    }
    pay({ total }: { readonly total: number }, ctx: Context): void {
      if (!isOpen) throw new Error("closed");
      ctx.output("paid", total);
    }
  }
  let isOpen = false;
  const registry = new Registry({ Payer });
  const { timers, flow } = createTestFlow({ id: "paying", registry });
  const payer = flow.addRoutine(new Payer(), "payer");
  payer.setErrorHandler(new ErrorHandler({ strategy: "retry", maxRetries: 1, retryDelayMs: 10, isCritical: false }));
  const job = flow.execute(payer.input, { n: 1 });
  flow.deliver(job, payer.input, { n: 2 });
  await timers.advance(10);
  assertEquals([job.status, job.failures.length, job.retryCount("payer")], ["completed", 2, 2]);

  isOpen = true;
  const b = unpack(pack(flow, job), new Registry({ Payer }), 20);
  assertThrows(() => b.flow.resume(b.job), StateError);
  b.flow.resume(b.job, { redrive: true });
  assertEquals(b.job.pendingTasks.map(({ id, attempt, data }) => [id, attempt, data]), [
    [1, undefined, { n: 1 }],
    [2, undefined, { n: 2 }],
  ]);
  const c = JobState.fromJSON(JSON.parse(JSON.stringify(b.job)), registry);
  assertEquals(JSON.stringify(c), JSON.stringify(b.job));
  await b.timers.flush();
  assertEquals([b.job.status, b.job.failures], ["completed", []]);
  assertEquals(b.job.outputLog.map(({ data }) => data), [1, 3]);
  assertEquals(b.job.routineStates["payer"]?.status, "completed");
});
