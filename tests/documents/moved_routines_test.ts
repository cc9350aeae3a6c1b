import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { JobState, Registry } from "../../mod.ts";
import type { JobDocument } from "../../src/documents/mod.ts";
import { moveConflicts, moveRoutines, type RoutineMoves } from "../../src/documents/moved_routines.ts";
import { fullJob } from "../support/full_job_document.ts";

class Point {
  static fromJSON(): Point {
    return new Point();
  }
  toJSON(): object {
    return {};
  }
}
const registry = new Registry({ Point });

/** A job with a child that its clerk has asked for. */
function document(): JobDocument {
  const child = { entry: { routine: "square", slot: "input" }, jobId: "child", routine: "clerk", to: "input" };
  return { ...fullJob(), children: [{ flow: "{}", flowId: "squares", jobs: [child] }] };
}

const STAY: RoutineMoves = { renamed: new Map(), dropped: new Set(), slots: new Map(), events: new Map() };

test("a document whose routine is renamed names it nowhere by its old id", () => {
  const moved = moveRoutines(document(), { ...STAY, renamed: new Map([["clerk", "keeper"]]) });
  assertEquals(moved, JSON.parse(JSON.stringify(document()).replaceAll('"clerk"', '"keeper"')));
  assertEquals(JobState.fromJSON(moved, registry).pendingTasks.length, document().pendingTasks.length);
});

test("a document whose routine is dropped holds nothing for it but what has happened", () => {
  const moved = moveRoutines(document(), { ...STAY, dropped: new Set(["clerk"]) });
  assertEquals(moved, {
    ...document(),
    arrivals: {},
    children: [],
    deferredEvents: [],
    failures: [],
    pendingTasks: [],
    routineStates: {},
    slots: {},
  });
  assertEquals(JobState.fromJSON(moved, registry).pendingTasks, []);
});

test("a document whose slots and events are renamed names them nowhere by their old names", () => {
  const full = document();
  const failed = { routine: "clerk", slot: "kept" };
  const [first, ...others] = full.pendingTasks;
  const entry = { routine: "r", slot: "s" };
  const more = [{ entry, jobId: "alone", routine: "clerk" }, { entry, jobId: "else", routine: "r", to: "s" }];
  const children = [...full.children ?? [], { flow: "[]", flowId: "more", jobs: more }];
  const before: JobDocument = { ...full, children, pendingTasks: [{ ...first!, connection: failed }, ...others] };
  const names = new Map([["kept", "stored"], ["input", "entry"]]);
  const events = new Map([["output", "sent"], ["late", "later"]]);
  const moved = moveRoutines(before, {
    ...STAY,
    slots: new Map([["clerk", names]]),
    events: new Map([["clerk", events]]),
  });
  const text = Array.from([...names, ...events]).reduce(
    (all, [from, to]) => all.replaceAll(`"${from}"`, `"${to}"`),
    JSON.stringify(before),
  );
  // The slot where a child begins is one of its own flow.
  const expected = JSON.parse(text.replace('"routine":"square","slot":"entry"', '"routine":"square","slot":"input"'));
  assertEquals(moved, expected);
  const clash = { ...STAY, slots: new Map([["clerk", new Map([["kept", "input"]])]]) };
  assertEquals(moveConflicts(before, clash).map(({ code, path }) => [code, path]), [
    ["rename_conflict", "renameSlots.clerk.kept"],
  ]);
});
