import { StoreError } from "../../base/errors.ts";
import { Replay } from "../../documents/replay.ts";
import type { JobLimits } from "../../job/job.ts";
import type { StoredJob } from "../../ports/store.ts";
import type { ValueLimits } from "../../values/payload.ts";

/**
 * Makes a job from its snapshot and its entries, up to a revision.
 *
 * @throws {StoreError} when entries are missing
 * @throws {SerializationError} when a text is none of a job or a commit
 */
export function replayStored(
  { record, snapshot, snapshotRevision, entries }: StoredJob,
  limits: ValueLimits & JobLimits,
  revision: number = record.revision,
): Replay {
  if (entries.length !== record.revision - snapshotRevision) {
    const cause = `it has given ${entries.length} entries from revision ${snapshotRevision} to ${record.revision}`;
    throw new StoreError(record.jobId, 1, { cause });
  }
  const replay = new Replay(snapshot, limits);
  for (const entry of entries.slice(0, revision - snapshotRevision)) replay.apply(entry);
  return replay;
}
