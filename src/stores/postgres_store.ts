/**
 * A store in a PostgreSQL database, for any number of processes.
 *
 * @module
 */
import { checkOptions, checkWord } from "../base/options.ts";
import type { Store, StoredJob, StoreEvent, StoreTransaction } from "../ports/store.ts";
import { notAClient, type PostgresClient } from "./postgres_store/client.ts";
import { Gatherer } from "./postgres_store/gatherer.ts";
import { commandsOf, inboxOf, outcomeIn, sendCommand } from "./postgres_store/inbox.ts";
import {
  countJobs,
  createJobs,
  deleteLife,
  findJob,
  type FlowNumbers,
  listJobs,
  loadJobs,
  purgeJobs,
} from "./postgres_store/jobs.ts";
import { type Append, appendAll, type AppendAnswer, compactJob, replaceFlow } from "./postgres_store/journal.ts";
import { Notices } from "./postgres_store/notices.ts";
import { enter, heldBy, leave, renew, timeOf } from "./postgres_store/owners.ts";
import { permitIn } from "./postgres_store/permits.ts";
import { type Clock, Queries } from "./postgres_store/queries.ts";
import { migrate, migrationsOf } from "./postgres_store/schema.ts";
import { HandlerTransaction } from "./postgres_store/transaction.ts";
import { claimGiven, nextDueIn, takeDue } from "./postgres_store/taking.ts";

export type {
  PostgresClient,
  PostgresQuery,
  PostgresRow,
  PostgresTransaction,
  PostgresValue,
} from "./postgres_store/client.ts";
export {
  pgClient,
  type PgClientOptions,
  type PgConnection,
  type PgPool,
  type PgStatement,
} from "./postgres_store/pg_client.ts";
export {
  type BunSql,
  bunSqlClient,
  type BunSqlClientOptions,
  type ListenSql,
  pgliteClient,
  type PGliteDatabase,
  type PGliteTransaction,
  type PostgresJs,
  postgresJsClient,
  type PostgresJsClientOptions,
  type ReservedSql,
} from "./postgres_store/other_clients.ts";

/** Options of a PostgreSQL store. */
export interface PostgresStoreOptions {
  /** The name of the schema that has the tables, at most 48 characters. @default {"routilux"} */
  readonly schema?: string;
  /**
   * By which clock leases end and jobs are due: that of the server, or those of the engines. The latter is for tests, which say
   * themselves what time it is. @default {"server"}
   */
  readonly clock?: "server" | "callers";
}

/** The longest name that leaves room for more in the name of a channel, which has 63 bytes. */
const LONGEST_NAME = /^[\x20-\x7e]{1,48}$/;

/**
 * A store in a PostgreSQL database, 15 or newer, for any number of processes. The client is passed in: `pgClient`, `postgresJsClient`,
 * `bunSqlClient` or `pgliteClient` makes one of yours. The store creates its tables in a schema of its own, unless they are there:
 * `postgresMigrations` returns the statements, for those who run them by hand. It does not close the client: close the store first, then
 * the client.
 *
 * Guarantees: a write is atomic and as durable as the server's commits are. Writes of jobs that are asked for at the same time go out in
 * one statement. Leases and due times go by the server's clock. Every statement is a transaction of its own, so a pooler in
 * transaction mode is fine; what other processes do is told by NOTIFY where the client can listen, and asked for at intervals
 * where it cannot.
 *
 * @throws {TypeError} when the client or an option is not what it should be
 *
 * @example
 * ```ts ignore
 * import { Pool } from "pg";
 * import { Engine } from "@routilux/routilux";
 * import { pgClient, postgresStore } from "@routilux/routilux/stores/postgres";
 *
 * const pool = new Pool({ connectionString: "postgres://localhost/app" });
 * const engine = new Engine({ store: postgresStore(pgClient(pool)) });
 * engine.work();
 * ```
 */
export function postgresStore(client: PostgresClient, options: PostgresStoreOptions = {}): Store {
  const action = "Cannot open the PostgreSQL store";
  checkOptions(action, options, { schema: true, clock: true });
  const { schema = "routilux", clock = "server" } = options;
  checkWord(action, "clock", clock, ["server", "callers"] satisfies Clock[]);
  checkSchema(action, schema);
  if (typeof client?.query !== "function") throw notAClient(client);
  const queries = new Queries(client, schema, clock, () => migrate(client, schema));
  const notices = new Notices(queries, client);
  const flows: FlowNumbers = new Map();
  const appends = new Gatherer<Append, AppendAnswer>((items) => appendAll(queries, items), ({ claim }) => claim.life);
  const loads = new Gatherer<string, StoredJob | undefined>((jobIds) => loadJobs(queries, jobIds), (jobId) => jobId);
  const { begin } = client;
  const tell = (event: StoreEvent): void => notices.tell(event);

  return {
    create: (jobs) =>
      queries.call(async () => {
        const answers = await createJobs(queries, flows, jobs);
        for (const { isNew, record: { owner, dueAt } } of answers) {
          if (isNew && owner === undefined && dueAt !== undefined) tell({ type: "due", at: dueAt });
        }
        return answers;
      }),
    find: (jobId) => queries.call(() => findJob(queries, jobId)),
    load: (jobId) => queries.call(() => loads.add(jobId)),
    append(claim, expectedRevision, entries, head, within) {
      const { jobId } = claim;
      if (entries.length === 0 && head === undefined) {
        throw new RangeError(`Cannot append to job "${jobId}": there must be at least one entry, or a head`);
      }
      return queries.call(async () => {
        const append: Append = { claim, expectedRevision, entries, head };
        const answer = within === undefined ? await appends.add(append) : await appendWithin(within, append);
        if (answer instanceof Error) throw answer;
        if (answer === "unread" || head === undefined) return answer;
        const { endedAt, dueAt, releases } = head;
        if (endedAt !== undefined) tell({ type: "ended", jobId });
        if (releases && dueAt !== undefined) tell({ type: "due", at: dueAt });
        return answer;
      });
    },
    compact: (life, revision, snapshot) => queries.call(() => compactJob(queries, life, revision, snapshot)),
    replaceFlow: (claim, expectedRevision, replaced) =>
      queries.call(() => replaceFlow(queries, flows, claim, expectedRevision, replaced)),
    send: (job, command) =>
      queries.call(async () => {
        const answer = await sendCommand(queries, job, command);
        if (answer === "stored") tell({ type: "command", jobId: job.jobId });
        return answer;
      }),
    outcome: (job, key) => queries.call(() => outcomeIn(queries, job, key)),
    inbox: (life, after, now) => queries.call(() => inboxOf(queries, life, after, now)),
    commands: (owner, now) => queries.call(() => commandsOf(queries, owner, now)),
    enter: (query) => queries.call(() => enter(queries, query)),
    renew: (owner, leaseMs, now) => queries.call(() => renew(queries, owner, leaseMs, now)),
    leave: (owner) => queries.call(() => leave(queries, owner)),
    held: (owner) => queries.call(() => heldBy(queries, owner)),
    take: (query) => queries.call(() => takeDue(queries, query)),
    claim: (query) => queries.call(() => claimGiven(queries, query)),
    nextDueAt: (query) => queries.call(() => nextDueIn(queries, notices, query)),
    permit: (query) => queries.call(() => permitIn(queries, notices, query)),
    watch: (onEvent) => notices.watch(onEvent),
    ...(clock === "server" && { time: () => queries.call(() => timeOf(queries)) }),
    ...(begin && { begin: () => queries.call(async () => new HandlerTransaction(queries, await begin())) }),
    list: (query = {}) => queries.call(() => listJobs(queries, query)),
    count: (filter = {}) => queries.call(() => countJobs(queries, filter)),
    delete: (life) => queries.call(() => deleteLife(queries, life)),
    purge: (query) => queries.call(() => purgeJobs(queries, query)),
    async close() {
      await queries.close();
      await notices.close();
    },
  };
}

/**
 * Returns the statements that create the tables of a PostgreSQL store, one for each version, in order. Each is a transaction that does
 * nothing when it was run before. The store runs those that are missing itself: print them for a database in which it may not.
 *
 * @throws {TypeError} when the name of the schema is not what it should be
 *
 * @example
 * ```ts
 * import { postgresMigrations } from "@routilux/routilux/stores/postgres";
 *
 * postgresMigrations({ schema: "jobs" }).join("\n\n"); // for psql
 * ```
 */
export function postgresMigrations(options: Pick<PostgresStoreOptions, "schema"> = {}): readonly string[] {
  const { schema = "routilux" } = options;
  checkSchema("Cannot make the migrations", schema);
  return migrationsOf(schema);
}

/** Appends in a handler's transaction. One in which the append was refused for good is rolled back. */
async function appendWithin(transaction: StoreTransaction, append: Append): Promise<AppendAnswer> {
  if (!(transaction instanceof HandlerTransaction)) throw new TypeError("The transaction is not one of this store");
  const answer = await transaction.append(append);
  if (answer instanceof Error) await transaction.rollback();
  return answer;
}

function checkSchema(action: string, schema: string): void {
  if (typeof schema === "string" && LONGEST_NAME.test(schema)) return;
  throw new TypeError(
    `${action}: schema must have 1 to 48 printable characters of ASCII, got ${JSON.stringify(schema)}`,
  );
}
