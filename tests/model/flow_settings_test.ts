import { test } from "node:test";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { type ExecutionStrategy, Flow, type FlowLimits, type FlowOptions, Routine } from "../../mod.ts";

class Worker extends Routine {
  readonly trigger = this.addSlot("trigger", this.work);
  work(): void {}
}

const newFlow = (options: FlowOptions = {}): Flow => new Flow({ id: "flow", ...options });
const settings = ({ executionStrategy, maxWorkers }: Flow) => [executionStrategy, maxWorkers];

test("C064 C067 a flow is sequential by default, with one worker", () => {
  assertEquals(settings(newFlow()), ["sequential", 1]);
  assertEquals(settings(newFlow({ executionStrategy: "sequential", maxWorkers: 1 })), ["sequential", 1]);
});

test("C065 a concurrent flow has the number of workers it was given, or 8", () => {
  assertEquals(settings(newFlow({ executionStrategy: "concurrent", maxWorkers: 5 })), ["concurrent", 5]);
  assertEquals(settings(newFlow({ executionStrategy: "concurrent" })), ["concurrent", 8]);
});

test("C067 the strategy can be set and set back", () => {
  const flow = newFlow();
  assertStrictEquals(flow.setExecutionStrategy("concurrent", 10), flow);
  assertEquals(settings(flow), ["concurrent", 10]);
  assertEquals(settings(flow.setExecutionStrategy("sequential")), ["sequential", 1]);
});

test("C068 another word as strategy is refused as an invalid execution strategy", () => {
  const parallel = "parallel" as ExecutionStrategy;
  const text =
    'Invalid execution strategy: strategy must be one of "sequential", "concurrent", current value is "parallel"';
  const flow = newFlow({ executionStrategy: "concurrent", maxWorkers: 3 });
  assertThrows(() => flow.setExecutionStrategy(parallel), TypeError, text);
  assertThrows(() => newFlow({ executionStrategy: parallel }), TypeError, text);
  const entry = flow.addRoutine(new Worker(), "worker").trigger;
  assertThrows(() => flow.execute(entry, {}, { strategy: parallel }), TypeError, text);
  assertEquals(settings(flow), ["concurrent", 3]);
});

test("a number of workers out of range is refused, and nothing is set", () => {
  const flow = newFlow({ executionStrategy: "concurrent", maxWorkers: 3 });
  for (const workers of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(
      () => flow.setExecutionStrategy("concurrent", workers),
      RangeError,
      `Cannot set execution strategy: maxWorkers must be an integer of at least 1, current value is ${workers}`,
    );
  }
  assertThrows(
    () => flow.setExecutionStrategy("sequential", 2),
    RangeError,
    "Cannot set execution strategy: a sequential flow has 1 worker, current value of maxWorkers is 2",
  );
  assertThrows(() => newFlow({ maxWorkers: 2 }), RangeError, "a sequential flow has 1 worker");
  assertEquals(settings(flow), ["concurrent", 3]);
});

test("C069 there is no execution timeout by default, and a given one is kept", () => {
  assertEquals(
    [newFlow(), newFlow({ executionTimeoutMs: 1 }), newFlow({ executionTimeoutMs: Infinity })].map((flow) =>
      flow.executionTimeoutMs
    ),
    [
      Infinity,
      1,
      Infinity,
    ],
  );
});

test("an execution timeout out of range is refused", () => {
  for (const executionTimeoutMs of [0, -1, NaN, -Infinity]) {
    assertThrows(
      () => newFlow({ executionTimeoutMs }),
      RangeError,
      `Cannot create flow "flow": executionTimeoutMs must be a number of milliseconds, at least 1, ` +
        `current value is ${executionTimeoutMs}`,
    );
  }
});

test("a flow has the documented limits where none were given", () => {
  assertEquals({ ...newFlow().limits }, {
    bytes: Infinity,
    childDepth: 16,
    children: 10_000,
    depth: 100,
    failures: 1_000,
    highWater: 64,
    history: 1_000,
    keptLength: 4_194_304,
    log: 1_000,
    nodes: 1_000_000,
    outputs: 1_000,
    steps: Infinity,
  });
  assert(Object.isFrozen(newFlow().limits));
});

test("given limits are kept, the others are as by default", () => {
  const { depth, history, steps, highWater, bytes, nodes } = newFlow({
    limits: { depth: 1_000, history: 0, steps: 1, highWater: 1, bytes: 5 },
  }).limits;
  assertEquals([depth, history, steps, highWater, bytes, nodes], [1_000, 0, 1, 1, 5, 1_000_000]);
});

test("limits without end are allowed where they mean something", () => {
  const { steps, bytes } = newFlow({ limits: { steps: Infinity, bytes: Infinity } }).limits;
  assertEquals([steps, bytes], [Infinity, Infinity]);
});

const outOfRange: readonly (readonly [Partial<FlowLimits>, string])[] = [
  [{ highWater: 0 }, "limits.highWater must be an integer of at least 1, current value is 0"],
  [{ highWater: Infinity }, "limits.highWater must be an integer of at least 1, current value is Infinity"],
  [{ failures: 0 }, "limits.failures must be an integer of at least 1, current value is 0"],
  [{ steps: 0 }, "limits.steps must be an integer of at least 1, current value is 0"],
  [{ steps: 1.5 }, "limits.steps must be an integer of at least 1, current value is 1.5"],
  [{ history: -1 }, "limits.history must be an integer of at least 0, current value is -1"],
  [{ outputs: NaN }, "limits.outputs must be an integer of at least 0, current value is NaN"],
  [{ log: -1 }, "limits.log must be an integer of at least 0, current value is -1"],
  [{ keptLength: 0 }, "limits.keptLength must be an integer of at least 1, current value is 0"],
  [{ depth: 0 }, "limits.depth must be an integer of at least 1, current value is 0"],
  [{ depth: 1_001 }, "limits.depth must be at most 1000, current value is 1001"],
  [{ nodes: 0 }, "limits.nodes must be an integer of at least 1, current value is 0"],
  [{ bytes: 0 }, "limits.bytes must be an integer of at least 1, current value is 0"],
];
for (const [limits, message] of outOfRange) {
  const [[name, value] = []] = Object.entries(limits);
  test(`a limit ${name} of ${value} is refused`, () => {
    const error = assertThrows(() => newFlow({ limits }), RangeError);
    assertStrictEquals(error.message, `Cannot create flow "flow": ${message}`);
  });
}

test("an unknown limit is refused with the known ones", () => {
  assertThrows(
    () => newFlow({ limits: { highwater: 5 } as Partial<FlowLimits> }),
    TypeError,
    'Cannot create flow "flow": unknown limit "highwater"; ' +
      "the limits are bytes, childDepth, children, depth, failures, highWater, history, keptLength, log, nodes, outputs, steps",
  );
});
