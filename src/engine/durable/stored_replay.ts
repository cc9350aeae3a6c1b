import { StoreError } from "../../base/errors.ts";
import { Replay } from "../../documents/replay.ts";
import type { JobLimits } from "../../job/job.ts";
import { readFlowDocument } from "../../documents/flow.ts";
import { DEFAULT_FLOW_LIMITS, type FlowLimits } from "../../model/flow_limits.ts";
import type { StoredJob } from "../../ports/store.ts";
import type { ValueLimits } from "../../values/payload.ts";

/** The limits of the flow that is stored with a job; those of any flow, where its document cannot be read here. */
export function limitsOf({ flow }: Pick<StoredJob, "flow">): FlowLimits {
  try {
    return { ...DEFAULT_FLOW_LIMITS, ...readFlowDocument(JSON.parse(flow)).limits };
  } catch {
    return DEFAULT_FLOW_LIMITS;
  }
}

/**
 * Makes a job from its snapshot and its entries, up to a revision, within the limits of its flow: others would refuse its values, or keep
 * less of it.
 *
 * @throws {StoreError} when entries are missing
 * @throws {SerializationError} when a text is none of a job or a commit
 */
export function replayStored(
  stored: StoredJob,
  limits: ValueLimits & JobLimits = limitsOf(stored),
  revision: number = stored.record.revision,
): Replay {
  const { record, snapshot, snapshotRevision, entries } = stored;
  if (entries.length !== record.revision - snapshotRevision) {
    const cause = `it has given ${entries.length} entries from revision ${snapshotRevision} to ${record.revision}`;
    throw new StoreError(record.jobId, 1, { cause });
  }
  const replay = new Replay(snapshot, limits);
  for (const entry of entries.slice(0, revision - snapshotRevision)) replay.apply(entry);
  return replay;
}
