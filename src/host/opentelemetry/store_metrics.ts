import type { BatchObservableResult, Meter } from "@opentelemetry/api";
import type { Store } from "../../ports/store.ts";

/** The statuses that are counted: those of jobs that have not ended, and `failed`. */
const STATUSES = ["pending", "running", "paused", "failed"];

/**
 * Asks a store whenever metrics are collected: how many jobs there are, and for how long the oldest due job has been due. The returned
 * function ends that.
 */
export function observeStore(store: Store, meter: Meter, queues: readonly string[] | undefined): () => void {
  const jobs = meter.createObservableGauge("routilux.store.jobs", {
    unit: "{job}",
    description: "Jobs in the store, by status; pending ones are the depth of the queue",
  });
  const late = meter.createObservableGauge("routilux.queue.oldest_due", {
    unit: "s",
    description: "How long the job that has been due for longest has waited for an engine",
  });
  const observe = async (result: BatchObservableResult, queue: string | undefined): Promise<void> => {
    const attributes = queue === undefined ? {} : { "routilux.queue.name": queue };
    for (const status of STATUSES) {
      result.observe(jobs, await store.count({ status, queue }), { ...attributes, "routilux.job.status": status });
    }
    const now = Date.now();
    const dueAt = await store.nextDueAt({ now, queues: queue === undefined ? undefined : [queue] });
    result.observe(late, dueAt === undefined ? 0 : Math.max(0, now - dueAt) / 1_000, attributes);
  };
  const observeAll = async (result: BatchObservableResult) => {
    for (const queue of queues ?? [undefined]) await observe(result, queue);
  };
  meter.addBatchObservableCallback(observeAll, [jobs, late]);
  return () => meter.removeBatchObservableCallback(observeAll, [jobs, late]);
}
