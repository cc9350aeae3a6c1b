import { permit, type QueueState } from "../../ports/permit_kit.ts";
import type { PermitAnswer, PermitQuery } from "../../ports/store.ts";
import type { Notices } from "./notices.ts";
import { endLeaseOf } from "./owners.ts";
import type { Queries } from "./queries.ts";
import { TIME } from "./rows.ts";
import { fromColumn, toColumn } from "./text.ts";
import { isNull, numberOf, optionalNumber, optionalText, toNumber } from "./values.ts";

/**
 * Returns the time, the state of a queue, the ends of its holders' leases, and whether an incarnation has a lease: time, owner,
 * incarnation, queue.
 */
const QUEUE = `WITH ${TIME} SELECT t.now, q.version, q.state, EXISTS (
    SELECT FROM routilux.owners o JOIN routilux.leases l ON l.incarnation = o.incarnation
    WHERE o.owner = $2::text AND o.incarnation = $3::text::bigint AND l.until > t.now
  )::integer AS may_ask, (
    SELECT json_agg(json_build_array(l.incarnation, l.until))::text FROM routilux.leases l WHERE l.until > 0 AND l.incarnation IN (
      SELECT (h ->> 'incarnation')::bigint FROM json_array_elements(q.state::json -> 'holders') AS h)
  ) AS leases
  FROM t LEFT JOIN routilux.queues q ON q.queue = $4::text`;

/** Sets the state of a queue, unless somebody has changed it since it was read: queue, version that was read, or 0 for none, state. */
const SET_QUEUE = `WITH added AS (
    INSERT INTO routilux.queues (queue, version, state) SELECT $1::text, 1, $3::text WHERE $2::text = '0'
    ON CONFLICT (queue) DO NOTHING RETURNING queue
  ), changed AS (
    UPDATE routilux.queues q SET version = version + 1, state = $3::text
    WHERE q.queue = $1::text AND q.version = $2::text::bigint RETURNING q.queue
  )
  SELECT queue FROM added UNION ALL SELECT queue FROM changed`;

/** Gives permits for jobs of a queue; of two calls at the same time, one is made anew. */
export async function permitIn(queries: Queries, notices: Notices, query: PermitQuery): Promise<PermitAnswer> {
  const [queue, owner] = [toColumn(query.queue), toColumn(query.owner)];
  for (;;) {
    const row = await queries.row(QUEUE, queries.now(query.now), owner, toNumber(query.incarnation), queue);
    const now = numberOf(row, "now");
    if (numberOf(row, "may_ask") === 0) return { now, granted: 0, freeAt: undefined };
    const text = optionalText(row, "state");
    const before: QueueState | undefined = text === undefined ? undefined : JSON.parse(text);
    const ends = new Map<number, number>(isNull(row["leases"]) ? [] : JSON.parse(String(row["leases"])));
    const permitted = permit(before, { ...query, owner }, now, ({ incarnation }) => ends.get(incarnation));
    const { state, granted, freeAt, lapsed, isFreed } = permitted;
    for (const { owner, incarnation } of lapsed) {
      await endLeaseOf(queries, { owner: fromColumn(owner), incarnation }, query.now);
    }
    // One of them may have been renewed just before.
    if (lapsed.length > 0) continue;
    const answer = { now, granted, freeAt: freeAt && queries.toCaller(freeAt, now, query.now) };
    if (state === before) return answer;
    const version = toNumber(optionalNumber(row, "version") ?? 0);
    const set = await queries.rows(SET_QUEUE, queue, version, JSON.stringify(state));
    if (set.length === 0) continue;
    if (isFreed) notices.tell({ type: "due", at: query.now });
    return answer;
  }
}
