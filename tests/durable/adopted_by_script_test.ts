import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type AdoptOptions, type Engine, type Flow, StateError } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { VersionProcess, within } from "../support/flow_versions.ts";
import { lateStore } from "../support/late_store.ts";

// A script moves jobs whose routines have other names now, beside a worker that moves those that fit.

/** Moves all jobs of a flow on which nobody works; says how many are left. Each look begins with the oldest. */
async function moveAll(engine: Engine, flow: Flow, moves: AdoptOptions): Promise<number> {
  let left = 0;
  for (const status of ["pending", "running", "paused"] as const) {
    let cursor: string | undefined;
    do {
      const page = await engine.list({
        flowId: flow.id,
        status,
        limit: 3,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const { jobId } of page.jobs) {
        try {
          await flow.handle(jobId).adopt(moves);
        } catch (error) {
          if (!(error instanceof StateError)) throw error;
          left++; // somebody works on it: the next look may find it free
        }
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
  return left;
}

for (const [name, createStore] of [["at once", memoryStore], ["later", lateStore]] as const) {
  test(`C520 C523 a script moves jobs with renamed routines while old and new workers live side by side, with a store that answers ${name}`, async () => {
    const options = { store: createStore(), timers: manualTimers() };
    const { timers } = options;
    const [former, next] = [new VersionProcess(1, options), new VersionProcess(2, options, "question")];
    const old = former.engine.work({ idleMs: 3_600_000 });
    const present = next.engine.work({ flows: [next.flow], onChange: "adopt", idleMs: 0 });
    const ids = Array.from({ length: 20 }, (_, index) => `job-${index}`);
    await former.flow.startMany("ask", ids.map((jobId) => ({ jobId })));
    await timers.advance(5_000);
    const move = () => within(timers, moveAll(next.engine, next.flow, { rename: { ask: "question" } }));
    assertEquals(await move(), 20);

    await within(timers, old.stop());
    for (const [n, id] of ids.slice(0, 10).entries()) {
      await former.flow.handle(id).deliver({ routine: "ask", slot: "answer" }, { n });
      if (n % 2 === 0) await timers.advance(1_500); // the worker takes it, and refuses it
    }
    for (let left = await move(); left > 0; left = await move()) await timers.advance(1_000);
    for (const [n, id] of ids.slice(10).entries()) {
      await next.flow.handle(id).deliver({ routine: "question", slot: "answer" }, { n: n + 10 });
    }
    for (const [n, id] of ids.entries()) {
      const { status, outputLog } = await within(timers, next.engine.handle(id).ended());
      const outputs = outputLog.map(({ type, data }) => `${type} ${data}`);
      assertEquals([status, ...outputs], ["completed", `sum ${n}`, `audit ${n}`], id);
    }
    assertEquals(await move(), 0);
    assertEquals(next.told("refused").length > 0, true);
    await within(timers, present.stop());
  });
}
