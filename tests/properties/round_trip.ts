import { assertStrictEquals } from "@std/assert";
import { Flow, JobState, Registry } from "../../mod.ts";
import { valueOf } from "../../src/values/payload.ts";
import { FeatureCoverage } from "../support/feature_coverage.ts";
import { runMoving } from "../support/moving_run.ts";
import { describe, Point } from "../support/sample_values.ts";
import { scriptedRegistry } from "../support/scripted_routines.ts";
import { values } from "../support/value_arbitrary.ts";
import { encode, throughWire, wireText } from "../support/encode_values.ts";
import { wildCases } from "./delivery_laws.ts";
import { type Law, law } from "./law.ts";

const registry = scriptedRegistry();
const classes = new Registry({ Point });

/** Invariant 4, for all documents that a job leaves on its way, and at its end. */
export function documentsComeBack(coverage: FeatureCoverage = new FeatureCoverage()): Law {
  return law(
    4,
    "what is read from a text is written to the same bytes, jobs and flows",
    wildCases,
    async (it) => {
      const run = await runMoving(it.flow, it);
      coverage.add(it.flow, run);
      assertStrictEquals(JSON.stringify(JobState.fromJSON(JSON.parse(run.end), registry)), run.end);
      assertStrictEquals(JobState.fromText(run.end, registry).toText(), run.end);
      for (const { text } of run.carried) {
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
      assertStrictEquals(describe(valueOf(encode(value, classes), classes)), describe(value));
      assertStrictEquals(wireText(read, classes), text);
    },
  );
}
