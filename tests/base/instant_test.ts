import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { formatInstant, LAST_INSTANT, parseInstant } from "../../src/base/instant.ts";

test("an instant is written in ISO 8601, in UTC, with milliseconds", () => {
  assertEquals([0, 1, 1_769_860_800_000, -1].map(formatInstant), [
    "1970-01-01T00:00:00.000Z",
    "1970-01-01T00:00:00.001Z",
    "2026-01-31T12:00:00.000Z",
    "1969-12-31T23:59:59.999Z",
  ]);
  assertEquals(formatInstant(LAST_INSTANT), "9999-12-31T23:59:59.999Z");
});

test("an instant that was written is read", () => {
  for (const ms of [0, 1, -1, 951_782_400_000, 1_769_860_800_123, LAST_INSTANT]) {
    assertEquals(parseInstant(formatInstant(ms)), ms);
  }
});

test("any other text is no instant", () => {
  const wrong = [
    "",
    "now",
    "2026-01-31",
    "2026-01-31T12:00:00Z",
    "2026-01-31T12:00:00.000",
    "2026-01-31T12:00:00.000+00:00",
    "2026-01-31T12:00:00.000000Z",
    "2026-02-30T12:00:00.000Z",
    "2025-02-29T12:00:00.000Z",
    "2026-13-01T12:00:00.000Z",
    "2026-01-31T25:00:00.000Z",
    "2026-01-31T24:00:00.000Z",
    " 2026-01-31T12:00:00.000Z",
    "2026-01-31T12:00:00.000Z\n",
    "+010000-01-01T00:00:00.000Z",
  ];
  assertEquals(wrong.map(parseInstant), wrong.map(() => undefined));
});

test("what was read or written last is not taken for something else", () => {
  assertEquals([formatInstant(5), formatInstant(0), formatInstant(5)], [
    "1970-01-01T00:00:00.005Z",
    "1970-01-01T00:00:00.000Z",
    "1970-01-01T00:00:00.005Z",
  ]);
  for (const text of ["1970-01-01T00:00:00.007Z", "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.007Z"]) {
    assertEquals([parseInstant(text), parseInstant("")], [Date.parse(text), undefined]);
  }
});
