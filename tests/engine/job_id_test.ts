import { test } from "node:test";
import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { Engine, Flow, type IdSource, JobState, Registry, Routine } from "../../mod.ts";

class Worker extends Routine {
  readonly trigger = this.addSlot("trigger", () => {});
}

/** A flow whose ids are counted when they are made. */
function createCounted(allowsLazyIds?: boolean): { flow: Flow; worker: Worker; made: string[] } {
  const made: string[] = [];
  const id = () => {
    made.push(`made-${made.length + 1}`);
    return made.at(-1) ?? "";
  };
  const ids: IdSource = allowsLazyIds === undefined ? { id } : { id, allowsLazyIds };
  const flow = new Flow({ id: "flow", engine: new Engine({ ids }), registry: new Registry({ Worker }) });
  return { flow, worker: flow.addRoutine(new Worker(), "worker"), made };
}

test("where chance is random, the id of a job is made when somebody reads it, once", async () => {
  const { flow, worker, made } = createCounted(true);
  const first = await flow.run(worker);
  const second = await flow.run(worker);
  assertEquals([first.status, second.status, made], ["completed", "completed", []]);
  assertEquals([second.jobId, first.jobId, second.toJSON().jobId], ["made-1", "made-2", "made-1"]);
  assertEquals(JobState.fromText(first.toText(), flow.registry).jobId, "made-2");
  assertEquals(made.length, 2);
});

test("where the order counts, ids are made as jobs are made", () => {
  for (const allowsLazyIds of [undefined, false]) {
    const { flow, worker, made } = createCounted(allowsLazyIds);
    const [first, second] = [flow.create(worker), flow.create(worker)];
    assertEquals(made, ["made-1", "made-2"]);
    assertEquals([second.jobId, first.jobId], ["made-2", "made-1"]);
  }
});

test("an id that is given is the job's", () => {
  const { flow, worker, made } = createCounted(true);
  assertEquals([flow.create(worker, {}, { jobId: "given" }).jobId, made], ["given", []]);
});

test("the ids that the web's chance gives are all different, and stay", () => {
  const flow = new Flow({ registry: new Registry({ Worker }) });
  const worker = flow.addRoutine(new Worker(), "worker");
  const [first, second] = [flow.create(worker), flow.create(worker)];
  const { jobId } = first;
  assertNotEquals(jobId, second.jobId);
  assertMatch(jobId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  flow.cancel(first);
  assertEquals([first.jobId, JSON.parse(JSON.stringify(first)).jobId], [jobId, jobId]);
});
