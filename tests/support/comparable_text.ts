import { isRecord } from "../../src/values/json.ts";
import type { JobDocument, SlotDataDocument, TaskDocument } from "../../src/documents/mod.ts";

/** The job's text without its pause points; the rest must be the same to the byte, wherever the job was paused. */
export function withoutPausePoints(text: string): string {
  const { pausePoints: _pausePoints, ...rest }: JobDocument = JSON.parse(text);
  return JSON.stringify(rest);
}

/**
 * The same without the time that the job has worked: with a store, a look into the inbox after a deadline takes a millisecond of it, and
 * whoever goes on after a crash may need none.
 */
export function withoutWorkTime(text: string): string {
  const { ranMs: _ranMs, ...rest }: Partial<JobDocument> = JSON.parse(withoutPausePoints(text));
  return JSON.stringify(rest);
}

const TIMES: ReadonlySet<string> = new Set(["at", "createdAt", "updatedAt", "notBefore", "until", "ranMs"]);

/** The job's text without pause points and timestamps, for flows whose handlers take time. */
export function withoutTimes(text: string): string {
  return JSON.stringify(JSON.parse(withoutPausePoints(text), (key, value) => TIMES.has(key) ? undefined : value));
}

/** The outcome of a job whose handlers ran in no fixed order. */
export function outcomeOf(text: string): string {
  const job: JobDocument = JSON.parse(withoutTimes(text));
  const task = ({ routine, slot, data, attempt, step }: TaskDocument) => {
    // What a failure delivers names its task by an id, which follows the order.
    const { taskId: _taskId, ...rest } = isRecord(data) ? data : {};
    return { routine, slot, data: isRecord(data) ? rest : data, attempt, step };
  };
  return JSON.stringify({
    status: job.status,
    error: job.error,
    pendingTasks: job.pendingTasks.length,
    nextTaskId: job.nextTaskId,
    failures: sorted(job.failures?.map((failure) => ({ error: failure.error, task: task(failure.task) }))),
    history: sorted(job.executionHistory),
    outputs: sorted(job.outputLog),
    log: sorted(job.sharedLog),
    shared: Object.entries(job.sharedData ?? {}).sort(([a], [b]) => a < b ? -1 : 1),
    states: Object.entries(job.routineStates ?? {}),
    slots: Object.entries(job.slots ?? {}).flatMap(([id, slots]) =>
      Object.entries(slots).map(([slot, data]) => [id, slot, slotContent(data)])
    ),
  });
}

/** Sorts lists, and keeps of a merged value only the part that does not depend on the order. */
function slotContent({ lists, value }: SlotDataDocument): unknown {
  if (lists !== undefined) return sorted(lists.map(({ key, items }) => [key, sorted(items)]));
  const { item: _last, seeds, ...rest } = value as { readonly item?: unknown; readonly seeds?: { readonly value: [] } };
  return { ...rest, seeds: sorted(seeds?.value) };
}

function sorted(items: readonly unknown[] = []): readonly string[] {
  return items.map((item) => JSON.stringify(item)).sort();
}
