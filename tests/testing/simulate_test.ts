import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { test } from "node:test";
import { type Context, ErrorHandler, Flow, type FlowOptions, Registry, Routine } from "../../mod.ts";
import { createSlot } from "../../src/model/slot.ts";
import { jobOf } from "../../src/documents/job_state.ts";
import { type FaultKind, type Faults, simulate, SimulationError } from "../../src/testing/mod.ts";
import { amountOf } from "../support/gate_amount.ts";
import { approve, createShop, EVERYTHING, simulatedSleep, sleep } from "../support/simulated_flow.ts";
import { plainError } from "../support/plain_error.ts";

/** Bun's default timeout is five seconds; in workerd each step takes milliseconds. */
const PATIENCE = { timeout: 120_000 };

/** The external effects of the handlers of a test, over all processes. */
const calls: string[] = [];

/** Waits, performs an external effect, and records it in the job. */
class Caller extends Routine {
  readonly trigger = this.addSlot("trigger", this.call);
  readonly quick = this.addSlot("quick", this.callAtOnce);
  readonly steps = this.addSlot("steps", this.callInSteps);
  readonly limited = this.addSlot("limited", this.call, { timeoutMs: 500 });

  async call(_data: unknown, ctx: Context): Promise<void> {
    await sleep(ctx, 10);
    this.callAtOnce(undefined, ctx);
  }
  callAtOnce(_data: unknown, ctx: Context): void {
    calls.push(ctx.idempotencyKey);
    ctx.shared.update<number>("calls", (count = 0) => count + 1);
  }
  *callInSteps(_data: unknown, ctx: Context<number>): Generator<number, void, void> {
    for (let n = ctx.progress ?? 0; n < 3; n++) {
      this.callAtOnce(undefined, ctx);
      yield n + 1;
    }
  }
}

function createFlow(options: FlowOptions = {}) {
  calls.length = 0;
  const errorHandler = new ErrorHandler({ strategy: "retry", maxRetries: 50, retryDelayMs: 10, retryBackoff: 1 });
  const flow = new Flow({ id: "calls", registry: new Registry({ Caller }), errorHandler, ...options });
  return { flow, caller: flow.addRoutine(new Caller(), "caller") };
}

/** Simulates calls with one kind of fault, with several seeds, until the fault has occurred often enough. */
async function strike(kind: FaultKind, faults: Faults, entry: "trigger" | "quick" | "steps" | "limited" = "trigger") {
  const simulations = [];
  let struck = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const { flow, caller } = createFlow();
    const simulation = await simulate(flow, { entry: caller[entry], seed, faults, services: simulatedSleep });
    assertEquals(simulation.faults.map((fault) => fault.kind).filter((it) => it !== kind && it !== "death"), []);
    struck += simulation.faults.filter((fault) => fault.kind === kind).length;
    const { status, sharedData } = simulation.job;
    simulations.push({ ...simulation, status, counted: sharedData["calls"], calls: [...calls] });
  }
  assertGreater(struck, 5, `${kind} struck ${struck} times`);
  return simulations;
}

test("without faults a job ends as it does by itself, in one process", async () => {
  const { flow, caller } = createFlow();
  const { job, hosts, faults, trace, endedAt, seed } = await simulate(flow, {
    entry: caller.trigger,
    seed: 1,
    handlerMs: 0,
    services: simulatedSleep,
  });
  assertEquals([job.status, job.sharedData, hosts, faults, endedAt, seed], ["completed", { calls: 1 }, 1, [], 10, 1]);
  assertEquals(trace.map(({ step, at, type, text }) => [step, at, type, text]), [
    [1, 0, "start", "1 pending"],
    [2, 0, "call", "task 1 of caller.trigger"],
    [3, 0, "wait", "task 1 of caller.trigger"],
    [4, 0, "clock", "to 10 ms"],
    [5, 10, "return", "task 1 of caller.trigger"],
    [6, 10, "commit", "task 1 ended"],
    [7, 10, "commit", "completed"],
    [8, 10, "end", "completed"],
  ]);
  assertEquals(flow.isFrozen, false);
});

test(
  "a handler that throws is tried again: before it began nothing had happened, afterwards all but the commit",
  PATIENCE,
  async () => {
    for (const entry of ["trigger", "quick", "steps"] as const) {
      const simulations = await strike("throw", { throw: 0.3 }, entry);
      for (const { status, counted } of simulations) {
        assertEquals([status, counted], ["completed", entry === "steps" ? 3 : 1]);
      }
      const text = simulations.flatMap(({ trace }) => trace.map((step) => step.text)).join("\n");
      for (const when of ["before it has begun", "after all its work"]) assertStringIncludes(text, when);
      // The external effects before the throw were performed again, under the same key.
      assert(simulations.some((it) => it.calls.length > new Set(it.calls).size));
    }
  },
);

test("a simulated throw throws the error of the test", async () => {
  const { flow, caller } = createFlow({ errorHandler: new ErrorHandler() });
  const error = () => Object.assign(new Error("busy"), { name: "BusyError" });
  const { job } = await simulate(flow, { entry: caller.quick, seed: 1, faults: { throw: 1, error } });
  assertEquals([job.status, job.error?.name, job.error?.message], ["failed", "BusyError", "busy"]);
  const own = await simulate(flow, { entry: caller.quick, seed: 1, faults: { throw: 1 } });
  assertEquals(plainError(own.job), { name: "SimulatedFault", message: "a simulated fault" });
});

test("a handler that never settles is ended by its slot's timeout, and retried", async () => {
  for (const { status, counted, trace, hosts } of await strike("hang", { hang: 0.3 }, "limited")) {
    assertEquals([status, counted, hosts], ["completed", 1, 1]);
    const hangs = trace.filter(({ text }) => text.startsWith("hang: ")).length;
    assertEquals(trace.filter(({ text }) => text.includes(" failed, attempt")).length, hangs);
  }
});

test("a handler that never settles is ended by the job's timeout, or with its process if there is none", async () => {
  const { flow, caller } = createFlow({ executionTimeoutMs: 1_000 });
  const { job } = await simulate(flow, {
    entry: caller.trigger,
    seed: 1,
    faults: { hang: 1 },
    services: simulatedSleep,
  });
  assertEquals([job.status, job.error?.name], ["failed", "TimeoutError"]);
  let hosts = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const endless = createFlow({ executionTimeoutMs: Infinity });
    const simulation = await simulate(endless.flow, {
      entry: endless.caller.trigger,
      seed,
      faults: { hang: 0.3 },
      services: simulatedSleep,
    });
    assertEquals([simulation.job.status, simulation.job.sharedData], ["completed", { calls: 1 }]);
    hosts = Math.max(hosts, simulation.hosts);
    assertEquals(simulation.faults.map(({ kind }) => kind), Array(simulation.hosts - 1).fill(["hang", "death"]).flat());
  }
  assertGreater(hosts, 1);
});

test("a handler that settles after it was aborted has no effect, while its task runs again", async () => {
  const simulations = await strike("abort", { abort: 0.4, throw: 0 });
  for (const { status, counted, hosts, faults, job } of simulations) {
    assertEquals([status, counted, hosts, job.pausePoints.length], ["completed", 1, 1, faults.length]);
  }
  assert(simulations.some((it) => it.calls.length > 1), "no aborted handler came back before the end");
  // The first run settles with a value, or an error, while the second run of its task is still waiting.
  const late = simulations.filter(({ trace }) => {
    const types = trace.map(({ type }) => type).join(" ");
    return /fault commit start call wait (clock )*return (clock )*return/.test(types);
  });
  assertGreater(late.length, 0);
});

test("a process that dies leaves a text, and the next one continues from it", PATIENCE, async () => {
  for (const entry of ["trigger", "quick", "steps"] as const) {
    const simulations = await strike("death", { death: 0.15 }, entry);
    for (const { status, counted, hosts, faults } of simulations) {
      assertEquals([status, counted], ["completed", entry === "steps" ? 3 : 1]);
      assertEquals(hosts, 1 + faults.length);
    }
    // Some processes died after the effect and before the commit: the effect was repeated under the same key.
    assert(simulations.some((it) => it.calls.length > new Set(it.calls).size));
    const before = new Set(simulations.flatMap(({ trace, faults }) => faults.map(({ step }) => trace[step - 2]?.type)));
    for (
      const place of entry === "trigger" ? ["start", "wait", "clock", "return", "commit"] as const : ["commit"] as const
    ) {
      assert(before.has(place), `none died at a ${place}`);
    }
  }
});

test("between the death of a process and the next one time passes", async () => {
  let longest = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const { flow, caller } = createFlow();
    const { trace } = await simulate(flow, { entry: caller.quick, seed, faults: { death: 0.3, downtimeMs: 1_000 } });
    const pauses = trace.map(({ at }, index) => at - (trace[index - 1]?.at ?? 0));
    longest = Math.max(longest, ...pauses);
    assert(pauses.every((ms) => ms >= 0 && ms <= 1_000));
  }
  assertGreater(longest, 500);
});

test("timers fire late or early, within the given limits", async () => {
  const simulations = await strike("timer", { timerLateMs: 7, timerEarlyMs: 4 });
  const shifts = simulations.flatMap(({ trace }) =>
    trace.flatMap(({ text }) => text.match(/\d+ ms (late|early)$/)?.[0] ?? [])
  );
  const by = (word: string) => shifts.filter((it) => it.endsWith(word)).map((it) => parseInt(it));
  assertEquals([Math.max(...by("late")), Math.min(...by("late"))], [7, 1]);
  assertEquals([Math.max(...by("early")), Math.min(...by("early"))], [4, 1]);
  for (const { status, counted } of simulations) assertEquals([status, counted], ["completed", 1]);
});

test("waiting handlers take up to the given time, which differs between seeds", async () => {
  const times = new Set<number>();
  for (let seed = 1; seed <= 30; seed++) {
    const { flow, caller } = createFlow();
    times.add((await simulate(flow, { entry: caller.trigger, seed, handlerMs: 40, services: simulatedSleep })).endedAt);
  }
  assertGreater(times.size, 10);
  assert(Math.min(...times) >= 10 && Math.max(...times) <= 40);
});

test(
  "a concurrent job takes its ready tasks in any order, but for priority; a sequential one never does",
  PATIENCE,
  async () => {
    class Sender extends Routine {
      readonly trigger = this.addSlot("trigger", this.send);
      readonly input = this.addSlot("input", this.receive);
      readonly output = this.addEvent<string>("output");
      send(_data: unknown, ctx: Context): void {
        for (const name of ["a", "b", "c"]) ctx.emit(this.output, name);
        for (const name of ["x", "y"]) ctx.emit(this.output, name, { priority: "high" });
      }
      receive(name: string, ctx: Context): void {
        ctx.shared.update<string>("order", (order = "") => order + name);
      }
    }
    const orders = async (options: FlowOptions) => {
      const seen = new Set<unknown>();
      for (let seed = 1; seed <= 60; seed++) {
        const flow = new Flow({ id: "order", registry: new Registry({ Sender }), ...options });
        const sender = flow.addRoutine(new Sender(), "sender");
        flow.connect(sender.output, sender.input);
        seen.add((await simulate(flow, { entry: sender, seed })).job.sharedData["order"]);
      }
      return seen;
    };
    assertEquals([...await orders({})], ["xyabc"]);
    const concurrent = await orders({ executionStrategy: "concurrent", maxWorkers: 2 });
    const permutations = ["abc", "acb", "bac", "bca", "cab", "cba"];
    assertEquals([...concurrent].sort(), ["xy", "yx"].flatMap((high) => permutations.map((rest) => high + rest)));
  },
);

test("a flow with every kind of handler survives all faults at once, with every seed", PATIENCE, async () => {
  const struck = new Map<FaultKind, number>();
  const seeds = amountOf(60, 600);
  for (let seed = 1; seed <= seeds; seed++) {
    const { flow, counter } = createShop(seed % 2 === 0 ? { executionStrategy: "concurrent", maxWorkers: 3 } : {});
    const { faults } = await simulate(flow, {
      entry: counter.trigger,
      params: { count: 3 },
      seed,
      faults: EVERYTHING,
      services: simulatedSleep,
      onIdle: approve,
      atEnd: ({ status, sharedData, outputLog }) => {
        assertEquals([status, sharedData], ["completed", { labels: 6, weight: 6 }]);
        assertEquals(outputLog.map(({ data }) => String(data)).sort(), ["1", "2", "3", "somebody"]);
      },
    });
    for (const { kind } of faults) struck.set(kind, (struck.get(kind) ?? 0) + 1);
  }
  if (seeds < 60) return;
  for (const kind of ["throw", "hang", "abort", "death", "timer"] as const) {
    assertGreater(struck.get(kind) ?? 0, 10, kind);
  }
});

test("a routine that must not act twice is found when its process dies, and the message has the seed", async () => {
  const find = async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const { flow, caller } = createFlow();
      await simulate(flow, {
        entry: caller.trigger,
        seed,
        faults: { death: 0.05 },
        services: simulatedSleep,
        atEnd: () => assertEquals(calls.length, 1, "called twice"),
      });
    }
  };
  const error = await assertRejects(find, SimulationError, "called twice");
  assertInstanceOf(error, SimulationError);
  assertStringIncludes(error.message, `Simulation failed with seed ${error.seed} at step ${error.step}: `);
  assertStringIncludes(error.message, "\nThe last steps were:\n");
  assertStringIncludes(error.message, `  ${error.step}. `);
  assertEquals([error.name, error.code, error.trace.length], ["SimulationError", "SIMULATION", error.step]);
  assertEquals(error.trace.some(({ text }) => text.startsWith("death: ")), true);

  // The seed alone gives the same failure.
  const { flow, caller } = createFlow();
  const again = await assertRejects(() =>
    simulate(flow, {
      entry: caller.trigger,
      seed: error.seed,
      faults: { death: 0.05 },
      services: simulatedSleep,
      atEnd: () => assertEquals(calls.length, 1, "called twice"),
    }), SimulationError);
  assertInstanceOf(again, SimulationError);
  assertEquals(again.trace, error.trace);
});

test("`always` is called at each start and after each commit", async () => {
  const { flow, caller } = createFlow();
  const seen: unknown[] = [];
  await simulate(flow, {
    entry: caller.steps,
    seed: 1,
    always: ({ sharedData }) => void seen.push(sharedData["calls"]),
  });
  assertEquals(seen, [undefined, 1, 2, 3, 3, 3]);
  const always = ({ sharedData }: { readonly sharedData: Readonly<Record<string, unknown>> }) => {
    if (sharedData["calls"] === 2) throw new RangeError("never two");
  };
  const error = await assertRejects(() => simulate(flow, { entry: caller.steps, seed: 5, always }), SimulationError);
  assertStringIncludes(error.message, "seed 5 at step 8: never two");
  assertInstanceOf(error.cause, RangeError);
});

test("the functions of a test may be asynchronous: a rejection ends the simulation like a throw", async () => {
  const failLater = async (): Promise<void> => {
    await Promise.resolve();
    throw new RangeError("looked closer");
  };
  const { flow, counter } = createShop();
  const options = { entry: counter.trigger, params: { count: 1 }, seed: 6, services: simulatedSleep, onIdle: approve };
  for (const name of ["always", "atEnd", "onIdle"] as const) {
    const error = await assertRejects(() => simulate(flow, { ...options, [name]: failLater }), SimulationError);
    assertStringIncludes(error.message, "looked closer");
    assertInstanceOf(error.cause, RangeError);
  }
});

test("Invariant 1: a task that gets lost is found at that step", async () => {
  const { flow, counter } = createShop();
  const lose = () =>
    simulate(flow, {
      entry: counter.trigger,
      params: { count: 1 },
      seed: 6,
      services: simulatedSleep,
      onIdle: ({ job }) => {
        const { tasks } = jobOf(job);
        for (const task of tasks) if (task.details?.awaiting !== undefined) tasks.delete(task);
      },
    });
  const error = await assertRejects(lose, SimulationError);
  assertStringIncludes(
    error.message,
    "seed 6 at step 8: task 3 is lost: it has left the job, but its end was not reported",
  );
});

test("Invariant 4: a text that changes when it is read and written is found", async () => {
  class Leaky {
    count = 1;
    static fromJSON(json: unknown): Leaky {
      return Object.assign(new Leaky(), { count: Number(json) });
    }
    toJSON(): number {
      return this.count;
    }
  }
  class Keeper extends Routine {
    leaky = new Leaky();
    readonly trigger = this.addSlot("trigger", this.keep);
    constructor() {
      super();
      this.addSerializableFields("leaky");
    }
    keep(): void {}
  }
  const flow = new Flow({ id: "leak", registry: new Registry({ Keeper, Leaky }) });
  const keeper = flow.addRoutine(new Keeper(), "keeper");
  await simulate(flow, { entry: keeper, seed: 1 });
  Leaky.prototype.toJSON = function (): number {
    return this.count + 1;
  };
  const error = await assertRejects(() => simulate(flow, { entry: keeper, seed: 2 }), SimulationError);
  assertStringIncludes(error.message, "seed 2 at step 5: the flow's text changes when it is read and written");
});

test("a job that is stuck or does not end is found, with the reason", async () => {
  class Waiter extends Routine {
    readonly trigger = this.addSlot("trigger", this.ask);
    readonly answer = this.addSlot("answer", null);
    readonly silent = this.addSlot("silent", this.wait);
    readonly endless = this.addSlot("endless", this.goOn);
    ask(_data: unknown, ctx: Context): void {
      ctx.expect("answer");
    }
    async wait(): Promise<void> {
      await new Promise(() => {});
    }
    *goOn(): Generator<void, void, void> {
      for (;;) yield;
    }
  }
  const flow = new Flow({ id: "waits", registry: new Registry({ Waiter }), executionTimeoutMs: Infinity });
  const waiter = flow.addRoutine(new Waiter(), "waiter");
  const messageOf = async (entry: "trigger" | "silent" | "endless") => {
    const options = { entry: waiter[entry], seed: 4, maxSteps: 50 };
    return (await assertRejects(() => simulate(flow, options), SimulationError)).message;
  };
  assertStringIncludes(
    await messageOf("trigger"),
    "the job is stuck; task 2 awaits a delivery to waiter.answer: see onIdle",
  );
  assertStringIncludes(
    await messageOf("silent"),
    "stuck; a handler waits for what the simulation does not move: see services",
  );
  assertStringIncludes(
    await messageOf("endless"),
    "seed 4 at step 51: the job has not ended after 50 steps; see maxSteps",
  );
});

test("a value that is not a flow, and a slot without a routine, are refused", async () => {
  const { flow } = createFlow();
  await assertRejects(() => simulate({} as never, { entry: "caller", seed: 1 }), TypeError, "expected a Flow");
  const slot = createSlot<never>({}, "lonely", {
    handler: undefined,
    merge: "override",
    schema: undefined,
    timeoutMs: undefined,
  });
  await assertRejects(
    () => simulate(flow, { entry: slot, seed: 1 }),
    TypeError,
    'Cannot simulate: slot "lonely" belongs to no routine',
  );
});
