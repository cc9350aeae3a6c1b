import { test } from "node:test";
import { assertEquals } from "@std/assert";
import {
  type Context,
  type EngineEvent,
  type EngineOptions,
  type Flow,
  JobState,
  type Propagate,
  type PropagateInfo,
} from "../../mod.ts";
import { addFunction, link } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";

/** What `around` is given for each handler, in order. */
interface Seen {
  readonly routine: string;
  readonly trace: string | undefined;
  readonly jobTrace: string | undefined;
}

/** Says `job` of a job, and of a step the routine and the trace that its own task has come with. */
const trail: Propagate = ({ handler }) =>
  handler === undefined ? "job" : `${handler.trace ?? "entry"}>${handler.routineId}`;

function tracedFlow(propagate: Propagate = trail) {
  const seen: Seen[] = [];
  const around: EngineOptions["around"] = ({ routineId: routine, trace, jobTrace }, run) => {
    seen.push({ routine, trace, jobTrace });
    return run();
  };
  return { ...createTestFlow({}, { around, propagate }), seen };
}

test("C444 what propagate says of a step comes back with the tasks that the step has made", async () => {
  const { flow, seen } = tracedFlow();
  const first = addFunction(flow, "first", (_, ctx) => {
    ctx.emit("output", 1);
    ctx.emit("output", 2, { priority: "high", delayMs: 0 });
  });
  addFunction(flow, "second", (_, ctx) => ctx.emit("output", 3));
  addFunction(flow, "third", () => {});
  link(flow, "first", "second");
  link(flow, "second", "third");
  await flow.run(first);
  assertEquals(seen.map(({ routine, trace }) => `${routine}: ${trace}`), [
    "first: undefined",
    "second: entry>first",
    "second: entry>first",
    "third: entry>first>second",
    "third: entry>first>second",
  ]);
  assertEquals(new Set(seen.map(({ jobTrace }) => jobTrace)), new Set(["job"]));
});

test("C444 traces are in the documents of jobs and tasks, and go on where the job is resumed", async () => {
  const { flow } = tracedFlow();
  const build = (flow: Flow) => {
    addFunction(flow, "first", (_, ctx) => {
      ctx.emit("output", 1);
      ctx.pause();
    });
    addFunction(flow, "second", () => {});
    link(flow, "first", "second");
  };
  build(flow);
  const job = await flow.run("first");
  const document = job.toJSON();
  assertEquals([document.trace, document.pendingTasks.map(({ trace }) => trace)], ["job", ["entry>first"]]);

  const other = tracedFlow();
  build(other.flow);
  const moved = JobState.fromJSON(JSON.parse(JSON.stringify(document)), other.flow.registry);
  assertEquals(moved.toText(), JSON.stringify(document));
  await other.flow.waitForCompletion(other.flow.resume(moved));
  assertEquals(other.seen, [{ routine: "second", trace: "entry>first", jobTrace: "job" }]);
});

test("C444 a delivery that was awaited has the trace of who awaited it, and a failure that of its task", async () => {
  const { flow, seen } = tracedFlow();
  const fail = () => {
    throw new Error("no");
  };
  const asker = addFunction(flow, "asker", (_, ctx) => ctx.expect("answer"));
  asker.addSlot("answer", (_: unknown, ctx: Context) => ctx.emit("output", 1));
  const failing = addFunction(flow, "failing", fail);
  const nurse = addFunction(flow, "nurse", () => {});
  link(flow, "asker", "failing");
  flow.connectFailure(failing, nurse.trigger);
  const job = flow.execute(asker);
  await flow.settle(job);
  flow.deliver(job, "asker", "answer", {});
  await flow.waitForCompletion(job);
  assertEquals(seen.map(({ routine, trace }) => `${routine}: ${trace}`), [
    "asker: undefined",
    "asker: entry>asker",
    "failing: entry>asker>asker",
    "nurse: entry>asker>asker",
  ]);
});

test("propagate is asked once for a job, and once for each step that makes tasks", async () => {
  const asked: string[] = [];
  const { flow } = tracedFlow(({ flowId, handler }: PropagateInfo) => {
    asked.push(`${flowId} ${handler?.routineId}`);
    return undefined;
  });
  addFunction(flow, "first", async (_, ctx) => {
    ctx.emit("output", 1);
    ctx.emit("output", 2);
    await ctx.checkpoint();
    await ctx.checkpoint();
    ctx.emit("output", 3);
  });
  addFunction(flow, "second", () => {});
  link(flow, "first", "second");
  const job = await flow.run("first");
  assertEquals(asked, ["flow undefined", "flow first", "flow first"]);
  assertEquals(JSON.stringify(job).includes("trace"), false);
});

for (
  const [what, propagate, message] of [
    ["throws", () => {
      throw new Error("broken");
    }, "broken"],
    [
      "returns a promise",
      () => Promise.reject(new Error("late")),
      "propagate must return a string or undefined, got a promise",
    ],
    ["returns a number", () => 1, "propagate must return a string or undefined, got 1"],
  ] as const
) {
  test("C445 a propagate that " + what + " is told to the observer, and changes nothing", async () => {
    const { flow, events } = tracedFlow(propagate as unknown as Propagate);
    addFunction(flow, "only", () => {});
    const job = await flow.run("only");
    const told = events.filter((it): it is EngineEvent & { type: "callback_error" } => it.type === "callback_error");
    assertEquals([job.status, told.map(({ callback, error }) => [callback, (error as Error).message])], [
      "completed",
      [["propagate", message]],
    ]);
  });
}
