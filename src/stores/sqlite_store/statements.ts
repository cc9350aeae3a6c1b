// The statements of the store. Numbered parameters are given in turn.

const HEAD = "flow_id, status, wake_at, owner, epoch, consumed";
// A position has the job's number in its upper half and the revision in its lower.
const LAST_REVISION = 2 ** 32 - 1;
const REVISION = `coalesce((SELECT position & ${LAST_REVISION} FROM routilux_entries
  WHERE position BETWEEN number << 32 AND (number << 32) | ${LAST_REVISION}
  ORDER BY position DESC LIMIT 1), snapshot_revision) AS revision`;
const RECORD = `number, routilux_jobs.job_id, created_at, ${HEAD}, ${REVISION}`;

/** The positions of a job's entries up to a revision, for a condition: its id is the first parameter. */
function positionsUpTo(revision: string | number): string {
  return `position BETWEEN (SELECT number << 32 FROM routilux_jobs WHERE job_id = ?1)
  AND (SELECT (number << 32) | ${revision} FROM routilux_jobs WHERE job_id = ?1)`;
}

/** Adds a job: its id, its creation, its head. */
export const ADD_JOB: string = `INSERT OR IGNORE INTO routilux_jobs (job_id, created_at, ${HEAD})
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`;

/** Adds the documents of a job: its id, its flow, its snapshot. */
export const ADD_DOCUMENTS = "INSERT INTO routilux_documents (job_id, flow, snapshot) VALUES (?1, ?2, ?3)";

/** The record of a job: its id. */
export const FIND: string = `SELECT ${RECORD} FROM routilux_jobs WHERE job_id = ?1`;

/** The record and the documents of a job: its id. */
export const LOAD: string = `SELECT ${RECORD}, flow, snapshot, snapshot_revision
  FROM routilux_jobs JOIN routilux_documents USING (job_id) WHERE routilux_jobs.job_id = ?1`;

/** The entries of a job: its id. */
export const ENTRIES: string = `SELECT text FROM routilux_entries WHERE ${positionsUpTo(LAST_REVISION)}
  ORDER BY position`;

/**
 * Adds an entry after a revision: the job's number, the revision, the text. One statement is the fence: there must be an entry
 * or a snapshot of that revision, else there is nothing to add, and no entry after it, else the key is refused.
 */
export const ADD_FENCED_ENTRY = `INSERT OR IGNORE INTO routilux_entries (position, text)
  SELECT ((?1 << 32) | ?2) + 1, ?3
  WHERE EXISTS (SELECT 1 FROM routilux_entries WHERE position = (?1 << 32) | ?2)
    OR EXISTS (SELECT 1 FROM routilux_jobs WHERE number = ?1 AND snapshot_revision = ?2)`;

/** Adds an entry: the job's number, its revision, its text. */
export const ADD_ENTRY = "INSERT INTO routilux_entries (position, text) VALUES ((?1 << 32) | ?2, ?3)";

/** The revision that no entry can have: a position has no room for it. */
export const NO_REVISION: number = LAST_REVISION + 1;

/** The head of a job: its id. */
export const GET_HEAD: string = `SELECT ${HEAD} FROM routilux_jobs WHERE job_id = ?1`;

/** Changes columns of a job's head: their values, the job's id. Every other column would touch its index too. */
export function setHead(columns: readonly string[]): string {
  return `UPDATE routilux_jobs SET ${columns.map((column) => `${column} = ?`).join(", ")} WHERE job_id = ?`;
}

/** Raises the revision of a job's snapshot, if the job has come that far: its id, the revision. */
export const SET_SNAPSHOT_REVISION = `UPDATE routilux_jobs SET snapshot_revision = ?2
  WHERE job_id = ?1 AND snapshot_revision < ?2
  AND EXISTS (SELECT 1 FROM routilux_entries WHERE position = (number << 32) | ?2)`;

/** Changes the snapshot of a job: its id, the text. */
export const SET_SNAPSHOT = "UPDATE routilux_documents SET snapshot = ?2 WHERE job_id = ?1";

/** Removes the entries of a job up to a revision: its id, the revision. */
export const DROP_ENTRIES: string = `DELETE FROM routilux_entries WHERE ${positionsUpTo("?2")}`;

/** Adds a command to a job that is there, if its key is new: the job's id, the key, the text. */
export const ADD_COMMAND = `INSERT OR IGNORE INTO routilux_commands (job_id, sequence, key, text)
  SELECT job_id, sent + 1, ?2, ?3 FROM routilux_jobs WHERE job_id = ?1`;

/** Counts a command of a job: its id. */
export const COUNT_COMMAND = "UPDATE routilux_jobs SET sent = sent + 1 WHERE job_id = ?1";

/** The commands of a job after one: its id, the sequence. */
export const COMMANDS = `SELECT sequence, key, text FROM routilux_commands WHERE job_id = ?1 AND sequence > ?2
  ORDER BY sequence`;

/** The jobs that are due: the instant, an owner or NULL, the most jobs. Each reason has an index. */
export const DUE: string = `SELECT ${RECORD} FROM routilux_jobs WHERE job_id IN (
    SELECT job_id FROM (SELECT job_id FROM routilux_jobs WHERE wake_at <= ?1 ORDER BY wake_at LIMIT ?3)
    UNION SELECT job_id FROM (SELECT job_id FROM routilux_jobs WHERE sent > consumed LIMIT ?3)
    UNION SELECT job_id FROM (SELECT job_id FROM routilux_jobs WHERE owner = ?2 LIMIT ?3)
  ) LIMIT ?3`;

/** The jobs that meet conditions, oldest first: the values of the conditions, the most jobs. */
export function listWhere(conditions: readonly string[]): string {
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  return `SELECT ${RECORD} FROM routilux_jobs ${where} ORDER BY created_at, job_id LIMIT ?`;
}

/** Removes all that belongs to a job, itself last: its id. */
export const DELETE: readonly string[] = [
  `DELETE FROM routilux_entries WHERE ${positionsUpTo(LAST_REVISION)}`,
  ...["commands", "documents", "jobs"].map((table) => `DELETE FROM routilux_${table} WHERE job_id = ?1`),
];
