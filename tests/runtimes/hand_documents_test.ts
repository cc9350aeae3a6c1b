import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Engine, Flow, JobState } from "../../mod.ts";
import { apply } from "../../src/job/apply.ts";
import { encodeClaim, encodeCommit } from "../../src/documents/commit.ts";
import { encodeJob } from "../../src/documents/job.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import commits from "../fixtures/wire/v1/hand_commits.json" with { type: "json" };
import end from "../fixtures/wire/v1/hand_end.json" with { type: "json" };
import flowDocument from "../fixtures/wire/v1/hand_flow.json" with { type: "json" };
import jobDocument from "../fixtures/wire/v1/hand_job.json" with { type: "json" };
import { createJob, readCommit, readEntry } from "../support/sample_journal.ts";
import { completeRegistry } from "./complete_flow.ts";

const START = Date.UTC(2025, 0, 1, 0, 0, 1);

test("documents of version 1 in which everything is, written by hand, are read, and written as they were", () => {
  const registry = completeRegistry();
  assertEquals(JSON.stringify(Flow.fromJSON(flowDocument, registry)), JSON.stringify(flowDocument));
  assertEquals(JSON.stringify(JobState.fromJSON(jobDocument, registry)), JSON.stringify(jobDocument));
});

test("the job of version 1 that was written by hand goes on, and ends as it did, to the byte", async () => {
  const registry = completeRegistry();
  const timers = manualTimers(START);
  const flow = Flow.fromJSON(flowDocument, registry, { engine: new Engine({ timers, ids: manualIds() }) });
  const job = JobState.fromJSON(jobDocument, registry);
  assertEquals(flow.check(job), []);
  flow.resume(job);
  while (await timers.advanceToNext());
  assertEquals(JSON.stringify(job), JSON.stringify(end));
});

test("commits and claims of version 1 are read, written as they were, and make the job that they made", () => {
  const job = createJob();
  for (const document of commits.commits) {
    const commit = readCommit(document, job);
    assertEquals(JSON.stringify(encodeCommit(commit, document.consumed)), JSON.stringify(document));
    apply(job, commit);
  }
  for (const document of commits.claims) {
    const claim = readEntry(document, job);
    assertEquals(JSON.stringify(claim.kind === "claim" ? encodeClaim(claim) : undefined), JSON.stringify(document));
  }
  assertEquals(JSON.stringify(encodeJob(job)), JSON.stringify(commits.job));
});
