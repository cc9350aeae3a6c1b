import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Context, ErrorHandler, JobState, Registry, Routine } from "../../mod.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";

/** What a desk is asked to send: `last`, with a delay, deferred, or as usual; each may ask for more. */
interface Letter {
  readonly name: string;
  readonly last?: readonly Letter[];
  readonly defer?: readonly Letter[];
  readonly plain?: readonly Letter[];
  readonly delayMs?: number;
  readonly asks?: boolean;
}

class Desk extends Routine {
  readonly trigger = this.addSlot("trigger", this.read);
  readonly answer = this.addSlot("answer", this.read);
  readonly mail = this.addTimer("mail", this.read);
  read({ name, last = [], defer = [], plain = [], asks }: Letter, ctx: Context): void {
    ctx.output("read", name);
    if (asks) ctx.expect(this.answer);
    for (const letter of last) {
      ctx.emit(this.mail, letter, { priority: "last", ...letter.delayMs && { delayMs: letter.delayMs } });
    }
    for (const letter of defer) ctx.defer(this.mail, letter);
    for (const letter of plain) ctx.emit(this.mail, letter, letter.delayMs ? { delayMs: letter.delayMs } : {});
  }
}

function createDesk(options: { readonly isConcurrent?: boolean } = {}) {
  const setup = createTestFlow({
    registry: new Registry({ Desk }),
    ...options.isConcurrent && { executionStrategy: "concurrent" },
  });
  return { ...setup, desk: setup.flow.addRoutine(new Desk(), "desk") };
}

const read = (job: JobState) => job.outputLog.map(({ data }) => data);
const letters = (...names: readonly string[]): Letter[] => names.map((name) => ({ name }));

test("C411 what is emitted as last runs after all other work, delayed, deferred and awaited work included", async () => {
  for (const isConcurrent of [false, true]) {
    const { flow, timers, desk } = createDesk({ isConcurrent });
    const job = flow.execute(desk.trigger, {
      name: "first",
      last: [{ name: "x", plain: [{ name: "after x" }] }, { name: "y" }],
      defer: letters("deferred"),
      plain: [{ name: "delayed", delayMs: 100, asks: true }],
    });
    await timers.advance(200);
    assertEquals([job.status, read(job), await flow.settle(job)], ["running", ["first", "delayed"], {
      status: "running",
      nextDueAt: undefined,
    }]);
    assertEquals(await flow.waitForCompletion(job, { until: "idle" }), false);
    flow.deliver(job, desk.answer, { name: "answer" });
    await timers.flush();
    assertEquals([job.status, read(job), timers.size], [
      "completed",
      ["first", "delayed", "answer", "deferred", "x", "after x", "y"],
      0,
    ]);
  }
});

test("C411 the last ones that still wait for their time hold up the others by nothing, and are waited for", async () => {
  const { flow, timers, desk } = createDesk();
  const job = flow.execute(desk.trigger, { name: "first", last: [{ name: "late", delayMs: 50 }, { name: "x" }] });
  await timers.flush();
  assertEquals([read(job), await flow.settle(job)], [["first", "x"], { status: "running", nextDueAt: 50 }]);
  await timers.advance(50);
  assertEquals([job.status, read(job)], ["completed", ["first", "x", "late"]]);
});

test("C411 one that fails goes back to the end with a redrive: what was left undone comes first", async () => {
  const { flow, timers } = createTestFlow();
  let isBroken = true;
  class Checker extends Routine {
    readonly trigger = this.addSlot("trigger", this.begin);
    readonly work = this.addTimer("work", this.do);
    readonly check = this.addTimer("check", this.look);
    begin(_data: unknown, ctx: Context): void {
      ctx.emit(this.check, {}, { priority: "last" });
      ctx.emit(this.work, { steps: 2 });
    }
    do({ steps }: { steps: number }, ctx: Context): void {
      if (isBroken && steps === 1) throw new Error("not now");
      if (steps > 0) ctx.emit(this.work, { steps: steps - 1 });
      ctx.shared.set("steps", steps);
    }
    look(_data: object, ctx: Context): void {
      if (ctx.shared.get("steps") !== 0) throw new Error("unfinished");
    }
  }
  const checker = flow.addRoutine(new Checker(), "checker");
  flow.setErrorHandler(new ErrorHandler({ strategy: "continue" }));
  const job = flow.execute(checker.trigger);
  await timers.flush();
  assertEquals([job.status, job.failures.map(({ error }) => error.message)], ["completed", ["not now", "unfinished"]]);
  isBroken = false;
  flow.resume(job, { redrive: true });
  await timers.flush();
  assertEquals([job.status, job.failures], ["completed", []]);
});

test("C411 in a concurrent job the last ones run one at a time, also after a move", async () => {
  const handlers = new WaitingHandlers();
  const create = () => {
    const setup = createTestFlow({ executionStrategy: "concurrent", registry: new Registry() });
    class Worker extends Routine {
      readonly trigger = this.addSlot("trigger", this.begin);
      readonly end = this.addTimer("end", this.finish);
      begin(_data: unknown, ctx: Context): void {
        for (const n of [1, 2]) ctx.emit(this.end, { n }, { priority: "last" });
      }
      async finish({ n }: { n: number }, ctx: Context): Promise<void> {
        await handlers.wait(n);
        ctx.output("finished", n);
      }
    }
    return { ...setup, worker: setup.flow.addRoutine(new Worker(), "worker") };
  };
  const { flow, timers, worker } = create();
  const first = flow.execute(worker.trigger);
  await timers.flush();
  assertEquals(first.pendingTasks.map(({ id, active }) => [id, active]), [[2, true], [3, undefined]]);
  await flow.pause(first, { graceMs: 0 });
  const other = create();
  const job = JobState.fromText(first.toText(), other.flow.registry);
  other.flow.resume(job);
  await other.timers.flush();
  for (const n of [1, 2]) {
    handlers.release(n);
    await other.timers.flush();
  }
  assertEquals([job.status, read(job)], ["completed", [1, 2]]);
});
