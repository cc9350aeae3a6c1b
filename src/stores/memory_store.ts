import { FencedError } from "../base/errors.ts";
import type { JobHead, JobPage, JobRecord, NewJob, Store, StoredCommand, StoredJob } from "../ports/store.ts";
import { checkEntries, CommandWatchers, dueOfAll, pageOfAll } from "../ports/store_kit.ts";

interface Kept {
  record: JobRecord;
  readonly flow: string;
  snapshot: string;
  snapshotRevision: number;
  entries: string[];
  readonly inbox: StoredCommand[];
  readonly keys: Set<string>;
}

/**
 * A store in the memory of this process, for tests and development, and the simplest implementation of the port. Jobs
 * survive their engines, but not the process. All methods answer synchronously.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@routilux/routilux/stores/memory";
 *
 * const store = memoryStore();
 * await store.list({ status: "running" }); // { jobs: [] }
 * ```
 */
export function memoryStore(): Store {
  const jobs = new Map<string, Kept>();
  const watchers = new CommandWatchers();
  let isClosed = false;
  const kept = (jobId: string): Kept | undefined => {
    if (isClosed) throw new Error("The memory store is closed");
    return jobs.get(jobId);
  };

  return {
    create({ jobId, createdAt, flow, snapshot, head }: NewJob): boolean {
      if (kept(jobId) !== undefined) return false;
      const record = { ...head, jobId, createdAt, revision: 0 };
      jobs.set(jobId, { record, flow, snapshot, snapshotRevision: 0, entries: [], inbox: [], keys: new Set() });
      return true;
    },
    find: (jobId) => kept(jobId)?.record,
    load(jobId): StoredJob | undefined {
      const job = kept(jobId);
      if (job === undefined) return undefined;
      const { record, flow, snapshot, snapshotRevision, entries } = job;
      return { record, flow, snapshot, snapshotRevision, entries: [...entries] };
    },
    append(jobId, expectedRevision, entries, head?: JobHead): void {
      checkEntries(jobId, entries);
      const job = kept(jobId);
      if (job === undefined || job.record.revision !== expectedRevision) {
        throw new FencedError(jobId, expectedRevision, job?.record.revision);
      }
      job.entries.push(...entries);
      job.record = { ...job.record, ...head, revision: expectedRevision + entries.length };
    },
    compact(jobId, revision, snapshot): void {
      const job = kept(jobId);
      if (job === undefined || revision <= job.snapshotRevision || revision > job.record.revision) return;
      job.entries = job.entries.slice(revision - job.snapshotRevision);
      job.snapshot = snapshot;
      job.snapshotRevision = revision;
    },
    send(jobId, text, key): boolean {
      const job = kept(jobId);
      if (job === undefined) return false;
      if (!job.keys.has(key)) job.inbox.push({ sequence: job.inbox.length + 1, key, text });
      job.keys.add(key);
      watchers.notify(jobId);
      return true;
    },
    inbox: (jobId, after) => kept(jobId)?.inbox.slice(after) ?? [],
    due(query): JobRecord[] {
      kept("");
      const candidates = Array.from(jobs.values(), ({ record, inbox }) => {
        return { record, hasCommands: inbox.length > record.consumed };
      });
      return dueOfAll(candidates, query);
    },
    watch: (onCommand) => watchers.watch(onCommand),
    list(query = {}): JobPage {
      kept("");
      return pageOfAll(Array.from(jobs.values(), ({ record }) => record), query);
    },
    delete: (jobId) => kept(jobId) !== undefined && jobs.delete(jobId),
    close(): void {
      isClosed = true;
    },
  };
}
