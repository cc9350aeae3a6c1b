import { test } from "node:test";
import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { Engine, type Routine } from "../../mod.ts";
import {
  Aggregator,
  Batcher,
  ConditionalRouter,
  DataTransformer,
  DataValidator,
  Debouncer,
  Filter,
  Mapper,
  Splitter,
  Throttle,
} from "../../src/routines/mod.ts";
import { DataFlattener, ResultExtractor, TextRenderer } from "../../src/routines/text/mod.ts";
import { manualTimers, pauseAnywhere } from "../../src/testing/mod.ts";
import { trialFlow, type TrialItem, type TrialOptions } from "../support/try_routine.ts";

/** Bun ends a test after five seconds where nothing else is said; in workerd each step takes milliseconds. */
const PATIENCE = { timeout: 120_000 };

/** A run that is repeated with stops. */
interface StoppedRun extends TrialOptions {
  /** Makes the routine under trial. */
  readonly make: () => Routine<object>;
  /** What it gets. */
  readonly items: readonly TrialItem[];
}

/** The registered functions. */
const double = (data: { n: number }) => ({ n: data.n * 2 });
const slowly = async (data: { n: number }) => (await Promise.resolve(), data.n % 2 === 0);
const isSmall = ({ n }: { n: number }) => n < 3;
const positive = () => ({
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate: (value: unknown) =>
      Number((value as { n: number }).n) > 2 ? { value } : { issues: [{ message: "small" }] },
  },
});

const items = Array.from({ length: 7 }, (_, n) => ({ data: { n, key: `k${n % 2}` }, at: n * 15 }));
const atOnce = items.map(({ data }) => ({ data }));

function makeRouter(): ConditionalRouter<{ n: number }> {
  const router = new ConditionalRouter<{ n: number }>();
  router.addRoute("small", isSmall);
  router.addRoute("five", { n: 5 });
  router.addRoute("large", "n > config.limit");
  router.setConfig({ limit: 5 });
  router.setDefaultRoute("rest");
  return router;
}

const runs: Readonly<Record<string, StoppedRun>> = {
  "an aggregator by count": { make: () => new Aggregator().setGroups({ count: 3, atEnd: "emit" }), items: atOnce },
  "a batcher without a time": { make: () => new Batcher().setBatches({ size: 3 }), items: atOnce },
  "an aggregator by key, count and time": {
    make: () => new Aggregator().setGroups({ by: "key", count: 3, timeoutMs: 40 }),
    items,
  },
  "an aggregator by time": { make: () => new Aggregator().setGroups({ timeoutMs: 40 }), items },
  "a batcher": { make: () => new Batcher().setBatches({ size: 3, timeoutMs: 25 }), items },
  "a debouncer": { make: () => new Debouncer().setQuiet(20), items: items.filter((_, n) => n % 3 !== 2) },
  "a throttle": { make: () => new Throttle().setRate({ count: 2, intervalMs: 50 }), items: atOnce },
  "a splitter": {
    make: () => new Splitter(),
    items: [{ data: { items: [1, 2, 3, 4] } }, { data: { items: [new Date(5), "a"] } }],
    events: ["item"],
  },
  "a router": {
    make: makeRouter,
    items: atOnce,
    events: ["small", "five", "large", "rest"],
    registry: { isSmall },
  },
  "a mapper": { make: () => new Mapper<{ n: number }, object>().use(double), items: atOnce, registry: { double } },
  "a filter that waits": {
    make: () => new Filter<{ n: number }>().use(slowly),
    items: atOnce,
    events: ["output", "rejected"],
    registry: { slowly },
  },
  "a validator": {
    make: () => new DataValidator().use(positive),
    items: atOnce,
    events: ["valid", "invalid"],
    registry: { positive },
  },
  "a flattener": {
    make: () => new DataFlattener(),
    items: [{ a: { b: 1 } }, [1, [2]], 3].map((data) => ({ data: { data } })),
  },
  "a renderer": {
    make: () => new TextRenderer(),
    items: [{ a: { b: 1 } }, "text"].map((data) => ({ data: { data } })),
  },
  "an extractor": {
    make: () => new ResultExtractor(),
    items: ["[1]", "text", { a: 1 }].map((data) => ({ data: { data } })),
  },
  "a transformer": {
    make: () => new DataTransformer().setSteps("to_string", "to_int"),
    items: [1, "2", "x"].map((data) => ({ data: { data } })),
  },
};

for (const [name, { make, items, ...options }] of Object.entries(runs)) {
  test(`Invariant 3: ${name}, stopped anywhere and moved, ends the same byte for byte`, PATIENCE, async () => {
    const flow = trialFlow(make(), new Engine({ timers: manualTimers() }), options);
    const { job, places, runs } = await pauseAnywhere(flow, { entry: "feed", params: { items }, compare: "exact" });
    assertEquals([job.status, job.outputLog.length > 0, job.pendingTasks], ["completed", true, []]);
    assertGreaterOrEqual(runs, 3 * places, "each place has had its three stops");
  });
}
