import type { JobFilter, JobRecord, ListQuery, StoredCommand } from "../../ports/store.ts";
import { positionOf } from "../../ports/store_kit.ts";
import type { PostgresRow, PostgresValue } from "./client.ts";
import { numberOf, optionalNumber, optionalText, textOf, textsOf, toJson, toNumber, toText } from "./values.ts";

/** The columns of a record. */
export const RECORD =
  `j.life, j.job_id, j.created_at, j.flow_id, f.flow_hash, j.queue, j.priority, j.tags::text AS tags,
  j.parent_id, j.status, j.due_at, j.ended_at, j.owner, j.incarnation, j.epoch, j.consumed, j.sent, j.revision,
  nullif(l.until, 0) AS held_until`;

/** Where these columns come from. */
export const RECORDS = `routilux.jobs j JOIN routilux.flows f ON f.flow = j.flow
  LEFT JOIN routilux.leases l ON l.incarnation = j.incarnation`;

/** The server's time. */
export const SERVER_TIME = "extract(epoch FROM statement_timestamp())::float8 * 1000";

/**
 * The time of a statement, a query called `t`: `$1`, or the server's, taken before the statement looks at any row. What was
 * stored before is seen, and a lease that is found to have ended had ended then.
 */
export const TIME: string = `t AS MATERIALIZED (
  SELECT coalesce($1::text::float8, ${SERVER_TIME}) AS now)`;

/**
 * When a job is due, by the row `i` of a statement's input. What is due at once (`is_due`) is so by the server's clock, too, if the
 * clock of whoever says so is ahead.
 */
export const DUE_AT: string = `CASE i.is_due WHEN 1 THEN least(i.due_at, ${SERVER_TIME}) ELSE i.due_at END`;

/** Converts a row to a record. */
export function toRecord(row: PostgresRow): JobRecord {
  return {
    jobId: textOf(row, "job_id"),
    life: numberOf(row, "life"),
    createdAt: numberOf(row, "created_at"),
    flowId: textOf(row, "flow_id"),
    flowHash: textOf(row, "flow_hash"),
    queue: textOf(row, "queue"),
    priority: numberOf(row, "priority"),
    tags: textsOf(row, "tags"),
    parentId: optionalText(row, "parent_id"),
    status: textOf(row, "status"),
    dueAt: optionalNumber(row, "due_at"),
    endedAt: optionalNumber(row, "ended_at"),
    consumed: numberOf(row, "consumed"),
    revision: numberOf(row, "revision"),
    epoch: numberOf(row, "epoch"),
    owner: optionalText(row, "owner"),
    incarnation: optionalNumber(row, "incarnation"),
    heldUntil: optionalNumber(row, "held_until"),
    sent: numberOf(row, "sent"),
  };
}

/** Converts a row to a command. */
export function toCommand(row: PostgresRow): StoredCommand {
  return { sequence: numberOf(row, "sequence"), key: textOf(row, "key"), text: textOf(row, "text") };
}

/** A condition that jobs must meet, and the values of its parameters. */
export interface Condition {
  /** The condition: `TRUE` when all jobs are meant. */
  readonly text: string;
  /** The values, in order. */
  readonly values: readonly PostgresValue[];
}

/** Converts a filter to a condition. */
export function conditionOf(query: JobFilter & Pick<ListQuery, "cursor" | "newestFirst">): Condition {
  const { flowId, status, queue, tags = {}, parentId, createdBefore, endedBefore = Infinity, cursor, newestFirst } =
    query;
  const texts: string[] = [];
  const values: PostgresValue[] = [];
  const add = (condition: string, ...more: PostgresValue[]): void => {
    texts.push(condition.replaceAll("?", () => `$${values.length + 1}`));
    values.push(...more);
  };
  if (flowId !== undefined) add("j.flow_id = ?::text", toText(flowId));
  if (status !== undefined) add("j.status = ?::text", toText(status));
  if (queue !== undefined) add("j.queue = ?::text", toText(queue));
  if (parentId !== undefined) add("j.parent_id = ?::text", toText(parentId));
  if (createdBefore !== undefined) add("j.created_at < ?::text::float8", toNumber(createdBefore));
  if (endedBefore !== Infinity) add("j.ended_at < ?::text::float8", toNumber(endedBefore));
  if (Object.keys(tags).length > 0) add("j.tags <> '{}' AND j.tags @> ?::text::jsonb", toJson(tags));
  if (cursor !== undefined) {
    const { createdAt, jobId } = positionOf(cursor);
    const at = values.length;
    texts.push(`(j.created_at, left(j.job_id, 64), j.job_id) ${newestFirst === true ? "<" : ">"}
      ($${at + 1}::text::float8, left($${at + 2}::text, 64) COLLATE "C", $${at + 2}::text COLLATE "C")`);
    values.push(toNumber(createdAt), toText(jobId));
  }
  return { text: texts.length === 0 ? "TRUE" : texts.join(" AND "), values };
}
