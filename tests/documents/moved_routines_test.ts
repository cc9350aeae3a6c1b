import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { JobState, Registry } from "../../mod.ts";
import { moveRoutines } from "../../src/documents/moved_routines.ts";
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

test("a document whose routine is renamed names it nowhere by its old id", () => {
  const moved = moveRoutines(fullJob(), { renamed: new Map([["clerk", "keeper"]]), dropped: new Set() });
  assertEquals(moved, JSON.parse(JSON.stringify(fullJob()).replaceAll('"clerk"', '"keeper"')));
  assertEquals(JobState.fromJSON(moved, registry).pendingTasks.length, fullJob().pendingTasks.length);
});

test("a document whose routine is dropped holds nothing for it but what has happened", () => {
  const moved = moveRoutines(fullJob(), { renamed: new Map(), dropped: new Set(["clerk"]) });
  assertEquals(moved, {
    ...fullJob(),
    arrivals: {},
    deferredEvents: [],
    failures: [],
    pendingTasks: [],
    routineStates: {},
    slots: {},
  });
  assertEquals(JobState.fromJSON(moved, registry).pendingTasks, []);
});
