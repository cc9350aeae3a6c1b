import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { SerializationError } from "../../mod.ts";
import { apply } from "../../src/job/apply.ts";
import type { Job } from "../../src/job/job.ts";
import { encodeCommit } from "../../src/documents/commit.ts";
import { encodeJob } from "../../src/documents/job.ts";
import { type Place, withValueAt } from "../support/full_job_document.ts";
import { createJob, JOURNAL, readEntry } from "../support/sample_journal.ts";

const [DELIVER, STATUS, STEP, MERGE, FAILURE, FILL, CLEAR, EXPIRE, WITHDRAW] = [0, 1, 2, 3, 4, 6, 7, 13, 14] as const;
const [REDRIVE, CHILDREN, CHILD_ENDED] = [10, 15, 16] as const;

/** The job after that many commits of the journal, and the document of the next. */
function jobBefore(index: number): { readonly job: Job; readonly document: unknown } {
  const job = createJob();
  for (const make of JOURNAL.slice(0, index)) apply(job, make(job));
  const next = JOURNAL[index];
  return { job, document: next === undefined ? {} : JSON.parse(JSON.stringify(encodeCommit(next(job)))) };
}

function check(index: number, place: Place, value: unknown, path: string, expectedAndGot: string): void {
  const { job, document } = jobBefore(index);
  const before = JSON.stringify(encodeJob(job));
  const mangled = withValueAt(document, place, value);
  const error = assertThrows(() => readEntry(mangled, job), SerializationError);
  assertEquals([error.message, error.path], [`Cannot read routilux/commit: ${path}: ${expectedAndGot}`, path]);
  assertEquals(JSON.stringify(encodeJob(job)), before);
}

test("a commit is refused with the place in its own form, not in that of another kind", () => {
  const kinds = '("merge" | "step" | "failure" | "deliver" | "expire" | "deferred" | "children" | "status" | "claim")';
  check(STATUS, ["kind"], "other", "kind", `expected ${kinds}, got "other"`);
  check(
    STEP,
    ["records", 1, "type"],
    5,
    "records[1].type",
    'expected ("start" | "emit" | "error" | "retry" | "skip"), got 5',
  );
  check(STEP, ["classVersion"], undefined, "classVersion", 'expected "classVersion", which is missing, got nothing');
  check(MERGE, ["merged"], undefined, "merged", 'expected "merged", which is missing, got nothing');
  check(FAILURE, ["outcome"], "done", "outcome", 'expected no key of this name, got "outcome"');
  check(FILL, ["fills"], 0, "fills", "expected a whole number from 1 to 4503599627370496, got 0");
});

test("a part of a commit that has one of several forms is refused with the place in the form that was meant", () => {
  const change = "effects.slots[1]";
  const forms = "expected routine, slot, and one of append, clear and set, got an object";
  const slot: Place = ["effects", "slots", 1];
  check(STEP, [...slot, "append", 0, "key"], 5, `${change}.append[0].key`, "expected string, got 5");
  check(STEP, [...slot, "append"], undefined, change, forms);
  check(STEP, [...slot, "set"], {}, change, forms);
  check(
    FAILURE,
    ["verdict", "retry", "attempt"],
    0,
    "verdict.retry.attempt",
    "expected a whole number from 1 to 4503599627370496, got 0",
  );
  check(FAILURE, ["verdict"], {}, "verdict", "expected one of end and retry, got an object");
});

test("a new task has the id that the job gives next", () => {
  check(DELIVER, ["task", "id"], 2, "task.id", "expected the job's next id, 1, got 2");
  check(STEP, ["created", 0, "id"], 1, "created[0].id", "expected the job's next id, 2, got 1");
  check(STEP, ["created", 1, "id"], 4, "created[1].id", "expected the job's next id, 3, got 4");
  check(
    STEP,
    ["created", 1, "merged"],
    { value: 1 },
    "created[1].merged",
    "expected none, as the task is new, got one",
  );
});

test("a failure drops no more failures than there are", () => {
  check(FAILURE, ["dropped"], 1, "dropped", "expected at most the number of failures, 0, got 1");
});

test("a delivery fills a task that awaits one, and no other", () => {
  check(FILL, ["fills"], 3, "fills", "expected the id of a task that awaits a delivery, got 3");
});

test("what a merge gave to its task is in the slot's lists then", () => {
  const path = "merged.lists[0]";
  check(
    MERGE,
    ["merged", "lists", 0, "to"],
    3,
    path,
    'expected positions from 0 to 2 of the slot\'s list "a", got 0 to 3',
  );
  check(
    MERGE,
    ["merged", "lists", 0, "from"],
    3,
    path,
    'expected positions from 0 to 2 of the slot\'s list "a", got 3 to 2',
  );
  check(
    MERGE,
    ["merged", "lists", 0, "key"],
    "b",
    path,
    'expected positions from 0 to 0 of the slot\'s list "b", got 0 to 2',
  );
  check(MERGE, ["slot"], undefined, path, 'expected positions from 0 to 1 of the slot\'s list "a", got 0 to 2');
  check(
    MERGE,
    ["slot", "slot"],
    "other",
    "slot",
    'expected an append to slot "items" of routine "sink", got another change',
  );
  check(
    MERGE,
    ["merged"],
    { value: 1 },
    "slot",
    'expected a value for slot "items" of routine "sink", got another change',
  );
});

test("a slot's change fits what the slot holds", () => {
  const change = { routine: "sink", slot: "items", set: { value: 1 } };
  check(
    CLEAR,
    ["effects", "slots", 0],
    change,
    "effects.slots[0]",
    "expected a change of lists, as the slot holds some, got one of a value",
  );
  const clear = { routine: "worker", slot: "kept", clear: [] };
  check(
    CLEAR,
    ["effects", "slots", 0],
    clear,
    "effects.slots[0]",
    "expected a change of a value, as the slot holds one, got one of lists",
  );
});

test("__proto__ is no key of a commit's values and lists, and no name", () => {
  const names = 'expected a name other than __proto__, constructor, prototype, got "__proto__"';
  const key = 'expected a key other than __proto__, got "__proto__"';
  check(STEP, ["effects", "shared", 0, "key"], "__proto__", "effects.shared[0].key", key);
  check(STEP, ["effects", "state", 0, "key"], "__proto__", "effects.state[0].key", key);
  check(STEP, ["effects", "slots", 1, "append", 0, "key"], "__proto__", "effects.slots[1].append[0].key", key);
  check(STEP, ["effects", "slots", 0, "routine"], "__proto__", "effects.slots[0].routine", names);
});

test("a key is in a list of keys once: of two, one would be lost", () => {
  const twice = (item: object) => [{ ...item, key: "a" }, { ...item, key: "a" }];
  const expected = 'expected each key once, got "a"';
  check(STEP, ["effects", "slots", 1, "append"], twice({ item: 1 }), "effects.slots[1].append[1].key", expected);
  check(CLEAR, ["effects", "slots", 0, "clear"], twice({ upTo: 1 }), "effects.slots[0].clear[1].key", expected);
  check(MERGE, ["merged", "lists"], twice({ from: 0, to: 1 }), "merged.lists[1].key", expected);
});

test("a task goes to another slot at its deadline if it has one, and no other task does", () => {
  check(EXPIRE, ["task"], 1, "task", "expected the id of a task that has a slot to tell when its time is up, got 1");
  check(EXPIRE, ["task"], 9, "task", "expected the id of a task that the job has, got 9");
});

test("a step takes back pending tasks, each once, and not its own", () => {
  const place: Place = ["effects", "withdrawn"];
  const expected = 'expected another task than those before, that routine "worker" has emitted with a key';
  check(WITHDRAW, [...place, 0], 6, "effects.withdrawn[0]", `${expected}, got 6`);
  check(WITHDRAW, [...place, 0], 3, "effects.withdrawn[0]", `${expected}, got 3`);
  check(WITHDRAW, place, [7, 7], "effects.withdrawn[1]", `${expected}, got 7`);
  check(WITHDRAW, [...place, 0], 4, "effects.withdrawn[0]", "expected the id of a task that the job has, got 4");
});

test("a failure that is tried again makes no tasks, and one that is not makes those with the next ids", () => {
  const task = { createdAt: "1970-01-01T00:00:00.012Z", data: 1, id: 5, routine: "sink", slot: "items" };
  check(FAILURE, ["created"], [task], "created", "expected none, as the task is tried again, got some");
  const { job, document } = jobBefore(FAILURE);
  const verdict = withValueAt(document, ["verdict"], { end: { status: "failed", stop: true } });
  assertEquals(readEntry(withValueAt(verdict, ["created"], [task]), job).kind, "failure");
});

test("what is discarded or redriven has failed", () => {
  for (const what of ["discarded", "redriven"]) {
    check(REDRIVE, [what], [5, 1], `${what}[1]`, "expected the id of a failed task, got 1");
  }
});

test("a step asks for children that the job does not have, each once", () => {
  const path = "effects.children";
  const notYet = 'expected children that the job does not have, got "a"';
  check(WITHDRAW, ["effects", "children", 0, "jobs", 1, "jobId"], "a", path, notYet);
  const step = jobBefore(WITHDRAW).document;
  const { job } = jobBefore(CHILD_ENDED);
  const again = withValueAt(
    withValueAt(withValueAt(step, ["task"], 1), ["step"], 3),
    ["effects", "withdrawn"],
    undefined,
  );
  const error = assertThrows(() => readEntry(again, job), SerializationError);
  assertEquals(error.message, `Cannot read routilux/commit: ${path}: ${notYet}`);
});

test("children start and end that the job has", () => {
  const known = "expected the id of a child that has not ended";
  check(CHILDREN, ["opened", 2], "z", "opened[2]", `${known}, got "z"`);
  check(CHILD_ENDED, ["child"], "b", "child", `${known}, got "b"`);
  const { document } = jobBefore(CHILDREN);
  const error = assertThrows(() => readEntry(document, createJob()), SerializationError);
  assertEquals(error.message, `Cannot read routilux/commit: opened[0]: ${known}, got "a"`);
});

test("a job that has not ended owes nothing yet", () => {
  check(CHILDREN, ["settled"], true, "settled", "expected none, as the job has not ended, got true");
});
