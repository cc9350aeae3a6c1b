import * as fc from "fast-check";
import type { Mode } from "./flow_spec.ts";
import type { Op } from "./handler_script.ts";
import { values } from "./value_arbitrary.ts";

const EVENTS = ["output", "other"] as const;
const ERROR_NAMES = ["Error", "TimeoutError", "RangeError"] as const;
const UNORDERED = ["note", "output", "sum", "tally", "whole", "pause"] as const;
const ORDERED = [...UNORDERED, "drop", "merged", "key", "result"] as const;
const CLOCKED = [...ORDERED, "now"] as const;

const every = fc.constantFrom(1, 1, 2, 3);
const value = fc.oneof({ withCrossShrink: true }, fc.constant(null), fc.nat(9), { arbitrary: values(2), weight: 4 });

const fail = fc.record({
  op: fc.constant("fail"),
  every,
  attempts: fc.integer({ min: 1, max: 4 }),
  name: fc.constantFrom(...ERROR_NAMES),
});
const keep = fc.record({ op: fc.constant("keep"), every, where: fc.constantFrom("shared", "state"), value });
const sleep = fc.record({ op: fc.constant("sleep"), every, ms: fc.constantFrom(1, 30, 700, 1_500) });
const expect = fc.record({
  op: fc.constant("expect"),
  every,
  timeoutMs: fc.constantFrom(1, 20, 4_000),
  isTold: fc.boolean(),
});
const key = fc.constantFrom("a", "b");
const recall = fc.record({ op: fc.constant("recall"), every, event: fc.constantFrom(...EVENTS), key });
const defer = fc.record({ op: fc.constant("defer"), every, event: fc.constantFrom(...EVENTS), value });

/** What handlers of flows of a mode do. */
export function ops(mode: Mode): fc.Arbitrary<Op> {
  const often = { arbitrary: emits(mode), weight: 5 };
  const failing = { arbitrary: fail, weight: 2 };
  switch (mode) {
    case "strict":
      return fc.oneof(often, plain(CLOCKED), failing, keep, expect, recall, defer);
    case "timed":
      return fc.oneof(often, plain(ORDERED), failing, keep, recall, { arbitrary: sleep, weight: 2 });
    case "concurrent":
      return fc.oneof(often, plain(UNORDERED), failing);
    case "wild":
      return fc.oneof(
        often,
        plain(CLOCKED),
        failing,
        keep,
        defer,
        recall,
        { arbitrary: expect, weight: 2 },
        { arbitrary: sleep, weight: 3 },
      );
  }
}

function emits(mode: Mode): fc.Arbitrary<Op> {
  return fc.record({
    op: fc.constant("emit"),
    every,
    event: fc.constantFrom("output", "output", "other"),
    times: fc.integer({ min: 1, max: 2 }),
    // Two deadlines that are a millisecond apart are decided by one look into the inbox or by two, which a crash may change.
    delayMs: mode === "timed" ? fc.constant(0) : fc.constantFrom(0, 0, 0, 3, 50, 5_000),
    priority: fc.constantFrom("normal", "normal", "high", "high", "low", "last"),
    // What is replaced depends on the order of the handlers.
    key: mode === "concurrent" ? fc.constant(undefined) : fc.option(key, { nil: undefined, freq: 2 }),
    value,
  });
}

type Plain = typeof CLOCKED[number];

function plain(names: readonly Plain[]): { readonly arbitrary: fc.Arbitrary<Op>; readonly weight: number } {
  // A pause from inside is rare: it would leave few places for other stops.
  const arbitrary = fc.record({ op: fc.constantFrom(...names), every })
    .map(({ op, every }): Op => ({ op, every: op === "pause" ? 3 * every : every }));
  return { arbitrary, weight: 6 };
}
