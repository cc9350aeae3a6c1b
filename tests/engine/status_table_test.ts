import { test } from "node:test";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { type Flow, JobState, type JobStatus, Registry, StateError } from "../../mod.ts";
import { addFunction } from "../support/function_routine.ts";
import { createTestFlow, type TestFlow } from "../support/test_flow.ts";

/** Where a job can stand, as the table has it. */
type Place =
  | "pending"
  | "running (live)"
  | "running (inert)"
  | "pausing"
  | "paused"
  | "completed"
  | "failed"
  | "failed (with failures)"
  | "cancelled"
  | "cancelled (nothing left)";

/** A flow whose entry does as its params say: it returns, fails, pauses the job, or waits for ever. */
function createPlaces(): TestFlow {
  const setup = createTestFlow();
  addFunction(setup.flow, "act", (what: unknown, ctx) => {
    if (what === "fail") throw new Error("boom");
    if (what === "pause") ctx.pause();
    if (what === "wait") return new Promise<void>(() => {});
  });
  return setup;
}

const MAKE: { readonly [P in Place]: (setup: TestFlow) => Promise<JobState> } = {
  pending: ({ flow }) => Promise.resolve(flow.create("act")),
  "running (live)": async ({ flow, timers }) => {
    const job = flow.execute("act", "wait");
    await timers.flush();
    return job;
  },
  "running (inert)": async (setup) => restore(await MAKE["running (live)"](setup)),
  pausing: async (setup) => {
    const job = await MAKE["running (live)"](setup);
    void setup.flow.pause(job);
    return job;
  },
  paused: async (setup) => {
    const job = await MAKE["running (live)"](setup);
    await setup.flow.pause(job, { graceMs: 0 });
    return job;
  },
  completed: ({ flow }) => flow.run("act"),
  failed: async ({ flow, timers }) => {
    const job = flow.execute("act", "wait", { timeoutMs: 1 });
    await timers.advance(1);
    return job;
  },
  "failed (with failures)": ({ flow }) => flow.run("act", "fail"),
  cancelled: async (setup) => {
    const job = await MAKE["running (live)"](setup);
    setup.flow.cancel(job);
    return job;
  },
  "cancelled (nothing left)": async ({ flow, timers }) => {
    const job = flow.execute("act", "pause");
    await timers.flush();
    flow.cancel(job);
    return job;
  },
};

function restore(job: JobState): JobState {
  return JobState.fromJSON(JSON.parse(JSON.stringify(job)), new Registry());
}

const CALLS: { readonly [event: string]: (flow: Flow, job: JobState) => unknown } = {
  resume: (flow, job) => flow.resume(job),
  redrive: (flow, job) => flow.resume(job, { redrive: true }),
  pause: (flow, job) => flow.pause(job),
  cancel: (flow, job) => flow.cancel(job),
  deliver: (flow, job) => flow.deliver(job, "act", "trigger", {}),
};

/** How a refusal names the call, where it is not by its own name. */
const WORDS: { readonly [event: string]: string } = { deliver: "deliver to", redrive: "(redrive|resume)" };

/** What each call comes to: the status right after it, or `-` for a `StateError`. */
const TABLE: { readonly [P in Place]: readonly [string, string, string, string, string] } = {
  // deno-fmt-ignore
  pending:                  ["running", "-",       "-",       "cancelled", "-"],
  // deno-fmt-ignore
  "running (live)":         ["-",       "-",       "running", "cancelled", "running"],
  // deno-fmt-ignore
  "running (inert)":        ["running", "-",       "-",       "cancelled", "running"],
  // deno-fmt-ignore
  pausing:                  ["-",       "-",       "running", "cancelled", "running"],
  // deno-fmt-ignore
  paused:                   ["running", "-",       "-",       "cancelled", "paused"],
  // deno-fmt-ignore
  completed:                ["-",       "-",       "-",       "-",         "-"],
  // deno-fmt-ignore
  failed:                   ["-",       "running", "-",       "-",         "-"],
  // deno-fmt-ignore
  "failed (with failures)": ["-",       "running", "-",       "-",         "-"],
  // deno-fmt-ignore
  cancelled:                ["-",       "running", "-",       "-",         "-"],
  // deno-fmt-ignore
  "cancelled (nothing left)": ["-",     "-",       "-",       "-",         "-"],
};

/** What a call throws or rejects with, and the job's status right after it. */
async function attempt(call: () => unknown, job: JobState): Promise<{ error: unknown; status: JobStatus }> {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    return { error, status: job.status };
  }
  const { status } = job;
  if (!(result instanceof Promise)) return { error: undefined, status };
  // A pause that is accepted resolves only when the job rests: a refusal comes before that.
  return { error: await Promise.race([result.then(() => undefined, (error: unknown) => error), fewTurns()]), status };
}

async function fewTurns(): Promise<undefined> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  return undefined;
}

test("C221 C380 every pair of the status table: what is allowed, and what is a StateError that changes nothing", async () => {
  for (const [place, row] of Object.entries(TABLE)) {
    for (const [index, event] of Object.keys(CALLS).entries()) {
      const setup = createPlaces();
      const job = await MAKE[place as Place](setup);
      const before = JSON.stringify(job);
      const { error, status } = await attempt(() => CALLS[event]?.(setup.flow, job), job);
      const expected = row[index];
      const pair = `${event} on ${place}`;
      if (expected !== "-") {
        assertEquals([error, status], [undefined, expected as JobStatus], pair);
        continue;
      }
      assertEquals(error instanceof StateError, true, `${pair}: ${error}`);
      if (!(error instanceof StateError)) continue;
      assertEquals([error.code, error.status], ["STATE", status], pair);
      assertMatch(
        error.message,
        new RegExp(`^Cannot ${WORDS[event] ?? event} job "id-1" in status "${status}": .`),
        pair,
      );
      assertEquals(JSON.stringify(job), before, pair);
    }
  }
});

test("a StateError leaves a live job alone: it goes on to its end", async () => {
  const { flow, timers } = createTestFlow();
  addFunction(flow, "act", () => {});
  const job = flow.execute("act");
  assertThrows(() => flow.resume(job), StateError, "it is live already");
  await timers.flush();
  assertEquals(job.status, "completed");
});

test("rule 14: a job state has one live engine, whichever flow object is asked", async () => {
  const { flow, timers } = createPlaces();
  const twin = createPlaces();
  const job = flow.execute("act", "wait");
  await timers.flush();
  assertThrows(() => twin.flow.resume(job), StateError, "it is live already");
  twin.flow.cancel(job, { reason: "by the twin" });
  assertEquals([job.status, timers.size, twin.timers.size], ["cancelled", 0, 0]);
});

test("a restored copy is another line: both may run", async () => {
  const { flow } = createPlaces();
  const job = flow.create("act");
  const copy = restore(job);
  flow.resume(job);
  flow.resume(copy);
  await Promise.all([flow.waitForCompletion(job), flow.waitForCompletion(copy)]);
  assertEquals([job.status, copy.status], ["completed", "completed"]);
});

test("redrive is refused where nothing is left to do, and says so", async () => {
  const { flow } = createPlaces();
  const job = await flow.run("act");
  assertThrows(() => flow.resume(job, { redrive: true }), StateError, "it has no failures, and nothing is pending");
  assertThrows(() => flow.resume(job), StateError, "it has ended; { redrive: true } puts its failures back");
});
