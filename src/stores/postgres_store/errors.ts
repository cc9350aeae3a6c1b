/** The code of an error that the server has reported; `undefined` for all others, such as a lost connection. */
function sqlState(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  // Most clients call it `code`; Bun has codes of its own there, and the server's in `errno`.
  const codes = ["code" in error ? error.code : undefined, "errno" in error ? error.errno : undefined];
  return codes.find((it): it is string => typeof it === "string" && /^[0-9A-Z]{5}$/.test(it));
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
