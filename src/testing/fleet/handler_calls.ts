import { dataOf, type Task } from "../../job/task.ts";
import { wireOf } from "../../values/payload.ts";
import { FleetViolation } from "./fleet_violation.ts";
import type { JobLedger } from "./job_ledger.ts";
import type { NextNames } from "./next_names.ts";

/** A handler that runs. */
export interface RunningHandler {
  readonly process: number;
  readonly life: number;
  readonly task: number;
  /** Whether it was told to end: its result no longer counts. */
  readonly isAborted: () => boolean;
}

/** A handler that is called. */
export interface HandlerCall extends Omit<RunningHandler, "life"> {
  readonly jobId: string;
  /** The life of the job that its process has claimed, as far as that knows. */
  readonly life: number | undefined;
  /** The version of the flow by which it runs. */
  readonly version: number | undefined;
  /** The step that it is called for. */
  readonly step: string;
  /** Its `ctx.idempotencyKey`. */
  readonly key: string;
  /** Its slot and its data. */
  readonly input: string;
  /** When it is called, in true time, with what its process has worked in this turn of its event loop. */
  readonly at: number;
}

/**
 * A task that is to be tried again, or was emitted for later, does not run before its time: as far as clocks of a fleet may differ
 * by `clockErrorMs` at most.
 *
 * @throws {FleetViolation} when it does
 */
export function checkDelay({ jobId, job }: JobLedger, { task, at }: HandlerCall, clockErrorMs: number): void {
  const stored = [...job.tasks].find(({ id }) => id === task);
  const { notBefore = at } = stored?.details ?? {};
  if (at >= notBefore - clockErrorMs) return;
  throw new FleetViolation("too late", `task ${task} of ${jobId} runs early, at ${at}, and its time is ${notBefore}`);
}

/**
 * A handler gets what is stored for its task.
 *
 * @throws {FleetViolation} when it gets something else
 */
export function checkInput({ jobId, job, names, version }: JobLedger, { task, input }: HandlerCall): void {
  const stored = [...job.tasks].find(({ id }) => id === task);
  const expected = stored && inputOf(stored, names, version);
  if (expected === undefined || input === expected) return;
  throw new FleetViolation(
    "lost or doubled",
    `task ${task} of ${jobId} was called with ${input}, stored is ${expected}`,
  );
}

/** The slot of a task in a version of its flow, by its names in the first one, and its data. */
export function inputOf(task: Task, names: NextNames | undefined, version = 1): string {
  const data = dataOf(task);
  const { routine, slot } = names?.formerOf(version, task.route) ?? task.route;
  return `${routine}.${slot} ${data === undefined ? "" : JSON.stringify(wireOf(data))}`;
}

/** A step has one idempotency key, and always the same data; and no other step has that key. */
export function checkKey({ jobId, calls, keys }: JobLedger, { step, key, input }: HandlerCall): void {
  const call = `${key} ${input}`;
  const other = keys.get(key) ?? step;
  if (other !== step || (calls.get(step) ?? call) !== call) {
    const why = other === step
      ? `was called with ${calls.get(step)}, and with ${call}`
      : `has the key ${key} of step ${other}`;
    throw new FleetViolation("lost or doubled", `step ${step} of ${jobId} ${why}`);
  }
  calls.set(step, call);
  keys.set(key, step);
}
