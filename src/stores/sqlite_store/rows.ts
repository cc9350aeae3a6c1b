import type { JobHead, JobPage, JobRecord, ListQuery, StoredCommand } from "../../ports/store.ts";
import { PAGE_LENGTH, pageOf, placeOf } from "../../ports/store_lists.ts";
import type { Row, SqliteValue } from "./database.ts";
import { listWhere } from "./statements.ts";
import { fromColumn, toColumn } from "./text.ts";

/** A head as its columns, in the order in which the statements name them. */
export function toHeadRow({ flowId, status, wakeAt, owner, epoch, consumed }: JobHead): Record<string, SqliteValue> {
  return {
    flow_id: toColumn(flowId),
    status: toColumn(status),
    wake_at: wakeAt ?? null,
    owner: owner === undefined ? null : toColumn(owner),
    epoch,
    consumed,
  };
}

/** The record in a row. */
export function toRecord(row: Row): JobRecord {
  return {
    jobId: fromColumn(row["job_id"]),
    createdAt: Number(row["created_at"]),
    revision: Number(row["revision"]),
    flowId: fromColumn(row["flow_id"]),
    status: fromColumn(row["status"]),
    wakeAt: row["wake_at"] === null ? undefined : Number(row["wake_at"]),
    owner: row["owner"] === null ? undefined : fromColumn(row["owner"]),
    epoch: Number(row["epoch"]),
    consumed: Number(row["consumed"]),
  };
}

/** The command in a row. */
export function toCommand(row: Row): StoredCommand {
  return { sequence: Number(row["sequence"]), key: fromColumn(row["key"]), text: fromColumn(row["text"]) };
}

/** A limit as SQLite takes it. */
export function toLimit(limit: number | undefined): number {
  return limit === undefined || limit >= Number.MAX_SAFE_INTEGER ? -1 : limit;
}

/** One page of a list; `find` gives the records of a statement. */
export function listPage(
  find: (sql: string, ...values: SqliteValue[]) => JobRecord[],
  { flowId, status, createdBefore, limit = PAGE_LENGTH, cursor }: ListQuery,
): JobPage {
  const conditions: string[] = [];
  const values: SqliteValue[] = [];
  const add = (condition: string, ...more: SqliteValue[]): void => {
    conditions.push(condition);
    values.push(...more);
  };
  if (flowId !== undefined) add("flow_id = ?", toColumn(flowId));
  if (status !== undefined) add("status = ?", toColumn(status));
  if (createdBefore !== undefined) add("created_at < ?", createdBefore);
  if (cursor !== undefined) {
    const { createdAt, jobId } = placeOf(cursor);
    add("(created_at, job_id) > (?, ?)", createdAt, toColumn(jobId));
  }
  // One more than the page: it tells whether there is another page.
  return pageOf(find(listWhere(conditions), ...values, toLimit(limit + 1)), limit);
}
