import { assert, assertEquals } from "@std/assert";
import { Engine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { isRecord } from "../../src/values/json.ts";
import type { TraceLine } from "./process_trace.ts";
import type { Effect, SteeredJob } from "./steered_job.ts";
import { tracedRegistry, VISIT_STEPS } from "./traced_flow.ts";

/**
 * Checks by the journal of a job that it has ended, that each accepted command has had its effect once or was told as refused, and that
 * no step was committed twice, nor by a process that did not work on it.
 *
 * @returns how many commands were refused
 * @throws {AssertionError}
 */
export async function checkSteeredJob(job: SteeredJob, store: Store, trace: readonly TraceLine[]): Promise<number> {
  const { jobId } = job;
  const stored = await store.load(jobId);
  assert(stored !== undefined, `${jobId} is not in the store`);
  const { record } = stored;
  assert(record.endedAt !== undefined && record.sent === record.consumed, `${jobId} is stranded as ${record.status}`);
  assertEquals(record.status, job.isAnswered ? "completed" : "cancelled", jobId);
  assertEquals(job.ended, record.status);
  assertEquals(stored.snapshotRevision, 0, "the whole journal is kept");
  const entries = stored.entries.map(readEntry);
  const steps = entries.flatMap(stepOf);
  assertEquals(new Set(steps).size, steps.length, `${jobId}: a step was committed twice`);
  const registry = tracedRegistry({ process: 0, incarnation: () => 0, trace: () => {} });
  const { sharedData: shared } = await new Engine({ store, registry }).handle(jobId).read();
  checkWork(jobId, listOf(shared["done"]), trace);

  assertEquals(entries.flatMap(effectOf), job.effects, `${jobId}: effects of verbs`);
  const delivered = entries.flatMap(({ kind, task }) => kind === "deliver" && isRecord(task) ? [numberOf(task)] : []);
  assertEquals(new Set(delivered).size, delivered.length, `${jobId}: a delivery is doubled`);
  const refused = trace.flatMap((line) => line.kind === "told" && line.jobId === jobId && line.key || []);
  assert(job.wasCancelled || refused.length === 0, `${jobId} refuses ${refused}`);
  const lost = [...job.visits].filter(([n, key]) => !delivered.includes(n) && !refused.includes(key));
  // A process may be killed before it tells that a cancel has refused what came after it.
  assert(job.wasCancelled || lost.length === 0, `${jobId} has lost ${lost}`);
  const foreign = delivered.filter((n) => !job.visits.has(n));
  assertEquals(foreign, [], `${jobId}: deliveries that were refused`);
  if (record.status === "completed") {
    const inOrder = (list: unknown) => listOf(list).sort((a, b) => Number(a) - Number(b));
    assertEquals(inOrder(shared["served"]), inOrder(delivered), `${jobId}: served`);
    assertEquals(inOrder(shared["kept"]), inOrder(delivered), `${jobId}: kept`);
    assertEquals(steps.length, delivered.length * (VISIT_STEPS + 1) + 2, `${jobId}: steps`);
  }
  return job.visits.size - delivered.length;
}

type Entry = Readonly<Record<string, unknown>>;

function readEntry(text: string): Entry {
  const entry: unknown = JSON.parse(text);
  assert(isRecord(entry));
  return entry;
}

function numberOf({ data }: Readonly<Record<string, unknown>>): number {
  assert(isRecord(data));
  return Number(data["n"]);
}

/** The effect of a command on the status: what a job does by itself comes of no command. */
function effectOf({ kind, status, consumed, pausePoint, error }: Entry): Effect[] {
  if (kind !== "status" || consumed === undefined) return [];
  if (status === "running") return [{ status, key: undefined }];
  if (status === "paused") return [{ status, key: isRecord(pausePoint) ? String(pausePoint["reason"]) : "" }];
  assert(status === "cancelled" && isRecord(error), `a command has made it ${status}`);
  return [{ status, key: String(error["message"]).replace("The job was cancelled: ", "") }];
}

/** What has entered the job was done once, by a process that has begun and ended it. */
function checkWork(jobId: string, done: readonly unknown[], trace: readonly TraceLine[]): void {
  const keys = done.map((text) => String(text).split(" ").slice(0, -1).join(" "));
  assertEquals(new Set(keys).size, keys.length, `${jobId}: work was done twice`);
  const ended = new Set(trace.flatMap((line) => line.kind === "end" ? [`${line.key} ${line.process}`] : []));
  assertEquals(done.filter((text) => !ended.has(String(text))), [], `${jobId}: work that no process has done`);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? [...value] : [];
}

function stepOf({ kind, task, step }: Entry): string[] {
  return kind === "step" ? [`${task}/${step}`] : [];
}
