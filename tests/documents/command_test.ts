import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import { SerializationError } from "../../mod.ts";
import { DEFAULT_VALUE_LIMITS, taggedPayload } from "../../src/values/payload.ts";
import { type Command, decodeCommand, encodeCommand } from "../../src/documents/command.ts";

const DATE = taggedPayload({ $type: "Date", value: "2026-01-31T12:00:00.000Z" });

const COMMANDS: readonly (readonly [Command, string])[] = [
  [
    { type: "deliver", routine: "worker", slot: "input", data: DATE },
    '{"data":{"$type":"Date","value":"2026-01-31T12:00:00.000Z"},"format":"routilux/command","routine":"worker",' +
    '"slot":"input","type":"deliver","version":1}',
  ],
  [
    { type: "deliver", routine: "worker", slot: "input", data: undefined },
    '{"format":"routilux/command","routine":"worker","slot":"input","type":"deliver","version":1}',
  ],
  [
    { type: "pause", reason: "night", checkpoint: { at: [1] }, graceMs: 50 },
    '{"checkpoint":{"at":[1]},"format":"routilux/command","graceMs":50,"reason":"night","type":"pause","version":1}',
  ],
  [
    { type: "pause", reason: undefined, checkpoint: undefined, graceMs: undefined },
    '{"format":"routilux/command","type":"pause","version":1}',
  ],
  [
    { type: "cancel", reason: "enough" },
    '{"format":"routilux/command","reason":"enough","type":"cancel","version":1}',
  ],
  [
    { type: "resume", redrive: true, tasks: undefined, maxRetries: 5 },
    '{"format":"routilux/command","maxRetries":5,"redrive":true,"type":"resume","version":1}',
  ],
  [
    {
      type: "resume",
      redrive: true,
      tasks: [{ id: 3, isReplaced: false, data: undefined }, { id: 4, isReplaced: true, data: { a: 1 } }],
      maxRetries: undefined,
    },
    '{"format":"routilux/command","redrive":true,"tasks":[{"id":3},{"data":{"a":1},"id":4,"replaced":true}],' +
    '"type":"resume","version":1}',
  ],
  [{ type: "discard", tasks: [3] }, '{"format":"routilux/command","tasks":[3],"type":"discard","version":1}'],
  [
    { type: "resume", redrive: false, tasks: undefined, maxRetries: undefined },
    '{"format":"routilux/command","type":"resume","version":1}',
  ],
];

test("commands are written as deterministic text, and read as they were", () => {
  for (const [command, text] of COMMANDS) {
    assertEquals(encodeCommand(command), text);
    assertEquals(decodeCommand(text), command);
  }
});

test("what is no command is refused", () => {
  const refuse = (document: object) =>
    assertThrows(() => decodeCommand(JSON.stringify(document)), SerializationError).message;
  const pause = { format: "routilux/command", type: "pause", version: 1 };
  assertStringIncludes(refuse({ ...pause, graceMs: -1 }), "Cannot read routilux/command: ");
  assertStringIncludes(refuse({ ...pause, graceMs: 5, redrive: true }), "Cannot read routilux/command: ");
  assertStringIncludes(refuse({ ...pause, format: "routilux/job" }), "format: expected");
  assertStringIncludes(refuse({ ...pause, version: 2 }), "newer routilux");
  assertThrows(() => decodeCommand("pause"), SyntaxError);
});

test("the end of a child whose result is beyond the limits of its parent's flow is that of one that has failed", () => {
  const limits = { ...DEFAULT_VALUE_LIMITS, depth: 1 };
  const end = { type: "child", jobId: "child-1", parentCreatedAt: 7, status: "completed", error: undefined } as const;
  assertEquals(decodeCommand(encodeCommand({ ...end, result: [1] }), limits), { ...end, result: [1] });
  const failed = decodeCommand(encodeCommand({ ...end, result: { a: { b: { c: 1 } } } }), limits);
  if (failed.type !== "child") throw new TypeError("It is the end of a child");
  assertEquals([failed.jobId, failed.status, failed.result], ["child-1", "failed", undefined]);
  assertEquals(failed.error?.name, "SerializationError");
  assertStringIncludes(failed.error?.message ?? "", "depth");
});

test("a command's values are read within the flow's limits", () => {
  const limits = { ...DEFAULT_VALUE_LIMITS, depth: 1 };
  const text = encodeCommand({ type: "deliver", routine: "worker", slot: "input", data: { a: { b: { c: 1 } } } });
  assertEquals(decodeCommand(text).type, "deliver");
  assertThrows(() => decodeCommand(text, limits), SerializationError, "depth");
});
