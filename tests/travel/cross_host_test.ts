import { assertEquals, assertNotEquals } from "@std/assert";
import { test } from "node:test";
import { type Context, Registry, Routine } from "../../mod.ts";
import { pack, unpack } from "../support/move_job.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { pauseWhen } from "../support/pause_when.ts";

/** The classes of the seed's example, as a host that starts has them: new. `runs` is what its handlers have done. */
function createHost() {
  const runs: string[] = [];
  class DataSource extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly output = this.addEvent<{ data: string }>("output");
    send(_params: unknown, ctx: Context): void {
      runs.push("source");
      ctx.emit(this.output, { data: "initial_data" });
    }
  }
  class DataProcessor extends Routine {
    readonly input = this.addSlot("input", this.process);
    readonly output = this.addEvent<{ result: string }>("output");
    process({ data }: { readonly data: string }, ctx: Context): void {
      runs.push("processor");
      ctx.emit(this.output, { result: `Processed: ${data}` });
    }
  }
  return { runs, DataSource, DataProcessor, registry: new Registry({ DataSource, DataProcessor }) };
}

/** Host A of the seed: its flow, and a job that has been started. */
function start() {
  const { runs, DataSource, DataProcessor, registry } = createHost();
  const { timers, flow } = createTestFlow({ id: "cross_host_flow", registry });
  const source = flow.addRoutine(new DataSource(), "source");
  const processor = flow.addRoutine(new DataProcessor(), "processor");
  flow.connect(source.output, processor.input);
  return { runs, timers, flow, registry, job: flow.execute("source") };
}

test("C238 C373 the seed's example: execute, pause, both as JSON, resume elsewhere; each handler has run once", async () => {
  const a = start();
  await a.flow.pause(a.job, { reason: "Transfer to Host B" });
  const text = pack(a.flow, a.job);

  const host = createHost();
  const b = unpack(text, host.registry);
  assertEquals([b.flow.id, b.job.jobId, b.job.status], ["cross_host_flow", a.job.jobId, "paused"]);
  assertEquals(b.flow.resume(b.job), b.job);
  assertEquals(b.job.status, "running");
  const completed = b.flow.waitForCompletion(b.job, { timeoutMs: 10_000 });
  await b.timers.flush();
  assertEquals(await completed, true);
  assertEquals([b.job.status, b.job.executionHistory.length], ["completed", 4]);
  assertEquals([...a.runs, ...host.runs].sort(), ["processor", "source"]);
  assertEquals(b.job.executionHistory.map(({ routine, type, data }) => ({ routine, type, data })), [
    { routine: "source", type: "start", data: undefined },
    { routine: "source", type: "emit", data: { data: "initial_data" } },
    { routine: "processor", type: "start", data: undefined },
    { routine: "processor", type: "emit", data: { result: "Processed: initial_data" } },
  ]);
  assertEquals(b.job.pausePoints, [{ at: "1970-01-01T00:00:00.000Z", reason: "Transfer to Host B" }]);
});

test("C373 C379 between the two handlers the same holds: what had finished does not run again", async () => {
  const a = start();
  const paused = pauseWhen(a.flow, a.job, ({ routineStates: { source } }) => source?.status === "completed");
  await a.timers.flush();
  await paused;
  assertEquals(a.runs, ["source"]);
  const host = createHost();
  const b = unpack(pack(a.flow, a.job), host.registry);
  assertEquals(b.job.pendingTasks.map(({ id, routine, data }) => ({ id, routine, data })), [
    { id: 2, routine: "processor", data: { data: "initial_data" } },
  ]);
  b.flow.resume(b.job);
  await b.timers.flush();
  assertEquals([b.job.status, b.job.executionHistory.length, host.runs], ["completed", 4, ["processor"]]);
});

test("C236 a flow that was built by hand on the other host, with the same ids, takes the job too", async () => {
  const a = start();
  await a.flow.pause(a.job);
  const { runs, DataSource, DataProcessor, registry } = createHost();
  const { timers, flow } = createTestFlow({ id: "cross_host_flow", registry });
  flow.addRoutine(new DataProcessor(), "processor");
  flow.addRoutine(new DataSource(), "source");
  flow.connect("source", "output", "processor", "input");
  const { job } = unpack(pack(a.flow, a.job), registry);
  flow.resume(job);
  await timers.flush();
  assertEquals([job.status, runs], ["completed", ["source", "processor"]]);
});

test("C233 C235 on the same host a pause and a resume leave one job, and the flow free", async () => {
  const a = start();
  await a.flow.pause(a.job);
  const { jobId } = a.job;
  a.flow.resume(a.job);
  assertEquals([a.job.jobId, a.job.status], [jobId, "running"]);
  await a.timers.flush();
  assertEquals([a.job.status, a.runs], ["completed", ["source", "processor"]]);
  const other = a.flow.execute("source");
  assertNotEquals(other.jobId, jobId);
  await a.timers.flush();
  assertEquals(other.status, "completed");
  await a.flow.shutdown();
});

test("C380 resume sets running from paused, from running and from pending", async () => {
  const a = start();
  const running = pack(a.flow, a.job);
  await a.flow.pause(a.job);
  const paused = pack(a.flow, a.job);
  const pending = pack(a.flow, a.flow.create("source"));
  for (const [text, status] of [[running, "running"], [paused, "paused"], [pending, "pending"]] as const) {
    const host = createHost();
    const b = unpack(text, host.registry);
    assertEquals(b.job.status, status);
    b.flow.resume(b.job);
    assertEquals(b.job.status, "running");
    await b.timers.flush();
    assertEquals([b.job.status, host.runs], ["completed", ["source", "processor"]]);
  }
});

test("C375 one text can be resumed on two hosts: two lines, with the same end to the byte", async () => {
  const a = start();
  await a.flow.pause(a.job);
  const text = pack(a.flow, a.job);
  const ends: string[] = [];
  for (let i = 0; i < 2; i++) {
    const b = unpack(text, createHost().registry);
    b.flow.resume(b.job);
    await b.timers.flush();
    ends.push(JSON.stringify(b.job));
  }
  assertEquals(ends[0], ends[1]);
  assertEquals(JSON.parse(ends[0] ?? "").status, "completed");
});

test("C372 C387 a snapshot of the running job neither stops nor delays it, and the flow's bytes stay", async () => {
  const a = start();
  const flowText = JSON.stringify(a.flow);
  const snapshots: string[] = [];
  void a.flow.waitUntil(a.job, () => {
    snapshots.push(pack(a.flow, a.job));
    return false;
  });
  await a.timers.flush();
  assertEquals([a.job.status, a.runs], ["completed", ["source", "processor"]]);
  assertEquals(JSON.stringify(a.flow), flowText);
  assertEquals(snapshots.length >= 3, true);
  for (const text of snapshots) {
    const b = unpack(text, createHost().registry);
    if (b.job.status === "completed") continue;
    b.flow.resume(b.job);
    await b.timers.flush();
    assertEquals(JSON.stringify(b.job), JSON.stringify(a.job));
    assertEquals(JSON.stringify(b.flow), flowText);
  }
});
