import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  type Context,
  Engine,
  ErrorHandler,
  Flow,
  JobState,
  type Routine,
  Routine as BaseRoutine,
  SchemaError,
} from "../../mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { Approval, approvals, DAY, RemindedApproval } from "../support/approval.ts";
import { lateStore } from "../support/late_store.ts";
import { createTestFlow } from "../support/test_flow.ts";

const CLASSES = { Approval, RemindedApproval } as const;
type Kind = keyof typeof CLASSES;
const KINDS: readonly Kind[] = ["Approval", "RemindedApproval"];

function createApproval(kind: Kind) {
  const { flow, timers } = createTestFlow({ registry: approvals() });
  const approval: Routine<object> = flow.addRoutine(new CLASSES[kind](), "approval");
  return { flow, timers, job: flow.execute(approval) };
}

const outputsOf = (job: JobState) => job.outputLog.map(({ type, data }) => data === undefined ? [type] : [type, data]);

test("C405 answered after a day, a request is approved that day, and nothing waits on", async () => {
  const { flow, timers, job } = createApproval("Approval");
  await timers.advance(DAY);
  flow.deliver(job, "approval", "answer", { by: "ada" });
  await timers.flush();
  assertEquals([job.status, outputsOf(job), timers.now(), timers.size], [
    "completed",
    [["approved", "ada"]],
    DAY,
    0,
  ]);
});

test("C405 not answered within seven days, a request is escalated, and nothing has failed", async () => {
  const { timers, job } = createApproval("Approval");
  await timers.advance(7 * DAY - 1);
  assertEquals([job.status, outputsOf(job)], ["running", []]);
  await timers.advance(1);
  assertEquals([job.status, outputsOf(job), job.failures, job.routineStates.approval?.status], [
    "completed",
    [["escalated", { slot: "answer", timeoutMs: 7 * DAY }]],
    [],
    "completed",
  ]);
});

for (const kind of KINDS) {
  test(`C405 the ${kind} is the same in a document that another host goes on with, answered or not`, async () => {
    for (const isAnswered of [true, false]) {
      const { flow, timers, job } = createApproval(kind);
      await timers.advance(DAY);
      await flow.pause(job);
      const host = manualTimers(timers.now());
      const engine = new Engine({ timers: host, ids: manualIds() });
      const registry = approvals();
      const other = Flow.fromJSON(JSON.parse(JSON.stringify(flow)), registry, { engine });
      const moved = JobState.fromJSON(JSON.parse(JSON.stringify(job)), registry);
      other.resume(moved);
      if (isAnswered) other.deliver(moved, "approval", "answer", { by: "ada" });
      await host.advance(isAnswered ? 0 : 6 * DAY);
      assertEquals(outputsOf(moved).map(([type]) => type), [isAnswered ? "approved" : "escalated"]);
      assertEquals([moved.failures, moved.status], [[], isAnswered || kind === "Approval" ? "completed" : "running"]);
      if (moved.status === "completed") assertEquals(host.size, 0);
    }
  });

  test(`C405 a worker that starts after a crash finds the answer of the ${kind}, or escalates`, async () => {
    for (const isAnswered of [true, false]) {
      const store = lateStore();
      const timers = manualTimers();
      const start = () => {
        const engine = new Engine({ timers, ids: manualIds(), registry: approvals(), store });
        const flow = new Flow({ id: "flow", engine, registry: approvals() });
        flow.addRoutine(new CLASSES[kind](), "approval");
        return { engine, flow };
      };
      const first = start();
      await first.flow.start("approval", {}, { jobId: "request" });
      const worker = first.engine.work();
      await timers.advance(1_000);
      await worker.stop();
      const second = start();
      const handle = second.engine.handle("request");
      await timers.advance(DAY);
      if (isAnswered) await handle.deliver({ routine: "approval", slot: "answer" }, { by: "ada" });
      // Nobody works until the time is up: an answer that was stored before counts, where `expect` has the deadline.
      if (kind === "Approval" || !isAnswered) await timers.advance(7 * DAY);
      const other = second.engine.work();
      await timers.advance(1_000);
      const job = await handle.read();
      assertEquals([outputsOf(job).map(([type]) => type), job.failures], [[isAnswered ? "approved" : "escalated"], []]);
      if (isAnswered) assertEquals([job.status, job.pendingTasks], ["completed", []]);
      await other.stop();
    }
  });
}

test("C405 a job that the slot for the timeout fails goes on with that slot after a redrive", async () => {
  const { flow, timers } = createTestFlow();
  let isBroken = true;
  class Asker extends BaseRoutine {
    readonly trigger = this.addSlot("trigger", this.ask);
    readonly late = this.addSlot("late", this.escalate);
    ask(_data: unknown, ctx: Context): void {
      ctx.expect("trigger", { timeoutMs: 10, onTimeout: "late" });
    }
    escalate(data: object, ctx: Context): void {
      if (isBroken) throw new Error("no mail");
      ctx.output("told", data);
    }
  }
  const asker = flow.addRoutine(new Asker(), "asker");
  const job = flow.execute(asker.trigger);
  await timers.advance(10);
  assertEquals([job.status, job.failures.map(({ task }) => task.slot)], ["failed", ["late"]]);
  isBroken = false;
  flow.resume(job, { redrive: true });
  await timers.flush();
  assertEquals([job.status, outputsOf(job)], ["completed", [["told", { slot: "trigger", timeoutMs: 10 }]]]);
});

test("C405 each expectation has its own slot for the timeout, or fails, at the same instant", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
  class Asker extends BaseRoutine {
    readonly trigger = this.addSlot("trigger", this.ask);
    readonly one = this.addSlot("one", this.tell);
    readonly two = this.addSlot("two", this.tell);
    ask(_data: unknown, ctx: Context): void {
      ctx.expect(this.trigger, { timeoutMs: 10, onTimeout: "one" });
      ctx.expect(this.trigger, { timeoutMs: 10 });
      ctx.expect(this.trigger, { timeoutMs: 10, onTimeout: "two" });
    }
    tell(_data: unknown, ctx: Context): void {
      ctx.output(ctx.slotName);
    }
  }
  const job = flow.execute(flow.addRoutine(new Asker(), "asker").trigger);
  await timers.advance(10);
  assertEquals([job.status, outputsOf(job), job.failures.map(({ error }) => error.name)], [
    "completed",
    [["one"], ["two"]],
    ["TimeoutError"],
  ]);
});

test("C406 a slot for the timeout is refused at once if it is another routine's, takes something else, or has no time", async () => {
  const { flow } = createTestFlow();
  class Asker extends BaseRoutine {
    readonly trigger = this.addSlot("trigger", this.ask);
    readonly picky = this.addSlot("picky", this.note, {
      schema: { "~standard": { version: 1, vendor: "test", validate: () => ({ issues: [{ message: "a number" }] }) } },
    });
    note(): void {}
    ask(_data: unknown, ctx: Context): void {
      const expect = (options: object) => () => ctx.expect(this.trigger, options);
      assertThrows(
        expect({ timeoutMs: 1, onTimeout: other.trigger }),
        TypeError,
        'Cannot tell of a delivery that has not come in routine "asker": slot "trigger" belongs to another routine',
      );
      assertThrows(expect({ timeoutMs: 1, onTimeout: "nobody" }), TypeError, 'has no slot "nobody" of its own');
      assertThrows(expect({ onTimeout: this.trigger }), TypeError, "there is no timeoutMs");
      assertThrows(
        expect({ timeoutMs: 1, onTimeout: this.picky }),
        SchemaError,
        'data for slot "picky" of routine "asker" at the deadline',
      );
    }
  }
  const other = flow.addRoutine(new Asker(), "other");
  const job = await flow.run(flow.addRoutine(new Asker(), "asker").trigger);
  assertEquals([job.status, job.error], ["completed", undefined]);
});

test("C406 a job whose slot for a timeout is gone is refused by the preflight, with the path", async () => {
  const { flow, job } = createApproval("Approval");
  await flow.pause(job);
  const document = JSON.parse(JSON.stringify(job));
  document.pendingTasks = [{
    awaiting: { onTimeout: "gone", timeoutMs: 1, until: document.createdAt },
    createdAt: document.createdAt,
    id: 1,
    routine: "approval",
    slot: "answer",
  }];
  const findings = flow.check(JobState.fromJSON(document, flow.registry));
  assertEquals(findings, [{
    code: "unknown_slot",
    path: "pendingTasks[0].awaiting.onTimeout",
    message: 'routine "approval" has no slot "gone"',
  }]);
});
