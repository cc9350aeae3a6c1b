// The SQL statements of the store. Each comment lists the numbered parameters in order.

const HEAD = "flow_id, status, wake_at, owner, epoch, consumed";
// A position consists of the job's number (upper half) and the revision (lower half).
const LAST_REVISION = 2 ** 32 - 1;
const REVISION = `coalesce((SELECT position & ${LAST_REVISION} FROM routilux_entries
  WHERE position BETWEEN number << 32 AND (number << 32) | ${LAST_REVISION}
  ORDER BY position DESC LIMIT 1), snapshot_revision) AS revision`;
const RECORD = `number, routilux_jobs.job_id, created_at, ${HEAD}, ${REVISION}`;

/** A condition for the positions of a job's entries up to a revision. Parameter 1 is the job's id. */
function positionsUpTo(revision: string | number): string {
  return `position BETWEEN (SELECT number << 32 FROM routilux_jobs WHERE job_id = ?1)
  AND (SELECT (number << 32) | ${revision} FROM routilux_jobs WHERE job_id = ?1)`;
}

/** Adds a job: id, creation time, head. */
export const ADD_JOB: string = `INSERT OR IGNORE INTO routilux_jobs (job_id, created_at, ${HEAD})
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`;

/** Adds a job's documents: id, flow, snapshot. */
export const ADD_DOCUMENTS = "INSERT INTO routilux_documents (job_id, flow, snapshot) VALUES (?1, ?2, ?3)";

/** Returns a job's record: id. */
export const FIND: string = `SELECT ${RECORD} FROM routilux_jobs WHERE job_id = ?1`;

/** Returns a job's record and documents: id. */
export const LOAD: string = `SELECT ${RECORD}, flow, snapshot, snapshot_revision
  FROM routilux_jobs JOIN routilux_documents USING (job_id) WHERE routilux_jobs.job_id = ?1`;

/** Returns a job's entries: id. */
export const ENTRIES: string = `SELECT text FROM routilux_entries WHERE ${positionsUpTo(LAST_REVISION)}
  ORDER BY position`;

/**
 * Adds an entry after a revision: job number, revision, text. This one statement is the fence. It requires an entry or
 * a snapshot of exactly that revision; if there is a later entry, the new key already exists and the insert is ignored.
 */
export const ADD_FENCED_ENTRY = `INSERT OR IGNORE INTO routilux_entries (position, text)
  SELECT ((?1 << 32) | ?2) + 1, ?3
  WHERE EXISTS (SELECT 1 FROM routilux_entries WHERE position = (?1 << 32) | ?2)
    OR EXISTS (SELECT 1 FROM routilux_jobs WHERE number = ?1 AND snapshot_revision = ?2)`;

/** Adds an entry: job number, revision, text. */
export const ADD_ENTRY = "INSERT INTO routilux_entries (position, text) VALUES ((?1 << 32) | ?2, ?3)";

/** The first revision that does not fit into the lower half of a position. */
export const NO_REVISION: number = LAST_REVISION + 1;

/** Returns a job's head: id. */
export const GET_HEAD: string = `SELECT ${HEAD} FROM routilux_jobs WHERE job_id = ?1`;

/**
 * Changes columns of a job's head: their values, then the job's id. Unchanged columns are left out, because setting
 * them would update their indexes.
 */
export function setHead(columns: readonly string[]): string {
  return `UPDATE routilux_jobs SET ${columns.map((column) => `${column} = ?`).join(", ")} WHERE job_id = ?`;
}

/** Raises the revision of a job's snapshot if the job has an entry of that revision: id, revision. */
export const SET_SNAPSHOT_REVISION = `UPDATE routilux_jobs SET snapshot_revision = ?2
  WHERE job_id = ?1 AND snapshot_revision < ?2
  AND EXISTS (SELECT 1 FROM routilux_entries WHERE position = (number << 32) | ?2)`;

/** Replaces a job's snapshot: id, text. */
export const SET_SNAPSHOT = "UPDATE routilux_documents SET snapshot = ?2 WHERE job_id = ?1";

/** Deletes a job's entries up to a revision: id, revision. */
export const DROP_ENTRIES: string = `DELETE FROM routilux_entries WHERE ${positionsUpTo("?2")}`;

/** Adds a command if the job exists and the key is new: job id, key, text. */
export const ADD_COMMAND = `INSERT OR IGNORE INTO routilux_commands (job_id, sequence, key, text)
  SELECT job_id, sent + 1, ?2, ?3 FROM routilux_jobs WHERE job_id = ?1`;

/** Increments a job's number of commands: id. */
export const COUNT_COMMAND = "UPDATE routilux_jobs SET sent = sent + 1 WHERE job_id = ?1";

/** Returns a job's commands after a sequence: id, sequence. */
export const COMMANDS = `SELECT sequence, key, text FROM routilux_commands WHERE job_id = ?1 AND sequence > ?2
  ORDER BY sequence`;

const IS_WANTED = "job_id NOT IN (SELECT value FROM json_each(?4))";

/** Selects the first ids of wanted jobs that meet a condition. */
function firstIds(condition: string, order = ""): string {
  return `SELECT job_id FROM (SELECT job_id FROM routilux_jobs WHERE ${condition} AND ${IS_WANTED}
    ORDER BY ${order}created_at, job_id LIMIT ?3)`;
}

/**
 * Returns the jobs that are due, those that have been so for longest first: current time, owner or NULL, limit, the ids of
 * unwanted jobs as JSON. Each of the three reasons has an index.
 */
export const DUE: string = `SELECT ${RECORD} FROM routilux_jobs WHERE job_id IN (
    ${firstIds("wake_at <= ?1 AND sent <= consumed AND (?2 IS NULL OR owner IS NOT ?2)", "wake_at, ")}
    UNION ${firstIds("sent > consumed")}
    UNION ${firstIds("owner = ?2")}
  ) ORDER BY CASE WHEN sent > consumed OR owner = ?2 THEN created_at ELSE wake_at END, created_at, job_id LIMIT ?3`;

/** Returns the jobs that meet conditions, oldest first: the values of the conditions, then the limit. */
export function listWhere(conditions: readonly string[]): string {
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  return `SELECT ${RECORD} FROM routilux_jobs ${where} ORDER BY created_at, job_id LIMIT ?`;
}

/** Deletes everything that belongs to a job, and the job last: id. */
export const DELETE: readonly string[] = [
  `DELETE FROM routilux_entries WHERE ${positionsUpTo(LAST_REVISION)}`,
  ...["commands", "documents", "jobs"].map((table) => `DELETE FROM routilux_${table} WHERE job_id = ?1`),
];
