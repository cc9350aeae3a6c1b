import { formatInstant } from "../base/instant.ts";
import type { JobRecord } from "../ports/store.ts";
import { readRecords } from "./read_records.ts";
import type { StudioHost } from "./studio_host.ts";

/** An engine that holds jobs. */
export interface Owner {
  readonly owner: string;
  readonly jobs: number;
  /** How long its lease lasts if it is not renewed, in milliseconds. */
  readonly leaseLeftMs: number;
}

/** A queue with jobs that have not ended. */
export interface Queue {
  readonly queue: string;
  readonly pending: number;
  readonly running: number;
  /** Those that some engine holds. */
  readonly held: number;
  /** Those that are due, and that nobody holds. */
  readonly due: number;
  /** Since when the oldest of these is due, in ISO 8601. */
  readonly oldestDueAt?: string;
}

/** Who holds how many jobs, and what waits in which queue. */
export interface Holders {
  /** Whether all jobs were looked at, not only the oldest. */
  readonly isWhole: boolean;
  readonly owners: readonly Owner[];
  readonly queues: readonly Queue[];
}

/** Says who holds how many jobs, and what waits in which queue, by the oldest jobs that have not ended. */
export async function findHolders({ store, timers }: StudioHost): Promise<Holders> {
  const [pending, running] = await Promise.all([
    readRecords(store, { status: "pending" }),
    readRecords(store, { status: "running" }),
  ]);
  const records = [...pending.records, ...running.records];
  const now = timers.now();
  const owners = new Map<string, { readonly jobs: number; readonly until: number }>();
  for (const record of records) {
    const owner = holderOf(record, now);
    if (owner === undefined) continue;
    const { jobs, until } = owners.get(owner) ?? { jobs: 0, until: 0 };
    owners.set(owner, { jobs: jobs + 1, until: Math.max(until, record.heldUntil ?? 0) }); // Unreachable default: it is held.
  }
  const names = Array.from(new Set(records.map(({ queue }) => queue))).sort();
  return {
    isWhole: pending.isWhole && running.isWhole,
    owners: Array.from(owners, ([owner, { jobs, until }]) => ({ owner, jobs, leaseLeftMs: until - now }))
      .sort((a, b) => b.jobs - a.jobs || (a.owner < b.owner ? -1 : 1)),
    queues: names.map((queue) => queueOf(queue, records.filter((it) => it.queue === queue), now)),
  };
}

function queueOf(queue: string, records: readonly JobRecord[], now: number): Queue {
  const due = records.filter((it) => holderOf(it, now) === undefined && it.dueAt !== undefined && it.dueAt <= now);
  const oldestDueAt = Math.min(...due.flatMap((it) => it.dueAt ?? [])); // Unreachable default: it is due.
  return {
    queue,
    pending: records.filter(({ status }) => status === "pending").length,
    running: records.filter(({ status }) => status === "running").length,
    held: records.filter((it) => holderOf(it, now) !== undefined).length,
    due: due.length,
    ...(due.length === 0 ? {} : { oldestDueAt: formatInstant(oldestDueAt) }),
  };
}

/** The name of the engine that holds a job: it has claimed it, and its lease runs. */
export function holderOf({ heldUntil = 0, owner }: JobRecord, now: number): string | undefined {
  return heldUntil > now ? owner : undefined;
}
