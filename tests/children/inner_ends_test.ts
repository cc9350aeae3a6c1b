import { assert, assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  type ChildEnd,
  type Context,
  Engine,
  Flow,
  JobState,
  PreflightError,
  Registry,
  Routine,
  SerializationError,
  StateError,
} from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";

// What becomes of children that are parts of their parent when that ends first, is paused, or goes on elsewhere.

/** A host with a flow of tools, and one of agents that use them: each tool asks a person, unless it is to fail. */
class AgentHost {
  readonly timers: ManualTimers = manualTimers();
  readonly engine: Engine;
  readonly registry: Registry;
  readonly tools: Flow<string>;
  readonly agents: Flow<readonly string[]>;
  /** The ends that agents were told of. */
  readonly ends: ChildEnd[] = [];

  constructor(limits: { readonly childDepth?: number; readonly children?: number } = {}, isStored = false) {
    const { ends } = this;
    class Tool extends Routine {
      readonly trigger = this.addSlot("trigger", this.use);
      readonly answer = this.addSlot("answer", this.finish);
      use({ name }: { name: string }, ctx: Context): void {
        if (name === "broken") throw new RangeError("it is broken");
        if (name !== "late") return ctx.expect(this.answer);
        ctx.expect(this.answer, { timeoutMs: 1_000 });
      }
      finish(text: string, ctx: Context): void {
        ctx.result(text);
      }
    }
    class Agent extends Routine {
      readonly trigger = this.addSlot("trigger", this.begin);
      readonly ended = this.addSlot("ended", this.hear);
      begin({ tools: names, deeper = 0 }: { tools: string[]; deeper?: number }, ctx: Context): void {
        ctx.result([]);
        for (const key of names) ctx.child(tools, "tool", { name: key }, { to: this.ended, key });
        if (deeper > 0) ctx.child(agents, "agent", { tools: names, deeper: deeper - 1 }, { to: this.ended });
        if (names.includes("fail")) throw new Error("before the step");
      }
      hear(end: ChildEnd, ctx: Context): void {
        ends.push(end);
        const texts = ctx.state.get<readonly string[]>("texts") ?? [];
        const text = end.status === "completed" ? String(end.result) : `${end.status}: ${end.error.message}`;
        ctx.state.set("texts", [...texts, text]);
        ctx.result([...texts, text]);
      }
    }
    this.registry = new Registry({ Tool, Agent });
    const { timers, registry } = this;
    const store = isStored ? { store: memoryStore() } : {};
    this.engine = new Engine({ timers, ids: manualIds(), registry, ...store });
    const tools = new Flow<string>({ id: "tools", engine: this.engine });
    tools.addRoutine(new Tool(), "tool");
    const agents = new Flow<readonly string[]>({ id: "agents", engine: this.engine, limits });
    agents.addRoutine(new Agent(), "agent");
    [this.tools, this.agents] = [tools, agents];
  }

  start(params: { readonly tools: readonly string[]; readonly deeper?: number }): JobState {
    return this.agents.execute("agent", params, { jobId: "job" });
  }

  /** A child of a job, by the end of its id. */
  child(job: JobState, key: string): JobState {
    const child = job.children.find(({ jobId }) => jobId.endsWith(`/${key}`))?.job;
    assert(child, key);
    return child;
  }

  answer(job: JobState, key: string): void {
    this.tools.deliver(this.child(job, key), this.tools.slot("tool", "answer"), `${key} is done`);
  }
}

/** The key of the first task of a child. */
const FIRST = "cp2r4xxsl6o9";

/** A job with its children on another host. */
async function move(job: JobState, isStored = false): Promise<{ host: AgentHost; job: JobState }> {
  const host = new AgentHost({}, isStored);
  const moved = JobState.fromText(job.toText(), host.registry);
  assertEquals(moved.toText(), JSON.stringify(job));
  host.agents.resume(moved);
  await host.timers.flush();
  return { host, job: moved };
}

test("C461 a child is answered by its own flow, and its end is told where it was asked for", async () => {
  const host = new AgentHost();
  const job = host.start({ tools: ["a", "broken", "b"] });
  await host.timers.flush();
  assertEquals(host.ends.map(({ status }) => status), ["failed"]);
  assertEquals(job.children.map(({ status, slot, job }) => [status, slot, job?.status]), [
    ["open", "ended", "running"],
    ["open", "ended", "running"],
  ]);
  assertEquals(await host.agents.waitForCompletion(job, { until: "idle" }), false);
  assertEquals(host.child(job, "a").awaiting.length, 1);
  host.answer(job, "b");
  host.tools.cancel(host.child(job, "a"), { reason: "no need" });
  await host.timers.flush();
  assertEquals([job.status, job.result], ["completed", [
    "failed: it is broken",
    "cancelled: The job was cancelled: no need",
    "b is done",
  ]]);
});

test("C462 a pause brings the children to rest, and they go on on another host, to the answer and to the deadline", async () => {
  const first = new AgentHost();
  const before = first.start({ tools: ["a", "late"], deeper: 1 });
  await first.timers.flush();
  await first.agents.pause(before);
  const statuses = before.children.map(({ job }) => job?.status);
  assertEquals([before.status, statuses], ["paused", ["running", "running", "running"]]);
  const deep = first.child(before, "2");
  assertEquals(deep.children.map(({ job }) => job?.status), ["running", "running"]);
  const { host, job } = await move(before);
  host.answer(host.child(job, "2"), "a");
  host.answer(job, "a");
  assertEquals((await settleAll(host, job)).nextDueAt, 1_000);
  await host.timers.advance(1_000);
  assertEquals([job.status, job.result], ["completed", [
    "a is done",
    'failed: The delivery to slot "answer" of routine "tool" took longer than 1000 ms',
    'a is done,failed: The delivery to slot "answer" of routine "tool" took longer than 1000 ms',
  ]]);
});

async function settleAll({ agents, timers }: AgentHost, job: JobState) {
  const settled = agents.settle(job);
  await timers.flush();
  return await settled;
}

test("C463 cancel goes down to all that are below, and a redrive delivers how they have ended", async () => {
  const host = new AgentHost();
  const job = host.start({ tools: ["a"], deeper: 2 });
  await host.timers.flush();
  const deep = host.child(host.child(job, "1"), "1");
  host.agents.cancel(job, { reason: "enough" });
  assertEquals([job, host.child(job, "a"), deep, host.child(deep, "a")].map(({ status }) => status), [
    ...["cancelled", "cancelled", "cancelled", "cancelled"],
  ]);
  assertEquals(host.child(job, "a").error?.message, 'The job was cancelled: its parent, job "job", has ended');
  assertEquals(job.children.map(({ status }) => status), ["left", "left"]);
  const moved = JobState.fromText(job.toText(), host.registry);
  host.agents.resume(moved, { redrive: true });
  await host.timers.flush();
  assertEquals([moved.status, host.ends.map(({ status }) => status)], ["completed", ["cancelled", "cancelled"]]);
});

test("C463 a job that is cancelled at rest cancels its children, and one that fails does", async () => {
  const host = new AgentHost();
  const job = host.start({ tools: ["a"], deeper: 1 });
  await host.timers.flush();
  await host.agents.pause(job);
  host.agents.cancel(job);
  const deep = host.child(job, "1");
  assertEquals([job, deep, host.child(deep, "a")].map(({ status }) => status), Array(3).fill("cancelled"));
  const late = host.agents.execute("agent", { tools: ["a"] }, { deadlineMs: 10 });
  await host.timers.advance(10);
  assertEquals([late.status, host.child(late, "a").status], ["failed", "cancelled"]);
});

test("C464 a child that was paused by itself stays so, also when its parent goes on", async () => {
  const host = new AgentHost();
  const job = host.start({ tools: ["a", "b"] });
  await host.timers.flush();
  await host.tools.pause(host.child(job, "a"));
  await host.agents.pause(job);
  host.answer(job, "a");
  host.agents.resume(job);
  await host.timers.flush();
  assertEquals(job.children.map(({ job }) => job?.status), ["paused", "running"]);
  host.tools.resume(host.child(job, "a"));
  await host.timers.flush();
  host.answer(job, "b");
  await host.timers.flush();
  assertEquals([job.status, job.result], ["completed", ["a is done", "b is done"]]);
});

test("C464 a child that is paused is cancelled, and its parent is told at once; until then it keeps nobody busy", async () => {
  const host = new AgentHost();
  const job = host.start({ tools: ["a"] });
  await host.timers.flush();
  await host.tools.pause(host.child(job, "a"));
  assertEquals((await settleAll(host, job)).nextDueAt, undefined);
  assertEquals(await host.agents.waitForCompletion(job, { until: "idle" }), false);
  host.tools.cancel(host.child(job, "a"));
  await host.timers.flush();
  assertEquals([job.status, job.result], ["completed", ["cancelled: The job was cancelled"]]);
});

test("C464 a child may go on and end, or be cancelled, while its parent is paused: that is told when it goes on", async () => {
  const host = new AgentHost();
  const job = host.start({ tools: ["a", "b", "c"] });
  await host.timers.flush();
  await host.agents.pause(job);
  for (const key of ["a", "c"]) host.tools.resume(host.child(job, key));
  await host.timers.flush();
  host.answer(job, "a");
  host.tools.cancel(host.child(job, "b"));
  await host.timers.flush();
  assertEquals(job.children.map(({ job }) => job?.status), ["completed", "cancelled", "running"]);
  assertEquals(host.ends, []);
  host.agents.resume(job);
  await host.timers.flush();
  assertEquals(host.ends.map(({ status }) => status), ["completed", "cancelled"]);
  host.answer(job, "c");
  await host.timers.flush();
  assertEquals([job.status, host.ends.length], ["completed", 3]);
});

test("C465 children that are too many, too deep, detached, or asked for by a step that fails do not come to be", async () => {
  const why = async (host: AgentHost, params: { tools: string[]; deeper?: number }) => {
    const job = host.start(params);
    await host.timers.flush();
    let deepest = job;
    for (let next = job.children.at(-1)?.job; next !== undefined; next = next.children.at(-1)?.job) deepest = next;
    return [
      job.status,
      job.children.length,
      deepest.error?.message ?? host.ends.map((end) => "error" in end && end.error.message),
    ];
  };
  const action = 'Cannot start a child of routine "agent"';
  assertEquals(await why(new AgentHost({ children: 1 }), { tools: ["a", "b"] }), [
    ...["failed", 0],
    `${action}: its job has 1 children already, as many as limits.children allows`,
  ]);
  assertEquals(await why(new AgentHost({ childDepth: 2 }), { tools: [], deeper: 9 }), ["completed", 0, [
    `${action}: 2 jobs stand above its job, as many as limits.childDepth allows; does a flow start itself without an end?`,
    false,
  ]]);
  assertEquals(await why(new AgentHost(), { tools: ["fail"] }), ["failed", 0, "before the step"]);
  const { registry, tools } = new AgentHost();
  const alone = new Flow({ registry });
  class Detaching extends Routine {
    readonly trigger = this.addSlot("trigger", (_: unknown, ctx: Context) => {
      ctx.child(tools, "tool", { name: "a" }, { detached: true });
    });
  }
  const job = await alone.run(alone.addRoutine(new Detaching(), "r").trigger, {});
  assertEquals(
    job.error?.message,
    'Cannot start a detached child of routine "r": without a store nobody would keep it; ' +
      "give new Engine() a store, or name the slot that waits for it",
  );
  assertThrows(
    () => new Flow({ limits: { childDepth: 101 } }),
    RangeError,
    "limits.childDepth must be at most 100, current value is 101",
  );
});

test("C465 a job whose children do not fit the host is refused with all findings, and is not changed", async () => {
  const first = new AgentHost();
  const before = first.start({ tools: ["a"], deeper: 1 });
  await first.timers.flush();
  await first.agents.pause(before);
  const full = new AgentHost();
  const registry = new Registry({ Agent: full.registry.classOf("Agent") as typeof Routine & (new () => Routine) });
  const agents = Flow.fromJSON(JSON.parse(JSON.stringify(first.agents)), registry);
  const job = JobState.fromText(before.toText(), registry);
  const error = assertThrows(() => agents.resume(job), PreflightError);
  assertEquals(error.findings, agents.check(job));
  assertEquals(error.findings.map(({ code, path }) => [code, path]), [
    ["unknown_class", 'children["job/1/0/a"].flow.routines.tool'],
    ["unknown_class", `children["job/1/0/1"].job.children["job/1/0/1/${FIRST}/0/a"].flow.routines.tool`],
  ]);
  assertEquals(job.toText(), before.toText());
  const text = before.toText().replaceAll('\\"format\\":\\"routilux/flow\\"', '\\"format\\":\\"another\\"');
  const damaged = JobState.fromText(text, first.registry);
  assertEquals(first.agents.check(damaged).map(({ code, path }) => [code, path]), [
    ["bad_flow", 'children["job/1/0/a"].flow'],
    ["bad_flow", 'children["job/1/0/1"].flow'],
  ]);
  const odd = before.toText().replaceAll(
    '\\"maxWorkers\\":1',
    '\\"limits\\":{\\"childDepth\\":500},\\"maxWorkers\\":1',
  );
  assertEquals(first.agents.check(JobState.fromText(odd, first.registry))[0]?.message.includes("at most 100"), true);
});

test("C466 a job with children goes on in an engine with a store: they are jobs of their own from then on", async () => {
  const first = new AgentHost();
  const before = first.start({ tools: ["a", "b", "c"], deeper: 1 });
  await first.timers.flush();
  first.answer(before, "b");
  await first.tools.pause(first.child(before, "c"));
  await first.agents.pause(before);
  const { host, job } = await move(before, true);
  const { engine, timers } = host;
  const worker = engine.work();
  await timers.advance(5_000);
  const { jobs } = await engine.list();
  assertEquals(jobs.map(({ jobId, parentId, status }) => [jobId, parentId, status]), [
    ["job", undefined, "running"],
    ["job/1/0/3", "job", "running"],
    [`job/1/0/3/${FIRST}/0/a`, "job/1/0/3", "running"],
    [`job/1/0/3/${FIRST}/0/b`, "job/1/0/3", "running"],
    [`job/1/0/3/${FIRST}/0/c`, "job/1/0/3", "running"],
    ["job/1/0/a", "job", "running"],
    ["job/1/0/c", "job", "paused"],
  ]);
  for (const { jobId, flowId } of jobs) {
    if (jobId.endsWith("/c")) await engine.handle(jobId).resume();
    if (flowId === "tools") await engine.handle(jobId).deliver({ routine: "tool", slot: "answer" }, `${jobId.at(-1)}`);
  }
  await timers.advance(20_000);
  const end = await engine.handle<readonly string[]>("job").result();
  assertEquals([Array.from(end).sort(), job.children], [["a", "a,b,c", "b is done", "c"], []]);
  await worker.stop();
});

test("C466 a job whose children are jobs of a store does not go on without one", async () => {
  const stored = new AgentHost({}, true);
  const worker = stored.engine.work();
  const handle = await stored.agents.start("agent", { tools: ["a"] });
  await stored.timers.advance(1_000);
  const text = (await handle.read()).toText();
  const { agents, registry } = new AgentHost();
  const job = JobState.fromText(text, registry);
  const error = assertThrows(() => agents.resume(job), PreflightError);
  assertEquals(error.findings.map(({ code, message }) => [code, message]), [
    ["stored_child", "this child is a job of a store, and the engine has none"],
  ]);
  await worker.stop();
});

test("a shutdown pauses a job, and its children with it", async () => {
  const host = new AgentHost();
  const job = host.start({ tools: ["a"], deeper: 1 });
  await host.timers.flush();
  await host.engine.shutdown();
  assertEquals([job.status, job.children.map(({ job }) => job?.status)], ["paused", ["running", "running"]]);
  assertEquals((await move(job)).job.children.map(({ job }) => job?.status), ["running", "running"]);
});

test("documents in which children are none of the job, or too deep in each other, are refused with the place", async () => {
  const host = new AgentHost();
  const job = host.start({ tools: ["a"] });
  await host.timers.flush();
  const read = (change: (document: Json) => unknown) => {
    const document = JSON.parse(job.toText());
    change(document);
    return assertThrows(() => JobState.fromJSON(document, host.registry), SerializationError);
  };
  const message = (change: (document: Json) => unknown) =>
    read(change).message.replace("Cannot read routilux/job: ", "");
  const at = "children[0].jobs[0]";
  assertEquals(
    message((it) => it.children[0].jobs[0].job.status = "odd").slice(0, 60),
    `${at}.job.status: expected ("pending" | "running" |`.slice(0, 60),
  );
  assertEquals(read((it) => it.children[0].jobs[0].job.status = 1).path, `${at}.job.status`);
  assertEquals(message((it) => it.children[0].jobs[0].job = []), `${at}.job: expected an object, got an array`);
  assertEquals(
    message((it) => it.children[0].jobs[0].job = { format: 1 }),
    `${at}.job.format: expected "routilux/job", got 1`,
  );
  assertEquals(
    message((it) => it.children[0].jobs[0].job.jobId = "x"),
    `${at}.job.jobId: expected "job/1/0/a", got "x"`,
  );
  assertEquals(message((it) => it.children[0].flowId = "x"), `${at}.job.flowId: expected "x", got "tools"`);
  assertEquals(message((it) => it.jobId = "x"), 'children: expected jobs whose parent is "x", got one of "job"');
  assertEquals(
    message((it) => delete it.children[0].jobs[0].job.parent),
    'children: expected jobs whose parent is "job", got one without a parent',
  );
  const parts = `${at}: expected an entry or a job where there is a flow, and neither without one, got`;
  assertEquals(message((it) => delete it.children[0].flow), `${parts} one without a flow, or both`);
  assertEquals(message((it) => delete it.children[0].jobs[0].job), `${parts} neither`);
  let deep = JSON.parse(job.toText());
  const leaf = deep.children[0].jobs[0].job;
  for (let depth = 0; depth < 5_000; depth++) {
    deep = {
      ...leaf,
      children: [{ flow: "{}", flowId: "tools", jobs: [{ jobId: leaf.jobId, routine: "agent", job: deep }] }],
    };
  }
  const error = assertThrows(() => JobState.fromJSON(deep, host.registry), SerializationError);
  assert(error.message.endsWith("expected at most 100 jobs inside of each other, got more"), error.message.slice(-80));
});

type Json = ReturnType<typeof JSON.parse>;

test("a child that is live is not resumed again, and one that has been told of is of nobody", async () => {
  const host = new AgentHost();
  const job = host.start({ tools: ["a"] });
  await host.timers.flush();
  const child = host.child(job, "a");
  assertThrows(() => host.tools.resume(child), StateError, "it is live already");
  host.answer(job, "a");
  await host.timers.flush();
  assertEquals([child.status, job.children, job.status], ["completed", [], "completed"]);
});

test("C465 the end of a child is a task: one too many ends the job, and is told after a redrive with more room", async () => {
  const host = new AgentHost();
  const document = JSON.parse(JSON.stringify(host.agents));
  const strict = Flow.fromJSON({ ...document, limits: { steps: 1 } }, host.registry, { engine: host.engine });
  const job = strict.execute("agent", { tools: ["a"] }, { jobId: "job" });
  await host.timers.flush();
  host.answer(job, "a");
  await host.timers.flush();
  assertEquals([job.status, job.error?.name, job.children[0]?.status], ["failed", "StepLimitError", "left"]);
  host.agents.resume(job, { redrive: true });
  await host.timers.flush();
  assertEquals([job.status, job.result], ["completed", ["a is done"]]);
});

test("C474 a job goes over to another version of its flow with its children", async () => {
  const host = new AgentHost();
  const job = host.start({ tools: ["a", "b"] });
  await host.timers.flush();
  await host.agents.pause(job);
  const document = JSON.parse(JSON.stringify(host.agents));
  const { agent } = document.routines;
  const next = Flow.fromJSON({ ...document, routines: { helper: agent } }, host.registry, { engine: host.engine });
  next.adopt(job, { rename: { agent: "helper" } });
  next.resume(job);
  await host.timers.flush();
  assertEquals(job.children.map(({ routine, job }) => [routine, job?.status]), [
    ["helper", "running"],
    ["helper", "running"],
  ]);
  for (const key of ["a", "b"]) host.answer(job, key);
  await host.timers.flush();
  assertEquals([job.status, job.result], ["completed", ["a is done", "b is done"]]);
});

test("a job may have children of more flows than are kept", async () => {
  const { registry, tools, timers, engine } = new AgentHost();
  const document = JSON.parse(JSON.stringify(tools));
  class Many extends Routine {
    readonly trigger = this.addSlot("trigger", this.ask);
    readonly ended = this.addSlot("ended", this.hear);
    ask({ flows }: { flows: number }, ctx: Context): void {
      for (let n = 0; n < flows; n++) {
        ctx.child({ ...document, id: `flow ${n}` }, { routine: "tool", slot: "answer" }, `${n}`, { to: this.ended });
      }
    }
    hear(end: ChildEnd, ctx: Context): void {
      ctx.shared.update<number>("sum", (sum = 0) => sum + (end.status === "completed" ? Number(end.result) : 0));
    }
  }
  const flow = new Flow({ registry, engine });
  const job = flow.execute(flow.addRoutine(new Many(), "many").trigger, { flows: 120 });
  await timers.flush();
  assertEquals([job.status, job.sharedData["sum"]], ["completed", (119 * 120) / 2]);
});
