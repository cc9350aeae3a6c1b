import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Context, Flow, JobState, Registry, Routine } from "../../mod.ts";
import { pauseWhen } from "../support/pause_when.ts";

class Relay extends Routine {
  readonly trigger = this.addSlot("trigger", this.pass);
  readonly input = this.addSlot("input", this.pass);
  readonly output = this.addEvent<{ count: number }>("output");
  readonly silent = this.addSlot("silent", null);
  pass({ count = 0 }: { count?: number }, ctx: Context): void {
    ctx.emit(this.output, { count: count + 1 });
  }
}
class Broken extends Routine {
  readonly trigger = this.addSlot("trigger", this.fail);
  readonly calls: number[] = [];
  fail(_params: unknown, ctx: Context): void {
    this.calls.push(ctx.attempt);
    throw new Error("as ever");
  }
}
class Keep extends Routine {
  readonly input = this.addSlot("input", this.keep);
  keep({ count }: { count: number }, ctx: Context): void {
    ctx.shared.set("count", count);
  }
}

function build(): { flow: Flow; registry: Registry } {
  const registry = new Registry({ Relay, Keep });
  const flow = new Flow({ id: "relay", registry });
  const first = flow.addRoutine(new Relay(), "first");
  const second = flow.addRoutine(new Relay(), "second");
  flow.connect(first.output, second.input);
  flow.connect(second.output, flow.addRoutine(new Keep(), "keep").input);
  return { flow, registry };
}

test("C230 C234 a pending task becomes queued work on resume, runs once, and its handler emits as ever", async () => {
  const { flow } = build();
  const job = flow.execute("first");
  await flow.pause(job);
  assertEquals([job.status, job.pendingTasks.length], ["paused", 1]);
  flow.resume(job);
  assertEquals(job.status, "running");
  await flow.waitForCompletion(job);
  assertEquals([job.status, job.pendingTasks, job.sharedData], ["completed", [], { count: 2 }]);
  assertEquals(job.history("first").map(({ type }) => type), ["start", "emit"]);
});

test("C239 an entry that has failed and was tolerated is not run again by a resume", async () => {
  const { flow } = build();
  const broken = flow.addRoutine(new Broken(), "broken").setAsOptional();
  const job = flow.execute(broken.trigger);
  flow.deliver(job, "keep", "input", { count: 7 });
  await pauseWhen(flow, job, ({ failures }) => failures.length === 1);
  assertEquals([job.status, job.pendingTasks.map(({ routine }) => routine)], ["paused", ["keep"]]);
  flow.resume(job);
  await flow.waitForCompletion(job);
  assertEquals([job.status, job.sharedData, broken.calls], ["completed", { count: 7 }, [0]]);
  assertEquals(job.routineStates["broken"]?.status, "error_continued");
});

test("C264 a restored flow has its routines and connections, and runs", async () => {
  const { flow, registry } = build();
  const restored = Flow.fromJSON(JSON.parse(JSON.stringify(flow)), registry);
  assertEquals([restored.routines.size, restored.connections.length], [3, 2]);
  const job = await restored.run("first", { count: 5 });
  assertEquals([job.status, job.sharedData], ["completed", { count: 7 }]);
});

test("C275 no handler, no name in the document; no name, no handler after it was read", () => {
  const { flow, registry } = build();
  assertEquals(flow.toJSON().routines["first"]?.slots["silent"], {});
  const restored = Flow.fromJSON(flow.toJSON(), registry);
  assertEquals(restored.slot("first", "silent").handler, undefined);
});

test("C197 what is saved is JSON with the flow's id and the status", async () => {
  const { flow, registry } = build();
  const job = await flow.run("first");
  const { flowId, status } = JSON.parse(JSON.stringify(job));
  assertEquals([flowId, status], ["relay", "completed"]);
  assertEquals(JobState.fromJSON(JSON.parse(JSON.stringify(job)), registry).flowId, "relay");
});

class Picky extends Routine {
  readonly trigger = this.addSlot("trigger", this.run);
  readonly accepts: boolean;
  constructor(accepts = false) {
    super();
    this.accepts = accepts;
  }
  run(_params: unknown, ctx: Context): void {
    if (!this.accepts) throw new Error("not here");
    ctx.shared.set("accepted", true);
  }
}

test("a job that failed in one flow is redriven by the routines of the flow that resumes it", async () => {
  const build = (accepts: boolean) => {
    const flow = new Flow({ id: "picky" });
    flow.addRoutine(new Picky(accepts), "picky");
    return flow;
  };
  const job = await build(false).run("picky");
  assertEquals([job.status, job.error?.message], ["failed", "not here"]);
  const other = build(true);
  other.resume(job, { redrive: true });
  await other.waitForCompletion(job);
  assertEquals([job.status, job.sharedData], ["completed", { accepted: true }]);
});
