import { assertEquals } from "@std/assert";
import type { JobState } from "../../mod.ts";

/** The parts that all documents of these tests have in common; a test adds its own parts between them. */
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

/** The timestamp of everything that happens while the clock stands at 0. */
export const AT = '"at":"1970-01-01T00:00:00.000Z"';
/** The same timestamp, as a task has it. */
export const CREATED = '"createdAt":"1970-01-01T00:00:00.000Z"';
/** The record of a task that has begun. */
export const START: string = `{${AT},"routine":"clerk","type":"start"}`;
/** The routine states of a job that has completed without errors. */
export const COMPLETED = '{"clerk":{"status":"completed","version":1}}';

/** Compares a job's document byte for byte; `parts` are the parts that not every document of the flow has. */
export function checkJobText(job: JobState, parts: Readonly<Record<string, string>>): void {
  assertEquals(JSON.stringify(job), textOf(parts));
}
