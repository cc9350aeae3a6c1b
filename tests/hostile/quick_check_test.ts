import { test } from "node:test";
import { assertEquals, assertGreater } from "@std/assert";
import * as v from "valibot";
import { isRecord } from "../../src/values/json.ts";
import { commitSchema, commitSchemaOf } from "../../src/documents/commit_schema.ts";
import { flowSchema } from "../../src/documents/flow_schema.ts";
import { jobSchema } from "../../src/documents/job_schema.ts";
import { checkOf } from "../../src/documents/quick_check.ts";
import handFlow from "../fixtures/wire/v1/hand_flow.json" with { type: "json" };
import { fullJob } from "../support/full_job_document.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { COMMITS } from "./commit_trial.ts";
import { gatherDonors, mutate } from "./mutations.ts";

// The quick checks say only whether a document fits. They must never take what the schema refuses.

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
      schemasFor(text, document).map((schema) => checkOf(schema)(document)),
      schemasFor(text, document).map(() => true),
    );
  }
});

test("the quick check takes a mangled document if and only if its schema does", () => {
  const random = seededRandom(20261122);
  let taken = 0;
  let refused = 0;
  for (let i = 0; i < 4_000; i++) {
    const text = TEXTS[i % TEXTS.length] ?? JOB;
    const mutant = mutate(text, DONORS, random);
    let document: unknown;
    try {
      document = JSON.parse(mutant.text);
    } catch {
      continue;
    }
    for (const schema of schemasFor(text, document)) {
      const fits = v.is(schema, document);
      assertEquals(checkOf(schema)(document), fits, `${mutant.changes.join(", ")}: ${mutant.text}`);
      if (fits) taken++;
      else refused++;
    }
  }
  assertGreater(taken, 500);
  assertGreater(refused, 500);
});

test("holes, inherited keys and keys without a value get nothing past the quick check", () => {
  const job = fullJob();
  const holed: unknown[] = [...job.pendingTasks];
  holed.length += 1;
  const heir: object = Object.assign(Object.create({ extra: 1 }), job);
  for (const odd of [{ ...job, pendingTasks: holed }, heir, { ...job, jobId: undefined }, [job], null, undefined]) {
    assertEquals([checkOf(jobSchema())(odd), v.is(jobSchema(), odd)], [false, false]);
  }
  assertEquals(checkOf(jobSchema())({ ...job, slots: undefined }), true);
});
