import { assertStrictEquals } from "@std/assert";
import { Flow, JobState, Registry } from "../../mod.ts";
import { decodeValue } from "../../src/values/decode.ts";
import { Coverage } from "../support/coverage.ts";
import { travel } from "../support/journey.ts";
import { describe, Point } from "../support/sample_values.ts";
import { scriptedRegistry } from "../support/scripted_routines.ts";
import { values } from "../support/value_arbitrary.ts";
import { encode, throughWire, wireText } from "../support/values.ts";
import { wildCases } from "./books.ts";
import { type Law, law } from "./law.ts";

const registry = scriptedRegistry();
const classes = new Registry({ Point });

/** Invariant 4, for all documents that a job leaves on its way, and at its end. */
export function documentsComeBack(coverage: Coverage = new Coverage()): Law {
  return law(
    4,
    "what is read from a text is written to the same bytes, jobs and flows",
    wildCases,
    async (it) => {
      const journey = await travel(it.flow, it);
      coverage.add(it.flow, journey);
      assertStrictEquals(JSON.stringify(JobState.fromJSON(JSON.parse(journey.end), registry)), journey.end);
      assertStrictEquals(JobState.fromText(journey.end, registry).toText(), journey.end);
      for (const { text } of journey.carried) {
        const { flow, job } = JSON.parse(text);
        const again = { flow: Flow.fromJSON(flow, registry), job: JobState.fromJSON(job, registry) };
        assertStrictEquals(JSON.stringify(again), text);
      }
    },
  );
}

/** Invariant 4, for values of every kind: they come back as what they were, and are written to the same bytes again. */
export function valuesComeBack(): Law {
  return law(
    4,
    "a value comes through the wire as it was, and is written to the same bytes again",
    values(4),
    (value) => {
      const text = wireText(value, classes);
      const read = throughWire(value, classes);
      assertStrictEquals(describe(read), describe(value));
      assertStrictEquals(describe(decodeValue(encode(value, classes), classes)), describe(value));
      assertStrictEquals(wireText(read, classes), text);
    },
  );
}
