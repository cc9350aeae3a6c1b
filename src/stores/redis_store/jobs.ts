import type { JobFilter, JobPage, JobRecord, ListQuery, PurgeQuery } from "../../ports/store.ts";
import { isMeant, type ListPosition, PAGE_LENGTH, pageOf, positionOf } from "../../ports/store_kit.ts";
import { toRecord } from "./records.ts";
import type { Script } from "./script.ts";
import { itemsOf, numberOf, optional, toWire } from "./values.ts";

/** How many jobs one call looks at: the server does nothing else meanwhile. */
const CHUNK = 200;

/** A page of the jobs. */
export async function listJobs(script: Script, query: ListQuery): Promise<JobPage> {
  const { limit = PAGE_LENGTH, cursor, newestFirst = false } = query;
  const position = cursor === undefined ? undefined : positionOf(cursor);
  const found: JobRecord[] = [];
  // One more than the page holds: if it is found, there is another page.
  for await (const record of records(script, position, newestFirst, limit + 1)) {
    if (isMeant(record, query) && found.push(record) > limit) break;
  }
  return pageOf(found, limit);
}

/** The number of jobs that match a filter. */
export async function countJobs(script: Script, filter: JobFilter): Promise<number> {
  if (Object.values(filter).every((it) => it === undefined)) return numberOf(await script.run("count", undefined));
  let count = 0;
  for await (const record of records(script, undefined, false, CHUNK)) if (isMeant(record, filter)) count++;
  return count;
}

/** All records after a position, in order; `wanted` is how many the caller is likely to look at. */
async function* records(
  script: Script,
  position: ListPosition | undefined,
  newestFirst: boolean,
  wanted: number,
): AsyncGenerator<JobRecord> {
  const size = Math.min(wanted, CHUNK);
  for (let after = position;;) {
    const from = after === undefined ? ["0"] : ["1", String(after.createdAt), toWire(after.jobId)];
    const chunk = itemsOf(await script.run("list", undefined, newestFirst ? "1" : "0", ...from, String(size))).map(
      toRecord,
    );
    yield* chunk;
    if (chunk.length < size) return;
    after = chunk.at(-1);
  }
}

/** Deletes jobs that have ended. */
export async function purgeJobs(script: Script, { endedBefore, status, limit }: PurgeQuery): Promise<number> {
  let [count, skipped] = [0, 0];
  while (count < limit) {
    const wanted = String(limit - count);
    const reply = await script.run(
      "purge",
      undefined,
      String(endedBefore),
      ...optional(status),
      wanted,
      String(skipped),
      String(CHUNK),
    );
    const [deleted = 0, left = 0, looked = 0] = itemsOf(reply).map(numberOf);
    count += deleted;
    skipped += left;
    if (looked < CHUNK) break;
  }
  return count;
}
