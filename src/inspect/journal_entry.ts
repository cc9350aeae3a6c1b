import { isRecord } from "../values/json.ts";

/** The parts of a journal's entry that say most, as far as it has them: a few words. */
export function describeEntry(entry: Readonly<Record<string, unknown>>): string {
  const {
    child,
    created,
    discarded,
    effects,
    error,
    fills,
    opened,
    outcome,
    owner,
    redrive,
    redriven,
    settled,
    status,
    task,
  } = entry;
  const asked = isRecord(effects) && Array.isArray(effects["children"]) ? countChildren(effects["children"]) : 0;
  return [
    task === undefined ? undefined : `task ${isRecord(task) ? task["id"] : task}`,
    fills === undefined ? undefined : `the answer to task ${fills}`,
    outcome,
    status === undefined ? undefined : `to ${status}`,
    redrive === true || Array.isArray(redriven) ? "by a redrive" : undefined,
    Array.isArray(discarded)
      ? `${discarded.length} ${discarded.length === 1 ? "failure" : "failures"} discarded`
      : undefined,
    Array.isArray(created) ? `${created.length} new ${created.length === 1 ? "task" : "tasks"}` : undefined,
    asked === 0 ? undefined : `${childCount(asked)} asked for`,
    Array.isArray(opened) ? `${childCount(opened.length)} started` : undefined,
    settled === true ? "its end told to its parent and children" : undefined,
    child === undefined ? undefined : `child ${child} has ended`,
    isRecord(error) ? `${error["name"]}: ${error["message"]}` : undefined,
    owner === undefined ? undefined : `by ${owner}`,
  ].filter((it) => it !== undefined).join(", ");
}

/** How many children stand in the groups that a step has asked for. */
function countChildren(groups: readonly unknown[]): number {
  const jobs = groups.flatMap((it) => isRecord(it) ? it["jobs"] : []); // Unreachable default: each group is an object.
  return jobs.length;
}

function childCount(count: number): string {
  return `${count} ${count === 1 ? "child" : "children"}`;
}
