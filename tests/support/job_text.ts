import { assertEquals } from "@std/assert";
import type { JobState } from "../../mod.ts";

/** What all documents of these tests begin and end with, and between them what is the test's own. */
function textOf(parts: Readonly<Record<string, string>>): string {
  const whole: Readonly<Record<string, string>> = {
    createdAt: '"1970-01-01T00:00:00.000Z"',
    flowId: '"office"',
    format: '"routilux/job"',
    jobId: '"id-1"',
    ranMs: "0",
    updatedAt: '"1970-01-01T00:00:00.000Z"',
    version: "1",
    ...parts,
  };
  return `{${Object.keys(whole).sort().map((key) => `"${key}":${whole[key]}`).join(",")}}`;
}

/** The instant of all that happens while the clock stands at 0. */
export const AT = '"at":"1970-01-01T00:00:00.000Z"';
/** The same for a task. */
export const CREATED = '"createdAt":"1970-01-01T00:00:00.000Z"';
/** The record of a task that has begun. */
export const START: string = `{${AT},"routine":"clerk","type":"start"}`;
/** The states of a job in which all went well. */
export const COMPLETED = '{"clerk":{"status":"completed","version":1}}';

/** Checks a job's document to the byte; `parts` are those that not every document of the office has. */
export function checkJobText(job: JobState, parts: Readonly<Record<string, string>>): void {
  assertEquals(JSON.stringify(job), textOf(parts));
}
