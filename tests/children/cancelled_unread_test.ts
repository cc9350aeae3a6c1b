import { assertEquals } from "@std/assert";
import { test } from "node:test";
import type { Context } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { FamilyProcess } from "../support/family_process.ts";
import { lateStore } from "../support/late_store.ts";

// Whose child a job is when its parent has ended, where that does not show at once.

const CHILD = "job/1/0/0";
const asking = (_n: number, ctx: Context) => ctx.expect("answer");

/** A job with a child that nobody has taken, in a process that reads what `change` makes of the child's document, and is at a time. */
async function withChild(data: Store, change: (snapshot: string) => string, at: number) {
  const load: Store["load"] = async (jobId) => {
    const stored = await data.load(jobId);
    return stored && jobId === CHILD ? { ...stored, snapshot: change(stored.snapshot) } : stored;
  };
  const process = new FamilyProcess(manualTimers(at), { store: { ...data, load }, work: asking });
  const worker = process.engine.work({ flows: ["sum"], idleMs: Infinity });
  process.flow.execute("sum", { items: [1] }, { jobId: "job" });
  await process.timers.advance(1_000);
  return { process, worker };
}

/** Drops the instant at which the parent was made, which documents of before do not have. */
function withoutInstant(snapshot: string): string {
  const { parent: { createdAt: _, ...parent }, ...job } = JSON.parse(snapshot);
  return JSON.stringify({ ...job, parent });
}

const CHILDREN = [
  ["that cannot be read here", () => "{}", 0],
  ["of a clock finer than documents", (snapshot: string) => snapshot, 0.5],
  ["whose document does not say when its parent was made", withoutInstant, 0],
] as const;

for (const [name, createStore] of Object.entries({ "at once": memoryStore, "later": lateStore })) {
  for (const [what, change, at] of CHILDREN) {
    test(`C565 a child ${what} is cancelled with its parent: a store that answers ${name}`, async () => {
      const data = createStore();
      const { process, worker } = await withChild(data, change, at);
      assertEquals((await data.find(CHILD))?.sent, 0);
      await process.flow.handle("job").cancel();
      await process.timers.advance(1_000);
      const { owner, dueAt, status } = await data.find("job") ?? {};
      assertEquals([owner, dueAt, status, (await data.find(CHILD))?.sent], [undefined, undefined, "cancelled", 1]);
      await worker.stop();
    });
  }
}
