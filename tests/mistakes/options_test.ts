import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { ErrorHandler, Flow, Routine } from "../../mod.ts";
import { testMistakes, untyped } from "./told_by.ts";

testMistakes({
  "M44 no workers": [
    () => new Flow({ executionStrategy: "concurrent", maxWorkers: 0 }),
    "Cannot set execution strategy: maxWorkers must be an integer of at least 1, current value is 0",
  ],
  "M45 workers of a sequential flow": [
    () => new Flow({ maxWorkers: 4 }),
    'Cannot set execution strategy: a sequential flow has 1 worker, current value of maxWorkers is 4; more need the strategy "concurrent"',
  ],
  "M46 a strategy that there is not": [
    () => new Flow({ executionStrategy: untyped("parallel") }),
    'Invalid execution strategy: strategy must be one of "sequential", "concurrent", current value is "parallel"',
  ],
  "M62 a class where the name of an error is expected": [
    () => new ErrorHandler({ retryableErrors: untyped([TypeError]) }),
    "Cannot create ErrorHandler: retryableErrors must be a list of names and codes of errors, but retryableErrors[0] is a " +
    'function; write its name, "TypeError"',
  ],
  "M64 an option that there is not": [
    () => new ErrorHandler(untyped({ strategy: "retry", retries: 5 })),
    'Cannot create ErrorHandler: unknown option "retries"; did you mean "maxRetries"?',
  ],
  "M74 no time to work": [
    () => new Flow({ id: "f", executionTimeoutMs: 0 }),
    'Cannot create flow "f": executionTimeoutMs must be a number of milliseconds, at least 1, current value is 0',
  ],
});

class Limited extends Routine<{ limit: number }> {}

test("M18 a config value of the wrong type: the types refuse it", () => {
  const limited = new Limited();
  // @ts-expect-error: Type 'string' is not assignable to type 'number'.
  limited.setConfig({ limit: "5" });
  assertEquals(limited.getConfig(), { limit: "5" } as never);
});

test("M19 a config key that there is not: the types refuse it and name the right one", () => {
  const limited = new Limited();
  // @ts-expect-error: Object literal may only specify known properties, but 'limti' does not exist. Did you mean 'limit'?
  limited.setConfig({ limti: 5 });
  // @ts-expect-error: Argument of type '"limti"' is not assignable to parameter of type '"limit"'.
  assertEquals(limited.getConfig("limti"), 5);
});
