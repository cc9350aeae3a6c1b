import { test } from "node:test";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { type Collected, type Context, Flow, JobState, Registry, Routine } from "../../mod.ts";
import { fullJob, withValueAt } from "../support/full_job_document.ts";
import { documentRegistry } from "../support/document_flow.ts";

// A value is frozen at the latest when somebody sees it, whoever that is.

const LISTED = { list: [[1], { deep: [] }] };

/** The places of users' values in the document of a full job. */
const PLACES = [
  ["deferredEvents", 0, "data"],
  ["executionHistory", 1, "data"],
  ["failures", 0, "task", "data"],
  ["outputLog", 0, "data"],
  ["pausePoints", 0, "checkpoint"],
  ["pendingTasks", 1, "data"],
  ["pendingTasks", 3, "merged", "value"],
  ["pendingTasks", 4, "progress"],
  ["routineStates", "clerk", "state", "seen"],
  ["sharedData", "where"],
  ["sharedLog", 0, "entry"],
  ["slots", "clerk", "lists", "lists", 0, "items", 0],
  ["slots", "clerk", "sum", "value"],
];

/** Whether everything in a value is frozen, and how many there are of `LISTED` in it. */
function lookAt(value: unknown, within: boolean = false): { count: number; isFrozen: boolean } {
  if (typeof value !== "object" || value === null) return { count: 0, isFrozen: true };
  const isListed = JSON.stringify(value) === JSON.stringify(LISTED);
  const parts = Object.values(value).map((part) => lookAt(part, within || isListed));
  return {
    count: parts.reduce((sum, { count }) => sum + count, isListed ? 1 : 0),
    isFrozen: (!(within || isListed) || Object.isFrozen(value)) && parts.every(({ isFrozen }) => isFrozen),
  };
}

test("whatever a job shows of its values is frozen", () => {
  const text = JSON.stringify(PLACES.reduce<unknown>((json, place) => withValueAt(json, place, LISTED), fullJob()));
  const shows: readonly [count: number, look: (job: JobState) => unknown][] = [
    [13, (job) => job.toJSON()],
    [2, (job) => [job.pendingTasks]],
    [1, (job) => [job.executionHistory]],
    [1, (job) => [job.history("clerk")]],
    [1, (job) => [job.failures]],
    [1, (job) => [job.outputLog]],
    [1, (job) => [job.pausePoints]],
    [1, (job) => [job.deferredEvents]],
    [1, (job) => [job.routineStates]],
    [1, (job) => [job.sharedData]],
    [1, (job) => [job.sharedLog]],
  ];
  for (const [count, look] of shows) {
    const read = JobState.fromText(text, documentRegistry);
    assertEquals(lookAt(look(read)), { count, isFrozen: true }, String(look));
    assertStrictEquals(read.toText(), text);
    assertEquals(lookAt(look(JobState.fromJSON(JSON.parse(text), documentRegistry))), { count, isFrozen: true });
  }
});

let seen: unknown[] = [];

/** Sees what it has stored, before and after a step, and what it is given back to update. */
class Teller extends Routine {
  readonly trigger = this.addSlot("trigger", this.tell);
  readonly output = this.addEvent<{ listed: unknown }>("output");
  *tell(_: unknown, ctx: Context): Generator<unknown> {
    if (ctx.progress === undefined) {
      ctx.emit(this.output, { listed: LISTED });
      ctx.shared.set("listed", LISTED);
      ctx.state.set("listed", LISTED);
      seen.push(ctx.shared.get("listed"), ctx.state.get("listed"));
      yield LISTED;
    }
    seen.push(ctx.progress, ctx.shared.get("listed"), ctx.state.get("listed"));
    ctx.shared.update("listed", (old) => (seen.push(old), old));
  }
}

/** Sees what it is given in every way in which slots can merge. */
class Listener extends Routine {
  readonly plain = this.addSlot("plain", this.take);
  readonly collected = this.addSlot("collected", this.collect, { merge: "append" });
  readonly merged = this.addSlot("merged", this.take, {
    merge: (old: unknown, data: unknown) => (seen.push(old, data), data),
  });
  readonly kept = this.addSlot("kept", null);
  readonly output = this.addEvent<{ listed: unknown }>("output");
  take(data: unknown, ctx: Context): void {
    seen.push(data, ctx.slotData("kept"));
  }
  collect({ listed }: { listed: Collected<unknown> }, ctx: Context): void {
    seen.push(...listed);
    ctx.emit(this.output, { listed: [...listed, LISTED] });
  }
}

test("whatever a handler sees of a value is frozen", async () => {
  seen = [];
  const flow = new Flow({ id: "seen", registry: new Registry({ Teller, Listener }) });
  const teller = flow.addRoutine(new Teller(), "teller");
  const listener = flow.addRoutine(new Listener(), "listener");
  for (const slot of [listener.kept, listener.collected, listener.merged]) flow.connect(teller.output, slot);
  flow.connect(teller.output, listener.plain, { mapping: { listed: "renamed" } });
  flow.connect(listener.output, flow.addRoutine(new Listener(), "last").plain);
  const job = await flow.run(teller);
  assertStrictEquals(job.status, "completed");
  assertEquals(lookAt(seen), { count: 14, isFrozen: true });
});

/** Sends a value that must be encoded, and leaves it waiting. */
class Dater extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent<{ listed: unknown; when: Date }>("output");
  send(_: unknown, ctx: Context): void {
    ctx.emit(this.output, { listed: LISTED, when: new Date(0) });
    ctx.pause();
  }
}

test("what a document shows of an encoded value is frozen, also where its keys were renamed", async () => {
  // Without a history the document shows the task only.
  const flow = new Flow({ id: "dated", registry: new Registry({ Dater, Listener }), limits: { history: 0 } });
  const dater = flow.addRoutine(new Dater(), "dater");
  const listener = flow.addRoutine(new Listener(), "listener");
  flow.connect(dater.output, listener.plain, { mapping: { listed: "renamed" } });
  const { pendingTasks } = (await flow.run(dater)).toJSON();
  assertEquals(lookAt(pendingTasks), { count: 1, isFrozen: true });
});
