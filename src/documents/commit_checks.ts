import type { Commit, MergeCommit, StepCommit } from "../job/commit.ts";
import type { Child } from "../job/children.ts";
import { hasEnded, type Job, slotKey } from "../job/job.ts";
import { listEnd, type SlotChange } from "../job/slot_data.ts";
import type { Task } from "../job/task.ts";
import type { DocumentReader } from "./reader.ts";

/**
 * Checks that a commit could have been made by the job in its present state. One that could not would leave a job that
 * cannot be read any more, or that has lost something.
 */
export function checkCommit(commit: Commit, job: Job, reader: DocumentReader): void {
  switch (commit.kind) {
    case "merge":
      return checkMerge(commit, job, reader);
    case "step":
      checkNewTasks(commit.created, "created", job, reader);
      checkWithdrawn(commit, reader);
      checkNewChildren(commit.effects?.children ?? [], job, reader);
      return checkSlotChanges(commit.effects?.slots ?? [], job, reader);
    case "deferred":
      return checkNewTasks(commit.created, "created", job, reader);
    case "failure": {
      const { dropped } = commit;
      const most = job.failures.length;
      if (dropped > most) reader.fail("dropped", `at most the number of failures, ${most}`, String(dropped));
      if (commit.verdict.kind === "retry" && commit.created.length > 0) {
        reader.fail("created", "none, as the task is tried again", "some");
      }
      return checkNewTasks(commit.created, "created", job, reader);
    }
    case "status":
      checkFailed(commit.discarded, "discarded", job, reader);
      checkFailed(commit.redriven ?? [], "redriven", job, reader);
      return checkNewTasks(commit.created, "created", job, reader);
    case "deliver":
      if (!job.tasks.has(commit.task)) checkNewTask(commit.task, "task", job.nextTaskId, reader);
      if (commit.child !== undefined) checkChild(commit.child, "child", job, reader);
      return;
    case "children":
      commit.opened.forEach((id, index) => checkChild(id, `opened[${index}]`, job, reader));
      if (commit.isSettled && !hasEnded(job.status)) reader.fail("settled", "none, as the job has not ended", "true");
  }
}

function checkNewChildren(children: readonly Child[], job: Job, reader: DocumentReader): void {
  const seen = new Set<string>();
  for (const { jobId } of children) {
    if (seen.has(jobId) || job.children?.get(jobId) !== undefined) {
      reader.fail("effects.children", "children that the job does not have", JSON.stringify(jobId));
    }
    seen.add(jobId);
  }
}

function checkChild(id: string, path: string, { children }: Job, reader: DocumentReader): void {
  if (children?.get(id) === undefined) reader.fail(path, "the id of a child that has not ended", JSON.stringify(id));
}

/** A task is taken back once, by the routine that has emitted it with a key, and before its first step. */
function checkWithdrawn({ task, effects }: StepCommit, reader: DocumentReader): void {
  const { routine } = task.route;
  const seen = new Set([task]);
  effects?.withdrawn.forEach((each, index) => {
    const { details, route: { connection } } = each;
    const isKeyed = details?.emitKey !== undefined && details.step === 0 && connection?.routine === routine;
    if (!isKeyed || seen.has(each)) {
      const expected = `another task than those before, that routine "${routine}" has emitted with a key`;
      reader.fail(`effects.withdrawn[${index}]`, expected, String(each.id));
    }
    seen.add(each);
  });
}

function checkFailed(tasks: readonly Task[], path: string, { failures }: Job, reader: DocumentReader): void {
  const failed = new Set(failures.map(({ task }) => task));
  tasks.forEach((task, index) => {
    if (!failed.has(task)) reader.fail(`${path}[${index}]`, "the id of a failed task", String(task.id));
  });
}

function checkNewTasks(tasks: readonly Task[], path: string, job: Job, reader: DocumentReader): void {
  tasks.forEach((task, index) => checkNewTask(task, `${path}[${index}]`, job.nextTaskId + index, reader));
}

function checkNewTask({ id, details }: Task, path: string, next: number, reader: DocumentReader): void {
  if (id !== next) reader.fail(`${path}.id`, `the job's next id, ${next}`, String(id));
  if (details?.merged !== undefined) reader.fail(`${path}.merged`, "none, as the task is new", "one");
}

/** What the task gets is in the lists once the slot has changed. */
function checkMerge({ task, merged, slot: change }: MergeCommit, job: Job, reader: DocumentReader): void {
  const { routine, slot } = task.route;
  const wanted = merged.kind === "lists" ? "append" : "set";
  if (change !== undefined && (change.kind !== wanted || change.routine !== routine || change.slot !== slot)) {
    const what = wanted === "append" ? "an append to" : "a value for";
    reader.fail("slot", `${what} slot "${slot}" of routine "${routine}"`, "another change");
  }
  if (change !== undefined) checkKind(change, "slot", heldKind(job, routine, slot), reader);
  if (merged.kind === "value") return;
  const data = job.slots.get(routine)?.get(slot);
  let index = 0;
  for (const [key, { from, to }] of merged.lists) {
    const list = data?.kind === "lists" ? data.lists.get(key) : undefined;
    const start = list?.start ?? 0;
    const end = (list === undefined ? 0 : listEnd(list)) + (change?.kind === "append" && change.items.has(key) ? 1 : 0);
    if (from > to || from < start || to > end) {
      const expected = `positions from ${start} to ${end} of the slot's list ${JSON.stringify(key)}`;
      reader.fail(`merged.lists[${index}]`, expected, `${from} to ${to}`);
    }
    index++;
  }
}

type Held = "value" | "lists" | undefined;

/** Each change is of what the ones before it have left. */
function checkSlotChanges(changes: readonly SlotChange[], job: Job, reader: DocumentReader): void {
  const held = new Map<string, Held>();
  changes.forEach((change, index) => {
    const key = slotKey(change.routine, change.slot);
    checkKind(change, `effects.slots[${index}]`, held.get(key) ?? heldKind(job, change.routine, change.slot), reader);
    held.set(key, kindOf(change));
  });
}

function checkKind(change: SlotChange, path: string, held: Held, reader: DocumentReader): void {
  if (held === undefined || held === kindOf(change)) return;
  if (held === "lists") reader.fail(path, "a change of lists, as the slot holds some", "one of a value");
  reader.fail(path, "a change of a value, as the slot holds one", "one of lists");
}

function kindOf({ kind }: SlotChange): "value" | "lists" {
  return kind === "set" ? "value" : "lists";
}

function heldKind(job: Job, routine: string, slot: string): Held {
  const data = job.slots.get(routine)?.get(slot);
  return data?.kind === "lists" && data.lists.size === 0 ? undefined : data?.kind;
}
