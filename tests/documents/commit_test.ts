import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { SerializationError } from "../../mod.ts";
import { apply } from "../../src/job/apply.ts";
import { encodeCommit } from "../../src/documents/commit.ts";
import { encodeJob } from "../../src/documents/job.ts";
import { createJob, JOURNAL, readCommit, readEntry } from "../support/sample_journal.ts";

test("a job made by commits from text equals the one that the commits themselves made, after each of them", () => {
  const live = createJob();
  const replayed = createJob();
  JOURNAL.forEach((make, index) => {
    const commit = make(live);
    const text = JSON.stringify(encodeCommit(commit));
    apply(live, commit);
    apply(replayed, readCommit(JSON.parse(text), replayed));
    assertEquals(JSON.stringify(encodeJob(replayed)), JSON.stringify(encodeJob(live)), `commit ${index}: ${text}`);
  });
});

test("a commit's text is deterministic: its keys are sorted", () => {
  const live = createJob();
  for (const make of JOURNAL) {
    const commit = make(live);
    const keys = Object.keys(encodeCommit(commit));
    assertEquals(keys, [...keys].sort());
    apply(live, commit);
  }
});

test("a commit for a task that the job does not have is refused with the path", () => {
  const live = createJob();
  const [deliver, , third] = JOURNAL;
  if (deliver !== undefined) apply(live, deliver(live));
  const document = JSON.parse(JSON.stringify(third === undefined ? {} : encodeCommit(third(live))));
  const error = assertThrows(() => readEntry(document, createJob()), SerializationError);
  assertEquals([error.path, error.document], ["task", "routilux/commit"]);
  assertThrows(() => readEntry({ ...document, kind: "other" }, live), SerializationError);
  assertThrows(() => readEntry({ ...document, version: 2 }, live), SerializationError, "newer routilux");
});

test("a commit is read as it was, before it is applied", () => {
  const live = createJob();
  JOURNAL.forEach((make, index) => {
    const commit = make(live);
    const read = readCommit(JSON.parse(JSON.stringify(encodeCommit(commit))), live);
    assertEquals(read, commit, `commit ${index}`);
    apply(live, commit);
  });
});
