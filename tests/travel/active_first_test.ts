import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Context, Registry, Routine } from "../../mod.ts";
import { pack, unpack } from "../support/move_job.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";

interface Order {
  readonly name: string;
}

function createHost() {
  const handlers = new WaitingHandlers();
  class Worker extends Routine {
    readonly input = this.addSlot("input", this.work);
    async work({ name }: Order, ctx: Context): Promise<void> {
      await handlers.wait(name);
      ctx.output("done", name);
    }
  }
  return { handlers, Worker, registry: new Registry({ Worker }) };
}

test("on resume the tasks that were active come first, by id, before more urgent ones", async () => {
  const { handlers, Worker, registry } = createHost();
  const { timers, flow } = createTestFlow({ id: "work", registry, executionStrategy: "concurrent", maxWorkers: 2 });
  const worker = flow.addRoutine(new Worker(), "worker");
  const job = flow.execute(worker.input, { name: "first" });
  for (const name of ["second", "third"]) flow.deliver(job, worker.input, { name });
  await timers.flush();
  assertEquals(handlers.started, ["first", "second"]);
  await flow.pause(job, { graceMs: 0 });
  const { flow: flowText, jobState } = JSON.parse(pack(flow, job));
  jobState.pendingTasks[2].priority = "high";
  const host = createHost();
  const b = unpack(JSON.stringify({ flow: flowText, jobState }), host.registry);
  b.flow.resume(b.job);
  await b.timers.flush();
  assertEquals(host.handlers.started, ["first", "second"]);
  host.handlers.release("second");
  await b.timers.flush();
  assertEquals(host.handlers.started, ["first", "second", "third"]);
});
