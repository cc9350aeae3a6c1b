import type { JobFilter, JobHead, JobRecord, ListQuery } from "../../ports/store.ts";
import { positionOf } from "../../ports/store_kit.ts";
import type { Row, SqliteValue } from "./queries.ts";
import { fromColumn, toColumn } from "./text.ts";

/** Converts a head to its columns. */
export function toHeadRow({ status, dueAt, endedAt, consumed }: JobHead): Record<string, SqliteValue> {
  return { status: toColumn(status), due_at: dueAt ?? null, ended_at: endedAt ?? null, consumed };
}

/** Converts a row to a record. */
export function toRecord(row: Row): JobRecord {
  return {
    jobId: fromColumn(row["job_id"]),
    life: Number(row["life"]),
    createdAt: Number(row["created_at"]),
    flowId: fromColumn(row["flow_id"]),
    flowHash: fromColumn(row["flow_hash"]),
    queue: fromColumn(row["queue"]),
    priority: Number(row["priority"]),
    tags: toTags(fromColumn(row["tags"])),
    parentId: optional(row["parent_id"], fromColumn),
    status: fromColumn(row["status"]),
    dueAt: optional(row["due_at"], Number),
    endedAt: optional(row["ended_at"], Number),
    consumed: Number(row["consumed"]),
    revision: Number(row["revision"]),
    epoch: Number(row["epoch"]),
    owner: optional(row["owner"], fromColumn),
    incarnation: optional(row["incarnation"], Number),
    heldUntil: optional(row["held_until"], Number),
    sent: Number(row["sent"]),
  };
}

/** Converts a text that may be absent to a column. */
export function toOptionalColumn(text: string | undefined): SqliteValue {
  return text === undefined ? null : toColumn(text);
}

/** Converts tags to a column: JSON, with one tag per line, by which `conditionsOf` finds it. */
export function toTagsColumn(tags: Readonly<Record<string, string>>): string {
  return JSON.stringify(tags, null, 1);
}

/** Converts a limit to that of SQLite, where -1 means no limit. */
export function toLimit(limit: number): number {
  return limit >= Number.MAX_SAFE_INTEGER ? -1 : limit;
}

/** Conditions of a statement, with the values of their parameters. */
export interface Conditions {
  /** The conditions, all of which a job must meet. */
  readonly texts: readonly string[];
  /** The values, in order. */
  readonly values: readonly SqliteValue[];
}

/** Converts a filter to conditions. */
export function conditionsOf(query: JobFilter & Pick<ListQuery, "cursor" | "newestFirst">): Conditions {
  const { flowId, status, queue, tags = {}, parentId, createdBefore, endedBefore, cursor, newestFirst } = query;
  const texts: string[] = [];
  const values: SqliteValue[] = [];
  const add = (condition: string, ...more: SqliteValue[]): void => {
    texts.push(condition);
    values.push(...more);
  };
  if (flowId !== undefined) add("j.flow_id = ?", toColumn(flowId));
  if (status !== undefined) add("j.status = ?", toColumn(status));
  if (queue !== undefined) add("j.queue = ?", toColumn(queue));
  if (parentId !== undefined) add("j.parent_id = ?", toColumn(parentId));
  if (createdBefore !== undefined) add("j.created_at < ?", createdBefore);
  if (endedBefore !== undefined) add("j.ended_at < ?", endedBefore);
  // A line break never occurs inside a text in JSON, so what follows it in the column is exactly one tag.
  for (const tag of Object.entries(tags)) {
    add("instr(j.tags, ?) > 0", toTagsColumn(Object.fromEntries([tag])).slice(1, -2));
  }
  if (cursor !== undefined) {
    const { createdAt, jobId } = positionOf(cursor);
    add(`(j.created_at, j.job_id) ${newestFirst === true ? "<" : ">"} (?, ?)`, createdAt, toColumn(jobId));
  }
  return { texts, values };
}

/** Converts a column that may be NULL. */
export function optional<T>(value: unknown, convert: (value: unknown) => T): T | undefined {
  return value === null ? undefined : convert(value);
}

function toTags(text: string): Readonly<Record<string, string>> {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null) return {};
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, String(value)]));
}
