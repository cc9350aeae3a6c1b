import { PreflightError, type PreflightFinding } from "../../base/errors.ts";
import { isAsyncAnswer } from "../../base/thenable.ts";
import { describeValue, pathStep } from "../../base/path.ts";
import { payloadOf } from "../../values/encoder.ts";
import { describeError } from "../../values/error_data.ts";
import { isRecord } from "../../values/json.ts";
import { draftOf, type Payload } from "../../values/payload.ts";
import { checkStrategy, type FlowGraph } from "../../model/flow_graph.ts";
import type { KeyChange, MigratedState, StatusCommit } from "../../job/commit.ts";
import type { ExecutionSettings, Job } from "../../job/job.ts";
import type { Moment } from "../../job/task.ts";
import { statusCommit } from "../activation/commits.ts";
import { type Redrive, redriveParts } from "./redrive.ts";
import type { Plan } from "../activation/plan.ts";

/**
 * The commit by which a job goes on that has passed the preflight. The job is not changed.
 *
 * @throws {PreflightError} when its states cannot be brought to the versions of the classes here
 */
export function firstCommit(job: Job, plan: Plan, time: Moment, redrive: Redrive | undefined): StatusCommit {
  const parts = redrive === undefined ? {} : redriveParts(job, redrive, time);
  return statusCommit("running", time, { ...parts, migrated: migrateStates(job, plan) });
}

/** Brings states to the versions of the classes here: all of them, or none with every finding. */
function migrateStates(job: Job, { graph, routines }: Plan): MigratedState[] {
  const migrated: MigratedState[] = [];
  const findings: PreflightFinding[] = [];
  for (const [routine, { version, state }] of job.routineStates) {
    const plan = routines.get(routine);
    if (plan === undefined || version >= plan.version) continue;
    try {
      const isEmpty = state === undefined || state.size === 0;
      const next = isEmpty ? [] : migrateState(plan.routine.constructor, state, version, graph);
      migrated.push({ routine, version: plan.version, state: next });
    } catch (error) {
      const path = `routineStates${pathStep(routine)}.state`;
      const message = `static migrateState threw: ${describeError(error).message}`;
      findings.push({ code: "no_migration", path, message });
    }
  }
  if (findings.length > 0) throw new PreflightError(`Cannot resume job "${job.jobId}"`, findings);
  return migrated;
}

function migrateState(
  Class: object,
  state: ReadonlyMap<string, Payload>,
  version: number,
  graph: FlowGraph,
): KeyChange[] {
  const { registry, limits } = graph;
  const migrate: unknown = Reflect.get(Class, "migrateState");
  if (typeof migrate !== "function") throw new TypeError("it is no function");
  const old = Object.fromEntries(Array.from(state, ([key, value]) => [key, draftOf(value, registry)]));
  const next: unknown = Reflect.apply(migrate, Class, [old, version]);
  if (isAsyncAnswer(next) || !isRecord(next)) {
    throw new TypeError(`it must return an object, not ${describeValue(next)}`);
  }
  return Object.entries(next).map(([key, value]) => {
    const subject = { action: "Cannot migrate state", root: `state${pathStep(key)}` };
    return [key, payloadOf(value, registry, subject, limits)];
  });
}

/** How many handlers of a job may wait at the same time. The preflight has checked the settings. */
export function workersOf({ executionStrategy, maxWorkers }: ExecutionSettings, graph: FlowGraph): number {
  if (executionStrategy === undefined && maxWorkers === undefined) return graph.maxWorkers;
  return checkStrategy(executionStrategy ?? graph.executionStrategy, maxWorkers).maxWorkers;
}

/**
 * Whether the commits of a job may come in another order when it goes on from an older state: then ids name no task for good. `mode` is
 * that of its store.
 */
export function needsKeys({ settings }: Job, graph: FlowGraph, mode: "strict" | "relaxed" | undefined): boolean {
  return (settings.executionStrategy ?? graph.executionStrategy) === "concurrent" || mode === "relaxed";
}
