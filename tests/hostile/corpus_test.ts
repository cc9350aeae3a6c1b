import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Engine, Flow, JobState, PreflightError, SerializationError } from "../../mod.ts";
import { readEntry } from "../support/sample_journal.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import commits from "../fixtures/hostile/commits.json" with { type: "json" };
import flows from "../fixtures/hostile/flows.json" with { type: "json" };
import jobs from "../fixtures/hostile/jobs.json" with { type: "json" };
import type { Trial } from "./campaign.ts";
import { CommitTrial, jobAfter } from "./commit_trial.ts";
import { allFamilies, type Family } from "./families.ts";
import { FlowTrial } from "./flow_trial.ts";
import { type Host, JobTrial } from "./job_trial.ts";
import { spyOn } from "./spies.ts";

/** What was found once, shrunken: a document, what comes of it, and the words of a refusal. */
interface Case {
  readonly name: string;
  readonly text: string;
  readonly outcome: string;
  readonly refusal: string;
}

/** Where the cases of the office's documents are tried. */
async function openOffice(): Promise<Host & Pick<Family, "jobs">> {
  const family = (await allFamilies()).find(({ name }) => name === "office");
  if (family === undefined) throw new Error("There is no office");
  const registry = family.registry(() => Promise.resolve());
  return { ...family, clock: manualTimers(), registry, spies: spyOn(registry) };
}

function refusalOf(read: () => unknown): string {
  try {
    read();
    return "";
  } catch (error) {
    const isOurs = error instanceof PreflightError || error instanceof SerializationError;
    return isOurs ? error.message : String(error instanceof Error ? error.name : error);
  }
}

async function check({ text, outcome, refusal }: Case, read: () => unknown, trial: Trial, host: Host): Promise<void> {
  assertEquals(refusalOf(read), refusal, text);
  const first = trial.begin();
  while (await host.clock.advanceToNext());
  assertEquals(first ?? await trial.end(), outcome, text);
}

for (const it of jobs) {
  test(`a job with ${it.name}: ${it.outcome}`, async () => {
    const host = await openOffice();
    const read = () => {
      // On a clock of its own, which stands still: nothing is to come of it.
      const engine = new Engine({ timers: manualTimers() });
      const flow = Flow.fromJSON(JSON.parse(host.flow), host.registry, { engine });
      flow.resume(JobState.fromJSON(JSON.parse(it.text), host.registry));
    };
    await check(it, read, new JobTrial(it.text, host), host);
  });
}

for (const it of flows) {
  test(`a flow with ${it.name}: ${it.outcome}`, async () => {
    const host = await openOffice();
    const read = () => Flow.fromJSON(JSON.parse(it.text), host.registry);
    await check(it, read, new FlowTrial(it.text, host, host.jobs[0]), host);
  });
}

for (const it of commits) {
  test(`a commit with ${it.name}: ${it.outcome}`, async () => {
    const job = jobAfter(it.before);
    const read = () => readEntry(JSON.parse(it.text), job);
    await check(it, read, new CommitTrial(it.text, it.before), await openOffice());
  });
}
