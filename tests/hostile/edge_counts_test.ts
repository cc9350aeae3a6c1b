import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { ErrorHandler, JobState, SerializationError, StateError, StepLimitError } from "../../mod.ts";
import { fullJob, type Place, withValueAt } from "../support/full_job_document.ts";
import { createDocumentFlow, documentRegistry } from "../support/document_flow.ts";

/** The most that a document may count. */
const MOST = 2 ** 52;

const COUNTS: readonly Place[] = [
  ["nextTaskId"],
  ["dropped", "executionHistory"],
  ["dropped", "failures"],
  ["dropped", "outputLog"],
  ["dropped", "pausePoints"],
  ["dropped", "sharedLog"],
  ["routineStates", "clerk", "retries"],
  ["pendingTasks", 0, "maxRetries"],
  ["pendingTasks", 4, "step"],
];
/** Where a list of one item begins. */
const START: Place = ["slots", "clerk", "lists", "lists", 1, "start"];

const DELIVERIES: readonly (readonly [slot: string, data: unknown])[] = [
  ["lists", { n: 1, m: 2 }],
  ["lists", { m: 3 }],
  ["input", { what: "all" }],
  ["input", { what: "all" }],
  ["input", { what: "hang" }],
];

/** Lets every count grow that can, and reads what is left. */
async function countOn(document: unknown): Promise<JobState> {
  const errorHandler = new ErrorHandler({ strategy: "continue" });
  const { flow, timers } = createDocumentFlow({ errorHandler, limits: { history: 2, log: 1, outputs: 1 } });
  const job = JobState.fromJSON(document, documentRegistry);
  flow.resume(job);
  for (const [slot, data] of DELIVERIES) {
    const deliver = () => flow.deliver(job, "clerk", slot, data);
    // The end of a child has been one task too many, and has ended the job.
    if (job.status === "failed") assertThrows(deliver, StateError);
    else if (job.toJSON().nextTaskId < MOST) deliver();
    else assertThrows(deliver, StepLimitError);
  }
  await timers.advance(10_000);
  if (job.status === "running") await flow.pause(job, { graceMs: 0 });
  const text = JSON.stringify(job);
  assertEquals(JSON.stringify(JobState.fromJSON(JSON.parse(text), documentRegistry)), text);
  return job;
}

test("counts at the edge of what can be counted leave a job that can be read again, beyond it they are refused", async () => {
  for (const place of COUNTS) {
    await countOn(withValueAt(fullJob(), place, MOST - 2));
    await countOn(withValueAt(fullJob(), place, MOST));
    const beyond = withValueAt(fullJob(), place, MOST + 1);
    assertThrows(() => JobState.fromJSON(beyond, documentRegistry), SerializationError, `to ${MOST}, got ${MOST + 1}`);
  }
});

test("a job that has worked for longer than can be counted goes on, and can be read again", async () => {
  const document = { ...fullJob(), ranMs: Number.MAX_SAFE_INTEGER, executionTimeoutMs: null };
  const job = await countOn(document);
  assertEquals(job.toJSON().ranMs, Number.MAX_SAFE_INTEGER);
});

test("a list whose positions are used up is its receivers' error, and keeps what it has", async () => {
  const beyond = withValueAt(fullJob(), START, MOST);
  assertThrows(
    () => JobState.fromJSON(beyond, documentRegistry),
    SerializationError,
    `at most ${MOST - 1}, got ${MOST}`,
  );
  const job = await countOn(withValueAt(fullJob(), START, MOST - 1));
  const messages = job.failures.map(({ error }) => error.message);
  assertEquals(messages.some((message) => message.endsWith('the list "m" has no positions left')), true);
});
