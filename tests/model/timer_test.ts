import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { type Context, Engine, Flow, Registry, Routine } from "../../mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { newManualEngine } from "../support/send_once.ts";

class Reminder extends Routine {
  readonly trigger = this.addSlot("trigger", this.start);
  readonly later = this.addTimer("later", this.remind);
  start(_params: unknown, ctx: Context): void {
    ctx.emit(this.later, { text: "now!" }, { delayMs: 1_000 });
  }
  remind({ text }: { text: string }, ctx: Context): void {
    ctx.output("reminder", { text, at: ctx.now() });
  }
}

const registry = new Registry({ Reminder });

test("what a timer is emitted with comes back to its handler, when its time has come", async () => {
  const timers = manualTimers();
  const flow = new Flow({ id: "flow", engine: new Engine({ timers, ids: manualIds() }) });
  const job = flow.execute(flow.addRoutine(new Reminder(), "reminder").trigger);
  await timers.advance(999);
  assertEquals(job.outputLog.length, 0);
  await timers.advance(1);
  assertEquals([job.status, job.outputLog.map(({ data }) => data)], ["completed", [{ text: "now!", at: 1_000 }]]);
});

test("a timer is the routine's own: it is not among the flow's connections, nor in its document", () => {
  const flow = new Flow({ id: "flow", registry });
  const reminder = flow.addRoutine(new Reminder(), "reminder");
  assertEquals([flow.connections.length, flow.toJSON().connections], [0, []]);
  assertEquals([reminder.getEvent("later")?.kind, reminder.getSlot("later")?.kind], ["event", "slot"]);
});

test("a timer works in a flow that was written and read", async () => {
  const flow = new Flow({ id: "flow", registry });
  flow.addRoutine(new Reminder(), "reminder");
  const timers = manualTimers();
  const engine = new Engine({ timers, ids: manualIds() });
  const read = Flow.fromJSON(JSON.parse(JSON.stringify(flow)), registry, { engine });
  const job = read.execute("reminder");
  await timers.advance(1_000);
  assertEquals([job.status, job.outputLog.length], ["completed", 1]);
});

test("a timer whose name is taken is refused, and leaves nothing behind", () => {
  class Bare extends Routine {
    take(): void {}
  }
  const bare = new Bare();
  bare.addEvent("event");
  bare.addSlot("slot", null);
  assertThrows(
    () => bare.addTimer("event", bare.take),
    TypeError,
    'Cannot add timer "event": the routine has an event of this name already',
  );
  assertThrows(() => bare.addTimer("slot", bare.take), TypeError, "the routine has a slot of this name already");
  assertEquals([bare.getSlot("event"), bare.getEvent("slot")], [undefined, undefined]);
});

test("a timer that was added after its routine came into the flow works", async () => {
  class Late extends Routine {
    readonly trigger = this.addSlot("trigger", this.start);
    start(_params: unknown, ctx: Context): void {
      ctx.emit("late", {});
    }
    remind(_data: unknown, ctx: Context): void {
      ctx.output("reminder");
    }
  }
  const flow = new Flow({ id: "flow", engine: newManualEngine() });
  const late = flow.addRoutine(new Late(), "late");
  late.addTimer("late", late.remind);
  const job = await flow.run(late.trigger);
  assertEquals([job.status, job.outputLog.length], ["completed", 1]);
});

test("a timer that was added after construction works in a flow that was written and read", async () => {
  class Configured extends Routine {
    readonly trigger = this.addSlot("trigger", this.start);
    start(_params: unknown, ctx: Context): void {
      ctx.emit("extra", {});
    }
    remind(_data: unknown, ctx: Context): void {
      ctx.output("reminder");
    }
  }
  const own = new Registry({ Configured });
  const flow = new Flow({ id: "flow", registry: own });
  const routine = new Configured();
  routine.addTimer("extra", routine.remind);
  flow.addRoutine(routine, "configured");
  const read = Flow.fromJSON(JSON.parse(JSON.stringify(flow)), own, { engine: newManualEngine() });
  const job = await read.run("configured");
  assertEquals([job.status, job.outputLog.length], ["completed", 1]);
});
