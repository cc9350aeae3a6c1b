// The statements of the store. Numbered parameters are given in turn.

const HEAD = "flow_id, status, wake_at, owner, epoch, consumed";
const REVISION = `coalesce((SELECT revision FROM routilux_entries WHERE job_id = routilux_jobs.job_id
  ORDER BY revision DESC LIMIT 1), snapshot_revision) AS revision`;
const RECORD = `routilux_jobs.job_id, created_at, ${HEAD}, ${REVISION}`;

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
export const ENTRIES = "SELECT text FROM routilux_entries WHERE job_id = ?1 ORDER BY revision";

/**
 * Adds an entry after a revision: the job's id, the revision, the text. One statement is the fence: there must be an entry or
 * a snapshot of that revision, else NULL is refused, and no entry after it, else the key is; so nothing else is written.
 */
export const ADD_FENCED_ENTRY = `INSERT OR IGNORE INTO routilux_entries (job_id, revision, text) VALUES (?1, CASE
  WHEN EXISTS (SELECT 1 FROM routilux_entries WHERE job_id = ?1 AND revision = ?2)
    OR EXISTS (SELECT 1 FROM routilux_jobs WHERE job_id = ?1 AND snapshot_revision = ?2)
  THEN ?2 + 1 END, ?3)`;

/** Adds an entry: the job's id, its revision, its text. */
export const ADD_ENTRY = "INSERT INTO routilux_entries (job_id, revision, text) VALUES (?1, ?2, ?3)";

/** The head of a job: its id. */
export const GET_HEAD: string = `SELECT ${HEAD} FROM routilux_jobs WHERE job_id = ?1`;

/** Changes columns of a job's head: their values, the job's id. Every other column would touch its index too. */
export function setHead(columns: readonly string[]): string {
  return `UPDATE routilux_jobs SET ${columns.map((column) => `${column} = ?`).join(", ")} WHERE job_id = ?`;
}

/** Raises the revision of a job's snapshot, if the job has come that far: its id, the revision. */
export const SET_SNAPSHOT_REVISION = `UPDATE routilux_jobs SET snapshot_revision = ?2
  WHERE job_id = ?1 AND snapshot_revision < ?2
  AND EXISTS (SELECT 1 FROM routilux_entries WHERE job_id = ?1 AND revision = ?2)`;

/** Changes the snapshot of a job: its id, the text. */
export const SET_SNAPSHOT = "UPDATE routilux_documents SET snapshot = ?2 WHERE job_id = ?1";

/** Removes the entries of a job up to a revision: its id, the revision. */
export const DROP_ENTRIES = "DELETE FROM routilux_entries WHERE job_id = ?1 AND revision <= ?2";

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
export const DELETE: readonly string[] = ["entries", "commands", "documents", "jobs"]
  .map((table) => `DELETE FROM routilux_${table} WHERE job_id = ?1`);
