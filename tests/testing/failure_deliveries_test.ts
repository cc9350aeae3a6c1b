import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { Engine, type Failure, Flow, Registry, Routine } from "../../mod.ts";
import { Replay } from "../../src/documents/replay.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { failureConnectionsOf, judgeFailure } from "../../src/testing/fleet/failure_deliveries.ts";
import { FleetViolation } from "../../src/testing/fleet/fleet_violation.ts";

class Breaks extends Routine {
  readonly trigger = this.addSlot("trigger", this.fail);
  fail(_: object): void {
    throw new RangeError("it fails");
  }
}
class Hears extends Routine {
  readonly all = this.addSlot("all", this.hear);
  readonly some = this.addSlot("some", this.hearSome);
  hear(_: { reason: Failure["error"] }): void {}
  hearSome(_: Failure): void {}
}

/** The judge of the failure of a job, and the entry of that failure. */
async function failedJob() {
  const store = memoryStore();
  const entries: string[] = [];
  const registry = new Registry({ Breaks, Hears });
  const engine = new Engine({
    registry,
    store: {
      ...store,
      append: (claim, revision, texts, head) => {
        entries.push(...texts);
        return store.append(claim, revision, texts, head);
      },
    },
  });
  const flow = new Flow({ id: "breaks", registry, engine });
  const breaks = flow.addRoutine(new Breaks(), "breaks");
  const hears = flow.addRoutine(new Hears(), "hears");
  flow.connectFailure(breaks, hears.all, { mapping: { error: "reason" } });
  flow.connectFailure(breaks.trigger, hears.some, { errors: ["TypeError"] });
  const job = await flow.create(breaks.trigger, { of: "Ann" });
  const [task] = new Replay(JSON.stringify(job), flow.limits).job.tasks;
  flow.resume(job);
  await flow.waitForCompletion(job);
  const entry = entries.map((text) => JSON.parse(text)).find(({ kind }) => kind === "failure");
  if (task === undefined) throw new TypeError("the job has no task");
  const connections = failureConnectionsOf(JSON.stringify(flow));
  return { entry, judge: (other: Record<string, unknown>) => judgeFailure("job", task, other, connections) };
}

test("C546 a fleet judges that a failure is delivered by each of its connections, under the names of the mapping, and by no other", async () => {
  const { entry, judge } = await failedJob();
  judge(entry);
  const [delivery] = entry.created;
  assertEquals([entry.created.length, delivery.slot, delivery.data.reason.message], [1, "all", "it fails"]);
  const { reason, ...rest } = delivery.data;
  const wrong: Readonly<Record<string, Record<string, unknown>>> = {
    "was not delivered to hears.all": { ...entry, created: [] },
    "was delivered as": { ...entry, created: [{ ...delivery, data: { ...rest, error: reason } }] },
    "and not as": { ...entry, created: [{ ...delivery, data: { ...delivery.data, attempts: 2 } }] },
    "was delivered to hears.all, which takes none": { ...entry, created: [delivery, delivery] },
    "was delivered to hears.other": { ...entry, created: [delivery, { ...delivery, slot: "other" }] },
    "which takes none": { ...entry, verdict: { retry: {} } },
  };
  for (const [message, other] of Object.entries(wrong)) assertThrows(() => judge(other), FleetViolation, message);
  judge({ ...entry, created: [], verdict: { status: "skipped" } });
  judge({ ...entry, created: [], error: { name: "StepLimitError" } });
  const some = { ...delivery, slot: "some", data: { ...rest, error: reason } };
  judge({ ...entry, created: [some, delivery] });
});
