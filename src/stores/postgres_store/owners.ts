import { forgottenBy, type OwnerState } from "../../ports/lease_kit.ts";
import { endLeaseIn, enterIn, leaveIn, type OwnerReading, type OwnerTable, renewIn } from "../../ports/owner_kit.ts";
import type { EnterAnswer, EnterQuery, Incarnation, JobClaim, RenewAnswer } from "../../ports/store.ts";
import type { PostgresRow } from "./client.ts";
import type { Queries } from "./queries.ts";
import { SERVER_TIME, TIME } from "./rows.ts";
import { toColumn } from "./text.ts";
import { isNull, numberOf, optionalNumber, textOf, toNumber, toNumbers } from "./values.ts";

/** Returns the time, and the leases of an owner, the present one last: time, owner. */
const OWNER = `WITH ${TIME} SELECT t.now, o.version, o.token, l.incarnation, l.until FROM t
  LEFT JOIN routilux.owners o ON o.owner = $2::text LEFT JOIN routilux.leases l ON l.owner = o.owner
  ORDER BY l.incarnation`;

/**
 * Sets the state of an owner, unless somebody has changed it since it was read: owner, version that was read, or 0 for none, incarnation,
 * token, list of all incarnations, list of the ends of their leases.
 */
const SET_OWNER = `WITH owner AS (
    INSERT INTO routilux.owners AS o (owner, version, incarnation, token)
    SELECT $1::text, 1, $3::text::bigint, $4::text WHERE $2::text = '0'
    ON CONFLICT (owner) DO NOTHING RETURNING o.owner
  ), changed AS (
    UPDATE routilux.owners o SET version = version + 1, incarnation = $3::text::bigint, token = $4::text
    WHERE o.owner = $1::text AND o.version = $2::text::bigint RETURNING o.owner
  ), set AS (SELECT owner FROM owner UNION ALL SELECT owner FROM changed
  ), dropped AS (
    DELETE FROM routilux.leases l USING set WHERE l.owner = set.owner AND l.incarnation <> ALL ($5::text::bigint[])
  ), leased AS (
    INSERT INTO routilux.leases AS l (incarnation, owner, until)
    SELECT i.incarnation, set.owner, i.until FROM set, unnest($5::text::bigint[], $6::text::float8[]) AS i (incarnation, until)
    ON CONFLICT (incarnation) DO UPDATE SET until = excluded.until
  )
  SELECT owner FROM set`;

/** Forgets the owners all of whose leases have ended by an instant, except one: instant, owner. */
const FORGET = `DELETE FROM routilux.owners o WHERE o.owner <> $2::text
  AND NOT EXISTS (SELECT FROM routilux.leases l WHERE l.owner = o.owner AND l.until > $1::text::float8)`;

const NEXT_INCARNATION = "SELECT nextval('routilux.incarnations') AS incarnation";

/** Returns the incarnations that have survived, in order. */
const SURVIVORS = "SELECT incarnation FROM routilux.survivors ORDER BY number";

const ADD_SURVIVOR = `INSERT INTO routilux.survivors (incarnation) VALUES ($1::text::bigint) ON CONFLICT DO NOTHING`;

/** Forgets survivors: those that are remembered. */
const FORGET_SURVIVORS = "DELETE FROM routilux.survivors WHERE incarnation <> ALL ($1::text::bigint[])";

const HELD = `SELECT job_id, life, epoch FROM routilux.jobs
  WHERE holder = $2::text::bigint AND reason IN (1, 2) AND owner = $1::text`;

/** Lets an owner enter, and returns its incarnation; `undefined` when it is refused. */
export async function enter(queries: Queries, query: EnterQuery): Promise<EnterAnswer> {
  const answer = await enterIn(ownersOf(queries), query);
  await queries.rows(FORGET, toNumber(forgottenBy(answer.now)), toColumn(query.owner));
  return answer;
}

/** Renews the lease of an incarnation. */
export function renew(queries: Queries, owner: Incarnation, leaseMs: number, at: number): Promise<RenewAnswer> {
  return renewIn(ownersOf(queries), owner, leaseMs, at);
}

/** Ends for good the lease of an incarnation that was found to have ended, unless it has been renewed since. */
export function endLeaseOf(queries: Queries, owner: Incarnation, at: number): Promise<void> {
  return endLeaseIn(ownersOf(queries), owner, at);
}

/** Ends the lease of an incarnation. */
export function leave(queries: Queries, owner: Incarnation): Promise<void> {
  return leaveIn(ownersOf(queries), owner);
}

/** The jobs that an incarnation has claimed and not released. */
export async function heldBy(
  queries: Queries,
  { owner, incarnation }: Incarnation,
): Promise<readonly JobClaim[]> {
  const rows = await queries.rows(HELD, toColumn(owner), toNumber(incarnation));
  return rows.map((row) => ({
    jobId: textOf(row, "job_id"),
    life: numberOf(row, "life"),
    epoch: numberOf(row, "epoch"),
  }));
}

/** The server's time. */
export async function timeOf(queries: Queries): Promise<number> {
  return numberOf(await queries.row(`SELECT ${SERVER_TIME} AS now`), "now");
}

/** The owners of a store; a version counts the changes of an owner. */
function ownersOf(queries: Queries): OwnerTable<number> {
  return {
    read: (owner, at) => read(queries, owner, at),
    set: (owner, state, { version }) => set(queries, owner, state, version),
    nextIncarnation: async () => numberOf(await queries.row(NEXT_INCARNATION), "incarnation"),
    survived: async () => (await queries.rows(SURVIVORS)).map((row) => numberOf(row, "incarnation")),
    async survive(incarnation, all, areTooMany) {
      await queries.rows(ADD_SURVIVOR, toNumber(incarnation));
      if (areTooMany) await queries.rows(FORGET_SURVIVORS, toNumbers(all));
    },
  };
}

async function set(queries: Queries, owner: string, state: OwnerState, version: number): Promise<boolean> {
  const leases = [...state.former, state];
  const rows = await queries.rows(
    SET_OWNER,
    toColumn(owner),
    toNumber(version),
    toNumber(state.incarnation),
    toColumn(state.token),
    toNumbers(leases.map(({ incarnation }) => incarnation)),
    toNumbers(leases.map(({ until }) => until)),
  );
  return rows.length > 0;
}

async function read(queries: Queries, owner: string, at: number): Promise<OwnerReading<number>> {
  const rows = await queries.rows(OWNER, queries.now(at), toColumn(owner));
  const [first = {}] = rows;
  const now = numberOf(first, "now");
  const leases = rows.filter((row) => !isNull(row["incarnation"])).map(toLease);
  const present = leases.pop();
  const state = present && { ...present, token: textOf(first, "token"), former: leases };
  return { state, version: optionalNumber(first, "version") ?? 0, now };
}

function toLease(row: PostgresRow): { incarnation: number; until: number } {
  return { incarnation: numberOf(row, "incarnation"), until: numberOf(row, "until") };
}
