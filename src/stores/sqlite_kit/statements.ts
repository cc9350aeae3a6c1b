// The SQL statements of the store. Each comment lists the numbered parameters in order.

// A position consists of the job's life (upper half) and the revision (lower half).
const LAST_REVISION = 2 ** 32 - 1;

/** The first revision that does not fit into the lower half of a position. */
export const NO_REVISION: number = LAST_REVISION + 1;

/** The columns by which jobs are grouped: of a group, either all are held or none. */
const GROUP = ["holder", "reason", "priority", "queue", "flow"];
const IN_GROUP = ["since", "created_at", "job_id"];

/** The order of the jobs in their groups. */
export const DUE_ORDER: string = [...GROUP, ...IN_GROUP].join(", ");

function columnsOf(table: string, names: readonly string[]): string {
  return names.map((name) => `${table}.${name}`).join(", ");
}

// The columns of a record, read from the one table whose alias is `j`. Subqueries look up the rest: with joins, SQLite would choose
// the order of the tables, and perhaps scan one.
const RECORD = `j.life, j.epoch, j.job_id, j.created_at, j.flow_id, j.queue, j.priority, j.tags, j.parent_id, j.status,
  j.due_at, j.ended_at, j.owner, j.incarnation, j.consumed, j.sent,
  (SELECT flow_hash FROM routilux_flows WHERE flow = j.flow) AS flow_hash,
  (SELECT nullif(until, 0) FROM routilux_leases WHERE incarnation = j.incarnation) AS held_until,
  coalesce((SELECT position & ${LAST_REVISION} FROM routilux_entries
    WHERE position BETWEEN j.life << 32 AND (j.life << 32) | ${LAST_REVISION}
    ORDER BY position DESC LIMIT 1), j.snapshot_revision) AS revision`;

/** Returns the number of a flow: hash, id, text. */
export const FIND_FLOW = "SELECT flow, text FROM routilux_flows WHERE flow_hash = ?1 AND flow_id = ?2 AND text = ?3";

/** Adds a flow: hash, id, text. */
export const ADD_FLOW = "INSERT INTO routilux_flows (flow_hash, flow_id, text) VALUES (?1, ?2, ?3)";

/**
 * Adds a job: id, creation time, number and id of the flow, queue, priority, tags,
 * parent, status, times at which it is due and has ended, owner, incarnation, epoch.
 */
export const ADD_JOB = `INSERT INTO routilux_jobs
  (job_id, created_at, flow, flow_id, queue, priority, tags, parent_id, status, due_at, ended_at, owner, incarnation, epoch)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)`;

/** Returns the number of the row added last. With RETURNING, SQLite would copy each page that the insert changes. */
export const LAST_ADDED = "SELECT last_insert_rowid()";

/** Adds a job's documents: life, token, snapshot. */
export const ADD_DOCUMENTS = "INSERT INTO routilux_documents (life, token, snapshot) VALUES (?1, ?2, ?3)";

/** Returns the token of the call that has created a job: life. */
export const TOKEN = "SELECT token FROM routilux_documents WHERE life = ?1";

/** Returns a job's record: id. */
export const FIND: string = `SELECT ${RECORD} FROM routilux_jobs j WHERE j.job_id = ?1`;

/** Returns a job's record: life. */
export const FIND_LIFE: string = `SELECT ${RECORD} FROM routilux_jobs j WHERE j.life = ?1`;

/** Returns a job's record and documents: life. */
export const LOAD: string = `SELECT ${RECORD}, j.snapshot_revision,
  j.flow, (SELECT text FROM routilux_flows WHERE flow = j.flow) AS flow_text,
  (SELECT snapshot FROM routilux_documents WHERE life = j.life) AS snapshot
  FROM routilux_jobs j WHERE j.life = ?1`;

/** Returns a job's entries: life. */
export const ENTRIES: string = `SELECT position & ${LAST_REVISION} AS revision, text FROM routilux_entries
  WHERE position BETWEEN ?1 << 32 AND (?1 << 32) | ${LAST_REVISION} ORDER BY position`;

/**
 * Adds an entry after a revision: life, epoch, revision, text. This one statement is the fence. It requires an entry or
 * a snapshot of exactly that revision; if there is a later entry, the new key already exists and the insert is ignored.
 */
export const ADD_FENCED_ENTRY = `INSERT OR IGNORE INTO routilux_entries (position, text)
  SELECT ((?1 << 32) | ?3) + 1, ?4 FROM routilux_jobs
  WHERE life = ?1 AND epoch = ?2 AND (owner IS NOT NULL OR epoch = 0)
    AND (snapshot_revision = ?3 OR EXISTS (SELECT 1 FROM routilux_entries WHERE position = (?1 << 32) | ?3))`;

/** Adds an entry: life, revision, text. */
export const ADD_ENTRY = "INSERT INTO routilux_entries (position, text) VALUES ((?1 << 32) | ?2, ?3)";

/**
 * Changes columns of a job: their values, then the job's life. Unchanged columns are left out, because setting them
 * would update their indexes.
 */
export function setColumns(columns: readonly string[]): string {
  return `UPDATE routilux_jobs SET ${columns.map((column) => `${column} = ?`).join(", ")} WHERE life = ?`;
}

/** Raises the revision of a job's snapshot if the job has an entry of that revision: life, revision. */
export const SET_SNAPSHOT_REVISION = `UPDATE routilux_jobs SET snapshot_revision = ?2
  WHERE life = ?1 AND snapshot_revision < ?2
  AND EXISTS (SELECT 1 FROM routilux_entries WHERE position = (?1 << 32) | ?2)`;

/** Replaces a job's snapshot: life, text. */
export const SET_SNAPSHOT = "UPDATE routilux_documents SET snapshot = ?2 WHERE life = ?1";

/** Deletes a job's entries up to a revision: life, revision. */
export const DROP_ENTRIES = `DELETE FROM routilux_entries WHERE position BETWEEN ?1 << 32 AND (?1 << 32) | ?2`;

/** Adds a part of a long text: life, kind, revision, number, text. */
export const ADD_PART = "INSERT INTO routilux_parts (life, kind, revision, number, text) VALUES (?1, ?2, ?3, ?4, ?5)";

/** Returns the parts of a long text: life, kind, revision. */
export const PARTS = "SELECT text FROM routilux_parts WHERE life = ?1 AND kind = ?2 AND revision = ?3 ORDER BY number";

/** Deletes parts of long texts: life, kind, revision after which and up to which. */
export const DROP_PARTS = `DELETE FROM routilux_parts
  WHERE life = ?1 AND kind = ?2 AND revision > ?3 AND revision <= ?4`;

/** Returns the hash of the command that a key was used for: life, key. */
export const FIND_KEY = "SELECT hash FROM routilux_commands WHERE life = ?1 AND key = ?2";

/**
 * Forgets the oldest commands that were consumed by an instant, with their keys: life, instant. Commands are consumed in order, so
 * the first that must be remembered ends the search.
 */
export const FORGET_KEYS = `DELETE FROM routilux_commands WHERE life = ?1 AND sequence < coalesce(
  (SELECT sequence FROM routilux_commands WHERE life = ?1 AND (used_at IS NULL OR used_at > ?2) ORDER BY sequence LIMIT 1),
  9e15)`;

/** Adds a command: life, sequence, key, hash, text, whether a job that has ended takes it. */
export const ADD_COMMAND = `INSERT INTO routilux_commands (life, sequence, key, hash, text, reopens)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6)`;

/** Returns a row if a job has a command that reopens it: life, last sequence that was consumed. */
export const REOPENING = "SELECT 1 FROM routilux_commands WHERE life = ?1 AND sequence > ?2 AND reopens = 1 LIMIT 1";

/**
 * Forgets the texts of commands that have been consumed, and remembers when: life, last sequence consumed before, last sequence
 * consumed now, instant.
 */
export const USE_COMMANDS = `UPDATE routilux_commands SET text = '', used_at = ?4
  WHERE life = ?1 AND sequence > ?2 AND sequence <= ?3`;

/** Says of a command that it could not be carried out: life, sequence, reason. */
export const REFUSE_COMMAND = "UPDATE routilux_commands SET refusal = ?3 WHERE life = ?1 AND sequence = ?2";

/** Returns the command that was sent with a key: life, key. */
export const FIND_COMMAND = "SELECT sequence, refusal FROM routilux_commands WHERE life = ?1 AND key = ?2";

/** Returns a job's commands that are not consumed, after a sequence: life, sequence. */
export const COMMANDS = `SELECT sequence, key, text FROM routilux_commands
  WHERE life = ?1 AND sequence > max(?2, (SELECT consumed FROM routilux_jobs WHERE life = ?1)) ORDER BY sequence`;

/** Returns the jobs with commands that an incarnation has claimed: incarnation, owner. */
export const ADDRESSED = "SELECT life, job_id FROM routilux_jobs WHERE holder = ?1 AND reason = 2 AND owner = ?2";

/** Returns the jobs that an incarnation has claimed: incarnation, owner. */
export const HELD =
  "SELECT job_id, life, epoch FROM routilux_jobs WHERE holder = ?1 AND reason IN (1, 2) AND owner = ?2";

/** Returns the leases of an owner, the present one last: owner. */
export const LEASES = "SELECT incarnation, until, token FROM routilux_leases WHERE owner = ?1 ORDER BY incarnation";

/** Deletes the leases of an owner: owner. */
export const DROP_LEASES = "DELETE FROM routilux_leases WHERE owner = ?1";

/** Adds a lease: incarnation, owner, end, token. */
export const ADD_LEASE = "INSERT INTO routilux_leases (incarnation, owner, until, token) VALUES (?1, ?2, ?3, ?4)";

/** Forgets the owners all of whose leases have ended by an instant: instant. */
export const FORGET_OWNERS = `DELETE FROM routilux_leases WHERE owner IN
  (SELECT owner FROM routilux_leases GROUP BY owner HAVING max(until) <= ?1)`;

/** Gives a new incarnation. */
export const NEXT_INCARNATION = "UPDATE routilux_meta SET incarnations = incarnations + 1 RETURNING incarnations";

/** Returns the state of a queue with limits, as JSON: queue. */
export const QUEUE = "SELECT state FROM routilux_queues WHERE queue = ?1";

/** Sets the state of a queue: queue, JSON. */
export const SET_QUEUE = `INSERT INTO routilux_queues (queue, state) VALUES (?1, ?2)
  ON CONFLICT (queue) DO UPDATE SET state = excluded.state`;

/** Returns the incarnations that have survived the loss of their lease, as JSON. */
export const SURVIVED = "SELECT survived FROM routilux_meta";

/** Sets the incarnations that have survived: JSON. */
export const SET_SURVIVED = "UPDATE routilux_meta SET survived = ?1";

/**
 * Returns the first job of each group. From one group to the next it is one step in the index, however many jobs they have: SQLite
 * searches for the first row that is at least as great, so an infinite `since` leads past the group. The recursion ends with a
 * NULL, which no job joins. A `+` takes the type from a column: SQLite searches an index for rows of untyped values only.
 */
export const FIRST_OF_GROUPS: string = `WITH RECURSIVE firsts (life) AS (
    SELECT (SELECT life FROM routilux_jobs WHERE reason IS NOT NULL ORDER BY ${DUE_ORDER} LIMIT 1)
    UNION ALL
    SELECT (SELECT n.life FROM routilux_jobs n
      WHERE n.reason IS NOT NULL AND (${columnsOf("n", GROUP)}, n.since) > (${columnsOf("+j", GROUP)}, 9e999)
      ORDER BY ${columnsOf("n", [...GROUP, ...IN_GROUP])} LIMIT 1)
    FROM firsts CROSS JOIN routilux_jobs j ON j.life = firsts.life
  )
  SELECT ${RECORD} FROM firsts CROSS JOIN routilux_jobs j ON j.life = firsts.life`;

/** Returns the first jobs of a group: life of one of its jobs, limit. */
export const GROUP_MEMBERS: string = `SELECT ${RECORD} FROM routilux_jobs f CROSS JOIN routilux_jobs j
  ON j.reason IS NOT NULL AND ${GROUP.map((name) => `j.${name} = f.${name}`).join(" AND ")}
  WHERE f.life = ?1 ORDER BY ${columnsOf("j", IN_GROUP)} LIMIT ?2`;

/** Claims a job: life, owner, incarnation. */
export const CLAIM = "UPDATE routilux_jobs SET owner = ?2, incarnation = ?3, epoch = epoch + 1 WHERE life = ?1";

function whereOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
}

/** Returns the jobs that meet conditions, oldest or newest first: the values of the conditions, then the limit. */
export function listWhere(conditions: readonly string[], newestFirst: boolean): string {
  const order = newestFirst ? "j.created_at DESC, j.job_id DESC" : "j.created_at, j.job_id";
  return `SELECT ${RECORD} FROM routilux_jobs j ${whereOf(conditions)} ORDER BY ${order} LIMIT ?`;
}

/** Counts the jobs that meet conditions: their values. */
export function countWhere(conditions: readonly string[]): string {
  return `SELECT count(*) AS jobs FROM routilux_jobs j ${whereOf(conditions)}`;
}

/**
 * Returns jobs that have ended, without an owner and without commands: instant before which they ended, status or NULL,
 * limit.
 */
export const PURGEABLE = `SELECT life, job_id FROM routilux_jobs
  WHERE ended_at < ?1 AND reason IS NULL AND (?2 IS NULL OR status = ?2) ORDER BY ended_at LIMIT ?3`;

/** Returns the number of a job's flow: life, id. */
export const FLOW_OF = "SELECT flow FROM routilux_jobs WHERE life = ?1 AND job_id = ?2";

/** Deletes a flow that no job has any more: its number. */
export const DROP_FLOW = `DELETE FROM routilux_flows
  WHERE flow = ?1 AND NOT EXISTS (SELECT 1 FROM routilux_jobs WHERE flow = ?1)`;

/** Deletes everything that belongs to a job: life. */
export const DELETE: readonly string[] = [
  `DELETE FROM routilux_entries WHERE position BETWEEN ?1 << 32 AND (?1 << 32) | ${LAST_REVISION}`,
  ...["commands", "documents", "parts", "jobs"].map((table) => `DELETE FROM routilux_${table} WHERE life = ?1`),
];
