import type {
  ClaimQuery,
  DueQuery,
  Incarnation,
  NextDueQuery,
  StoredJob,
  TakeAnswer,
  TakenJob,
  TakeQuery,
} from "../../ports/store.ts";
import type { PostgresRow, PostgresValue } from "./client.ts";
import { loadLives, toStoredJob, WHOLE_COLUMNS } from "./jobs.ts";
import { type Notices, notifyOf } from "./notices.ts";
import type { Queries } from "./queries.ts";
import { TIME } from "./rows.ts";
import { toColumn } from "./text.ts";
import { isNull, listOf, numberOf, optionalNumber, toLimit, toNumber, toNumbers, toText, toTexts } from "./values.ts";

const GROUP = ["holder", "reason", "priority", "queue", "flow"];
const group = (table: string): string => GROUP.map((name) => `${table}.${name}`).join(", ");

/**
 * The groups of jobs that may be due, now or later: all jobs of a group are held, or none is. From one group to the next it is one step
 * in the index, however many jobs it has. `last` is the greatest reason of the group's holder that is looked at: the others are skipped.
 */
const groupsWith = (last: string): string =>
  `groups AS (
    (SELECT ${GROUP} FROM routilux.jobs WHERE reason IS NOT NULL ORDER BY ${GROUP} LIMIT 1)
    UNION ALL
    SELECT n.* FROM groups g CROSS JOIN t CROSS JOIN LATERAL (
      SELECT ${group("j")} FROM routilux.jobs j
      WHERE j.reason IS NOT NULL AND (${group("j")}) > (g.holder, ${last}, g.priority, g.queue, g.flow)
      ORDER BY ${group("j")} LIMIT 1) n
  )`;

/** All groups. */
const GROUPS = groupsWith("g.reason");

/** The groups that nobody holds, and one of each incarnation that holds some. */
const FREE_GROUPS = groupsWith(`CASE WHEN EXISTS (
      SELECT FROM routilux.leases l WHERE l.incarnation = g.holder AND l.until > t.now) THEN 99::smallint ELSE g.reason END`);

/** The groups that are asked for: flows or NULL, hashes of other flows, queues or NULL, the only reason or NULL. */
const isAskedFor = (flows: string, exceptFlows: string, queues: string, reason: string): string =>
  `(${flows}::text IS NULL OR f.flow_id = ANY (${flows}::text::text[])) AND f.flow_hash <> ALL (${exceptFlows}::text::text[])
    AND (${queues}::text IS NULL OR g.queue = ANY (${queues}::text::text[]))
    AND (${reason}::text IS NULL OR g.reason = ${reason}::text::smallint)`;

/** Without a comparison with each of them: whoever has many jobs leaves out many. */
const isOther = (jobs: string): string => `j.job_id NOT IN (SELECT unnest(${jobs}::text::text[]))`;

/** Says whether an incarnation may claim: it is the present one of its owner, and its lease runs. */
const MINE = `mine AS MATERIALIZED (
    SELECT FROM routilux.owners o JOIN routilux.leases l ON l.incarnation = o.incarnation CROSS JOIN t
    WHERE o.owner = $2::text AND o.incarnation = $3::text::bigint AND l.until > t.now
  )`;

/**
 * Ends for good the leases of those that had the found jobs before. One that its owner has just renewed, since this statement looked at
 * it, does not end, and its jobs are left out.
 */
const ENDED = `lapsed AS MATERIALIZED (
    SELECT DISTINCT o.owner, o.version, o.incarnation FROM found JOIN routilux.leases l ON l.incarnation = found.holder
    JOIN routilux.owners o ON o.owner = l.owner AND o.incarnation = l.incarnation CROSS JOIN t
    WHERE l.until > 0 AND l.until <= t.now
  ), ended AS (
    UPDATE routilux.owners o SET version = o.version + 1, token = '' FROM lapsed
    WHERE o.owner = lapsed.owner AND o.version = lapsed.version RETURNING o.incarnation
  ), zeroed AS (
    UPDATE routilux.leases l SET until = 0 FROM ended WHERE l.incarnation = ended.incarnation
  )`;
const IS_FREE = `(j.holder NOT IN (SELECT incarnation FROM lapsed) OR j.holder IN (SELECT incarnation FROM ended))`;

/**
 * Claims the locked jobs, and answers, with everything of those whose row is the one that this statement saw at first: all that is stored
 * for a job changes its row, too. Of the others the statement would see the entries of before, beside the row of after. Says also how many
 * were found before some were skipped.
 */
const CLAIMED = `claimed AS (
    UPDATE routilux.jobs j SET owner = $2::text, incarnation = $3::text::bigint, epoch = j.epoch + 1
    FROM locked WHERE j.life = locked.life RETURNING j.*, locked.former, locked.place, locked.is_seen
  )
  SELECT t.now, (SELECT json_agg(incarnation)::text FROM routilux.survivors) AS survived,
    (SELECT count(*) FROM found) AS found, j.former, ${WHOLE_COLUMNS}
  FROM t LEFT JOIN claimed j ON TRUE LEFT JOIN routilux.flows f ON f.flow = j.flow
  LEFT JOIN routilux.leases l ON l.incarnation = j.incarnation
  LEFT JOIN routilux.documents d ON d.life = j.life AND j.is_seen ORDER BY j.place`;

/** Of a locked job: which incarnation had it before, and whether nobody has changed its row since this statement saw it. */
const BEFORE = "j.incarnation AS former, j.xmin = found.version AS is_seen";

/**
 * Says whether a call of `permit` is the last one of an incarnation for a queue, if one is named. The row is locked: one that comes later
 * waits until the jobs are claimed, and one that came meanwhile is seen. Where only jobs with commands are asked for, a call that was refused
 * may have been left out of the row.
 */
const PERMITTED = `permitted AS MATERIALIZED (
    SELECT FROM routilux.queues q WHERE q.queue = $10::text AND EXISTS (
      SELECT FROM json_array_elements(q.state::json -> 'holders') AS h
      WHERE (h ->> 'incarnation')::bigint = $3::text::bigint AND ((h ->> 'call')::bigint = $11::text::bigint
          OR ($12::text IS NOT NULL AND (h ->> 'call')::bigint < $11::text::bigint)))
    FOR SHARE
  )`;

/**
 * Claims jobs that are due: time, owner, incarnation, flows or NULL, hashes of other flows, queues or NULL, ids of other jobs, limit,
 * the number of jobs of each group that are looked at, queue and call of the permits or NULL, the only reason or NULL. Those that another one is just claiming are skipped; of those that somebody has
 * changed since, the condition is looked at again.
 * The jobs of a group are read in the order of the index, and no further than the limit: a key more would have the server sort all of them.
 */
const TAKE = `WITH RECURSIVE ${TIME}, ${MINE}, ${PERMITTED}, ${FREE_GROUPS}, found AS MATERIALIZED (
    SELECT m.*, row_number() OVER (ORDER BY m.priority, m.due_since, m.created_at, m.job_id) AS place
    FROM groups g CROSS JOIN t JOIN routilux.flows f ON f.flow = g.flow LEFT JOIN routilux.leases l ON l.incarnation = g.holder
    CROSS JOIN LATERAL (
      SELECT j.life, j.xmin AS version, j.epoch, j.holder, j.reason, j.since, j.priority, j.created_at, j.job_id,
        CASE j.reason WHEN 1 THEN greatest(l.until, j.created_at) ELSE j.since END AS due_since
      FROM routilux.jobs j
      WHERE (${group("j")}) = (${group("g")}) AND j.reason IS NOT NULL
        AND j.since <= CASE g.reason WHEN 0 THEN t.now ELSE 'Infinity'::float8 END
        AND ${isOther("$7")}
      ORDER BY j.since, j.created_at, left(j.job_id, 64) LIMIT $9::text::bigint
    ) m
    WHERE (l.until IS NULL OR l.until <= t.now) AND EXISTS (SELECT FROM mine) AND ${isAskedFor("$4", "$5", "$6", "$12")}
      AND ($10::text IS NULL OR EXISTS (SELECT FROM permitted))
    ORDER BY place LIMIT $9::text::bigint
  ), ${ENDED}, locked AS MATERIALIZED (
    SELECT j.life, ${BEFORE}, found.place FROM found JOIN routilux.jobs j ON j.life = found.life
    WHERE j.epoch = found.epoch AND j.holder = found.holder AND j.reason = found.reason AND j.since = found.since
      AND ${IS_FREE}
    ORDER BY found.place LIMIT $8::text::bigint FOR UPDATE OF j SKIP LOCKED
  ), ${CLAIMED}`;

/** Claims the given jobs: time, owner, incarnation, lives, epochs. */
const CLAIM = `WITH ${TIME}, ${MINE}, found AS MATERIALIZED (
    SELECT j.life, j.xmin AS version, j.epoch, j.holder, i.place
    FROM unnest($4::text::bigint[], $5::text::bigint[]) WITH ORDINALITY AS i (life, epoch, place)
    JOIN routilux.jobs j ON j.life = i.life AND j.epoch = i.epoch CROSS JOIN t
    WHERE EXISTS (SELECT FROM mine) AND ((j.owner = $2::text AND j.incarnation = $3::text::bigint)
      OR NOT EXISTS (SELECT FROM routilux.leases l WHERE l.incarnation = j.holder AND l.until > t.now))
  ), ${ENDED}, locked AS MATERIALIZED (
    SELECT j.life, ${BEFORE}, found.place FROM found JOIN routilux.jobs j ON j.life = found.life
    WHERE j.epoch = found.epoch AND j.holder IN (0, found.holder) AND ${IS_FREE}
    ORDER BY j.life FOR UPDATE OF j
  ), ${CLAIMED}`;

/**
 * Returns the time, and the instant from which a job is due: time, flows or NULL, hashes of other flows, queues or NULL, ids of other jobs, the only reason or
 * NULL, an incarnation whose jobs are left out or NULL. Of what is due it is an instant that has passed, not the present one: the clock of whoever asks may be behind, and never reach that.
 */
const NEXT_DUE = `WITH RECURSIVE ${TIME}, ${GROUPS}
  SELECT min(t.now) AS now, min(CASE WHEN l.until > t.now THEN l.until WHEN g.reason = 0 THEN m.since
      WHEN g.reason = 1 THEN least(greatest(l.until, m.since), t.now) ELSE least(m.since, t.now) END) AS at
  FROM groups g CROSS JOIN t JOIN routilux.flows f ON f.flow = g.flow LEFT JOIN routilux.leases l ON l.incarnation = g.holder
  CROSS JOIN LATERAL (
    SELECT j.since FROM routilux.jobs j
    WHERE (${group("j")}) = (${group("g")}) AND j.reason IS NOT NULL AND ${isOther("$5")}
    ORDER BY j.since LIMIT 1
  ) m
  WHERE g.holder IS DISTINCT FROM $7::text::bigint AND ${isAskedFor("$2", "$3", "$4", "$6")}`;

/** The same, and a notice if nothing is due: also the channel and the notice. */
const LOOK = `WITH next AS MATERIALIZED (${NEXT_DUE})
  SELECT now, at, CASE WHEN at > now IS NOT FALSE THEN ${notifyOf("$8", "$9")} END FROM next`;

/** How many times as many jobs are looked at as are wanted: others may be claiming the first of them at the same time. */
const MORE = 4;
const FEW = 16;

/**
 * How often, and after how many milliseconds, jobs are looked at again when all that are due are locked: by others that are
 * claiming them, or by a last write of a former owner. Somebody may also hold a lock for long.
 */
const MOST_LOOKS = 20;
const LOOK_AGAIN_MS = 10;

const NONE: ReadonlySet<string> = new Set();

/** Claims jobs that are due. */
export async function takeDue(queries: Queries, query: TakeQuery): Promise<TakeAnswer> {
  const { owner, incarnation, now, limit, permit, exceptJobs = NONE } = query;
  const values = [
    ...[queries.now(now), toColumn(owner), toNumber(incarnation), ...filterOf(query), toTexts(exceptJobs)],
    ...[toLimit(limit), toLimit(limit * MORE + FEW), toText(permit?.queue), toNumber(permit?.call), reasonOf(query)],
  ];
  for (let looks = 1;; looks++) {
    const rows = await queries.rows(TAKE, ...values);
    const [first = {}] = rows;
    const areLocked = isNull(first["life"]) && numberOf(first, "found") > 0;
    if (!areLocked || looks === MOST_LOOKS) return await answerOf(queries, query, rows);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** Claims the given jobs. */
export async function claimGiven(queries: Queries, query: ClaimQuery): Promise<TakeAnswer> {
  const { owner, incarnation, now, jobs } = query;
  const rows = await queries.rows(
    CLAIM,
    queries.now(now),
    toColumn(owner),
    toNumber(incarnation),
    toNumbers(jobs.map(({ life }) => life)),
    toNumbers(jobs.map(({ epoch }) => epoch)),
  );
  return await answerOf(queries, query, rows);
}

/** The instant from which a job is due, now or later, by the clock of the caller. */
export async function nextDueIn(
  queries: Queries,
  notices: Notices,
  query: NextDueQuery,
): Promise<number | undefined> {
  const { now, tells, exceptIncarnation, exceptJobs = NONE } = query;
  const values = [
    ...[queries.now(now), ...filterOf(query), toTexts(exceptJobs), reasonOf(query)],
    toNumber(exceptIncarnation),
  ];
  const notice = tells === undefined ? undefined : notices.lookedNotice(tells);
  const row = await (notice === undefined ? queries.row(NEXT_DUE, ...values) : queries.row(LOOK, ...values, ...notice));
  const at = optionalNumber(row, "at");
  const callersAt = at === undefined ? undefined : queries.toCaller(at, numberOf(row, "now"), now);
  return notices.watchers.tellOfLook(callersAt, query);
}

/** The reason for which jobs are due that have commands; no other one is asked for alone. */
function reasonOf({ unread }: DueQuery): PostgresValue {
  return unread === true ? "2" : null;
}

function filterOf({ flows, exceptFlows = NONE, queues }: DueQuery): readonly PostgresValue[] {
  return [
    flows === undefined ? null : toTexts(flows),
    toTexts(exceptFlows),
    queues === undefined ? null : toTexts(queues),
  ];
}

/** What was claimed. Jobs that somebody has changed meanwhile are read again; what another one has claimed since is left to it. */
async function answerOf(queries: Queries, by: Incarnation, rows: readonly PostgresRow[]): Promise<TakeAnswer> {
  const [first = {}] = rows;
  const claimed = rows.filter((row) => !isNull(row["life"]));
  const unseen = claimed.filter((row) => isNull(row["snapshot"])).map((row) => numberOf(row, "life"));
  const stored = unseen.length === 0 ? new Map<number, StoredJob>() : await loadLives(queries, unseen);
  const jobs = claimed.flatMap((row): TakenJob[] => {
    const job = isNull(row["snapshot"]) ? stored.get(numberOf(row, "life")) : toStoredJob(row);
    if (job?.record.epoch !== numberOf(row, "epoch") || job.record.incarnation !== by.incarnation) return [];
    return [{ ...job, formerIncarnation: optionalNumber(row, "former") }];
  });
  return { now: numberOf(first, "now"), jobs, survived: listOf(first, "survived").map(Number) };
}
