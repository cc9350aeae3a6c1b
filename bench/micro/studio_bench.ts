import { Engine, Flow, Registry, Routine } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { studio } from "../../src/studio/mod.ts";
import { expectEqual, isSmall } from "../harness/program.ts";
import { bench } from "./bench.ts";

// The page of a job with 1,000 routines and 100,000 records: what it costs to make. The answer has to be there within a second.

const ROUTINES = isSmall ? 200 : 1_000;
const RECORDS = isSmall ? 2_000 : 100_000;

class Step extends Routine {
  readonly trigger = this.addSlot("trigger", this.run);
  readonly output = this.addEvent("output");
  run(): void {}
}

const store = memoryStore();
const engine = new Engine({ store, registry: new Registry({ Step }) });
const flow = new Flow({ id: "large", engine, limits: { history: RECORDS } });
const ids = Array.from({ length: ROUTINES }, (_, n) => `routine ${n}`);
for (const id of ids) flow.addRoutine(new Step(), id);
ids.slice(1).forEach((id, index) => flow.connect(ids[index] ?? "", "output", id, "trigger"));
await flow.start("routine 0", {}, { jobId: "small" });
const stored = await store.load("small");
if (stored === undefined) throw new Error("The job is gone");
const { record, flow: text, snapshot } = stored;
const job = JSON.parse(snapshot);
const begin = Date.parse(job.createdAt);
const records = Array.from({ length: RECORDS }, (_, n) => {
  const at = new Date(begin + n).toISOString();
  const routine = ids[(n >> 1) % ROUTINES];
  return n % 2 === 0 ? { at, routine, type: "start" } : { at, data: { n }, event: "output", routine, type: "emit" };
});
const large = { ...job, executionHistory: records, jobId: "large", updatedAt: records.at(-1)?.at };
await store.create([{
  ...record,
  jobId: "large",
  flow: text,
  snapshot: JSON.stringify(large),
  token: "t",
  claim: undefined,
}]);
const answer = studio(engine);

bench(`the page of a job with ${RECORDS} records`, { group: "studio" }, async () => {
  const response = await answer(new Request("http://localhost/job?id=large"));
  const page = await response.text();
  expectEqual("the status", response.status, 200);
  expectEqual("whether the page is whole, and short", page.includes("History") && page.length < 1_000_000, true);
});

bench(`the summary of a job with ${ROUTINES} routines`, { group: "studio" }, async () => {
  const response = await answer(new Request("http://localhost/api/job/summary?id=large"));
  expectEqual("the job", (await response.json()).jobId, "large");
});
