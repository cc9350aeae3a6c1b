/** Values that stand somewhere in some document, and values at the edges of what may stand there. */
export const ODD_VALUES: readonly unknown[] = [
  ...[null, true, false, {}, [], [[]], [null], [{}]],
  ...numbers(),
  ...texts(),
  ...objects(),
];

/** Literals that a text can hold at the place of a number, and `JSON.stringify` never writes. */
export const ODD_LITERALS: readonly [string, ...string[]] = [
  "1e999",
  ...["-1e999", "1E2", "0.1e1", "-0", "1e-999", "00", "+1", "0x10", ".5", "5.", "NaN", "Infinity", "1n"],
  ...["9007199254740993", "123456789012345678901234567890", "0.1000000000000000055511151231257827", "1e+21", "4.50"],
  ...[
    "'x'",
    "undefined",
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\u0000"',
    '"\u{1f600}"',
    '"e\u0301"',
    '"\\x41"',
    '"a\tb"',
  ],
];

/** Keys that mean something to some tool, and keys that some other part of a document has. */
export const ODD_KEYS: readonly [string, ...string[]] = [
  ...[
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "toJSON",
    "then",
    "length",
  ] as const,
  ...["$type", "value", "lists", "data", "id", "task", "state", "start", "cleared", "version", "format", "extra"],
  ...["", "0", "10", "01", "-1", "4294967295", "\ud800", "\u{1f600}", "e\u0301", "\u00e9", "a b", 'say "hi"', "\u0000"],
];

/** The names that tag values: built-in ones, those of classes that travel, those of other classes, and of none. */
export const ODD_TAGS: readonly [string, ...string[]] = [
  ...["Date", "Map", "Set", "bigint", "Uint8Array", "Error"] as const,
  ...["Point", "Clerk", "Source", "Folder", "joinItems", "Routine", "Flow", "JobState", "RegExp", "Function"],
  ...["Object", "constructor", "__proto__", "toString", "", "Point\u0000"],
];

/** How deep values are nested: what is allowed, just more, and what ends a call stack. */
export const DEPTHS: readonly [number, ...number[]] = [1, 2, 97, 98, 99, 100, 101, 102, 1_000, 30_000];

function numbers(): number[] {
  return [
    ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -1, 0.5, -0.5, 1.5, 5e-324, 1e-7, 1e21, 1e300, Number.MAX_VALUE],
    ...[2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 52 - 1, 2 ** 52, 2 ** 52 + 1, 2 ** 53 - 1, 2 ** 53, -(2 ** 53)],
    ...[64, 100, 1_000, 8_640_000_000_000_000, 253_402_300_799_999, 253_402_300_800_000],
  ];
}

function texts(): string[] {
  return [
    ...["", "x", " ", "0", "1", "-0", "null", "__proto__", "constructor", "prototype", "toString", "a".repeat(5_000)],
    ...["\ud800", "\udc00x", "\udc00\ud800", "\u{1f600}", "e\u0301", "\u00e9", "\u0000", "\u2028", "\ufeff", "\uffff"],
    ...["1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "0000-01-01T00:00:00.000Z", "1969-12-31T23:59:59.999Z"],
    ...["+010000-01-01T00:00:00.000Z", "-000001-01-01T00:00:00.000Z", "+275760-09-13T00:00:00.000Z"],
    ...["1970-01-01T00:00:00Z", "1970-02-30T00:00:00.000Z", "1970-01-01T24:00:00.000Z", "2016-12-31T23:59:60.000Z"],
    ...["pending", "running", "paused", "completed", "failed", "cancelled", "skipped", "error_continued"],
    ...["high", "low", "normal", "sequential", "concurrent", "start", "emit", "error", "retry", "skip", "append"],
    ...["stop", "continue", "done", "active", "parked", "merge", "step", "failure", "deliver", "deferred", "status"],
    ...["clerk", "office", "input", "lists", "kept", "sum", "steps", "output", "late", "trigger", "source", "process"],
    ...["routilux/job", "routilux/flow", "routilux/commit", "Clerk", "Point", "Source", "Shelf", "joinItems"],
  ];
}

function objects(): unknown[] {
  const at = "1970-01-01T00:00:00.000Z";
  return [
    ...[{ until: at }, { timeoutMs: 5 }, { value: 1 }, { value: null }, { lists: [] }, { lists: [], value: 1 }],
    ...[{ lists: [{ from: 0, key: "n", to: 0 }] }, { lists: [{ items: [1], key: "n" }] }, {
      event: "output",
      routine: "clerk",
    }],
    ...[{ method: "process" }, { method: "constructor" }, { method: "toString" }, { method: "__proto__" }],
    ...[{ function: "joinItems" }, { function: "constructor" }, { name: "Error", message: "m" }, { n: 3 }],
    ...[{ what: "send", n: 1 }, { what: "all" }, { strategy: "retry", maxRetries: 1 }, { strategy: "skip" }],
    ...[{ from: "x", to: "y" }, { a: "x", b: "x" }, { v: "__proto__" }, JSON.parse('{"__proto__":{"polluted":true}}')],
    ...[JSON.parse('{"constructor":{"prototype":{"polluted":true}}}'), { toJSON: 1 }, { then: 1 }, {
      length: 3,
      0: "a",
    }],
  ];
}
