import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { type Context, ErrorHandler, Routine } from "../../mod.ts";
import { toDot, toMermaid, toSvg } from "../../src/diagram/mod.ts";
import { readStored } from "../../src/documents/stored_job.ts";
import { diffJobs, summarize } from "../../src/inspect/mod.ts";
import { describeEntry } from "../../src/inspect/journal_entry.ts";
import { Join } from "../../src/routines/mod.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { FamilyProcess } from "../support/family_process.ts";
import { fullJob } from "../support/full_job_document.ts";
import { createTestFlow } from "../support/test_flow.ts";

/** The documents of a job that waits for two children, at each revision; and what its journal's entries say. */
async function parentDocuments() {
  const process = new FamilyProcess(manualTimers());
  const worker = process.engine.work({ flows: ["sum"] });
  await process.flow.start("sum", { items: [1, 2] }, { jobId: "job" });
  await process.timers.advance(10_000);
  const others = process.engine.work();
  const stored = async () => {
    const found = await process.store.load("job");
    if (found === undefined) throw new Error("The job is gone");
    return found;
  };
  const waiting = readStored(await stored());
  await process.timers.advance(60_000);
  const all = await stored();
  const entries = all.entries.map((text) => describeEntry(JSON.parse(text)));
  await Promise.all([worker.stop(), others.stop()]);
  await process.engine.close();
  const at = (revision: number) => readStored(all, revision).job;
  return { entries, first: at(0), flow: waiting.flow, waiting: waiting.job, last: at(all.record.revision), at };
}

const messages = (a: unknown, b: unknown) =>
  diffJobs(a, b).map(({ message }) => message).filter((it) => it.startsWith("child"));

test("a summary says which children a job waits for, and which job a child is of", async () => {
  const { first, waiting } = await parentDocuments();
  assertEquals(summarize(first).children, []);
  const { children } = summarize(waiting);
  assertEquals(children.map(({ jobId: _, ...others }) => others), [
    { flowId: "square", routine: "sum", to: "squared", state: "started" },
    { flowId: "square", routine: "sum", to: "squared", state: "started" },
  ]);
  assertEquals(new Set(children.map(({ jobId }) => jobId)).size, 2);
  assertEquals([summarize(fullJob()).parent, summarize(fullJob()).deadline], ["parent", "1970-01-02T00:00:00.000Z"]);
});

test("differences follow children by their ids: asked for, started, ended", async () => {
  const { at, first, last, waiting } = await parentDocuments();
  const [one = "", two = ""] = summarize(waiting).children.map(({ jobId }) => jobId);
  const asked = [1, 2, 3].map(at).find(({ children }) => children !== undefined) ?? first;
  const each = (message: string) => [one, two].map((id) => `child ${id} of flow square ${message}`);
  assertEquals(messages(first, asked), each("was asked for"));
  assertEquals(messages(asked, waiting), each("went from asked to started"));
  assertEquals(messages(waiting, last), each("has ended"));
  assertEquals(messages(last, waiting), each("is there: started"));
  assertEquals(diffJobs(waiting, last).find(({ path }) => path.startsWith("children"))?.path, "children[0].jobs[0]");
});

test("each change of a child is a difference", () => {
  const started = { jobId: "c", routine: "clerk", to: "kept" };
  const job = { ...fullJob(), children: [{ flowId: "f", jobs: [started] }] };
  const changed = (child: object, group: object = {}) => ({
    ...job,
    children: [{ flowId: "f", jobs: [{ ...started, ...child }], ...group }],
  });
  const asked = { entry: { routine: "r", slot: "s", params: 1 } };
  assertEquals(messages(job, job), []);
  assertEquals(messages(job, changed({ left: true })), ["child c of flow f went from started to left"]);
  assertEquals(messages(job, changed({ routine: "teller" })), ["child c of flow f changed: routine"]);
  assertEquals(messages(job, changed({}, { flowId: "g" })), ["child c of flow g changed: flowId"]);
  const [before, after] = [
    changed(asked, { flow: "{}" }),
    changed({ entry: { ...asked.entry, params: 2 } }, { flow: "[]" }),
  ];
  assertEquals(messages(before, after), ["child c of flow f changed: entry.params, flow"]);
  const { to: _, ...detached } = { ...started, ...asked };
  const alone = { ...job, children: [{ flow: "{}", flowId: "f", jobs: [detached] }] };
  assertEquals(messages(alone, { ...job, children: [] }), ["child c of flow f has started, and is on its own"]);
  assertEquals(summarize(alone).children, [{ flowId: "f", jobId: "c", routine: "clerk", state: "asked" }]);
});

test("of a child that is a part of its parent's document, the differences and the status are told", () => {
  const job = fullJob();
  const [group] = job.children ?? [];
  const [child] = group?.jobs ?? [];
  const inner = child?.job;
  if (inner === undefined) throw new Error("The full document has no child inside");
  assertEquals(summarize(job).children.map(({ jobId, status }) => [jobId, status]), [["inside", inner.status]]);
  const withInner = (job: object) => ({ ...fullJob(), children: [{ ...group, jobs: [{ ...child, job }] }] });
  const changed = withInner({ ...inner, ranMs: 7 });
  assertEquals(diffJobs(job, changed), [{
    path: "children[0].jobs[0].job.ranMs",
    message: `child inside: ranMs changed from ${inner.ranMs} to 7`,
    before: inner.ranMs,
    after: 7,
  }]);
  const { job: _, ...outside } = { ...child };
  const stored = { ...job, children: [{ flowId: "tool", jobs: [outside] }] };
  assertEquals(messages(job, stored), ["child inside of flow tool changed: flow, isInside"]);
});

test("entries of a journal tell of children", async () => {
  const { entries } = await parentDocuments();
  assertEquals(entries.some((it) => it.endsWith("2 children asked for")), true, entries.join("\n"));
  assertEquals(entries.some((it) => /^(1 child|2 children) started$/.test(it)), true);
  assertEquals(entries.filter((it) => /child \S+ has ended/.test(it)).length, 2);
  assertEquals(describeEntry({ opened: ["a"] }), "1 child started");
  assertEquals(describeEntry({ fills: 3 }), "the answer to task 3");
  assertEquals(describeEntry({ status: "running", redrive: true }), "to running, by a redrive");
  assertEquals(describeEntry({ status: "running", redriven: [1] }), "to running, by a redrive");
  assertEquals(describeEntry({ status: "failed", discarded: [1] }), "to failed, 1 failure discarded");
  assertEquals(describeEntry({ status: "failed", discarded: [1, 2] }), "to failed, 2 failures discarded");
  assertEquals(describeEntry({ kind: "children", settled: true }), "its end told to its parent and children");
});

test("a diagram shows the children of a job by their flows, in other boxes and by other arrows", async () => {
  const { flow, waiting } = await parentDocuments();
  const lines = toMermaid(flow, { job: waiting }).split("\n");
  assertEquals(lines.filter((it) => / c\d/.test(it)), [
    '  c0[["square<br/>2 children"]]:::waiting',
    "  r0 ==> c0",
    '  c0 == "→ squared" ==> r0',
  ]);
  assertMatch(
    toDot(flow, { job: waiting }),
    /c0 \[label="square\\n2 children", .* peripheries=2\];\n.*r0 -> c0 .*style=bold/s,
  );
  const svg = toSvg(flow, { job: waiting });
  assertMatch(svg, /routilux-waiting"><title>square<\/title><rect [^>]*\/><rect /);
  assertMatch(svg, /routilux-child routilux-edge-completed"><path [^>]*stroke-dasharray="10 3 2 3"/);
  // Nobody waits for it, and its routine is gone.
  const jobs = [{ jobId: "c", routine: "gone", entry: { routine: "r", slot: "s" } }];
  const alone = { ...waiting, children: [{ flow: "{}", flowId: "f", jobs }] };
  const drawn = toMermaid(flow, { job: alone }).split("\n").filter((it) => / c\d|gone/.test(it));
  assertEquals(drawn, [
    '  r1["gone<br/>not in the flow"]:::missing',
    '  c0[["f<br/>1 child"]]:::waiting',
    "  r1 ==> c0",
  ]);
});

class Clerk extends Routine {
  readonly trigger = this.addSlot("trigger", this.begin);
  readonly pay = this.addSlot("pay", this.take);
  readonly failed = this.addSlot("failed", this.note);
  readonly paid = this.addEvent<{ order: string; amount: number }>("paid");
  readonly packed = this.addEvent<{ order: string; weight: number }>("packed");
  readonly remind = this.addTimer("remind", this.note);
  begin(_params: unknown, ctx: Context): void {
    ctx.emit(this.paid, { order: "a", amount: 1 });
    ctx.emit(this.paid, { order: "b", amount: 2 });
    ctx.emit(this.packed, { order: "b", weight: 3 });
    ctx.emit(this.remind, {}, { key: "reminder", delayMs: 60_000 });
  }
  take(): void {
    throw new RangeError("no money");
  }
  note(_data: unknown, ctx: Context): void {
    ctx.expect(this.pay);
  }
}

test("a summary says what joins hold, which delays have keys, and which failures are handled where", async () => {
  const { flow } = createTestFlow();
  const clerk = flow.addRoutine(new Clerk(), "clerk");
  clerk.setErrorHandler(new ErrorHandler({ strategy: "stop" }));
  const join = new Join<{ payment: { order: string; amount: number }; parcel: { order: string; weight: number } }>();
  join.setInputs({ payment: { by: "order" }, parcel: { by: "order" } });
  flow.addRoutine(join, "join");
  flow.connect(clerk.paid, join.inputs.payment);
  flow.connect(clerk.packed, join.inputs.parcel);
  flow.connectFailure(clerk.pay, clerk.failed);
  const job = flow.execute(clerk.trigger);
  await flow.settle(job);
  flow.deliver(job, clerk.pay, {});
  await flow.settle(job);
  const { awaiting, collected, failures, waiting } = summarize(job.toJSON());
  assertEquals(collected.map(({ items, routine, slot }) => [routine, slot, items]), [["join", "group", 1]]);
  assertEquals(waiting.map(({ key, slot }) => [slot, key]), [["remind", "reminder"]]);
  assertEquals(waiting[0]?.from, { routine: "clerk", event: "remind" });
  assertEquals(failures.map(({ handled, slot }) => [slot, handled]), [["pay", true]]);
  assertEquals(awaiting.map(({ slot }) => slot), ["pay"]);
});

test("items that were cleared do not count as collected, also while a task needs them still", () => {
  assertEquals(summarize(fullJob()).collected, [
    { routine: "clerk", slot: "lists", key: "n", items: 1 },
    { routine: "clerk", slot: "lists", key: "m", items: 1 },
  ]);
});
