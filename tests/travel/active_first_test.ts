import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Context, Registry, Routine } from "../../mod.ts";
import { pack, unpack } from "../support/arrival.ts";
import { Crew } from "../support/crew.ts";
import { createWorld } from "../support/world.ts";

interface Order {
  readonly name: string;
}

function createHost() {
  const crew = new Crew();
  class Worker extends Routine {
    readonly input = this.addSlot("input", this.work);
    async work({ name }: Order, ctx: Context): Promise<void> {
      await crew.work(name);
      ctx.output("done", name);
    }
  }
  return { crew, Worker, registry: new Registry({ Worker }) };
}

test("on resume the tasks that were active come first, by id, before more urgent ones", async () => {
  const { crew, Worker, registry } = createHost();
  const { timers, flow } = createWorld({ id: "work", registry, executionStrategy: "concurrent", maxWorkers: 2 });
  const worker = flow.addRoutine(new Worker(), "worker");
  const job = flow.execute(worker.input, { name: "first" });
  for (const name of ["second", "third"]) flow.deliver(job, worker.input, { name });
  await timers.flush();
  assertEquals(crew.started, ["first", "second"]);
  await flow.pause(job, { graceMs: 0 });
  const { flow: flowText, jobState } = JSON.parse(pack(flow, job));
  jobState.pendingTasks[2].priority = "high";
  const host = createHost();
  const b = unpack(JSON.stringify({ flow: flowText, jobState }), host.registry);
  b.flow.resume(b.job);
  await b.timers.flush();
  assertEquals(host.crew.started, ["first", "second"]);
  host.crew.release("second");
  await b.timers.flush();
  assertEquals(host.crew.started, ["first", "second", "third"]);
});
