import { codesOf, type Remedies, UNREACHABLE, withRemedy } from "../server_kit/remedies.ts";

/** The code of an error that the server has reported; `undefined` for all others, such as a lost connection. */
function sqlState(error: unknown): string | undefined {
  return codesOf(error).find((it) => /^[0-9A-Z]{5}$/.test(it));
}

/** The statement was rolled back because of concurrent transactions: repeated, it may succeed. */
const CONFLICTS: ReadonlySet<string> = new Set(["40001", "40P01"]);
/** The row exists already. */
const UNIQUE = "23505";
/** The row that is referred to is gone, or the one to be deleted is referred to. */
const FOREIGN_KEY = "23503";

/** Whether a statement has failed because of concurrent transactions. */
export function isConflict(error: unknown): boolean {
  return CONFLICTS.has(sqlState(error) ?? "");
}

/** Whether a statement has failed because somebody has added a row of the same key at the same time. */
export function isDuplicate(error: unknown): boolean {
  return sqlState(error) === UNIQUE;
}

/** Whether a statement has failed because a flow was dropped at the same time, or has a new job. */
export function isUnreferenced(error: unknown): boolean {
  return sqlState(error) === FOREIGN_KEY;
}

/**
 * Whether the server has refused a statement for what is in it, such as a text that is too long: others that were sent together with it
 * may be fine.
 */
export function isRefusal(error: unknown): boolean {
  return /^(22|23|42|54)/.test(sqlState(error) ?? "");
}

/** Tables that are not, or not any more, those that the migrations have made. */
const ALTERED =
  "its tables are not as its migrations have made them: restore them from a backup, or choose another schema by " +
  "the option `schema`";

const REMEDIES: Remedies = [
  UNREACHABLE,
  [
    /^(08...$|57P0[123]$|CONNECT|ERR_POSTGRES_CONNECTION|Connection terminated)/,
    "look at the address that the client was given, and whether the server runs there and lets this client in",
  ],
  [
    /^(28...$|SASL)/,
    "look at the user and the password in the address that the client was given, and at pg_hba.conf of the server",
  ],
  [/^3D000$/, "create the database, or mend its name in the address that the client was given"],
  [
    /^(53300$|timeout exceeded when trying to connect)/,
    "let the pools of all processes together have fewer connections than the server, and each more than it has handlers in `ctx.transact`",
  ],
  [
    /^42501$/,
    "grant the role USAGE on the schema and all its sequences, and SELECT, INSERT, UPDATE and DELETE on all its tables; where it may not " +
    "create them, have somebody run the statements of `postgresMigrations` who may",
  ],
  [
    /^(26000|42P05)$/,
    "a pooler between client and server does not keep prepared statements: pass `prepares: false` to the client",
  ],
  [/^25006$/, "connect to the primary server, by a role whose transactions may write"],
  [/^(42P01|42P07|42703|42883|42P18|42804|23502|22P02)$/, ALTERED],
  [/^Cannot use a pool after/, "close the engine and its store before the pool"],
];

/** Says of an error what to do about it, where that is known. */
export function explained(error: unknown, schema: string): unknown {
  return withRemedy(error, `Cannot use the PostgreSQL store in the schema ${JSON.stringify(schema)}`, REMEDIES);
}
