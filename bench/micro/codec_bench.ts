import { Registry } from "@routilux/routilux";
import { valueOf } from "../../src/values/payload.ts";
import { payloadOf } from "../../src/values/encoder.ts";
import { counted, payload } from "../harness/payload.ts";
import { bench } from "./bench.ts";
import { TIMES } from "./repeated.ts";

// The time to check and freeze a value, and to make a handler's value from it.

const SUBJECT = { action: "Cannot encode", root: "data" };
const classes = new Registry();

function tagged(v: number): object {
  return { v, when: new Date(v), table: new Map([["key", v]]), members: new Set([v]), big: BigInt(v) };
}

for (const [name, make] of Object.entries({ numbers: counted, payloads: payload, "tagged values": tagged })) {
  const values = Array.from({ length: TIMES }, (_, v) => make(v));
  const stored = values.map((value) => payloadOf(value, classes, SUBJECT));
  bench(`10,000 ${name} in`, { group: "codec in", baseline: name === "numbers" }, () => {
    let count = 0;
    for (const value of values) if (payloadOf(value, classes, SUBJECT) !== undefined) count++;
    if (count !== TIMES) throw new Error("Values are missing");
  });
  bench(`10,000 ${name} out`, { group: "codec out", baseline: name === "numbers" }, () => {
    let count = 0;
    for (const value of stored) if (valueOf(value, classes) !== undefined) count++;
    if (count !== TIMES) throw new Error("Values are missing");
  });
}
