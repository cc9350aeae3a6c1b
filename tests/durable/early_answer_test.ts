import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Engine, Flow } from "../../mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { Approval, approvals, RemindedApproval } from "../support/approval.ts";
import { lateStore } from "../support/late_store.ts";

for (const Kind of [Approval, RemindedApproval]) {
  for (const at of [undefined, 10_000]) {
    const when = at === undefined ? "at once" : "later";
    test(`C512 an answer to ${Kind.name} that is stored before a job's first handler runs counts, where it begins ${when}`, async () => {
      const timers = manualTimers();
      const registry = approvals();
      const engine = new Engine({ timers, ids: manualIds(), registry, store: lateStore() });
      const flow = new Flow({ id: "flow", engine, registry });
      flow.addRoutine(new Kind(), "approval");
      const handle = await flow.start("approval", {}, { jobId: "request", at });
      await handle.deliver({ routine: "approval", slot: "answer" }, { by: "ada" });
      const worker = engine.work();
      await timers.advance(5_000);
      const before = await handle.read();
      await timers.advance(10_000);
      const after = await handle.read();
      assertEquals([before, after].map(({ status, outputLog }) => [status, outputLog.map(({ data }) => data)]), [
        at === undefined ? ["completed", ["ada"]] : ["running", []],
        ["completed", ["ada"]],
      ]);
      await worker.stop();
      await engine.close();
    });
  }
}
