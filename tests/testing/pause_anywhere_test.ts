import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { test } from "node:test";
import {
  type Context,
  ErrorHandler,
  Flow,
  type FlowOptions,
  type JobState,
  Registry,
  Routine,
  type SerializableClass,
  SerializationError,
  type Slot,
} from "../../mod.ts";
import {
  pauseAnywhere,
  type PauseAnywhereOptions,
  type PauseAnywhereResult,
  SimulationError,
} from "../../src/testing/mod.ts";
import { approve, createShop, simulatedSleep, sleep } from "../support/simulated_flow.ts";

/** Bun's default timeout is five seconds; in workerd each step takes milliseconds. */
const PATIENCE = { timeout: 120_000 };

interface Item {
  readonly n: number;
}

/** Sends three numbers to an adder, which each test defines. */
abstract class Adder extends Routine {
  readonly trigger: Slot<unknown> = this.addSlot("trigger", this.send);
  readonly output = this.addEvent<Item>("output");
  abstract readonly input: Slot<Item>;
  send(_data: unknown, ctx: Context): void {
    for (const n of [1, 2, 3]) ctx.emit(this.output, { n });
  }
  add(n: number, { shared }: Pick<Context, "shared">): void {
    shared.update<number>("sum", (sum = 0) => sum + n);
  }
}

function createFlow<A extends Adder>(Class: (new () => A) & SerializableClass, options: FlowOptions = {}) {
  const registry = new Registry({ [Class.name]: Class });
  const flow = new Flow({ id: "sum", registry, errorHandler: new ErrorHandler({ strategy: "retry" }), ...options });
  const adder = flow.addRoutine(new Class(), "adder");
  flow.connect(adder.output, adder.input);
  return { flow, adder };
}

/** Runs `pauseAnywhere` twice with a faulty routine, and returns the error; both runs must fail with the same message. */
async function find<A extends Adder>(
  Class: (new () => A) & SerializableClass,
  flowOptions: FlowOptions = {},
  options: Partial<PauseAnywhereOptions> = {},
): Promise<SimulationError> {
  const run = () => {
    const { flow, adder } = createFlow(Class, flowOptions);
    return pauseAnywhere(flow, { entry: adder, seed: 9, ...options });
  };
  const [error, again] = [await assertRejects(run, SimulationError), await assertRejects(run, SimulationError)];
  assertInstanceOf(error, SimulationError);
  assertEquals([error.seed, again.message], [9, error.message]);
  assertStringIncludes(error.message, "Simulation failed with seed 9 at step ");
  return error;
}

class Good extends Adder {
  readonly input = this.addSlot("input", this.count);
  *count({ n }: Item, ctx: Context<number>): Generator<number, void, void> {
    for (let i = ctx.progress ?? 0; i < n; i++) {
      this.add(1, ctx);
      yield i + 1;
    }
  }
}

test("a job that may be stopped anywhere has the same result, byte for byte, at every place", PATIENCE, async () => {
  const { flow, adder } = createFlow(Good);
  const { job, places, runs, compared } = await pauseAnywhere(flow, { entry: adder.trigger });
  assertEquals([job.status, job.sharedData, compared], ["completed", { sum: 6 }, "exact"]);
  // The places: one start; for each task, and each segment of its generator, the return and the commit. The end is not
  // a place.
  assertEquals(places, 1 + 2 * (1 + 1 + 2 + 2 + 3 + 1));
  assertEquals(runs, 3 * places + 60);
});

test(
  "a flow with handlers that wait, time out, retry, and await a delivery may be stopped anywhere",
  PATIENCE,
  async () => {
    const { flow, counter } = createShop();
    const options = {
      entry: counter.trigger,
      params: { count: 2 },
      services: simulatedSleep,
      onIdle: approve,
      runs: 150,
    };
    const { job, places, runs, compared } = await pauseAnywhere(flow, options);
    assertEquals([job.status, job.sharedData, compared, runs], ["completed", { labels: 4, weight: 3 }, "untimed", 150]);
    assertGreater(places, 30);
  },
);

test("a concurrent flow may be stopped anywhere, and its handlers run in any order", PATIENCE, async () => {
  const { flow, counter } = createShop({ executionStrategy: "concurrent", maxWorkers: 3 });
  const { compared, job } = await pauseAnywhere(flow, {
    entry: counter.trigger,
    params: { count: 3 },
    services: simulatedSleep,
    onIdle: approve,
    runs: 150,
  });
  assertEquals([compared, job.sharedData], ["outcome", { labels: 6, weight: 6 }]);
});

test("a routine that keeps state in a field is found", async () => {
  class Keeper extends Adder {
    readonly total = { sum: 0 };
    readonly input = this.addSlot("input", this.keep);
    keep({ n }: Item, ctx: Context): void {
      this.total.sum += n;
      ctx.shared.set("sum", this.total.sum);
    }
  }
  const { message, trace, step } = await find(Keeper);
  assertStringIncludes(message, "the job ended differently: sharedData.sum is ");
  assertStringIncludes(message, ", expected 6\n");
  assertStringIncludes(message, "stopped by pause after step 6 (return: task 2 of adder.input),");
  assertEquals([trace.length, trace.filter(({ type }) => type === "stop").length], [step, 1]);
});

test("a routine that keeps state outside of itself is found without a stop", async () => {
  let total = 0;
  class Outsider extends Adder {
    readonly input = this.addSlot("input", this.keep);
    keep({ n }: Item, ctx: Context): void {
      ctx.shared.set("sum", total += n);
    }
  }
  const { flow, adder } = createFlow(Outsider);
  const error = await assertRejects(() => pauseAnywhere(flow, { entry: adder }), SimulationError);
  assertStringIncludes(
    error.message,
    "seed 1 at step 15: run again without any stop, the job ended differently: sharedData.sum is 12, expected 6",
  );
});

test("a routine that starts over instead of continuing, and so repeats work, is found", async () => {
  class Doubler extends Adder {
    readonly input = this.addSlot("input", this.count);
    *count({ n }: Item, ctx: Context<number>): Generator<number, void, void> {
      for (let i = 0; i < n; i++) {
        this.add(1, ctx);
        yield i + 1;
      }
    }
  }
  assertStringIncludes((await find(Doubler)).message, "sharedData.sum is 7, expected 6");
});

test("README: a routine that stores its progress and ignores it is found with the quoted message", async () => {
  class Mailer extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    async send({ to }: { readonly to: readonly string[] }, ctx: Context<number>): Promise<void> {
      for (let n = 0; n < to.length; n++) {
        ctx.output("sent", to[n]);
        await ctx.checkpoint(n + 1);
      }
    }
  }
  const flow = new Flow({ id: "mail", registry: new Registry({ Mailer }) });
  const mailer = flow.addRoutine(new Mailer(), "mailer");
  const find = () => pauseAnywhere(flow, { entry: mailer.trigger, params: { to: ["ada", "grace", "edsger"] } });
  assertStringIncludes(
    (await assertRejects(find, SimulationError)).message,
    "Simulation failed with seed 1 at step 17: stopped by pause after step 3 (commit: task 1 at step 1), " +
      'the job ended differently: outputLog[1].data is "ada", expected "grace"\n',
  );
});

test("a concurrent routine that depends on the order is found without a stop", async () => {
  class Last extends Adder {
    readonly input = this.addSlot("input", this.keep);
    async keep({ n }: Item, ctx: Context): Promise<void> {
      await Promise.resolve();
      ctx.shared.set("last", n);
    }
  }
  const { message } = await find(Last, { executionStrategy: "concurrent", maxWorkers: 3 });
  assertStringIncludes(message, "the job ended differently: sharedData.last is ");
});

test("handlers that read the clock while time passes need a custom comparison", PATIENCE, async () => {
  class Watch extends Adder {
    readonly input = this.addSlot("input", this.look);
    async look({ n }: Item, ctx: Context): Promise<void> {
      await sleep(ctx, 10);
      this.add(n, ctx);
      ctx.shared.set("at", ctx.now());
    }
  }
  const { message } = await find(Watch, {}, { services: simulatedSleep });
  assertStringIncludes(message, "sharedData.at is 40, expected 30");
  const { flow, adder } = createFlow(Watch);
  const compare: PauseAnywhereOptions["compare"] = ({ status, sharedData }) => [status, sharedData["sum"]];
  const result: PauseAnywhereResult = await pauseAnywhere(flow, { entry: adder, services: simulatedSleep, compare });
  assertEquals([result.compared, result.job.sharedData["sum"]], ["custom", 6]);
});

test("a custom comparison may return any value that a job may hold", async () => {
  let offset = 0;
  class Mapper extends Adder {
    readonly input = this.addSlot("input", this.keep);
    keep({ n }: Item, ctx: Context): void {
      ctx.shared.set("map", new Map([["key", new Date(n + offset++)]]));
    }
  }
  const compare = ({ sharedData }: JobState) => sharedData["map"];
  const mapper = createFlow(Mapper);
  const error = await assertRejects(
    () => pauseAnywhere(mapper.flow, { entry: mapper.adder, compare }),
    SimulationError,
  );
  assertStringIncludes(error.message, 'ended differently: value[0][1].value is "1970-01-01T00:00:00.008Z", expected "');
  const { flow, adder } = createFlow(Good);
  assertEquals((await pauseAnywhere(flow, { entry: adder, compare, runs: 1 })).compared, "custom");
  const refused = () => pauseAnywhere(flow, { entry: adder, compare: () => compare });
  await assertRejects(
    refused,
    SerializationError,
    "Cannot compare: job is a function; send what it stands for instead",
  );
});

test("the number of runs is that of `runs`, with single and multiple stops", PATIENCE, async () => {
  const { flow, adder } = createFlow(Good);
  for (const [most, made] of [[1, 1], [2, 2], [10, 10], [50, 50], [1_000, 3 * 21 + 200]] as const) {
    assertEquals((await pauseAnywhere(flow, { entry: adder, runs: most })).runs, made);
  }
});

test("invalid options are refused before the simulation starts", async () => {
  const { flow, adder } = createFlow(Good);
  const other = createFlow(Good);
  const refusals: readonly [Partial<PauseAnywhereOptions>, typeof RangeError | typeof TypeError, string][] = [
    [{ seed: 1.5 }, RangeError, "Cannot pause anywhere: seed must be an integer"],
    [{ runs: 0 }, RangeError, "Cannot pause anywhere: runs must be an integer of at least 1"],
    [{ maxSteps: 0 }, RangeError, "Cannot pause anywhere: maxSteps must be an integer of at least 1"],
    [{ entry: other.adder }, TypeError, 'is not in flow "sum"'],
    [{ entry: "nobody" }, TypeError, 'routine "nobody" not found'],
  ];
  for (const [options, Class, message] of refusals) {
    await assertRejects(() => pauseAnywhere(flow, { entry: adder, ...options }), Class, message);
  }
  assert(!flow.isFrozen);
});

test("the comparison can be chosen, and the message counts further stops", async () => {
  const { flow, adder } = createFlow(Good);
  const { compared } = await pauseAnywhere(flow, { entry: adder.trigger, compare: "exact", runs: 10 });
  assertEquals(compared, "exact");
  const compare = ({ pausePoints }: JobState) => pausePoints.length > 4;
  const error = await assertRejects(
    () => pauseAnywhere(createFlow(Good).flow, { entry: "adder", compare }),
    SimulationError,
  );
  assert(/ and \d+ times more, the job ended differently/.test(error.message), error.message);
});
