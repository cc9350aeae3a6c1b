import type { Job } from "../job/job.ts";
import { DEFAULT_FLOW_LIMITS } from "../model/flow_limits.ts";
import type { StoredJob } from "../ports/store.ts";
import { parseText } from "./envelope.ts";
import { readFlowDocument } from "./flow.ts";
import type { FlowDocument } from "./flow_schema.ts";
import { encodeJob, type JobDocument } from "./job.ts";
import { Replay } from "./replay.ts";

/** A stored job by its documents: none of its classes is needed. */
export interface StoredDocuments {
  /** The flow that it was started with. */
  readonly flow: FlowDocument;
  /** The job's document. */
  readonly job: JobDocument;
  /** The job itself, inert. */
  readonly state: Job;
}

/**
 * Reads the documents of a stored job, as it was at a revision.
 *
 * @param revision the number of entries that the journal had; the present state without it
 * @throws {RangeError} for a revision that the store has not kept
 * @throws {SerializationError} when the stored texts are damaged
 */
export function readStored(stored: StoredJob, revision: number = stored.record.revision): StoredDocuments {
  const { entries, record, snapshot, snapshotRevision } = stored;
  if (revision < snapshotRevision || revision > record.revision) {
    const kept = `its revisions ${snapshotRevision} to ${record.revision} are kept`;
    throw new RangeError(`job ${JSON.stringify(record.jobId)} has no revision ${revision}: ${kept}`);
  }
  const flow = readFlowDocument(parseText(stored.flow, "routilux/flow"));
  const replay = new Replay(snapshot, { ...DEFAULT_FLOW_LIMITS, ...flow.limits });
  for (const entry of entries.slice(0, revision - snapshotRevision)) replay.apply(entry);
  const state = replay.finish();
  return { flow, job: encodeJob(state), state };
}
