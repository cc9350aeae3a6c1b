import { test } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  CancelledError,
  PausedError,
  PreflightError,
  RoutiluxError,
  SerializationError,
  StateError,
  StepLimitError,
  TimeoutError,
} from "../../mod.ts";

const errors: readonly (readonly [RoutiluxError, name: string, code: string, message: string])[] = [
  [new StateError("resume", "completed", "Cannot resume"), "StateError", "STATE", "Cannot resume"],
  [new SerializationError("Cannot read", "doc", "a.b"), "SerializationError", "SERIALIZATION", "Cannot read"],
  [new CancelledError(), "CancelledError", "CANCELLED", "The job was cancelled"],
  [new CancelledError("too late"), "CancelledError", "CANCELLED", "The job was cancelled: too late"],
  [new TimeoutError('Slot "in"', 50), "TimeoutError", "TIMEOUT", 'Slot "in" took longer than 50 ms'],
  [
    new PausedError(1_000),
    "PausedError",
    "PAUSED",
    "The job was paused and the handler did not return within 1000 ms; its task runs again on resume",
  ],
  [
    new StepLimitError(5),
    "StepLimitError",
    "STEP_LIMIT",
    "The job would make more than 5 tasks; look for a cycle without an end, or raise limits.steps",
  ],
];

test("every error of the library has a name, a code and a message that says what to do", () => {
  for (const [error, name, code, message] of errors) {
    assert(error instanceof RoutiluxError && error instanceof Error);
    assertEquals([error.name, error.code, error.message, String(error)], [name, code, message, `${name}: ${message}`]);
  }
});

test("the details of an error are fields", () => {
  const state = new StateError("resume", "completed", "x");
  const serialization = new SerializationError("x", "routilux/job", "a.b", { cause: "c" });
  assertEquals([state.event, state.status], ["resume", "completed"]);
  assertEquals([serialization.document, serialization.path, serialization.cause], ["routilux/job", "a.b", "c"]);
  assertEquals([new CancelledError("r").reason, new CancelledError().reason], ["r", undefined]);
  assertEquals([new TimeoutError("x", 5).timeoutMs, new StepLimitError(7).limit], [5, 7]);
});

test("a preflight error tells all findings in one message, and has them as data", () => {
  const findings = [
    { code: "flow_mismatch", path: "", message: "another flow" },
    { code: "unknown_slot", path: "pendingTasks[3].slot", message: "no such slot" },
  ];
  const error = new PreflightError('Cannot resume job "j"', findings);
  assertStrictEquals(error.message, 'Cannot resume job "j": another flow; pendingTasks[3].slot: no such slot');
  assertEquals([error.name, error.code, error.findings], ["PreflightError", "PREFLIGHT", findings]);
});
