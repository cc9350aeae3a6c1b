import { notAClient, type PostgresClient } from "./client.ts";
import { inSchema, quoteName, quoteText } from "./queries.ts";

// Nothing is written to a job when a lease is renewed or ends: whether a job is held follows from its incarnation and the leases.
// What changes with every entry, the revision, is in no index, and pages have room for another version of a row: so PostgreSQL replaces it
// in its page, and touches no index.
const FIRST = `
CREATE TABLE routilux.flows (
  flow bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, digest bytea NOT NULL UNIQUE,
  flow_id text COLLATE "C" NOT NULL, flow_hash text COLLATE "C" NOT NULL, text text NOT NULL
);
COMMENT ON TABLE routilux.flows IS 'The documents of flows. Jobs of one flow share a row';
COMMENT ON COLUMN routilux.flows.digest IS 'SHA-256 of id, hash and text: finds an equal flow';

CREATE TABLE routilux.jobs (
  life bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id text COLLATE "C" NOT NULL UNIQUE, created_at double precision NOT NULL,
  flow bigint NOT NULL REFERENCES routilux.flows, flow_id text COLLATE "C" NOT NULL,
  queue text COLLATE "C" NOT NULL, priority integer NOT NULL, tags jsonb NOT NULL, parent_id text COLLATE "C",
  status text COLLATE "C" NOT NULL, due_at double precision, ended_at double precision,
  owner text COLLATE "C", incarnation bigint, epoch integer NOT NULL,
  sent integer NOT NULL DEFAULT 0, consumed integer NOT NULL DEFAULT 0,
  revision integer NOT NULL DEFAULT 0, snapshot_revision integer NOT NULL DEFAULT 0,
  holder bigint NOT NULL GENERATED ALWAYS AS (coalesce(incarnation, 0)) STORED,
  reason smallint GENERATED ALWAYS AS (CASE WHEN sent > consumed THEN 2 WHEN incarnation IS NOT NULL THEN 1
    WHEN due_at IS NOT NULL THEN 0 END) STORED,
  since double precision GENERATED ALWAYS AS (
    CASE WHEN sent > consumed OR incarnation IS NOT NULL THEN created_at ELSE due_at END) STORED
) WITH (fillfactor = 70);
COMMENT ON TABLE routilux.jobs IS 'One row for each job: its record. All instants are milliseconds since 1970';
COMMENT ON COLUMN routilux.jobs.life IS 'Never used again: a job that was deleted and created anew has another one';
COMMENT ON COLUMN routilux.jobs.priority IS 'Smaller ones are taken first';
COMMENT ON COLUMN routilux.jobs.due_at IS 'When something can be done for the job, if nobody has it';
COMMENT ON COLUMN routilux.jobs.owner IS 'The engine that has claimed the job, and not released it';
COMMENT ON COLUMN routilux.jobs.incarnation IS 'Which start of that engine: the job is held while the lease of this one runs';
COMMENT ON COLUMN routilux.jobs.epoch IS 'How often the job was claimed: a write of a former owner names an older one, and is refused';
COMMENT ON COLUMN routilux.jobs.sent IS 'The number of the last command in the inbox';
COMMENT ON COLUMN routilux.jobs.consumed IS 'The number of the last command that was carried out';
COMMENT ON COLUMN routilux.jobs.revision IS 'How many entries the journal has had';
COMMENT ON COLUMN routilux.jobs.snapshot_revision IS 'How many of them the snapshot contains';
COMMENT ON COLUMN routilux.jobs.holder IS 'The incarnation that has claimed the job; 0 for none';
COMMENT ON COLUMN routilux.jobs.reason IS
  'Why the job may be taken: 2 commands that are not consumed, 1 its owner lost its lease, 0 due_at has come; NULL: only a command can change it';
COMMENT ON COLUMN routilux.jobs.since IS 'By this, jobs of one holder and reason are in the order in which they are taken';

CREATE TABLE routilux.documents (life bigint PRIMARY KEY, token text COLLATE "C" NOT NULL, snapshot text NOT NULL);
COMMENT ON TABLE routilux.documents IS 'The documents of jobs, apart from the records, which are small and change often';
COMMENT ON COLUMN routilux.documents.token IS 'Names the call that has created the job: repeated, it finds its own job';

CREATE TABLE routilux.entries (
  life bigint NOT NULL, revision integer NOT NULL, text text NOT NULL, PRIMARY KEY (life, revision)
);
COMMENT ON TABLE routilux.entries IS 'The journals: what has changed each job since its snapshot';

CREATE TABLE routilux.commands (
  life bigint NOT NULL, sequence integer NOT NULL, key text COLLATE "C" NOT NULL, hash text NOT NULL, text text NOT NULL,
  reopens boolean NOT NULL, used_at double precision, reason text, PRIMARY KEY (life, sequence), UNIQUE (life, key)
);
COMMENT ON TABLE routilux.commands IS 'The inboxes, and the keys of commands that were consumed';
COMMENT ON COLUMN routilux.commands.reopens IS 'Whether a job that has ended takes the command, and those after it';
COMMENT ON COLUMN routilux.commands.reason IS 'Why the command could not be carried out; NULL: it was, or it was not consumed yet';
COMMENT ON COLUMN routilux.commands.used_at IS 'When the command was consumed: its key is remembered for a while after that, its text is not';

CREATE TABLE routilux.owners (
  owner text COLLATE "C" PRIMARY KEY, incarnation bigint NOT NULL, token text COLLATE "C" NOT NULL, version bigint NOT NULL
);
COMMENT ON TABLE routilux.owners IS 'The engines by their names, with their present incarnation';
COMMENT ON COLUMN routilux.owners.version IS 'Counts changes: of two at the same time, one is made anew';

CREATE TABLE routilux.leases (
  incarnation bigint PRIMARY KEY, owner text COLLATE "C" NOT NULL REFERENCES routilux.owners ON DELETE CASCADE,
  until double precision NOT NULL
);
COMMENT ON TABLE routilux.leases IS 'The leases of present and former incarnations';
COMMENT ON COLUMN routilux.leases.until IS 'When it ends or has ended; 0 when its owner has left';

CREATE SEQUENCE routilux.incarnations;
COMMENT ON SEQUENCE routilux.incarnations IS 'No two engines have the same incarnation, whatever their names';
CREATE TABLE routilux.survivors (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, incarnation bigint NOT NULL UNIQUE);
COMMENT ON TABLE routilux.survivors IS 'Incarnations that lost their lease and lived on: they have died of no job';

CREATE INDEX jobs_by_reason ON routilux.jobs (holder, reason, priority, queue, flow, since, created_at, left(job_id, 64))
  WHERE reason IS NOT NULL;
COMMENT ON INDEX routilux.jobs_by_reason IS
  'Finds jobs that may be taken, in order; one group after the other is skipped, however many jobs it has';
CREATE INDEX jobs_by_creation ON routilux.jobs (created_at, left(job_id, 64));
CREATE INDEX jobs_by_flow ON routilux.jobs (flow_id, created_at, left(job_id, 64));
CREATE INDEX jobs_by_status ON routilux.jobs (status, created_at, left(job_id, 64));
CREATE INDEX jobs_by_parent ON routilux.jobs (parent_id, created_at, left(job_id, 64)) WHERE parent_id IS NOT NULL;
CREATE INDEX jobs_by_tags ON routilux.jobs USING gin (tags jsonb_path_ops) WHERE tags <> '{}';
COMMENT ON INDEX routilux.jobs_by_creation IS 'Lists of all jobs';
COMMENT ON INDEX routilux.jobs_by_flow IS 'Lists of the jobs of a flow';
COMMENT ON INDEX routilux.jobs_by_status IS 'Lists of the jobs in a status';
COMMENT ON INDEX routilux.jobs_by_parent IS 'Lists of the jobs that a job has started';
COMMENT ON INDEX routilux.jobs_by_tags IS 'Lists of the jobs with tags';
CREATE INDEX jobs_by_document ON routilux.jobs (flow);
COMMENT ON INDEX routilux.jobs_by_document IS 'Tells whether a flow has jobs';
CREATE INDEX jobs_by_end ON routilux.jobs (ended_at) WHERE ended_at IS NOT NULL AND reason IS NULL;
COMMENT ON INDEX routilux.jobs_by_end IS 'Finds the jobs that are purged';
CREATE INDEX commands_unused ON routilux.commands (life, sequence) WHERE used_at IS NULL;
COMMENT ON INDEX routilux.commands_unused IS 'The inboxes without what was consumed';

CREATE FUNCTION routilux.remove_jobs(lives bigint[]) RETURNS bigint LANGUAGE plpgsql AS $remove$
DECLARE removed bigint;
BEGIN
  -- First the rows that all writes of a job need: each statement after that sees what was written before, and nothing is added.
  PERFORM FROM routilux.jobs WHERE life = ANY (lives) ORDER BY life FOR UPDATE;
  DELETE FROM routilux.entries WHERE life = ANY (lives);
  DELETE FROM routilux.commands WHERE life = ANY (lives);
  DELETE FROM routilux.documents WHERE life = ANY (lives);
  WITH gone AS (DELETE FROM routilux.jobs WHERE life = ANY (lives) RETURNING 1) SELECT count(*) INTO removed FROM gone;
  RETURN removed;
END $remove$;
COMMENT ON FUNCTION routilux.remove_jobs IS 'Deletes jobs with everything that belongs to them';
`;

const QUEUES = `
CREATE TABLE routilux.queues (queue text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, state text NOT NULL) WITH (fillfactor = 50);
COMMENT ON TABLE routilux.queues IS 'The queues with limits over all workers: who may have how many jobs, and what was taken last, as JSON';
COMMENT ON COLUMN routilux.queues.version IS 'Counts changes: of two at the same time, one is made anew';
`;

/** What each migration does; its number is its place, from 1 on. One that was released never changes. */
const MIGRATIONS: readonly string[] = [FIRST, QUEUES];

/**
 * The migrations of the tables as SQL, each a statement that does nothing when it was run before. Whoever may not create tables where the
 * store runs prints them, and has them run by somebody who may.
 */
export function migrationsOf(schema: string): readonly string[] {
  return MIGRATIONS.map((statements, index) => {
    const number = index + 1;
    const first = number > 1 ? "" : `
  -- Asked of the catalog, which sees what was committed while this waited for the lock.
  IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = ${quoteText(schema)}) THEN CREATE SCHEMA ${
      quoteName(schema)
    }; END IF;
  CREATE TABLE IF NOT EXISTS routilux.migrations (number integer PRIMARY KEY, run_at timestamptz NOT NULL DEFAULT now());`;
    const text = `DO $routilux$ BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(${quoteText(`routilux migrations of ${schema}`)}, 0));${first}
  IF EXISTS (SELECT FROM routilux.migrations WHERE number = ${number}) THEN RETURN; END IF;
${statements}
  INSERT INTO routilux.migrations (number) VALUES (${number});
END $routilux$;`;
    return inSchema(text, schema);
  });
}

const OLDEST = 15;

/**
 * Runs the migrations that are missing.
 *
 * @throws {Error} when the tables are of a newer version, or the database is not one that can have them
 * @throws {TypeError} when what was passed in is no client
 */
export async function migrate(client: PostgresClient, schema: string): Promise<void> {
  const version = await versionOf(client, schema);
  const migrations = migrationsOf(schema);
  if (version > migrations.length) {
    throw new Error(
      `Cannot open the PostgreSQL store: its tables have version ${version}, this version of routilux supports ` +
        `${migrations.length}; use the newer version that created them`,
    );
  }
  for (const text of migrations.slice(version)) await client.query(text, []);
}

/** The version of the tables; 0 where there are none. */
async function versionOf(client: PostgresClient, schema: string): Promise<number> {
  const table = quoteText(`${quoteName(schema)}.migrations`);
  const rows: unknown = await client.query(
    `SELECT to_regclass(${table})::text AS name, current_setting('server_encoding') AS encoding, ` +
      `current_setting('server_version') AS server`,
    [],
  );
  if (!Array.isArray(rows)) throw notAClient(client);
  const [known] = rows;
  checkServer(String(known?.["server"]), String(known?.["encoding"]));
  if (known?.["name"] === null) return 0;
  const [row] = await client.query(inSchema("SELECT max(number) AS version FROM routilux.migrations", schema), []);
  return Number(row?.["version"] ?? 0);
}

function checkServer(version: string, encoding: string): void {
  if (!(parseInt(version) >= OLDEST)) {
    throw new Error(
      `Cannot open the PostgreSQL store: it needs PostgreSQL ${OLDEST} or newer, the server is ${version}`,
    );
  }
  if (encoding === "UTF8") return;
  throw new Error(
    `Cannot open the PostgreSQL store: the database must have the encoding UTF8, current value is ${encoding}; create another one`,
  );
}
