import { readFlowDocument } from "../../documents/flow.ts";
import type { FlowDocument } from "../../documents/flow_schema.ts";
import { dataOf, type Task } from "../../job/task.ts";
import { isRecord } from "../../values/json.ts";
import { wireOf } from "../../values/payload.ts";
import { sortKeys } from "../compare_jobs.ts";
import { FleetViolation } from "./fleet_violation.ts";

type FailureConnection = NonNullable<FlowDocument["failureConnections"]>[number];

/** The failure connections of a flow, by its text. */
export function failureConnectionsOf(flow: string): readonly FailureConnection[] {
  return readFlowDocument(JSON.parse(flow)).failureConnections ?? [];
}

/**
 * Judges the entry of a failure: each connection that takes all errors of the slot has delivered it, nothing else has, and what arrives has
 * the names that the mapping says.
 *
 * @throws {FleetViolation} when that is not so
 */
export function judgeFailure(
  jobId: string,
  task: Task,
  { error, verdict, created }: Record<string, unknown>,
  connections: readonly FailureConnection[],
): void {
  const { id, route: { routine, slot } } = task;
  const made = Array.isArray(created) ? created.filter(isRecord) : [];
  const fitting = connections.filter(({ from, to }) =>
    from.routine === routine && (from.slot ?? slot) === slot && !(to.routine === routine && to.slot === slot)
  );
  const fail = (what: string): never => {
    throw new FleetViolation(
      "lost or doubled",
      `the failure of task ${id} of ${jobId}, at ${routine}.${slot}, ${what}`,
    );
  };
  const left = [...made];
  for (const { to, errors, mapping = {} } of endsFor(verdict, error) ? fitting : []) {
    const at = left.findIndex((it) => it["routine"] === to.routine && it["slot"] === to.slot);
    const [delivered] = at < 0 ? [] : left.splice(at, 1);
    if (delivered === undefined && errors === undefined) fail(`was not delivered to ${to.routine}.${to.slot}`);
    if (delivered === undefined) continue;
    const whole = failureOf(task, error);
    const got = delivered["data"];
    // What does not fit into the flow's limits is left out, and named.
    if (isRecord(got) && "omitted" in got && !("omitted" in whole)) continue;
    const expected = renamed(whole, mapping);
    if (textOf(got) !== textOf(expected)) fail(`was delivered as ${textOf(got)}, and not as ${textOf(expected)}`);
  }
  if (left.length > 0) fail(`was delivered to ${left.map((it) => `${it["routine"]}.${it["slot"]}`)}, which takes none`);
}

/** Whether a failure with a verdict is one that connections deliver: it is not tried again, not skipped, and not that of a limit. */
function endsFor(verdict: unknown, error: unknown): boolean {
  const { retry, status } = isRecord(verdict) ? verdict : {};
  return retry === undefined && status !== "skipped" && !(isRecord(error) && error["name"] === "StepLimitError");
}

function failureOf(task: Task, error: unknown): Record<string, unknown> {
  const { id, route: { routine, slot }, details } = task;
  const data = dataOf(task);
  const given = data === undefined ? {} : { data: wireOf(data) };
  return { attempts: (details?.attempt ?? 0) + 1, error, routineId: routine, slotName: slot, taskId: id, ...given };
}

/** The keys that a mapping names arrive under other names; the others do as they are, unless one of those takes their place. */
function renamed(data: Record<string, unknown>, mapping: Readonly<Record<string, string>>): Record<string, unknown> {
  const names = new Map(Object.entries(mapping));
  const passing = Object.entries(data).filter(([key]) => !names.has(key));
  const moved = Object.entries(data).flatMap(([key, value]) => {
    const name = names.get(key);
    return name === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries([...passing, ...moved]);
}

/** A value as text, whatever the order of its keys. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part) => isRecord(part) ? sortKeys(part) : part) ?? "nothing";
}
