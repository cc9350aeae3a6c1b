import type { JobRecord, ListQuery, Store } from "../ports/store.ts";

/** The most jobs that are looked at. */
const MOST_LOOKED_AT = 2_000;
/** How many are read at once. */
const PAGE = 500;

/** Reads the first records that a query finds, for what is counted over many. `isWhole` says whether there are no others. */
export async function readRecords(
  store: Store,
  query: Omit<ListQuery, "cursor" | "limit">,
): Promise<{ readonly records: readonly JobRecord[]; readonly isWhole: boolean }> {
  const records: JobRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list({ ...query, limit: PAGE, cursor });
    records.push(...page.jobs);
    ({ cursor } = page);
  } while (cursor !== undefined && records.length < MOST_LOOKED_AT);
  return { records, isWhole: cursor === undefined };
}
