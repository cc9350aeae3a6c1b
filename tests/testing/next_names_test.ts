import { test } from "node:test";
import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { type AdoptionChoice, Flow, Registry, Routine } from "../../mod.ts";
import type { JobDocument } from "../../src/documents/mod.ts";
import { moveRoutines } from "../../src/documents/moved_routines.ts";
import { NextNames } from "../../src/testing/fleet/next_names.ts";
import { completeFleet } from "../../src/testing/fleet/simulate_fleet.ts";
import { fullJob } from "../support/full_job_document.ts";

class Clerk extends Routine {
  readonly kept = this.addSlot("kept", () => {});
  readonly input = this.addSlot("input", () => {});
  readonly late = this.addEvent("late");
}
class Keeper extends Routine {
  readonly held = this.addSlot("held", () => {});
  readonly taken = this.addSlot("taken", () => {});
  readonly later = this.addEvent("later");
}
const registry = new Registry({ Clerk, Keeper });

function flowOf(version: 1 | 2): Flow {
  const flow = new Flow({ id: "clerks", version, registry });
  if (version === 1) flow.addRoutine(new Clerk(), "clerk");
  else flow.addRoutine(new Keeper(), "keeper");
  return flow;
}

const slots = { kept: "held", input: "taken" };
const onChange: AdoptionChoice = () => ({
  rename: { clerk: "keeper" },
  renameSlots: { clerk: slots },
  renameEvents: { clerk: { late: "later" } },
});
const names = new NextNames("Cannot try", flowOf(2), flowOf(1), onChange);

/** A job with all that a document may hold, and a child that its clerk has asked for. */
function document(): JobDocument {
  const entry = { routine: "clerk", slot: "input" };
  const child = { entry, jobId: "child", routine: "clerk", to: "kept" };
  const checkpoint = { routine: "clerk" };
  const pausePoints = [{ at: "1970-01-01T00:00:00.000Z", checkpoint }];
  return { ...fullJob(), children: [{ flow: "{}", flowId: "squares", jobs: [child] }], pausePoints };
}

test("C553 the judge of a fleet comes to the same names as what moves a job, by a way of its own", () => {
  const events = new Map([["clerk", new Map([["late", "later"]])]]);
  const moves = { renamed: new Map([["clerk", "keeper"]]), dropped: new Set<string>(), events };
  const moved = moveRoutines(document(), { ...moves, slots: new Map([["clerk", new Map(Object.entries(slots))]]) });
  const formerNames = [{ routines: { clerk: "keeper" }, slots: { clerk: slots } }];
  assertEquals(names.documentIn(2, document()), { ...moved, formerNames });
  assertNotEquals(moved, document());
  assertEquals(names.documentIn(1, document()), document());
});

test("C553 a slot has the names of the version, there and back; one that was sent by its former names keeps those", () => {
  const [former, present] = [{ routine: "clerk", slot: "kept" }, { routine: "keeper", slot: "held" }];
  assertEquals([names.in(1, former), names.in(2, former)], [former, present]);
  assertEquals([names.formerOf(1, former), names.formerOf(2, present), names.formerOf(2, former)], [
    former,
    former,
    former,
  ]);
});

test("C553 a fleet whose onChange does not fit its versions is refused", () => {
  const jobs = [{ flow: flowOf(1), entry: { routine: "clerk", slot: "input" } }];
  const complete = (onChange: AdoptionChoice) => () =>
    completeFleet({ jobs, registry, seed: 1, versions: [flowOf(2)], onChange });
  const begin = "Cannot simulate a fleet: onChange:";
  assertThrows(complete(() => ({ rename: { clerk: "nobody" } })), TypeError, `${begin} rename leads to "nobody"`);
  assertThrows(complete(() => ({ drop: ["clerk"] })), TypeError, `${begin.slice(0, -1)} must not drop routines`);
});
