import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Context, Engine, Flow, type JobState, Registry, Routine, StateError } from "../../mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { pack, unpack } from "../support/move_job.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { pauseWhen } from "../support/pause_when.ts";

interface Wish {
  readonly fail?: boolean;
}

class Worker extends Routine {
  readonly sync = this.addSlot("sync", this.work);
  readonly waiting = this.addSlot("waiting", this.workLater);
  readonly merging = this.addSlot("merging", this.hang, { merge: this.join });
  work({ fail }: Wish): void {
    if (fail) throw new Error("as told");
  }
  async workLater({ fail }: Wish): Promise<void> {
    await Promise.resolve();
    if (fail) throw new Error("as told");
  }
  join(_old: unknown, next: Wish): Wish {
    return next;
  }
  hang(_wish: Wish, ctx: Context): Promise<void> {
    return new Promise((_resolve, reject) => {
      ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason));
    });
  }
}

const registry = new Registry({ Worker });

/** What a pause has come to that was asked for in a callback once the job had ended. */
async function pauseAtTheEnd(slot: "sync" | "waiting", wish: Wish, by: "condition" | "progress" | "observer") {
  const timers = manualTimers();
  const outcomes: string[] = [];
  let job: JobState | undefined;
  const tryToPause = () => {
    if (job === undefined || !["completed", "failed"].includes(job.status)) return;
    flow.pause(job).then(
      () => outcomes.push("paused"),
      (error) => outcomes.push(error instanceof StateError ? "StateError" : String(error)),
    );
  };
  const observer = by === "observer" ? tryToPause : () => {};
  const flow: Flow = new Flow({
    id: "work",
    registry,
    engine: new Engine({ timers, ids: manualIds(), observer }),
  });
  const worker = flow.addRoutine(new Worker(), "worker");
  const started = job = flow.execute(worker[slot], wish);
  if (by === "progress") void flow.waitForCompletion(started, { onProgress: tryToPause });
  if (by === "condition") {
    void flow.waitUntil(started, () => {
      tryToPause();
      return false;
    });
  }
  await timers.flush();
  await timers.flush();
  return { outcomes: Array.from(new Set(outcomes)), status: started.status, points: started.pausePoints.length };
}

for (const slot of ["sync", "waiting"] as const) {
  for (const by of ["condition", "progress", "observer"] as const) {
    test(`a pause in a ${by} callback of the commit that ends a job comes too late: ${slot} handler`, async () => {
      const late = { outcomes: ["StateError"], points: 0 };
      assertEquals(await pauseAtTheEnd(slot, {}, by), { ...late, status: "completed" });
      assertEquals(await pauseAtTheEnd(slot, { fail: true }, by), { ...late, status: "failed" });
    });
  }
}

test("a pause without grace, asked for when a slot has merged, aborts the handler that begins right then", async () => {
  const { timers, flow } = createTestFlow({ id: "work", registry });
  const worker = flow.addRoutine(new Worker(), "worker");
  const job = flow.execute(worker.merging, {});
  let isPaused = false;
  void flow.waitUntil(job, ({ executionHistory }) => {
    if (executionHistory.length === 1 && job.status === "running") {
      void flow.pause(job, { graceMs: 0 }).then(() => isPaused = true);
    }
    return false;
  });
  await timers.flush();
  assertEquals([isPaused, job.status], [true, "paused"]);
  const b = unpack(pack(flow, job), registry);
  assertEquals(b.job.pendingTasks.map(({ id, active }) => [id, active]), [[1, true]]);
});

test("a pause at the commit of the last task, before the job has completed, rests with nothing left", async () => {
  const { timers, flow } = createTestFlow({ id: "work", registry });
  const worker = flow.addRoutine(new Worker(), "worker");
  const job = flow.execute(worker.sync, {});
  const paused = pauseWhen(flow, job, ({ pendingTasks }) => pendingTasks.length === 0);
  await timers.flush();
  await paused;
  assertEquals([job.status, job.pendingTasks], ["paused", []]);
  const b = unpack(pack(flow, job), registry);
  b.flow.resume(b.job);
  assertEquals(b.job.status, "running");
  await b.timers.flush();
  assertEquals(b.job.status, "completed");
});
