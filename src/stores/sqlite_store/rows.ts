import type { JobHead, JobPage, JobRecord, ListQuery, StoredCommand } from "../../ports/store.ts";
import { PAGE_LENGTH, pageOf, positionOf } from "../../ports/store_kit.ts";
import type { Row, SqliteValue } from "./database.ts";
import { listWhere } from "./statements.ts";
import { fromColumn, toColumn } from "./text.ts";

/** Converts a head to its columns, in the order in which the statements name them. */
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

/** Converts a row to a record. */
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

/** Converts a row to a command. */
export function toCommand(row: Row): StoredCommand {
  return { sequence: Number(row["sequence"]), key: fromColumn(row["key"]), text: fromColumn(row["text"]) };
}

/** Converts a limit to that of SQLite, where -1 means no limit. */
export function toLimit(limit: number | undefined): number {
  return limit === undefined || limit >= Number.MAX_SAFE_INTEGER ? -1 : limit;
}

/** Returns a page of a list; `find` runs a statement and returns its records. */
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
    const { createdAt, jobId } = positionOf(cursor);
    add("(created_at, job_id) > (?, ?)", createdAt, toColumn(jobId));
  }
  // One more than the page holds: if it is found, there is another page.
  return pageOf(find(listWhere(conditions), ...values, toLimit(limit + 1)), limit);
}
