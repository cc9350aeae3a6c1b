import { type Context, Engine, Flow, Registry, Routine } from "@routilux/routilux";
import type { Store } from "@routilux/routilux/store";
import { memoryStore } from "@routilux/routilux/stores/memory";
import { expectEqual, type Figures, runProgram } from "../harness/program.ts";

// The bytes that a step writes with a growing number of waiting tasks, and the time of a recovery after a growing
// number of steps.

const STEPS = 10_000;

/** Makes tasks that wait for a day, and counts down meanwhile, one step per task. */
class Keeper extends Routine {
  readonly trigger = this.addSlot("trigger", this.fill);
  readonly next = this.addSlot("next", this.count);
  readonly later = this.addEvent<{ n: number }>("later");
  readonly step = this.addEvent<{ n: number }>("step");
  fill({ pending, steps }: { pending: number; steps: number }, ctx: Context): void {
    for (let n = 0; n < pending; n++) ctx.emit(this.later, { n }, { delayMs: 86_400_000 });
    ctx.emit(this.step, { n: steps });
  }
  count({ n }: { n: number }, ctx: Context): void {
    if (n > 1) ctx.emit(this.step, { n: n - 1 });
    else ctx.shared.set("done", true);
  }
}

function createFlow(store: Store, owner: string): Flow {
  const registry = new Registry({ Keeper });
  const engine = new Engine({ registry, store, durability: { owner } });
  const flow = new Flow({ id: "keeper", registry, engine });
  const keeper = flow.addRoutine(new Keeper(), "keeper");
  flow.connect(keeper.step, keeper.next);
  flow.connect(keeper.later, keeper.next);
  return flow;
}

/** The entry that contains the tasks; neither it nor the snapshot that may follow it is counted. */
const FILLED = 1;

async function countBytes(pending: number): Promise<Figures> {
  let characters = 0;
  const inner = memoryStore();
  const store: Store = {
    ...inner,
    append(jobId, revision, entries, head) {
      if (revision >= FILLED) { for (const entry of entries) characters += entry.length; }
      return inner.append(jobId, revision, entries, head);
    },
    compact(jobId, revision, snapshot) {
      if (revision > FILLED) characters += snapshot.length;
      return inner.compact(jobId, revision, snapshot);
    },
  };
  const flow = createFlow(store, "bench");
  const job = flow.execute("keeper", { pending, steps: STEPS });
  await flow.settle(job);
  expectEqual("The end", job.sharedData["done"], true);
  await flow.pause(job);
  return { perStep: characters / STEPS };
}

async function recover(steps: number): Promise<Figures> {
  const store = memoryStore();
  const flow = createFlow(store, "bench");
  const job = flow.execute("keeper", { pending: 1, steps }, { jobId: "job" });
  await flow.settle(job);
  expectEqual("The end", job.sharedData["done"], true);
  const { registry } = flow;
  const engine = new Engine({ registry, store, durability: { owner: "bench" } });
  const start = performance.now();
  const { job: found } = await engine.open("job");
  const ms = performance.now() - start;
  expectEqual("The end", found.sharedData["done"], true);
  await flow.pause(job);
  return { ms };
}

await runProgram({ written: countBytes, recovery: recover });
