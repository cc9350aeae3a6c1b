import { Ajv2020 } from "ajv/dist/2020.js";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import commitSchema from "../../schemas/commit.v1.json" with { type: "json" };
import flowSchema from "../../schemas/flow.v1.json" with { type: "json" };
import jobSchema from "../../schemas/job.v1.json" with { type: "json" };
import commits from "../fixtures/wire/v1/hand_commits.json" with { type: "json" };
import flow from "../fixtures/wire/v1/hand_flow.json" with { type: "json" };
import job from "../fixtures/wire/v1/hand_job.json" with { type: "json" };

const ajv = new Ajv2020({ allowUnionTypes: true });

/** The names of all properties that a schema knows. */
function propertiesOf(schema: unknown, found: Set<string> = new Set()): Set<string> {
  if (typeof schema !== "object" || schema === null) return found;
  for (const [key, value] of Object.entries(schema)) {
    if (key === "properties") { for (const name of Object.keys(value ?? {})) found.add(name); }
    propertiesOf(value, found);
  }
  return found;
}

function keysOf(json: unknown, found: Set<string> = new Set()): Set<string> {
  if (typeof json !== "object" || json === null) return found;
  for (const [key, value] of Object.entries(json)) {
    found.add(key);
    keysOf(value, found);
  }
  return found;
}

/** The tasks and errors of commits are those of jobs: what only a job's have is in the job. */
function check(schema: object, documents: readonly unknown[], others: readonly unknown[] = []): void {
  const validate = ajv.compile(schema);
  for (const document of documents) assertEquals([validate(document), validate.errors], [true, null]);
  const keys = keysOf([...documents, ...others]);
  assertEquals(Array.from(propertiesOf(schema)).filter((name) => !keys.has(name)), []);
}

test("the documents of version 1 that were written by hand have every key that there is", () => {
  check(flowSchema, [flow]);
  check(jobSchema, [job, commits.job], [commits.commits]);
  check(commitSchema, [...commits.commits, ...commits.claims], [job, commits.job]);
});
