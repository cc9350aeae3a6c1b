import { test } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Engine, Flow, JobState, Registry, Routine, SerializationError, type Slot } from "../../mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { encode, throughWire, wireText } from "../support/encode_values.ts";

class Sink extends Routine {
  readonly trigger: Slot<unknown> = this.addSlot("trigger", null);
}

const registry = new Registry({ Sink });

/** The number of an IEEE 754 double, given as 16 hexadecimal digits. */
function double(hex: string): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${hex}`));
  return view.getFloat64(0);
}

/** The samples of RFC 8785, appendix B: a double, and how it is written. */
const NUMBERS: readonly (readonly [hex: string, text: string])[] = [
  ["0000000000000000", "0"],
  ["8000000000000000", "0"],
  ["0000000000000001", "5e-324"],
  ["8000000000000001", "-5e-324"],
  ["7fefffffffffffff", "1.7976931348623157e+308"],
  ["ffefffffffffffff", "-1.7976931348623157e+308"],
  ["4340000000000000", "9007199254740992"],
  ["c340000000000000", "-9007199254740992"],
  ["4430000000000000", "295147905179352830000"],
  ["44b52d02c7e14af5", "9.999999999999997e+22"],
  ["44b52d02c7e14af6", "1e+23"],
  ["44b52d02c7e14af7", "1.0000000000000001e+23"],
  ["444b1ae4d6e2ef4e", "999999999999999700000"],
  ["444b1ae4d6e2ef4f", "999999999999999900000"],
  ["444b1ae4d6e2ef50", "1e+21"],
  ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
  ["3eb0c6f7a0b5ed8d", "0.000001"],
  ["41b3de4355555553", "333333333.3333332"],
  ["41b3de4355555554", "333333333.33333325"],
  ["41b3de4355555555", "333333333.3333333"],
  ["41b3de4355555556", "333333333.3333334"],
  ["41b3de4355555557", "333333333.33333343"],
  ["becbf647612f3696", "-0.0000033333333333333333"],
  ["43143ff3c1cb0959", "1424953923781206.2"],
];

/** What JSON has no number for, of the same appendix. */
const NO_NUMBERS = ["7fffffffffffffff", "7ff0000000000000"];

/**
 * Data as a document has it: texts as they are, keys in the order in which they were set, but those first that count as
 * integers. Only what a text cannot do without is escaped: controls, quotes, and surrogates that stand alone.
 */
const WRITTEN = `{${
  [
    String.raw`"9":"\u0000\u001f\b\t\n\f\r\"\\/'<","10":"\ud83d","4294967294":"\udc00\ud800"`,
    String.raw`"zebra":1,"\ud800":"alone"`,
    '"4294967295":"no integer","-1":"\u007f\u0080\u2028\u2029\ufeff\ufffe\uffff","01":"\u{1f600}\u{10ffff}"',
    '"\u00e9":"composed","e\u0301":"decomposed","\u{1f600}":"astral","\ufb33":"\u05d3\u05bc","":"empty"',
    '"constructor":2,"toString":3,"a b":{"length":0,"then":[null,[],{}]}',
  ].join(",")
}}`;

/** The same data, whose integers were set last. */
const GIVEN: unknown = {
  zebra: 1,
  "\ud800": "alone",
  "4294967295": "no integer",
  "-1": "\u007f\u0080\u2028\u2029\ufeff\ufffe\uffff",
  "01": "\u{1f600}\u{10ffff}",
  "\u00e9": "composed",
  "e\u0301": "decomposed",
  "\u{1f600}": "astral",
  "\ufb33": "\u05d3\u05bc",
  "": "empty",
  constructor: 2,
  toString: 3,
  "a b": { length: 0, then: [null, [], {}] },
  "4294967294": "\udc00\ud800",
  "10": "\ud83d",
  "9": "\u0000\u001f\b\t\n\f\r\"\\/'<",
};

function jobText(params: unknown): string {
  const engine = new Engine({ timers: manualTimers(), ids: manualIds() });
  const flow = new Flow({ id: "texts", registry, engine });
  return JSON.stringify(flow.create(flow.addRoutine(new Sink(), "sink").trigger, params));
}

/** What a host gets that is sent the bytes of a text, as it writes it itself. */
function throughBytes(text: string): string {
  const sent = new TextDecoder("utf-8", { fatal: true }).decode(new TextEncoder().encode(text));
  return JSON.stringify(JobState.fromJSON(JSON.parse(sent), registry));
}

test("the numbers of RFC 8785, appendix B, are written as it says, and read as the same doubles", () => {
  for (const [hex, text] of NUMBERS) {
    const number = double(hex);
    assertStrictEquals(wireText(number), text, hex);
    assertStrictEquals(wireText({ n: [number] }), `{"n":[${text}]}`, hex);
    assertStrictEquals(throughWire(number), number === 0 ? 0 : number, hex);
  }
  for (const hex of NO_NUMBERS) assertThrows(() => encode(double(hex)), SerializationError, "JSON cannot carry");
});

test("the numbers of RFC 8785, appendix B, come through a job's document to the byte", () => {
  const text = jobText(NUMBERS.map(([hex]) => double(hex)));
  assertEquals(text.includes(`"data":[${NUMBERS.map(([, number]) => number).join(",")}],`), true, text);
  assertStrictEquals(throughBytes(text), text);
  const other = text.replace("1e+21", "1E21").replace("0.000001", "1e-6").replace("5e-324", "4.9E-324");
  assertStrictEquals(throughBytes(other), text);
});

test("texts and keys come through a job's document to the byte: nothing is normalised, lone surrogates are escaped", () => {
  const text = jobText(GIVEN);
  assertEquals(text.includes(`"data":${WRITTEN},`), true, text);
  assertStrictEquals(throughBytes(text), text);
});
