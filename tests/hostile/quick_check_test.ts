import { test } from "node:test";
import { assertEquals, assertGreater } from "@std/assert";
import * as fc from "fast-check";
import * as v from "valibot";
import { isRecord } from "../../src/values/json.ts";
import { commitSchema, commitSchemaOf } from "../../src/documents/commit.ts";
import { flowSchema } from "../../src/documents/flow_schema.ts";
import { jobSchema } from "../../src/documents/job.ts";
import { fits, quick, strict } from "../../src/documents/schema.ts";
import handFlow from "../fixtures/wire/v1/hand_flow.json" with { type: "json" };
import { fullJob } from "../support/full_job_document.ts";
import { amountOf } from "../support/gate_amount.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { COMMITS } from "./commit_trial.ts";
import { gatherDonors, mutate } from "./mutations.ts";
import { parse } from "./refusal.ts";

// A quick check says only whether a document fits its schema. Both must say the same of every document. A failure prints its
// seed and path: `fc.assert(property, { seed, path })` runs it alone.

const SEED = 20_261_122;
const JOB = JSON.stringify(fullJob());
const FLOW = JSON.stringify(handFlow);
const TEXTS = [JOB, FLOW, ...COMMITS.map(([text]) => text)];
const DONORS = gatherDonors(TEXTS.map((text) => JSON.parse(text)));

function schemasFor(text: string, document: unknown): readonly v.GenericSchema[] {
  if (text === JOB) return [jobSchema()];
  if (text === FLOW) return [flowSchema()];
  return isRecord(document) ? [commitSchema(), commitSchemaOf(document)] : [commitSchema()];
}

test("the quick check takes each kind of document", () => {
  for (const text of TEXTS) {
    const document: unknown = JSON.parse(text);
    assertEquals(
      schemasFor(text, document).map((schema) => fits(schema, document)),
      schemasFor(text, document).map(() => true),
    );
  }
});

/** Mangles one of the documents, and asks `judge` about each schema that it could be meant for. */
function forMangledDocuments(judge: (schema: v.GenericSchema, document: unknown, told: string) => void) {
  return fc.property(fc.constantFrom(...TEXTS), fc.nat(), (text, mangling) => {
    const mutant = mutate(text, DONORS, seededRandom(mangling));
    const document = parse(mutant.text);
    if (document === undefined) return;
    const told = `${mutant.changes.join(", ")}: ${mutant.text}`;
    for (const schema of schemasFor(text, document.json)) judge(schema, document.json, told);
  });
}

test("the quick check takes a mangled document if and only if its schema does", () => {
  let taken = 0;
  let refused = 0;
  const property = forMangledDocuments((schema, document, told) => {
    const isTaken = v.is(schema, document);
    assertEquals(fits(schema, document), isTaken, told);
    if (isTaken) taken++;
    else refused++;
  });
  const runs = amountOf(4_000, 40_000);
  fc.assert(property, { numRuns: runs, seed: SEED });
  assertGreater(taken, runs / 8);
  assertGreater(refused, runs / 8);
});

test("mangled documents tell a quick check that is too lax or too strict for one of its parts", () => {
  const parts = { name: v.string(), steps: v.array(v.number()) };
  const wrong = {
    lax: strict({ ...parts, name: quick(v.string(), () => true) }),
    strict: strict({
      ...parts,
      steps: quick(v.array(v.number()), (input) => Array.isArray(input) && input.length > 0),
    }),
  };
  const text = JSON.stringify({ name: "a", steps: [1] });
  const donors = gatherDonors([JSON.parse(text), ...TEXTS.map((other) => JSON.parse(other))]);
  for (const schema of Object.values(wrong)) {
    const property = fc.property(fc.nat(), (mangling) => {
      const document = parse(mutate(text, donors, seededRandom(mangling)).text);
      return document === undefined || fits(schema, document.json) === v.is(schema, document.json);
    });
    assertEquals(fc.check(property, { numRuns: 4_000, seed: SEED }).failed, true);
  }
  assertEquals(fits(strict(parts), JSON.parse(text)), true);
});

test("holes, inherited keys and keys without a value get nothing past the quick check", () => {
  const job = fullJob();
  const holed: unknown[] = [...job.pendingTasks];
  holed.length += 1;
  const heir: object = Object.assign(Object.create({ extra: 1 }), job);
  for (const odd of [{ ...job, pendingTasks: holed }, heir, { ...job, jobId: undefined }, [job], null, undefined]) {
    assertEquals([fits(jobSchema(), odd), v.is(jobSchema(), odd)], [false, false]);
  }
  assertEquals(fits(jobSchema(), { ...job, slots: undefined }), true);
});
