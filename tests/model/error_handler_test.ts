import { test } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { ErrorHandler, type ErrorHandlerOptions, Flow, Registry, Routine, SerializationError } from "../../mod.ts";

class Worker extends Routine {
  readonly trigger = this.addSlot("trigger", this.work);
  work(): void {}
}

const options = (value: object): ErrorHandlerOptions => value as ErrorHandlerOptions;

test("C176 the strategy is a word", () => {
  for (const strategy of ["stop", "continue", "retry", "skip"] as const) {
    assertEquals(new ErrorHandler({ strategy }).strategy, strategy);
  }
});

test("an error handler without options stops, with the documented defaults", () => {
  assertEquals({ ...new ErrorHandler() }, {
    strategy: "stop",
    maxRetries: 3,
    retryDelayMs: 1_000,
    retryBackoff: 2,
    maxRetryDelayMs: 3_600_000,
    jitter: 0.2,
    retryableErrors: undefined,
    retryIf: undefined,
    isCritical: true,
  });
});

test("C177 C178 all settings are kept as given", () => {
  const given = {
    strategy: "retry",
    maxRetries: 0,
    retryDelayMs: 0.5,
    retryBackoff: 1.5,
    maxRetryDelayMs: 0,
    jitter: 1,
    retryableErrors: ["TimeoutError", "ConnectionError"],
    retryIf: () => true,
    isCritical: false,
  } as const;
  assertEquals({ ...new ErrorHandler(given) }, { ...given, retryableErrors: [...given.retryableErrors] });
});

test("an error handler is frozen, and its list is a copy", () => {
  const names = ["A"];
  const handler = new ErrorHandler({ strategy: "retry", retryableErrors: names });
  names.push("B");
  assertEquals([handler.retryableErrors, Object.isFrozen(handler), Object.isFrozen(handler.retryableErrors)], [
    ["A"],
    true,
    true,
  ]);
});

test("C176 another word as strategy is refused", () => {
  assertThrows(
    () => new ErrorHandler(options({ strategy: "retyr" })),
    TypeError,
    "Cannot create ErrorHandler: strategy must be one of " +
      '"stop", "continue", "retry", "skip", current value is "retyr"',
  );
});

const outOfRange: readonly (readonly [object, string])[] = [
  [{ maxRetries: -1 }, "maxRetries must be an integer of at least 0, current value is -1"],
  [{ maxRetries: 1.5 }, "maxRetries must be an integer of at least 0, current value is 1.5"],
  [{ maxRetries: NaN }, "maxRetries must be an integer of at least 0, current value is NaN"],
  [{ maxRetries: Infinity }, "maxRetries must be an integer of at least 0, current value is Infinity"],
  [{ maxRetries: "3" }, 'maxRetries must be an integer of at least 0, current value is "3"'],
  [
    { retryDelayMs: -1 },
    "retryDelayMs must be a number of milliseconds, between 0 and 9007199254740991, current value is -1",
  ],
  [
    { retryDelayMs: Infinity },
    "retryDelayMs must be a number of milliseconds, between 0 and 9007199254740991, current value is Infinity",
  ],
  [
    { retryDelayMs: NaN },
    "retryDelayMs must be a number of milliseconds, between 0 and 9007199254740991, current value is NaN",
  ],
  [{ retryBackoff: -2 }, "retryBackoff must be a number, between 0 and 9007199254740991, current value is -2"],
  [
    { maxRetryDelayMs: -1 },
    "maxRetryDelayMs must be a number of milliseconds, between 0 and 9007199254740991, current value is -1",
  ],
  [{ jitter: 1.1 }, "jitter must be a number, between 0 and 1, current value is 1.1"],
  [{ jitter: -0.1 }, "jitter must be a number, between 0 and 1, current value is -0.1"],
];
for (const [wrong, message] of outOfRange) {
  test(`an error handler with ${JSON.stringify(wrong)} out of range is refused: ${message}`, () => {
    const error = assertThrows(() => new ErrorHandler(options(wrong)), RangeError);
    assertStrictEquals(error.message, `Cannot create ErrorHandler: ${message}`);
  });
}

test("settings of another kind are refused", () => {
  assertThrows(
    () => new ErrorHandler(options({ isCritical: "no" })),
    TypeError,
    'Cannot create ErrorHandler: isCritical must be a boolean, current value is "no"',
  );
  const refused: readonly (readonly [unknown, string])[] = [
    ["TypeError", 'got "TypeError"'],
    [["a", TypeError], 'but retryableErrors[1] is a function; write its name, "TypeError"'],
    [[{}], "but retryableErrors[0] is an object"],
  ];
  for (const [retryableErrors, text] of refused) {
    assertThrows(
      () => new ErrorHandler(options({ retryableErrors })),
      TypeError,
      `Cannot create ErrorHandler: retryableErrors must be a list of names and codes of errors, ${text}`,
    );
  }
});

test("C179 the settings of a routine's own handler are read through the routine", () => {
  const handler = new ErrorHandler({ strategy: "retry", maxRetries: 7 });
  const worker = new Worker();
  assertStrictEquals(worker.getErrorHandler(), undefined);
  assertStrictEquals(worker.setErrorHandler(handler), worker);
  assertStrictEquals(worker.getErrorHandler(), handler);
});

test("what is no error handler is refused, by routine and flow", () => {
  const wrong = { strategy: "stop" } as ErrorHandler;
  const hint = "Cannot set error handler: expected an ErrorHandler, got an object";
  assertThrows(() => new Worker().setErrorHandler(wrong), TypeError, hint);
  assertThrows(() => new Flow({ id: "flow" }).setErrorHandler(wrong), TypeError, hint);
  assertThrows(() => new Flow({ id: "flow", errorHandler: wrong }), TypeError, hint);
});

test("C181 an optional routine continues and is not critical", () => {
  const worker = new Worker();
  assertStrictEquals(worker.setAsOptional(), worker);
  const { strategy, isCritical } = worker.getErrorHandler() ?? {};
  assertEquals([strategy, isCritical], ["continue", false]);
});

test("C182 an optional routine may be skipped instead", () => {
  const { strategy, isCritical } = new Worker().setAsOptional("skip").getErrorHandler() ?? {};
  assertEquals([strategy, isCritical], ["skip", false]);
});

test("C183 a critical routine retries, with its numbers", () => {
  const worker = new Worker();
  assertStrictEquals(worker.setAsCritical({ maxRetries: 5, retryDelayMs: 2_000, retryBackoff: 1.5 }), worker);
  const { strategy, isCritical, maxRetries, retryDelayMs, retryBackoff } = worker.getErrorHandler() ?? {};
  assertEquals([strategy, isCritical, maxRetries, retryDelayMs, retryBackoff], ["retry", true, 5, 2_000, 1.5]);
});

test("numbers out of range are refused by setAsCritical too, and nothing is set", () => {
  const worker = new Worker();
  assertThrows(() => worker.setAsCritical({ maxRetries: -1 }), RangeError, "maxRetries must be an integer");
  assertStrictEquals(worker.getErrorHandler(), undefined);
});

test("C184 an error handler is written with its strategy as a word and all its numbers", () => {
  const written = [
    new ErrorHandler(),
    new ErrorHandler({ strategy: "retry", maxRetries: 5, retryDelayMs: 250, retryBackoff: 1.5 }),
    new ErrorHandler({ strategy: "retry", retryableErrors: ["TypeError"], jitter: 0.5, isCritical: false }),
  ].map((handler) => JSON.stringify(handler));
  assertEquals(written, [
    '{"isCritical":true,"jitter":0.2,"maxRetries":3,"maxRetryDelayMs":3600000,"retryBackoff":2,"retryDelayMs":1000,' +
    '"strategy":"stop"}',
    '{"isCritical":true,"jitter":0.2,"maxRetries":5,"maxRetryDelayMs":3600000,"retryBackoff":1.5,"retryDelayMs":250,' +
    '"strategy":"retry"}',
    '{"isCritical":false,"jitter":0.5,"maxRetries":3,"maxRetryDelayMs":3600000,"retryBackoff":2,"retryDelayMs":1000,' +
    '"retryableErrors":["TypeError"],"strategy":"retry"}',
  ]);
});

test("C185 C186 an error handler that was written and read is the same", () => {
  const handlers = [
    new ErrorHandler(),
    new ErrorHandler({ strategy: "skip", isCritical: false }),
    new ErrorHandler({ strategy: "retry", maxRetries: 0, maxRetryDelayMs: 5, jitter: 1, retryableErrors: [] }),
  ];
  for (const handler of handlers) {
    const read = ErrorHandler.fromJSON(JSON.parse(JSON.stringify(handler)));
    assertInstanceOf(read, ErrorHandler);
    assertEquals({ ...read }, { ...handler });
  }
});

test("reading leaves the document as it was", () => {
  const json = { strategy: "retry", retryableErrors: ["A"] };
  ErrorHandler.fromJSON(json);
  assertEquals([json, Object.isFrozen(json.retryableErrors)], [{ strategy: "retry", retryableErrors: ["A"] }, false]);
});

const unreadable: readonly (readonly [json: unknown, path: string, message: string])[] = [
  [null, "errorHandler", "expected an object, got null"],
  ["stop", "errorHandler", 'expected an object, got "stop"'],
  [["stop"], "errorHandler", "expected an object, got an array"],
  [
    { strategy: "stop", retries: 3 },
    "errorHandler.retries",
    "expected one of isCritical, jitter, maxRetries, maxRetryDelayMs, retryBackoff, retryDelayMs, " +
    "retryableErrors, strategy",
  ],
];
for (const [json, path, message] of unreadable) {
  test(`reading an error handler from ${JSON.stringify(json)} is refused with the path`, () => {
    const error = assertThrows(() => ErrorHandler.fromJSON(json), SerializationError);
    assertStrictEquals(error.message, `Cannot read ErrorHandler: ${path}: ${message}`);
    assertEquals([error.document, error.path], ["ErrorHandler", path]);
  });
}

test("reading an error handler with a wrong setting is refused, with the reason as its cause", () => {
  for (
    const json of [{ strategy: "again" }, { strategy: "retry", maxRetries: -1 }, { strategy: "stop", jitter: "1" }]
  ) {
    const error = assertThrows(() => ErrorHandler.fromJSON(json, "routines.a.errorHandler"), SerializationError);
    assert(error.message.startsWith("Cannot read ErrorHandler: routines.a.errorHandler: "), error.message);
    assert(error.cause instanceof TypeError || error.cause instanceof RangeError);
    assert(error.message.endsWith(error.cause.message), error.message);
  }
});

test("an error handler in a flow's document comes back with the flow", () => {
  const registry = new Registry({ Worker });
  const handler = new ErrorHandler({ strategy: "continue" });
  const flow = new Flow({ id: "flow", registry, errorHandler: handler });
  flow.addRoutine(new Worker(), "worker").setAsCritical({ maxRetries: 9 });
  const read = Flow.fromJSON(JSON.parse(JSON.stringify(flow)), registry);
  assertEquals(read.errorHandler, handler);
  assertEquals(read.routine("worker").getErrorHandler()?.maxRetries, 9);
});
