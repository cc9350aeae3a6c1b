import type {
  ClaimQuery,
  Incarnation,
  JobRecord,
  NextDueQuery,
  TakeAnswer,
  TakenJob,
  TakeQuery,
} from "../../ports/store.ts";
import { isPermitted } from "../../ports/permit_kit.ts";
import { claimFor, dueOfAll, holdersOf, isAskedFor, isFreeFor, isHeld, nextDueOfAll } from "../../ports/store_kit.ts";
import { LAST, type Tables } from "./database.ts";
import { LAST_OF_ALL, loadRest } from "./jobs.ts";
import { endLeaseOf, mayClaim, numbersOf, readRecord } from "./owners.ts";
import { endOfDue, GROUP_LENGTH, type JobRow, toRow } from "./rows.ts";
import type { DbKey } from "./types.ts";

/** Claims jobs that are due. */
export async function takeDue(tables: Tables, query: TakeQuery): Promise<TakeAnswer> {
  const { now, limit, exceptJobs, permit } = query;
  return await claimAll(tables, query, now, async () => {
    const queue = permit && await tables.queues.get(permit.queue);
    if (!isPermitted(queue?.state, query)) return [];
    const found: JobRecord[] = [];
    const most = limit + (exceptJobs?.size ?? 0);
    for await (const group of groups(tables, now, true)) {
      if (isOfGroup(group, query)) found.push(...await recordsOf(tables, group.key, endOfDue(group.key, now), most));
    }
    return dueOfAll(found, query);
  });
}

/** Claims the given jobs. */
export async function claimGiven(tables: Tables, query: ClaimQuery): Promise<TakeAnswer> {
  const { now, jobs } = query;
  return await claimAll(tables, query, now, async () => {
    const found: JobRecord[] = [];
    for (const { jobId, life, epoch } of jobs) {
      const row = await tables.jobs.get(jobId);
      if (row?.record.life !== life || row.record.epoch !== epoch) continue;
      const record = await readRecord(tables, row.record);
      if (isFreeFor(record, query, now)) found.push(record);
    }
    return found;
  });
}

/** The instant from which a job is due, now or later. */
export async function nextDueIn(tables: Tables, query: NextDueQuery): Promise<number | undefined> {
  const { now, exceptJobs } = query;
  const found: JobRecord[] = [];
  const most = 1 + (exceptJobs?.size ?? 0);
  for await (const group of groups(tables, now, false)) {
    if (isOfGroup(group, query)) found.push(...await recordsOf(tables, group.key, [...group.key, LAST], most));
  }
  return nextDueOfAll(found, query);
}

/** Jobs that are alike in all that queries ask for, but their ids. */
interface Group {
  readonly key: readonly DbKey[];
  /** One of them. */
  readonly record: JobRecord;
}

/** The groups of jobs that may be due. Of a holder whose lease runs, none or one is enough. */
async function* groups(tables: Tables, now: number, isWithoutHeld: boolean): AsyncGenerator<Group> {
  for (let from: DbKey = [];;) {
    const [first] = await tables.jobs.betweenBy("due", from, LAST_OF_ALL, 1);
    if (!Array.isArray(first?.due)) return;
    const key: readonly DbKey[] = first.due.slice(0, GROUP_LENGTH);
    const record = await readRecord(tables, first.record);
    const [holder = LAST] = key;
    const isSkipped = isWithoutHeld && isHeld(record, now);
    if (!isSkipped) yield { key, record };
    from = isSkipped ? [holder, LAST] : [...key, LAST];
  }
}

function isOfGroup({ record }: Group, query: NextDueQuery): boolean {
  return isAskedFor(record, { ...query, exceptJobs: undefined });
}

async function recordsOf(tables: Tables, from: DbKey, to: DbKey, most: number): Promise<readonly JobRecord[]> {
  const rows: readonly JobRow[] = await tables.jobs.betweenBy("due", from, to, most);
  return await Promise.all(rows.map(({ record }) => readRecord(tables, record)));
}

async function claimAll(
  tables: Tables,
  by: Incarnation,
  now: number,
  choose: () => Promise<readonly JobRecord[]>,
): Promise<TakeAnswer> {
  const chosen = await mayClaim(tables, by, now) ? await choose() : [];
  for (const holder of holdersOf(chosen)) await endLeaseOf(tables, holder, now);
  const jobs: TakenJob[] = [];
  for (const { jobId, incarnation: formerIncarnation } of chosen) {
    const row = await tables.jobs.get(jobId);
    // Unreachable: the chosen ones are there.
    if (row === undefined) continue;
    const record = claimFor(row.record, by);
    tables.jobs.put(toRow(record, row.token));
    jobs.push({ ...await loadRest(tables, await readRecord(tables, record)), formerIncarnation });
  }
  return { now, jobs, survived: await numbersOf(tables, "survived") };
}
