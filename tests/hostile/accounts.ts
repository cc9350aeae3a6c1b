import type { EngineEvent } from "../../mod.ts";
import type { JobDocument, TaskDocument } from "../../src/documents/mod.ts";
import { demand } from "./refusal.ts";

/**
 * Nothing lost, nothing doubled: every task that the job had, and every one that it has made since, is pending, among the
 * failures, done, or taken back, and it is that once. Lists have only grown, shared data has lost no key.
 */
export function checkAccounts(before: JobDocument, after: JobDocument, events: readonly EngineEvent[]): void {
  const ids = [...before.pendingTasks, ...(before.failures ?? []).map(({ task }) => task)].map(({ id }) => id);
  const places = new Map<number, string[]>();
  const note = (id: number, where: string) => void places.set(id, [...places.get(id) ?? [], where]);
  for (const { id } of after.pendingTasks) note(id, "pending");
  for (const { task } of after.failures ?? []) note(task.id, "failed");
  for (const event of events) {
    if (event.type !== "task" || event.jobId !== before.jobId) continue;
    if (["done", "withdrawn"].includes(event.outcome)) note(event.task, event.outcome);
  }
  for (let id = before.nextTaskId; id < after.nextTaskId; id++) ids.push(id);
  demand(after.nextTaskId >= before.nextTaskId, "ids are given again");
  for (const id of ids) {
    demand(places.get(id)?.length === 1, `task ${id} is ${places.get(id)?.join(" and ") ?? "lost"}`);
  }
  demand(places.size === ids.length, `tasks that were never made: ${[...places.keys()].join()}`);
  checkTasks(before, after);
  checkLists(before, after);
}

/** A pending task keeps its data, unless it was awaited; what it has done already is not done again. */
function checkTasks(before: JobDocument, after: JobDocument): void {
  const known = new Map(before.pendingTasks.map((task) => [task.id, task]));
  for (const task of [...after.pendingTasks, ...(after.failures ?? []).map((it) => it.task)]) {
    const old: TaskDocument | undefined = known.get(task.id);
    if (old === undefined) continue;
    const isSame = old.awaiting !== undefined || JSON.stringify(old.data) === JSON.stringify(task.data);
    demand(isSame, `task ${task.id} has other data`);
    demand((task.step ?? 0) >= (old.step ?? 0), `task ${task.id} has gone back`);
    const isRedriven = before.status === "failed" || before.status === "cancelled" || before.status === "completed";
    demand(isRedriven || (task.attempt ?? 0) >= (old.attempt ?? 0), `task ${task.id} has forgotten attempts`);
  }
}

/** Beyond that nothing is counted. */
const MOST = 2 ** 52;

function checkLists(before: JobDocument, after: JobDocument): void {
  const lists = ["executionHistory", "outputLog", "sharedLog"] as const;
  for (const name of lists) {
    const length = (job: JobDocument) => Math.min((job[name]?.length ?? 0) + (job.dropped?.[name] ?? 0), MOST);
    demand(length(after) >= length(before), `${name} has become shorter`);
  }
  const points = JSON.stringify(before.pausePoints ?? []).slice(1, -1);
  demand(JSON.stringify(after.pausePoints ?? []).slice(1).startsWith(points), "pause points are gone");
  const lost = Object.keys(before.sharedData ?? {}).find((key) => !Object.hasOwn(after.sharedData ?? {}, key));
  demand(lost === undefined, `sharedData has lost ${lost}`);
}
