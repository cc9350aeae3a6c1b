import { isRecord } from "../values/json.ts";

/** The parts of a journal's entry that say most, as far as it has them: a few words. */
export function describeEntry(entry: Readonly<Record<string, unknown>>): string {
  const { created, error, outcome, owner, status, task } = entry;
  return [
    task === undefined ? undefined : `task ${isRecord(task) ? task["id"] : task}`,
    outcome,
    status === undefined ? undefined : `to ${status}`,
    Array.isArray(created) ? `${created.length} new ${created.length === 1 ? "task" : "tasks"}` : undefined,
    isRecord(error) ? `${error["name"]}: ${error["message"]}` : undefined,
    owner === undefined ? undefined : `by ${owner}`,
  ].filter((it) => it !== undefined).join(", ");
}
