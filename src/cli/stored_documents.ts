import type { Store, StoredJob } from "../ports/store.ts";
import { CommandError, EXIT } from "./failure.ts";

/**
 * Loads a job.
 *
 * @throws {CommandError} when the store has none of this id
 */
export async function loadJob(store: Store, jobId: string): Promise<StoredJob> {
  const stored = await store.load(jobId);
  if (stored === undefined) throw noSuchJob(jobId);
  return stored;
}

/** The failure for an id of which the store has no job. */
export function noSuchJob(jobId: string): CommandError {
  return new CommandError(
    EXIT.store,
    `the store has no job ${JSON.stringify(jobId)}; routilux jobs list shows those that it has`,
  );
}
