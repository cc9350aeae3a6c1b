import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import {
  type AdoptOptions,
  type Collected,
  type Context,
  ErrorHandler,
  type Flow,
  JobState,
  PreflightError,
  Routine,
  StateError,
} from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";
import { createTestFlow } from "../support/test_flow.ts";

/** Emits numbers, one of which pauses the job when it arrives. */
class Source extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent<{ n: number; pauses: boolean }>("output");
  async send({ items, pauseAt }: { items: number; pauseAt: number }, ctx: Context<number>): Promise<void> {
    for (let n = ctx.progress ?? 0; n < items; n++) {
      ctx.emit(this.output, { n, pauses: n === pauseAt });
      ctx.state.set("sent", n + 1);
      await ctx.checkpoint(n + 1);
    }
    ctx.defer(this.output, { n: 100, pauses: false });
  }
}

/** Collects them, fails at some, and says at each what it has. */
class Sink extends Routine {
  readonly input = this.addSlot("input", this.collect, { merge: "append" });
  readonly failed = this.addSlot("failed", () => {});
  collect({ n, pauses }: { n: Collected<number>; pauses: Collected<boolean> }, ctx: Context): void {
    if (n.at(-1) === 1 && ctx.attempt === 0) throw new RangeError("again");
    ctx.shared.update("seen", (seen) => Number(seen ?? 0) + n.length);
    ctx.log({ last: n.at(-1) });
    if (pauses.at(-1) === true) ctx.pause();
  }
}

function build({ flow }: { readonly flow: Flow }, source = "source", sink = "sink") {
  const from = flow.addRoutine(new Source(), source);
  const to = flow.addRoutine(new Sink(), sink);
  to.setErrorHandler(new ErrorHandler({ strategy: "retry", maxRetries: 1, retryDelayMs: 0 }));
  flow.connect(from.output, to.input);
  return flow;
}

/** A job of the flow with the ids of before, paused when the sink has handled an item. */
async function pausedJob(pauseAt: number): Promise<JobState> {
  const before = build(createTestFlow());
  return await before.run("source", { items: 4, pauseAt }, { jobId: "job" });
}

/** A job's document without what is of pauses, its keys sorted: routines are listed by their ids. */
function comparable(job: JobState, rename: (text: string) => string = (text) => text): string {
  const { pausePoints: _, ...rest } = job.toJSON();
  // What pauses is in the payloads.
  return JSON.stringify(sortKeys(JSON.parse(rename(JSON.stringify(rest).replaceAll("true", "false")))));
}

const renamed = (text: string) => text.replaceAll('"source"', '"from"').replaceAll('"sink"', '"to"');

test("C442 a job whose routines are renamed at any point ends as the job that was not, but for the ids", async () => {
  const undisturbed = await pausedJob(-1);
  for (const pauseAt of [0, 1, 2, 3]) {
    const { flow, timers } = createTestFlow();
    build({ flow }, "from", "to");
    const job = JobState.fromText((await pausedJob(pauseAt)).toText(), flow.registry);
    assertEquals(flow.adopt(job, { rename: { source: "from", sink: "to" } }), []);
    flow.resume(job);
    await timers.flush();
    assertEquals(job.status, "completed");
    assertEquals(comparable(job), comparable(undisturbed, renamed), `paused at ${pauseAt}`);
  }
});

function sortKeys(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sortKeys);
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(Object.entries(json).sort(([a], [b]) => a < b ? -1 : 1).map(([k, v]) => [k, sortKeys(v)]));
}

test("C442 routines may swap their ids", async () => {
  const { flow, timers } = createTestFlow();
  build({ flow }, "sink", "source");
  const job = await pausedJob(2);
  flow.adopt(job, { rename: { source: "sink", sink: "source" } });
  flow.resume(job);
  await timers.flush();
  assertEquals([job.status, job.routineStates.sink?.state], ["completed", { sent: 4 }]);
});

test("C443 a job that does not fit is refused with all findings, and stays as it was; a dry run returns them", async () => {
  const { flow } = createTestFlow();
  build({ flow }, "from", "sink");
  const job = await pausedJob(2);
  const text = job.toText();
  const error = assertThrows(() => flow.adopt(job), PreflightError, 'Cannot adopt job "job"');
  const paths = error instanceof PreflightError ? error.findings.map(({ code, path }) => `${code} ${path}`) : [];
  assertEquals(paths.includes("unknown_routine routineStates.source"), true);
  assertEquals(paths.includes("unknown_routine deferredEvents[0].routine"), true);
  assertEquals(paths.includes("unknown_connection pendingTasks[0].connection"), true);
  assertEquals(flow.adopt(job, { dryRun: true }).map(({ code, path }) => `${code} ${path}`), paths);
  assertEquals(flow.adopt(job, { rename: { source: "from" }, dryRun: true }), []);
  assertEquals(job.toText(), text);
});

test("C442 a routine that goes takes with it what the job holds for it, and leaves what has happened", async () => {
  const { flow, timers } = createTestFlow();
  flow.addRoutine(new Sink(), "to");
  const job = await pausedJob(2);
  const { log, history } = { log: job.sharedLog.length, history: job.executionHistory.length };
  flow.adopt(job, { drop: ["source"], rename: { sink: "to" } });
  const { pendingTasks, routineStates, executionHistory } = job;
  assertEquals(pendingTasks.map(({ routine, connection }) => [routine, connection]), [["to", undefined]]);
  assertEquals([Object.keys(routineStates), executionHistory.length], [["to"], history]);
  assertEquals(job.history("source").length > 0, true);
  flow.resume(job);
  await timers.flush();
  assertEquals([job.status, job.sharedLog.length], ["completed", log + 1]);
});

test("C443 routines that would become one are refused by name", async () => {
  const { flow } = createTestFlow();
  build({ flow }, "source", "sink");
  const job = await pausedJob(2);
  const text = job.toText();
  const findings = flow.adopt(job, { rename: { source: "sink" }, dryRun: true });
  assertEquals(findings.map(({ code, path }) => [code, path]), [["rename_conflict", "rename.source"]]);
  assertThrows(
    () => flow.adopt(job, { rename: { source: "sink" } }),
    PreflightError,
    'the job holds something for "sink"',
  );
  assertEquals(job.toText(), text);
  assertEquals(flow.adopt(job, { rename: { gone: "sink" } }), []);
});

test("C443 a job that is live, of another flow or in a store is not adopted", async () => {
  const { flow } = createTestFlow();
  build({ flow });
  const live = flow.execute("source", { items: 1, pauseAt: -1 });
  assertThrows(() => flow.adopt(live), StateError, "it is live; pause it first");
  const other = createTestFlow({ id: "other" }).flow;
  assertThrows(() => other.adopt(live), TypeError, 'does not match flow "other"');
  const stored = new StoredFlowProcess({ work: (_n, ctx) => ctx.pause() });
  const job = stored.start([1]);
  await stored.settle();
  const reason = 'the store keeps its flow; flow.handle("job").adopt() moves it';
  assertThrows(() => stored.flow.adopt(job), StateError, reason);
  const create = () => {
    throw new Error("the connection is gone");
  };
  const unknown = new StoredFlowProcess({ store: { ...memoryStore(), create } });
  const maybe = unknown.start([1]);
  await unknown.timers.advance(60_000);
  assertThrows(() => unknown.flow.adopt(maybe), StateError, reason);
});

test("options that do not fit the flow are refused by name", async () => {
  const { flow } = createTestFlow();
  build({ flow });
  const job = await pausedJob(2);
  const wrong: readonly [unknown, string][] = [
    [{ rename: { source: "gone" } }, 'rename leads to "gone", but flow "flow" has "source", "sink"'],
    [{ rename: { source: 5 } }, "rename leads to 5"],
    [{ rename: [] }, "rename must be an object"],
    [{ drop: "source" }, "drop must be a list of ids"],
    [{ drop: [5] }, "drop must be a list of ids"],
    [{ drop: ["source"], rename: { source: "sink" } }, 'routine "source" cannot be both renamed and dropped'],
    [{ move: {} }, 'unknown option "move"'],
  ];
  for (const [options, message] of wrong) {
    assertThrows(() => flow.adopt(job, options as AdoptOptions), TypeError, message);
  }
});

/** Sends under one name and keeps, expects, fails and is told under others; `names` says what they are called. */
function buildTalk(flow: Flow, names: Readonly<Record<string, string>> = {}, schema?: object) {
  const name = (old: string): string => names[old] ?? old;
  class Talk extends Routine {
    readonly trigger = this.addSlot("trigger", this.begin);
    readonly kept = this.addSlot(name("kept"), null, { merge: "append" });
    readonly answer = this.addSlot(name("answer"), this.hear, schema === undefined ? {} : { schema: schema as never });
    readonly late = this.addSlot(name("late"), () => {});
    readonly failed = this.addSlot(name("failed"), this.recover);
    readonly said = this.addEvent<{ n: number }>(name("said"));
    readonly told = this.addEvent<unknown>(name("told"));
    begin(_: unknown, ctx: Context): void {
      for (let n = 0; n < 3; n++) ctx.emit(this.said, { n }, { delayMs: n, key: `${n}` });
      ctx.emit(this.told, { text: "first" }, { delayMs: 3 });
      ctx.expect(this.answer, { timeoutMs: 20, onTimeout: this.late });
      ctx.defer(this.told, { text: "last" });
    }
    hear(data: unknown, ctx: Context): void {
      ctx.output("heard", [data, ctx.slotData(name("kept"))]);
      ctx.cancelEmit(this.said, "2");
      throw new RangeError("no");
    }
    recover(_: unknown, ctx: Context): void {
      ctx.log({ recovered: true });
    }
  }
  const talk = flow.addRoutine(new Talk(), "talk");
  flow.connect(talk.said, talk.kept);
  flow.connect(talk.told, talk.answer);
  flow.connectFailure(talk.answer, talk.failed);
  return talk;
}

const NEW_NAMES = {
  slots: { kept: "collected", answer: "reply", late: "tooLate", failed: "onFailure" },
  events: { said: "spoken", told: "answered" },
} as const;
const MOVES = { renameSlots: { talk: NEW_NAMES.slots }, renameEvents: { talk: NEW_NAMES.events } };

test("C474 a job whose slots and events are renamed at any instant ends as the job that was not, but for the names", async () => {
  const runUntil = async (at: number) => {
    const setup = createTestFlow();
    const job = setup.flow.execute(buildTalk(setup.flow).trigger, {}, { jobId: "job" });
    await setup.timers.advance(at);
    if (job.status === "running") await setup.flow.pause(job);
    return job;
  };
  const rename = (text: string) =>
    Object.entries({ ...NEW_NAMES.slots, ...NEW_NAMES.events }).reduce(
      (all, [from, to]) => all.replaceAll(`"${from}"`, `"${to}"`),
      text,
    );
  const undisturbed = comparable(await runUntil(100), rename);
  for (const at of [0, 1, 2, 3, 10]) {
    const { flow, timers } = createTestFlow();
    await timers.advance(at);
    buildTalk(flow, { ...NEW_NAMES.slots, ...NEW_NAMES.events });
    const job = JobState.fromText((await runUntil(at)).toText(), flow.registry);
    assertEquals(flow.adopt(job, MOVES), []);
    flow.resume(job);
    await timers.advance(100);
    assertEquals(comparable(job), undisturbed, `paused at ${at}`);
  }
});

test("C474 slots may get the names of each other; two that would become one are refused", async () => {
  const setup = createTestFlow();
  const job = setup.flow.execute(buildTalk(setup.flow).trigger, {});
  await setup.timers.advance(1);
  await setup.flow.pause(job);
  const swapped = createTestFlow().flow;
  buildTalk(swapped, { late: "answer", answer: "late" });
  assertEquals(swapped.adopt(job, { dryRun: true, renameSlots: { talk: { late: "answer", answer: "late" } } }), []);
  assertEquals(
    swapped.adopt(job, { dryRun: true, renameSlots: { talk: { kept: "answer" } } }).map(({ code, path, message }) => [
      code,
      path,
      message,
    ]),
    [[
      "rename_conflict",
      "renameSlots.talk.kept",
      'slot "kept" of routine "talk" cannot become "answer": the job holds something for "answer", which has that name then; rename it as well',
    ]],
  );
});

test("C474 a name that is not there is refused by name, and data that a renamed slot does not take with its place", async () => {
  const setup = createTestFlow();
  const job = setup.flow.execute(buildTalk(setup.flow).trigger, {}, { jobId: "job" });
  await setup.timers.advance(1);
  await setup.flow.pause(job);
  const validate = (value: unknown) =>
    typeof value === "object" && value !== null && "number" in value
      ? { value }
      : { issues: [{ message: "expected a number" }] };
  const { flow } = createTestFlow();
  buildTalk(flow, { answer: "reply" }, { "~standard": { version: 1, vendor: "test", validate } });
  const wrong: readonly [object, string][] = [
    [
      { renameSlots: { talk: { answer: "gone" } } },
      'renameSlots leads from "answer" of "talk" to "gone"; there is "trigger", "kept", "reply"',
    ],
    [
      { renameEvents: { talk: { said: "gone" } } },
      'renameEvents leads from "said" of "talk" to "gone"; there is "said", "told"',
    ],
    [{ renameSlots: { talk: { answer: 5 } } }, 'renameSlots leads from "answer" of "talk" to 5'],
    [{ renameSlots: { gone: {} } }, 'routine "gone" not found in flow "flow"'],
    [{ renameSlots: 5 }, "renameSlots must be an object, got 5"],
    [{ renameEvents: { talk: "x" } }, 'renameEvents.talk must be an object, got "x"'],
    [{ renameSlots: { talk: {} }, drop: ["talk"] }, 'renameSlots: routine "talk" is dropped'],
  ];
  for (const [options, message] of wrong) assertThrows(() => flow.adopt(job, options), Error, message);
  const text = job.toText();
  const options = { renameSlots: { talk: { answer: "reply" } } };
  const error = assertThrows(() => flow.adopt(job, options), PreflightError);
  assertEquals([error.findings.map(({ code, path, message }) => [code, path, message]), job.toText()], [[[
    "refused_data",
    "pendingTasks[1].data",
    'Data for slot "reply" of routine "talk" does not fit its schema: expected a number',
  ]], text]);
});
